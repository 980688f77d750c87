"""Large pictures through a network part by part, as if they had gone through it as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from latente import words
from latente.errors import InputError

__all__ = ["TILE", "in_tiles"]

TILE = 512  # pixels of a side, whose layers take some 100 MB
_SMALLEST = 32  # below which a tile is mostly halo


def in_tiles(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    *,
    halo: int,
    step: int = 1,
    factor: int = 1,
    tile: int | None = None,
    tell: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Return what a function makes of a picture (C, H, W), as (D, factor * H, factor * W), worked out in tiles.

    halo: how far from a pixel the function looks; each tile is given so much more of the picture around it, which is
    cut off again: so the result is that of the whole picture, but for the rounding of sums in another order. step:
    tiles begin at its multiples. tile: their side; None is 512. Where memory runs out it is halved, down to 32 pixels.
    tell: is told after each tile which part of the picture is done. Raises InputError where not even the smallest has
    room.
    """
    side = TILE if tile is None else tile
    while True:
        try:
            return _tiled(function, x, _multiple(halo, step), _multiple(side, step), factor, tell)
        except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not _is_of_memory(error):
                raise
            if side <= _SMALLEST:
                raise InputError(
                    f"there is not enough memory for a picture of {words.shape(x.shape[1:])} pixels, not even in parts "
                    f"of {side}; close other programs, or make the picture smaller"
                ) from error
            side = max(_SMALLEST, side // 2)


def _tiled(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    halo: int,
    side: int,
    factor: int,
    tell: Callable[[float], None] | None,
) -> np.ndarray:
    height, width = x.shape[1:]
    if height <= side and width <= side:
        return function(x)
    result: np.ndarray | None = None
    rows, columns = (range(0, length, side) for length in (height, width))
    for number, (top, left) in enumerate((top, left) for top in rows for left in columns):
        above, before = max(0, top - halo), max(0, left - halo)
        below, after = min(height, top + side), min(width, left + side)
        made = function(x[:, above : min(height, below + halo), before : min(width, after + halo)])
        if result is None:
            # channels last in memory, as files have them: what is written need not be copied
            result = np.moveaxis(np.empty((factor * height, factor * width, len(made)), made.dtype), 2, 0)
        own = made[
            :, factor * (top - above) : factor * (below - above), factor * (left - before) : factor * (after - before)
        ]
        result[:, factor * top : factor * below, factor * left : factor * after] = own
        if tell is not None:
            tell((number + 1) / (len(rows) * len(columns)))
    assert result is not None
    return result


def _multiple(length: int, step: int) -> int:
    return math.ceil(length / step) * step


def _is_of_memory(error: RuntimeError) -> bool:
    """Whether torch could not get memory, for which it has an exception of its own on graphics cards alone."""
    return isinstance(error, torch.OutOfMemoryError) or "alloc" in str(error).lower()
