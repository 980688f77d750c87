"""Large pictures through a network part by part, as if they had gone through it as a whole."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch

from latente import words
from latente.errors import InputError

__all__ = ["TILE", "Tile", "in_tiles", "joined", "tiles", "with_room"]

_Result = TypeVar("_Result")

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
    halo = _multiple(halo, step)

    def work(side: int) -> np.ndarray:
        return joined(function, x, tiles(x.shape[1:], _multiple(side, step), halo), factor=factor, tell=tell)

    return with_room(work, x.shape[1:], tile)


def with_room(work: Callable[[int], _Result], sides: Sequence[int], tile: int | None = None) -> _Result:
    """Return what `work` makes with tiles of a side: `tile`, or 512; where memory runs out half of that, and so on.

    sides: height and width of the picture, for the InputError where not even tiles of 32 pixels have room.
    """
    side = TILE if tile is None else tile
    while True:
        try:
            return work(side)
        except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not _is_of_memory(error):
                raise
            if side <= _SMALLEST:
                raise InputError(
                    f"there is not enough memory for a picture of {words.shape(sides)} pixels, not even in parts "
                    f"of {side}; close other programs, or make the picture smaller"
                ) from error
            side = max(_SMALLEST, side // 2)


@dataclasses.dataclass(frozen=True)
class Tile:
    """A part of a picture, rows and columns each. own: what is its own. outer: that with its halo around it."""

    own: tuple[slice, slice]
    outer: tuple[slice, slice]

    def inner(self, factor: int = 1) -> tuple[slice, slice]:
        """Return where its own part lies in what is made of the outer one, `factor` times as large."""
        rows, columns = (
            slice(factor * (own.start - outer.start), factor * (own.stop - outer.start))
            for own, outer in zip(self.own, self.outer, strict=True)
        )
        return rows, columns


def tiles(sides: Sequence[int], side: int, halo: int) -> list[Tile]:
    """Return the tiles of a picture, row by row; one that is no larger than a tile is one, without a halo."""
    height, width = sides
    cuts = []
    for top, left in itertools.product(range(0, height, side), range(0, width, side)):
        own = slice(top, min(height, top + side)), slice(left, min(width, left + side))
        rows, columns = (
            slice(max(0, one.start - halo), min(length, one.stop + halo))
            for one, length in zip(own, (height, width), strict=True)
        )
        cuts.append(Tile(own, (rows, columns)))
    return cuts


def joined(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    cuts: Sequence[Tile],
    *,
    factor: int = 1,
    tell: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Return what a function makes of the tiles of a picture (C, H, W), put together: (D, factor * H, factor * W)."""
    if len(cuts) == 1:
        return function(x)
    height, width = x.shape[1:]
    result: np.ndarray | None = None
    for number, tile in enumerate(cuts):
        made = function(x[:, *tile.outer])
        if result is None:
            # channels last in memory, as files have them: what is written need not be copied
            result = np.moveaxis(np.empty((factor * height, factor * width, len(made)), made.dtype), 2, 0)
        rows, columns = (slice(factor * one.start, factor * one.stop) for one in tile.own)
        result[:, rows, columns] = made[:, *tile.inner(factor)]
        if tell is not None:
            tell((number + 1) / len(cuts))
    assert result is not None
    return result


def _multiple(length: int, step: int) -> int:
    return math.ceil(length / step) * step


def _is_of_memory(error: RuntimeError) -> bool:
    """Whether torch could not get memory, for which it has an exception of its own on graphics cards alone."""
    return isinstance(error, torch.OutOfMemoryError) or "alloc" in str(error).lower()
