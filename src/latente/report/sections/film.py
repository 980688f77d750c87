"""How the pictures came to be, epoch by epoch."""

from __future__ import annotations

from latente.estimators.abilities import Reconstructs, Restores, Stylises
from latente.evidence import Evidence
from latente.pages import embedding
from latente.report.sections.section import Section

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """The run's progress.gif; None where there is none, or one too large for a page."""
    film = None if evidence.path is None else embedding.gif(evidence.path / "progress.gif")
    part = "validation" if evidence.options.get("data", {}).get("validation_count") else "training"
    lead = f"The same few {part} images after each epoch, below them what the model makes of them."
    if isinstance(model, Stylises):
        lead = f"The same few {part} photographs after each epoch, below them in styles of the training."
    elif not isinstance(model, Reconstructs | Restores):
        lead = "What the model makes of the same few latents, after each epoch and in between."
    return Section("How it came to be", "film", "film.html.j2", {"film": film}, lead) if film else None
