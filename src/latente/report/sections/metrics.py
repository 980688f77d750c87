"""Every figure of the evaluation, with its protocol."""

from __future__ import annotations

from latente import metrics
from latente.evidence import Evidence
from latente.report.sections.section import Section
from latente.report.verdicts import how_many
from latente.words import figure

__all__ = ["PROTOCOLS", "find"]

PROTOCOLS = {
    **metrics.PROTOCOLS,
    "objective": "what training minimises; mean over images",
    "accuracy": "share of the images whose most probable class is the right one",
    "cross_entropy": "-log of the right class's probability, in nats; mean over images",
}


def find(model: object, evidence: Evidence) -> Section | None:
    """A table of the metrics; None where nothing was measured."""
    if not evidence.metrics:
        return None
    rows = [(name, figure(value), PROTOCOLS.get(name, "")) for name, value in evidence.metrics.items()]
    lead = f"Of {how_many(evidence)}."
    if "reconstructions" in evidence.outputs:
        lead += " The data range is 1.0: values are scaled by the same map that the network sees them through."
    return Section("Metrics", "metrics", "metrics.html.j2", {"rows": rows}, lead)
