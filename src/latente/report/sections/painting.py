"""Photographs that judged, painted in the styles of the training."""

from __future__ import annotations

import shlex

import numpy as np

from latente.errors import InputError
from latente.estimators.abilities import Stylises
from latente.evidence import Evidence
from latente.languages import joined, say
from latente.pages import embedding
from latente.report.sections.section import Section, Strips
from latente.report.verdicts import name_of_judged

__all__ = ["find"]

PHOTOGRAPHS, STYLES = 4, 3
SIDE = 192  # pixels of what is shown, the longer side


def find(model: object, evidence: Evidence) -> Section | None:
    """A row for each of a few photographs, below the styles; None where the paintings are out of reach."""
    if not isinstance(model, Stylises) or evidence.judged is None:
        return None
    try:
        styles = model.known_styles(STYLES)
    except InputError:  # which lay elsewhere then
        return None
    chosen = evidence.judged.drawn(PHOTOGRAPHS, seed=0)
    names = [say("style {number}", number=number) for number in range(1, len(styles) + 1)]
    rows = []
    for row in chosen.rows:
        one = chosen.images.take([int(row)])
        # in eight bits, as pictures are shown
        photograph = np.moveaxis(
            (255 * evidence.model.scaling_.to_range(one.content[0][None])[0]).astype(np.uint8), 0, 2
        )
        photograph = photograph[..., 0] if photograph.shape[2] < 3 else photograph[..., :3]
        pictures = [photograph, *(model.stylise(photograph, style) for style in styles)]
        rows.append((one.name_of(0), "", [_shown(picture) for picture in pictures]))
    template = "The first styles of the training; then in each row one of the {images}, and the same in each of them."
    lead = say(template, images=name_of_judged(evidence))
    if evidence.path is not None:
        command = f"latente style PHOTO PAINTING --fast {shlex.quote(str(evidence.path))} --out painted.png"
        rest = say("Any photograph in any style: `{command}`.", command=command)
        lead = joined([lead, rest], "{first} {second}")
    known = Strips(names, [("", "", [_shown(style) for style in styles])])
    content = {"styles": known, "strips": Strips([say("photograph"), *names], rows)}
    return Section(say("Painted"), "painting", "painting.html.j2", content, lead)


def _shown(picture: np.ndarray) -> str:
    """Return a picture (H, W[, C]) uint8 as a data URI."""
    planes = picture[None] if picture.ndim == 2 else np.moveaxis(picture, 2, 0)
    return embedding.pictures(planes[None] / 255, (0.0, 1.0), exact=False, side=SIDE)[0]
