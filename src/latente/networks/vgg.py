"""VGG-19 at any widths, as the maps of its named layers."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latente.networks.strips import (
    Reader,
    Row,
    Told,
    is_large,
    joined,
    joined_rows,
    rows_of,
    strips_of,
    with_neighbours,
)

__all__ = ["NAMES", "VGG", "balanced"]

_DEPTHS = (2, 2, 4, 4, 4)  # convolutions of each stage
NAMES = tuple(f"{stage}_{number}" for stage, depth in enumerate(_DEPTHS, 1) for number in range(1, depth + 1))
_FAINT = 0.01  # of a layer's mean: a channel that answers less is not raised above that, for it would be noise


class VGG(nn.Module):
    """Pictures (B, 3, H, W), red, green and blue in [0, 1], to maps of layers, each after its ReLU.

    The layers are called "1_1", "1_2", "2_1" ... up to `last`; stage s has maps (B, widths[s - 1], H / 2^(s - 1), ...).
    reflects: whether maps are padded by reflection, as those who distilled it did, or by zeros as Simonyan and
    Zisserman (2015). edge: how the picture itself is continued, as torch calls it: by its edge, for what is painted
    would get zeros drawn along it. The first layer, `conv0`, makes of the picture what the published net was trained
    on.
    """

    def __init__(self, widths: Sequence[int], last: str, *, reflects: bool, edge: str = "replicate") -> None:
        super().__init__()
        self.reflects, self.edge = reflects, edge
        self.conv0 = nn.Conv2d(3, 3, 1)
        inside, names = 3, []
        for stage, (width, depth) in enumerate(zip(widths, _DEPTHS, strict=False), 1):
            for number in range(1, depth + 1):
                names.append(f"{stage}_{number}")
                self.add_module(f"conv{names[-1]}", nn.Conv2d(inside, width, 3))
                inside = width
                if names[-1] == last:
                    break
        self.layers = tuple(names)
        self.requires_grad_(False)

    def forward(
        self, images: Tensor, wanted: Sequence[str], read: Reader | None = None
    ) -> dict[str, Tensor] | dict[str, Told]:
        """Return the maps of the wanted layers by name, or what `read` tells of them; those behind are not worked out.

        With `read` a large picture's maps need never be there as a whole: it is asked of one strip after the other.
        """
        stages: dict[str, list[str]] = {}
        for name in self.layers[: 1 + max(map(self.layers.index, wanted))]:
            stages.setdefault(name[0], []).append(name)
        told: dict[str, list[Any]] = {name: [] for name in wanted}
        spares, last = is_large(images), len(stages)
        x = self.conv0(images)
        for number, names in enumerate(stages.values(), 1):
            work = functools.partial(self._stage, names, wanted, read, number < last)
            rests = []
            for found, rest in strips_of(work, x, self.conv_of(names[0]).out_channels, spares):
                rests.append(rest)
                for name, one in found.items():
                    told[name].append(one)
            x = joined_rows(rests)
        return joined(told) if read else {name: joined_rows(rows) for name, rows in told.items()}

    def _stage(
        self,
        names: Sequence[str],
        wanted: Sequence[str],
        read: Reader | None,
        pools: bool,
        x: Tensor,
        top: Row,
        end: Row,
    ) -> tuple[dict[str, Any], Tensor]:
        """Return what is wanted of some rows of the layers of a stage, and these rows as the next stage takes them."""
        first: Row = 0
        height = x.shape[2]
        x, above, below = with_neighbours(x, top, end, len(names))
        # a convolution takes a row off each side, but for the picture's edges
        ends, found = (top == above, height - end == below), {}
        for number, name in enumerate(names, 1):
            mode = self._padding(name) if min(x.shape[2:]) > 1 or name == "1_1" else "constant"
            x = self.conv_of(name)(functional.pad(x, (1, 1, int(ends[0]), int(ends[1])), mode=mode)).relu_()
            first = above if ends[0] else above - number
            if name in wanted:
                maps = rows_of(x, first, first + end - top)
                found[name] = maps if read is None else read(name, maps, top, height)
        x = rows_of(x, first, first + end - top)
        return found, functional.max_pool2d(x, 2) if pools else x

    def _padding(self, name: str) -> str:
        return self.edge if name == "1_1" else "reflect" if self.reflects else "constant"

    def conv_of(self, name: str) -> nn.Conv2d:
        """Return the convolution of a layer."""
        conv = self.get_submodule(f"conv{name}")
        assert isinstance(conv, nn.Conv2d)
        return conv

    @torch.no_grad()
    def balance_(self, photographs: Tensor) -> None:
        """Scale every channel of every layer to a mean of 1 over photographs (B, 3, H, W) (Gatys et al. 2016).

        The scale is folded into a layer's weights, and the weights of the next are divided by it, so that what the
        network makes of a picture is the same but for the scales.
        """
        x, scale = self.conv0(photographs), torch.ones(3, device=photographs.device)
        for name in self.layers:
            conv = self.conv_of(name)
            conv.weight /= scale[:, None, None]
            if name != "1_1" and name.endswith("_1"):
                x = functional.max_pool2d(x, 2)
            x = conv(functional.pad(x, (1, 1, 1, 1), mode=self._padding(name))).relu_()
            scale = balanced(x)
            conv.weight *= scale[:, None, None, None]
            conv.bias.mul_(scale)  # type: ignore[union-attr]
            x *= scale[:, None, None]


def balanced(maps: Tensor) -> Tensor:
    """Return by what the channels of maps (B, C, H, W) are multiplied to have a mean of 1."""
    means = maps.mean((0, 2, 3))
    return 1 / means.clamp_min(max(_FAINT * float(means.mean()), 1e-12))
