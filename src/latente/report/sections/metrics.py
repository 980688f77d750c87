"""Every figure of the evaluation, with its protocol."""

from __future__ import annotations

from latente import metrics
from latente.evidence import Evidence
from latente.report.sections.section import Section
from latente.report.verdicts import how_many
from latente.words import figure

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """A table of the metrics; None where nothing was measured."""
    if not evidence.metrics:
        return None
    rows = [(name, figure(value), metrics.PROTOCOLS.get(name, "")) for name, value in evidence.metrics.items()]
    lead = f"Of {how_many(evidence)}."
    if "reconstructions" in evidence.outputs:
        lead += " The data range is 1.0: values are scaled by the same map that the network sees them through."
    return Section("Metrics", "metrics", "metrics.html.j2", {"rows": rows}, lead)
