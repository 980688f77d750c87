"""Originals beside what the model makes of them, from the best to the worst."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.estimators.abilities import Reconstructs, Restores
from latente.evidence import Evidence
from latente.languages import Figure, joined, say
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
    template = (
        "Each row: the original, what the model makes of it, and where it errs (black is none, white is {peak} of the "
        "range or more). PSNR and mean squared error (in units of the range) are each image's own."
    )
    if evidence.inputs is not None:
        template = (
            "Each row: the original, the input, what the model makes of that, and where it errs (black is none, white "
            "is {peak} of the range or more). PSNR and mean squared error (in units of the range) are each image's own."
        )
    shown = shown_of(evidence, sum(len(cases) for _, cases in groups))
    lead = [shown, say(template, peak=Figure(f"{peak:.2g}"))]
    if max(evidence.originals.shape[2:]) > embedding.LONGEST_SIDE:
        lead.append(say("Pictures are shown reduced; the figures are of the full size."))
    black, white = embedding.window(evidence.originals)
    if (black, white) != (0.0, 1.0):
        ends = {"black": Figure(f"{black:.3g}"), "white": Figure(f"{white:.3g}")}
        lead.append(say("Shown with black at {black} and white at {white} of the range.", **ends))
    title = say("Originals and restored pictures")
    if isinstance(model, Reconstructs):
        title = say("Originals and reconstructions")
    return Section(
        title, "reconstructions", "reconstructions.html.j2", {"groups": groups}, joined(lead, "{first} {second}")
    )


def _groups(evidence: Evidence) -> tuple[list[tuple[str, list[Case]]], float]:
    """The groups of cases by name, each case with its error, and the error that is drawn white."""
    errors, originals = evidence.figures["mse"], evidence.originals
    order = np.argsort(errors, kind="stable")
    each = min(CASES if max(originals.shape[2:]) <= LARGE else FEWER_CASES, len(order) // 3)
    groups = [(say("All, best first"), order)]
    if each:
        middle = (len(order) - each) // 2
        groups = [
            (say("Best"), order[:each]),
            (say("Typical"), order[middle : middle + each]),
            (say("Worst"), order[-each:][::-1]),
        ]
    shown, peak = cases(evidence, np.concatenate([rows for _, rows in groups]))
    remaining = iter(shown)
    return [(name, [next(remaining) for _ in rows]) for name, rows in groups], peak


def cases(evidence: Evidence, places: np.ndarray) -> tuple[list[Case], float]:
    """Return the measured images at these places beside what the model makes of them, and the error drawn white."""
    originals, reconstructions = evidence.originals, evidence.outputs["reconstructions"][places]
    limits = embedding.window(originals)
    columns = {say("original"): embedding.pictures(originals[places], limits)}
    if evidence.inputs is not None:
        columns[say("input")] = embedding.pictures(evidence.inputs[places], limits)
    columns[say("reconstruction")] = embedding.pictures(reconstructions, limits)
    columns[say("error")], peak = embedding.error_maps(originals[places], reconstructions)
    told = None
    if "conditions" in evidence.outputs:
        told = evidence.model.column_scalings_["condition"].from_range(evidence.outputs["conditions"][places])
    shown = []
    for k, place in enumerate(places.tolist()):
        error = say("MSE {error}", error=figure(float(evidence.figures["mse"][place])))
        note = joined([error, image_note(evidence, place)], "{first} · {second}")
        if told is not None:
            conditions = joined(conditions_in_words(evidence.model, told[k]))
            note = joined([note, say("decoded with it: {conditions}", conditions=conditions)], "{first} · {second}")
        pictures = [(name, uris[k]) for name, uris in columns.items()]
        shown.append(Case(pictures, decibels(float(evidence.figures["psnr"][place])), note))
    return shown, peak
