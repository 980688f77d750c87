"""Every figure of the evaluation, with its protocol."""

from __future__ import annotations

from latente import metrics
from latente.evidence import Evidence
from latente.languages import joined, say
from latente.report.sections.section import Section
from latente.report.verdicts import how_many
from latente.words import figure

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """A table of the metrics; None where nothing was measured."""
    if not evidence.metrics:
        return None
    data_range = evidence.model.scaling_.range_in_words if "reconstructions" in evidence.outputs else None
    protocols = metrics.protocols_of(evidence.metrics, data_range)
    rows = [(name, figure(value), protocols.get(name, "")) for name, value in evidence.metrics.items()]
    lead = say("Of {images}.", images=how_many(evidence))
    if data_range is not None:
        template = "The data range is 1: values of {data_range} are scaled to 0 to 1, as the network sees them."
        lead = joined([lead, say(template, data_range=data_range)], "{first} {second}")
    return Section(say("Metrics"), "metrics", "metrics.html.j2", {"rows": rows}, lead)
