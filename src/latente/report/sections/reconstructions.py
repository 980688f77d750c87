"""Originals beside what the model makes of them, from the best to the worst."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.estimators.abilities import Reconstructs, Restores
from latente.evidence import Evidence
from latente.pages import embedding
from latente.report.sections.section import Section, conditions_in_words, image_note, shown_of
from latente.words import decibels, figure

__all__ = ["Case", "cases", "find"]

CASES = 6
FEWER_CASES = 4  # of large pictures
LARGE = 64  # pixels


@dataclasses.dataclass(frozen=True)
class Case:
    """One image beside its reconstruction: (what it shows, data URI) of each picture, and a caption."""

    pictures: list[tuple[str, str]]
    score: str
    note: str


def find(model: object, evidence: Evidence) -> Section | None:
    """The best, typical (median) and worst reconstructions by name; None without any, and for tables."""
    is_able = isinstance(model, Reconstructs | Restores)
    if not is_able or "reconstructions" not in evidence.outputs or evidence.is_table:
        return None
    groups, peak = _groups(evidence)
    result = "the input, what the model makes of that" if evidence.inputs is not None else "what the model makes of it"
    lead = (
        f"Each row: the original, {result}, and where it errs (black is none, white is {peak:.2g} of the range or "
        "more). PSNR and mean squared error (in units of the range) are each image's own."
    )
    lead = f"{shown_of(evidence, sum(len(cases) for _, cases in groups))} {lead}"
    if max(evidence.originals.shape[2:]) > embedding.LONGEST_SIDE:
        lead += " Pictures are shown reduced; the figures are of the full size."
    black, white = embedding.window(evidence.originals)
    if (black, white) != (0.0, 1.0):
        lead += f" Shown with black at {black:.3g} and white at {white:.3g} of the range."
    title = "Originals and reconstructions" if isinstance(model, Reconstructs) else "Originals and restored pictures"
    return Section(title, "reconstructions", "reconstructions.html.j2", {"groups": groups}, lead)


def _groups(evidence: Evidence) -> tuple[list[tuple[str, list[Case]]], float]:
    """The groups of cases by name, each case with its error, and the error that is drawn white."""
    errors, originals = evidence.figures["mse"], evidence.originals
    order = np.argsort(errors, kind="stable")
    each = min(CASES if max(originals.shape[2:]) <= LARGE else FEWER_CASES, len(order) // 3)
    groups = [("All, best first", order)]
    if each:
        middle = (len(order) - each) // 2
        groups = [
            ("Best", order[:each]),
            ("Typical", order[middle : middle + each]),
            ("Worst", order[-each:][::-1]),
        ]
    shown, peak = cases(evidence, np.concatenate([rows for _, rows in groups]))
    remaining = iter(shown)
    return [(name, [next(remaining) for _ in rows]) for name, rows in groups], peak


def cases(evidence: Evidence, places: np.ndarray) -> tuple[list[Case], float]:
    """Return the measured images at these places beside what the model makes of them, and the error drawn white."""
    originals, reconstructions = evidence.originals, evidence.outputs["reconstructions"][places]
    limits = embedding.window(originals)
    columns = {"original": embedding.pictures(originals[places], limits)}
    if evidence.inputs is not None:
        columns["input"] = embedding.pictures(evidence.inputs[places], limits)
    columns["reconstruction"] = embedding.pictures(reconstructions, limits)
    columns["error"], peak = embedding.error_maps(originals[places], reconstructions)
    told = None
    if "conditions" in evidence.outputs:
        told = evidence.model.column_scalings_["condition"].from_range(evidence.outputs["conditions"][places])
    shown = []
    for k, place in enumerate(places.tolist()):
        note = f"MSE {figure(float(evidence.figures['mse'][place]))} · {image_note(evidence, place)}"
        if told is not None:
            note += f" · decoded with it: {', '.join(conditions_in_words(evidence.model, told[k]))}"
        pictures = [(name, uris[k]) for name, uris in columns.items()]
        shown.append(Case(pictures, decibels(float(evidence.figures["psnr"][place])), note))
    return shown, peak
