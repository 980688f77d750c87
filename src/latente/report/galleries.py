"""The pictures of a report, as data URIs in the order in which its template lays them out."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.report import embedding
from latente.report.inspection import Inspection
from latente.report.latent_space import MOST_LEARNED_FROM, SPAN, STEPS, STRENGTHS, LatentSpace
from latente.report.verdict import decibel_text, how_many, percent, quantity

__all__ = ["Case", "Sample", "Strips", "case_note", "cases", "edits", "edits_note", "samples", "traversal"]

CASES = 6


@dataclasses.dataclass(frozen=True)
class Case:
    """One image beside its reconstruction: (what it shows, data URI) of each picture, and a caption."""

    pictures: list[tuple[str, str]]
    score: str
    note: str


@dataclasses.dataclass(frozen=True)
class Sample:
    """One new image and, where it was searched, the nearest training image with its distance."""

    picture: str
    nearest: str | None
    distance: str | None


@dataclasses.dataclass(frozen=True)
class Strips:
    """Rows of pictures (name, note, data URIs) under common headings, and what they show."""

    columns: list[str]
    rows: list[tuple[str, str, list[str]]]
    note: str = ""


def cases(seen: Inspection) -> tuple[list[tuple[str, list[Case]]], float]:
    """The best, median and worst reconstructions, each with its error, and the error that is drawn white."""
    if seen.is_table:
        return [], 0.0
    order = np.argsort(seen.errors, kind="stable")
    each = min(CASES if max(seen.originals.shape[2:]) <= 64 else 4, len(order) // 3)
    if each == 0:
        groups = [("All, best first", order)]
    else:
        middle = (len(order) - each) // 2
        groups = [
            ("Best", order[:each]),
            ("Median", order[middle : middle + each]),
            ("Worst", order[-each:][::-1]),
        ]
    chosen = np.concatenate([rows for _, rows in groups])
    limits = embedding.window(seen.originals)
    columns = {"original": embedding.pictures(seen.originals[chosen], limits)}
    if seen.inputs is not None:
        columns["input"] = embedding.pictures(seen.inputs[chosen], limits)
    columns["reconstruction"] = embedding.pictures(seen.reconstructions[chosen], limits)
    columns["error"], peak = embedding.error_maps(seen.originals[chosen], seen.reconstructions[chosen])
    made = []
    for k, i in enumerate(chosen):
        shown = [(name, uris[k]) for name, uris in columns.items()]
        note = f"MSE {quantity(float(seen.errors[i]))} · {case_note(seen, int(i))}"
        made.append(Case(shown, decibel_text(float(seen.psnrs[i])), note))
    following = iter(made)
    return [(name, [next(following) for _ in rows]) for name, rows in groups], peak


def case_note(seen: Inspection, i: int) -> str:
    """Which image it is: its class, where it has one, and its place in the set."""
    judged, place = seen.evidence.judged, f"#{int(seen.rows[i]):,}"
    if seen.labels is None or seen.labels[i] < 0:
        return place
    label = int(seen.labels[i])
    name = str(judged.label_names[label]) if label < len(judged.label_names) else f"class {label}"
    return f"{name} · {place}"


def samples(seen: Inspection, space: LatentSpace) -> list[Sample]:
    """New images, each with its nearest training image where that could be searched; nearest first."""
    if seen.samples is None:
        return []
    limits = embedding.window(seen.originals)
    drawn = embedding.pictures(seen.samples, limits)
    if space.novelty is None:
        return [Sample(picture, None, None) for picture in drawn]
    known, distances = embedding.pictures(space.novelty.nearest, limits), space.novelty.distances
    order = np.argsort(distances, kind="stable")
    return [Sample(drawn[i], known[i], f"{distances[i]:.3f}") for i in order]


def traversal(seen: Inspection, space: LatentSpace) -> Strips | None:
    """A row for each of the dimensions that move the image most."""
    found = space.traversal
    if found is None:
        return None
    limits = embedding.window(seen.originals)
    rows = [
        (f"dimension {dimension}", f"moves {percent(float(effect))}", embedding.pictures(images, limits, exact=False))
        for dimension, effect, images in zip(found.dimensions, found.effects, found.images, strict=True)
    ]
    dimensions = seen.codes.shape[1]
    which = f"These {len(rows)} of {dimensions:,} dimensions" if len(rows) < dimensions else "They"
    note = (
        f"From the mean code, one dimension at a time goes from {_signed(-SPAN)} to {_signed(SPAN)} standard "
        f"deviations (sd) of the codes of {how_many(seen)}. {which} come in the order of how much they move the image: "
        "root mean square, of the range, from one standard deviation below the mean to one above."
    )
    columns = [f"{_signed(value)} sd" if value else "mean" for value in np.linspace(-SPAN, SPAN, STEPS)]
    return Strips(columns, rows, note)


def edits(seen: Inspection, space: LatentSpace) -> list[tuple[str, str, Strips]]:
    """For each attribute its name, how well the codes tell it, and a few images moved along its direction."""
    limits = embedding.window(seen.originals)
    made = []
    for edit in space.edits:
        originals = embedding.pictures(edit.originals, limits, exact=False)
        rows = [
            ("", "", [original, *embedding.pictures(moved, limits, exact=False)])
            for original, moved in zip(originals, edit.moved, strict=True)
        ]
        without, having = edit.direction.counts
        told = f"told in {percent(edit.direction.accuracy)}; learned from {having:,} with and {without:,} without"
        strengths = [_signed(strength) for strength in STRENGTHS]
        made.append((edit.direction.attribute, told, Strips(["original", *strengths], rows)))
    return made


def edits_note() -> str:
    """What `edits` shows."""
    return (
        "Images of the judged part that lack the attribute, moved along its direction: strength 0 is the "
        "reconstruction, 1 the distance between the mean codes without and with it. Each direction is the difference "
        f"of these means over at most {MOST_LEARNED_FROM:,} training images. Shown are the attributes that the codes "
        "tell best (mean over the two classes, on codes held out of these; 50 % is chance)."
    )


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"
