"""A network that nobody trained, in which pictures of one style look alike all the same: filters drawn at random."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latente.networks.strips import Reader, Row, Told, is_large, joined, joined_rows, strips_of, with_neighbours
from latente.networks.vgg import balanced

__all__ = ["Pyramid"]

_SIDE = 7  # pixels of a filter
_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)  # by which a picture is smoothed before its sides are halved


class Pyramid(nn.Module):
    """Pictures (B, 3, H, W), red, green and blue in [0, 1], to maps of their octaves, "1" ... "5", each half as large.

    A binomial pyramid (Burt and Adelson 1983), each octave through the same `filters` filters of 7x7 pixels and a ReLU:
    six that are even, and answer to colours and to their opposites, and others that were drawn at random by a fixed
    seed, orthogonal to each other and to the even ones, and answer to textures alone. No weights to fetch: random
    filters tell textures apart almost as learned ones do (Ustyuzhaninov et al. 2017), but know nothing of what a
    picture shows.
    """

    def __init__(self, octaves: int = 5, filters: int = 64) -> None:
        super().__init__()
        self.layers = tuple(str(number) for number in range(1, octaves + 1))
        self.bank = nn.Parameter(_drawn(filters), requires_grad=False)
        self.scales = nn.Parameter(torch.ones(octaves, filters), requires_grad=False)
        smooth = torch.tensor(_BINOMIAL) / sum(_BINOMIAL)
        self.register_buffer("smooth", torch.outer(smooth, smooth).expand(3, 1, -1, -1).contiguous())

    def forward(
        self, images: Tensor, wanted: Sequence[str], read: Reader | None = None
    ) -> dict[str, Tensor] | dict[str, Told]:
        """Return the maps of the wanted octaves by name, or what `read` tells of them, by strips of a large one."""
        x, told = images - 0.5, {}
        spares = is_large(images)
        for number, name in enumerate(self.layers[: 1 + max(map(self.layers.index, wanted))]):
            if number:
                x = functional.conv2d(
                    functional.pad(x, (2, 2, 2, 2), mode="replicate"), self.get_buffer("smooth"), stride=2, groups=3
                )
            if name in wanted:
                work = functools.partial(self._answers, number, name, read)
                told[name] = strips_of(work, x, len(self.bank), spares)
        return joined(told) if read else {name: joined_rows(rows) for name, rows in told.items()}

    def _answers(self, number: int, name: str, read: Reader | None, x: Tensor, top: Row, end: Row) -> Any:
        """Return the maps of some rows of an octave, or what is told of them."""
        height, reach = x.shape[2], _SIDE // 2
        x, above, below = with_neighbours(x, top, end, reach)
        padded = functional.pad(x, (reach, reach, reach - int(above), reach - int(below)), mode="replicate")
        maps = functional.conv2d(padded, self.bank).relu() * self.scales[number][:, None, None]
        return maps if read is None else read(name, maps, top, height)

    @torch.no_grad()
    def balance_(self, photographs: Tensor) -> None:
        """Scale every channel of every octave to a mean of 1 over photographs (B, 3, H, W)."""
        for number, maps in enumerate(self(photographs, self.layers).values()):
            self.scales[number] *= balanced(maps)


def _drawn(count: int) -> Tensor:
    """Return filters (count, 3, 7, 7) of length 1."""
    even = torch.eye(3)[:, :, None, None].expand(-1, -1, _SIDE, _SIDE).reshape(3, -1) / _SIDE
    drawn = torch.randn(count - 6, even.shape[1], generator=torch.Generator().manual_seed(0))
    drawn = drawn - drawn @ even.T @ even
    textures = torch.linalg.qr(drawn.T)[0].T
    return torch.cat([even, -even, textures]).reshape(count, 3, _SIDE, _SIDE)
