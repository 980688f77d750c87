"""Images that gain and lose an attribute."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.estimators.abilities import Decodes, Encodes
from latente.estimators.data import draw
from latente.evidence import MOST_LEARNED, Evidence, as_pictures
from latente.languages import say
from latente.latents import Direction, edit_codes
from latente.metrics import lacking
from latente.pages import embedding
from latente.report.sections.section import Section, Strips, signed
from latente.words import percent

__all__ = ["Edit", "find", "find_edits"]

MOST_ATTRIBUTES, PER_ATTRIBUTE = 6, 2  # at most so many attributes, and images of each
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


@dataclasses.dataclass(frozen=True)
class Edit:
    """Held-out images (n, C, H, W) without an attribute, and (n, STRENGTHS, C, H, W) moved along its direction.

    names: of the images, by their files or their places in the set.
    """

    direction: Direction
    names: list[str]
    originals: np.ndarray
    moved: np.ndarray


def find(model: object, evidence: Evidence) -> Section | None:
    """For each attribute its name, how well the codes tell it, and a few images moved along its direction."""
    edits = find_edits(model, evidence)
    if not edits:
        return None
    limits = embedding.window(evidence.originals)
    rows = []
    for edit in edits:
        originals = embedding.pictures(edit.originals, limits, exact=False)
        strips = [
            (name, "", [original, *embedding.pictures(moved, limits, exact=False)])
            for name, original, moved in zip(edit.names, originals, edit.moved, strict=True)
        ]
        without, having = edit.direction.counts
        template = "told in {part}; learned from {having} with and {without} without"
        note = say(template, part=percent(edit.direction.accuracy), having=having, without=without)
        strengths = [signed(strength) for strength in STRENGTHS]
        rows.append((edit.direction.attribute, note, Strips([say("original"), *strengths], strips)))
    template = (
        "Images of the judged part that lack the attribute, moved along its direction: strength 0 is the "
        "reconstruction, 1 the distance between the mean codes without and with it. Each direction is the difference "
        "of these means over at most {most} training images. Shown are the attributes that the codes "
        "tell best (mean over the two classes, on codes held out of these; 50 % is chance)."
    )
    lead = say(template, most=MOST_LEARNED)
    return Section(say("Attributes"), "attributes", "attributes.html.j2", {"edits": rows}, lead)


def find_edits(model: object, evidence: Evidence) -> list[Edit]:
    """Return the attributes that the codes tell best, each with images that lack it; none for tables."""
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)) or evidence.measured is None:
        return []
    values = evidence.measured.column("attributes")
    if evidence.is_table or "codes" not in evidence.outputs or values is None:
        return []
    edits = []
    for direction in evidence.directions:
        column = evidence.measured.images.attribute_names.index(direction.attribute)
        places = draw(np.flatnonzero(lacking(values[:, column])), PER_ATTRIBUTE, seed=column)
        if len(places):
            codes = edit_codes(evidence.outputs["codes"][places], direction, STRENGTHS)
            pictures = as_pictures(model, model.decode(codes.reshape(-1, codes.shape[-1])))
            moved = pictures.reshape(len(places), len(STRENGTHS), *pictures.shape[1:])
            names = [evidence.measured.images.name_of(int(row)) for row in evidence.measured.rows[places]]
            edits.append(Edit(direction, names, evidence.originals[places], moved))
    return edits[:MOST_ATTRIBUTES]
