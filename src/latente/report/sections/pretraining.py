"""How the trainings went that came before the run's own."""

from __future__ import annotations

from latente.evidence import Evidence
from latente.languages import say
from latente.report.charts import curves
from latente.report.sections.section import Section
from latente.report.training import summarise
from latente.training import Run

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """The curves of each training in the run's folder "pretraining", in order; None where there was none."""
    if evidence.path is None:
        return None
    folders = sorted((evidence.path / "pretraining").glob("*/metrics.jsonl"))
    parts = []
    for file in folders:
        lines = Run(file.parent).lines()
        name = file.parent.name
        parts.append(
            (
                say("layer {number}", number=name.removeprefix("layer-")),
                curves(lines, summarise(lines).best_epoch, start=f"{name}-curve"),
            )
        )
    if not any(charts for _, charts in parts):
        return None
    lead = say("Before the labels were looked at, each layer learned to rebuild its input from a worsened one.")
    return Section(say("Pre-training"), "pretraining", "pretraining.html.j2", {"parts": parts}, lead)
