"""Maps of a large picture, worked out in strips of rows and twice rather than kept, so that few fill the memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

__all__ = ["Reader", "Row", "Told", "is_large", "joined", "joined_rows", "rows_of", "strips_of", "with_neighbours"]

_LARGE = 700_000  # pixels of a picture from which on it is worth it
_VALUES = 1 << 23  # of a layer's maps in a strip, 32 MB; the fewer they are, the more rows are worked out for two

_Made = TypeVar("_Made")

Told = dict[str, Tensor]
Row = int | torch.SymInt  # a number of rows, which is a symbol while a graph is exported
# (layer, rows of its maps, the number of the first of them, how many there are in all) to shares of what is asked of
# the maps as a whole: those of all strips add up to it
Reader = Callable[[str, Tensor, Row, Row], Told]


def is_large(images: Tensor) -> bool:
    """Return whether the maps of images (B, C, H, W) are worth strips, which a graph that is exported never has."""
    return not torch.compiler.is_exporting() and images[0, 0].numel() >= _LARGE


def strips_of(work: Callable[[Tensor, Row, Row], _Made], x: Tensor, channels: int, spares: bool) -> list[_Made]:
    """Return what `work(x, top, bottom)` makes of each strip of the rows of x, from an even row on.

    channels: of the widest maps on the way. Where it spares memory, what a gradient needs of a strip is found again by
    working it out once more; else all rows are one strip, of which everything is kept.
    """
    height = x.shape[2]
    if not spares:
        return [work(x, 0, height)]
    rows = max(2, _VALUES // (len(x) * channels * x.shape[3]) // 2 * 2)
    tops = range(0, max(1, height - 1), rows)  # no last strip of a single row, of which pooling leaves nothing
    return [
        checkpoint(work, x, top, bottom, use_reentrant=False, preserve_rng_state=False)
        for top, bottom in zip(tops, [*tops[1:], height], strict=True)
    ]


def with_neighbours(x: Tensor, top: Row, bottom: Row, reach: int) -> tuple[Tensor, Row, Row]:
    """Return rows of x with as many on either side, as far as there are any, and how many these are above and below."""
    above, below = min(reach, top), min(reach, x.shape[2] - bottom)
    return rows_of(x, top - above, bottom + below), above, below


def joined(parts: Mapping[str, Sequence[Told]]) -> dict[str, Told]:
    """Return what was told of a layer's maps as a whole: the sums of what was told of its strips."""
    return {
        layer: {what: functools.reduce(torch.add, [one[what] for one in told]) for what in told[0]}
        for layer, told in parts.items()
    }


def joined_rows(parts: Sequence[Tensor]) -> Tensor:
    """Return strips (B, C, h, W) one below the other."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), 2)


def rows_of(x: Tensor, top: Row, bottom: Row) -> Tensor:
    """Return some rows of x (B, C, H, W); x itself where these are all."""
    return x if (top, bottom) == (0, x.shape[2]) else x[:, :, top:bottom]
