"""The decoder of a page in which none can run: pictures decoded beforehand, over the map and along each slider."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from latente.explorer.parts import Part, numbers
from latente.explorer.space import GAPS, SHOWN, SPREADS, Space
from latente.explorer.survey import Survey
from latente.explorer.tiles import tiles
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
    parts, lattice = _pictures(survey, "lattice", places)
    data: dict[str, Any] = {"lattice": {**space.bounds, "steps": LATTICE_STEPS, "pictures": lattice}, "strips": None}
    if len(space.mean) != 2:
        path, along = _sliders(space, directions)
        more, strips = _pictures(survey, "strips", path)
        data["strips"] = {**along, "pictures": strips}
        parts += more
    rest = budget - sum(part.size for part in parts)
    more, data["images"] = _pictures(survey, "rebuilt", survey.codes, max(1.0, rest), progress)
    return Atlas([*parts, *more], data, data["images"]["sheets"]["every"])


def _pictures(
    survey: Survey, name: str, codes: np.ndarray, budget: float = math.inf, progress: Progress | None = None
) -> tuple[list[Part], dict[str, Any]]:
    """Return what codes decode to, as parts, and how the page finds the picture and the conditions of each."""
    conditions, stored, parts = survey.conditions(codes), None, []
    if conditions is not None:
        part, stored = numbers(f"{name}-conditions", conditions)
        parts.append(part)
    budget = max(1.0, budget - sum(part.size for part in parts))
    sheets = tiles(name, lambda k: survey.decoded(codes[k]), len(codes), budget, progress)
    size = 0 if conditions is None else conditions.shape[1]
    return [*parts, *sheets.parts], {"sheets": sheets.layout, "conditions": stored, "size": size}


def _sliders(space: Space, directions: Sequence[Direction]) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the codes along each slider, and which sliders these are and how far they go."""
    sliders: list[dict[str, Any]] = [{"kind": "direction", "index": k} for k in range(len(directions))]
    spans, ways = [GAPS] * len(directions), [GAPS * direction.vector for direction in directions]
    for d in space.order[:SHOWN]:
        sliders.append({"kind": "dimension", "index": int(d)})
        spans.append(SPREADS)
        ways.append(SPREADS * space.spread[d] * np.eye(len(space.mean))[d])
    steps = np.linspace(-1, 1, STRIP_STEPS)[:, None]
    path = (space.mean + steps * np.array(ways)[:, None]).reshape(-1, len(space.mean)).astype(np.float32)
    return path, {"sliders": sliders, "spans": spans, "steps": STRIP_STEPS}
