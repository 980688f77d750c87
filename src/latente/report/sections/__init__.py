"""The sections of a report, one file each: what a run has of it, by what its model can do.

Each file has `find(model, evidence) -> Section | None`, and a template of its own beside it or one of the shared ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from latente.evidence import Evidence
from latente.report.sections import (
    attributes,
    classes,
    conditions,
    curves,
    detection,
    film,
    latent,
    metrics,
    mistakes,
    painting,
    pretraining,
    reconstructions,
    samples,
    setup,
    spread,
    traversals,
    usage,
    weaknesses,
)
from latente.report.sections.section import Section

__all__ = ["SECTIONS", "Section", "find_sections"]

# in the order of the page
SECTIONS: Sequence[Callable[[Any, Evidence], Section | None]] = (
    reconstructions.find,
    painting.find,
    spread.find,
    weaknesses.find,
    classes.find,
    mistakes.find,
    detection.find,
    samples.find,
    latent.find,
    conditions.find,
    traversals.find,
    attributes.find,
    curves.find,
    pretraining.find,
    film.find,
    metrics.find,
    setup.find,
    usage.find,
)


def find_sections(evidence: Evidence) -> list[Section]:
    """Return the sections for which the run has something to show, in the order of the page."""
    sections = (find(evidence.model, evidence) for find in SECTIONS)
    return [section for section in sections if section is not None]
