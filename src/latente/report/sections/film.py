"""How the pictures came to be, epoch by epoch."""

from __future__ import annotations

from latente.estimators.abilities import Reconstructs, Restores, Stylises
from latente.evidence import Evidence
from latente.languages import say
from latente.pages import embedding
from latente.report.sections.section import Section

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """The run's progress.gif; None where there is none, or one too large for a page."""
    film = None if evidence.path is None else embedding.gif(evidence.path / "progress.gif")
    is_held_out = bool(evidence.options.get("data", {}).get("validation_count"))
    template = "The same few training images after each epoch, below them what the model makes of them."
    if isinstance(model, Stylises):
        template = "The same few training photographs after each epoch, below them in styles of the training."
        if is_held_out:
            template = "The same few validation photographs after each epoch, below them in styles of the training."
    elif not isinstance(model, Reconstructs | Restores):
        template = "What the model makes of the same few latents, after each epoch and in between."
    elif is_held_out:
        template = "The same few validation images after each epoch, below them what the model makes of them."
    return Section(say("How it came to be"), "film", "film.html.j2", {"film": film}, say(template)) if film else None
