"""How the training went."""

from __future__ import annotations

from latente.evidence import Evidence
from latente.languages import say
from latente.report.charts import curves
from latente.report.sections.section import Section
from latente.report.training import summarise

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """A panel for each term of the loss; None before anything was logged."""
    charts = curves(evidence.lines, summarise(evidence.lines).best_epoch)
    return Section(say("Training curves"), "curves", "curves.html.j2", {"charts": charts}) if charts else None
