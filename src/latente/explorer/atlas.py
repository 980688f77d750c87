"""The decoder of a page in which none can run: pictures decoded beforehand, over the map and along each slider."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from latente.explorer.parts import Part
from latente.explorer.space import GAPS, SHOWN, SPREADS, Space
from latente.explorer.survey import Survey
from latente.explorer.tiles import Tiles, tiles
from latente.images.options import Progress
from latente.latents import Direction

__all__ = ["Atlas", "decode_atlas"]

LATTICE_STEPS = 24
STRIP_STEPS = 17


@dataclasses.dataclass(frozen=True)
class Atlas:
    """Sheets over the plane, along the sliders, and of the images' reconstructions, and how the page reads them."""

    parts: list[Part]
    data: dict[str, Any]
    every: int  # 1 where each image's reconstruction is there, n where only every n-th is


def decode_atlas(
    survey: Survey, space: Space, directions: Sequence[Direction], budget: float, progress: Progress | None = None
) -> Atlas:
    """Decode what the page will show: the plane in 24 x 24 steps, 17 places on each slider, and each image.

    The sliders are those of the attributes and of the 16 dimensions that vary most, each moving from the mean code;
    codes of two values need none, for the plane holds them all. What lattice and strips leave of the budget (in
    characters) is for the images.
    """
    left, right, bottom, top = (space.bounds[key] for key in ("left", "right", "bottom", "top"))
    x, y = np.meshgrid(np.linspace(left, right, LATTICE_STEPS), np.linspace(top, bottom, LATTICE_STEPS))
    places = space.codes_at(np.stack([x.ravel(), y.ravel()], axis=1))
    lattice = tiles("lattice", lambda k: survey.decoded(places[k]), len(places))
    strips, along = _strips(survey, space, directions) if len(space.mean) != 2 else (None, None)
    parts = [*lattice.parts, *(strips.parts if strips else [])]
    rest = budget - sum(part.size for part in parts)
    images = tiles("rebuilt", survey.reconstructions, len(survey), max(1.0, rest), progress)
    data = {
        "lattice": {**space.bounds, "steps": LATTICE_STEPS, "sheets": lattice.layout},
        "strips": along,
        "images": images.layout,
    }
    return Atlas([*parts, *images.parts], data, images.every)


def _strips(survey: Survey, space: Space, directions: Sequence[Direction]) -> tuple[Tiles, dict[str, Any]]:
    """Return a row of tiles for each slider, and which sliders these are and how far they go."""
    sliders: list[dict[str, Any]] = [{"kind": "direction", "index": k} for k in range(len(directions))]
    spans, ways = [GAPS] * len(directions), [GAPS * direction.vector for direction in directions]
    for d in space.order[:SHOWN]:
        sliders.append({"kind": "dimension", "index": int(d)})
        spans.append(SPREADS)
        ways.append(SPREADS * space.spread[d] * np.eye(len(space.mean))[d])
    steps = np.linspace(-1, 1, STRIP_STEPS)[:, None]
    path = (space.mean + steps * np.array(ways)[:, None]).reshape(-1, len(space.mean)).astype(np.float32)
    strips = tiles("strips", lambda k: survey.decoded(path[k]), len(path))
    return strips, {"sliders": sliders, "spans": spans, "steps": STRIP_STEPS, "sheets": strips.layout}
