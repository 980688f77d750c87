"""What each latent dimension does to the image."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.estimators.abilities import Decodes, Encodes
from latente.evidence import Evidence, as_pictures
from latente.languages import say
from latente.latents import traverse
from latente.pages import embedding
from latente.report.sections.section import Section, Strips, signed
from latente.report.verdicts import how_many
from latente.words import percent

__all__ = ["Traversal", "find", "find_traversal"]

MOST_DIMENSIONS = 8
STEPS, SPAN = 7, 3.0  # the span in standard deviations


@dataclasses.dataclass(frozen=True)
class Traversal:
    """The latent dimensions that move the image most; images: (D, STEPS, C, H, W), scaled.

    effects: (D,) root mean square change of a value from one standard deviation below the mean to one above.
    """

    dimensions: np.ndarray
    effects: np.ndarray
    images: np.ndarray


def find(model: object, evidence: Evidence) -> Section | None:
    """A row for each of the dimensions that move the image most; None where there is nothing to move."""
    traversal = find_traversal(model, evidence)
    if traversal is None:
        return None
    limits = embedding.window(evidence.originals)
    rows = [
        (
            say("dimension {dimension}", dimension=str(dimension)),
            say("moves {share}", share=percent(float(effect))),
            embedding.pictures(images, limits, exact=False),
        )
        for dimension, effect, images in zip(*dataclasses.astuple(traversal), strict=True)
    ]
    dimensions = evidence.outputs["codes"].shape[1]
    which = say("They")
    if len(rows) < dimensions:
        which = say("These {shown} of {all} dimensions", shown=len(rows), all=dimensions)
    template = (
        "From the mean code, one dimension at a time goes from {low} to {high} standard deviations (sd) of the codes "
        "of {images}. {which} come in the order of how much they move the image: root mean square, of the range, from "
        "one standard deviation below the mean to one above."
    )
    lead = say(template, low=signed(-SPAN), high=signed(SPAN), images=how_many(evidence), which=which)
    columns = [
        say("{steps} sd", steps=signed(value)) if value else say("mean") for value in np.linspace(-SPAN, SPAN, STEPS)
    ]
    content = {"strips": Strips(columns, rows)}
    return Section(say("One dimension at a time"), "traversals", "traversals.html.j2", content, lead)


def find_traversal(model: object, evidence: Evidence) -> Traversal | None:
    """Return the traversals; None for tables, single images and spatial codes, whose values are spots of a picture."""
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)) or "codes" not in evidence.outputs:
        return None
    codes = evidence.outputs["codes"]
    if evidence.is_table or len(evidence.model.code_shape_) > 1 or not codes.std(axis=0).any():
        return None
    ends = as_pictures(model, traverse(model, codes, steps=2, span=1.0))
    effects = np.sqrt(((ends[:, 1] - ends[:, 0]) ** 2).mean(axis=(1, 2, 3)))
    dimensions = np.argsort(-effects, kind="stable")[:MOST_DIMENSIONS]
    path = traverse(model, codes, steps=STEPS, span=SPAN, dimensions=dimensions.tolist())
    return Traversal(dimensions, effects[dimensions], as_pictures(model, path))
