"""A network that paints pictures with the statistics of others in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from latente.formulas import deviation, moments

__all__ = ["StyleNet"]

_LEVELS = (1, 2, 4, 6)  # channels of each, in widths; each has half the sides of the one before
_EDGE = 5  # pixels of the side of the filters that meet the picture itself
_LEAK = 0.1  # of what is below 0, so that no channel ever stops learning
_STAYS = 2.0  # before the sigmoid: of the photograph's details most, at first
_GENTLE = 0.3  # of the usual size of weights: at first styles change the layers a little, and strokes are faint


class StyleNet(nn.Module):
    """Pictures (B, 3, H, W) in [0, 1], painted with the statistics of others: adaptive instance normalisation.

    An encoder describes a picture by its colours and by maps of four levels; a style is the mean and the deviation of
    each of these channels. The photograph's deepest map gets those of the style instead of its own (Huang & Belongie
    2017), and of it a decoder, whose layers are scaled and shifted by what they read in the style's statistics of all
    levels (as Dumoulin, Shlens & Kudlur 2017 do for each style of a list), makes strokes over the photograph itself,
    whose colours were brought to the style's in the same way; and it says place by place how much of the photograph's
    details stays. So what has to be learned is how to paint. The encoder learns as the decoder does: it may be small,
    and nothing but its own weights is needed to use it (as in Wang et al. 2023).

    width: channels of the finest level. blocks: pairs of layers at the deepest one. step, halo: see
    `latente.estimators.tiling`; sides that the step does not divide are continued by their edge, which is cut off.
    """

    step = 2 ** (len(_LEVELS) - 1)

    def __init__(self, width: int = 16, blocks: int = 3) -> None:
        super().__init__()
        widths = [width * times for times in _LEVELS]
        self.widths = (3, *widths)  # channels of what is described, and by what its sides are divided
        self.shrinks = (1, *(2**level for level in range(len(widths))))
        self.size = 2 * sum(self.widths)  # of the statistics
        deepest = widths[-1]
        self.levels = nn.ModuleList(
            [
                _Layers([(3, widths[0], _EDGE, 1)]),
                _Layers([(widths[0], widths[1], 3, 2)]),
                _Layers([(widths[1], widths[2], 3, 2), (widths[2], widths[2], 3, 1)]),
                _Layers([(widths[2], deepest, 3, 2), (deepest, deepest, 3, 1)]),
            ]
        )
        self.blocks = nn.ModuleList([_Block(deepest, self.size) for _ in range(blocks)])
        ups = zip(widths[:0:-1], widths[-2::-1], strict=True)
        self.ups = nn.ModuleList([_Styled(inside, outside, self.size) for inside, outside in ups])
        self.last = nn.Conv2d(widths[0], 4, _EDGE)  # strokes of three colours, and how much of the details stays
        with torch.no_grad():
            self.last.weight *= _GENTLE
        # how far from a pixel it looks: each layer by half its filter, in pixels of its level
        down = _EDGE // 2 + 1 + (2 + 4) + (4 + 8)
        reach = down + 2 * blocks * self.step + (4 + 2 + 1) + _EDGE // 2 + self.step
        self.halo = -(-reach // self.step) * self.step

    def forward(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        """Return the content painted in the style (1 or B, 3, h, w), (B, 3, H, W), not clipped; None is its own."""
        maps = self.maps(content)
        own = self.statistics(maps)
        return self.paint(maps, own, own if style is None else self.statistics(self.maps(style)))[
            ..., : content.shape[2], : content.shape[3]
        ]

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return the pictures themselves and the maps of the levels, the finest first."""
        height, width = images.shape[2:]
        x = functional.pad(images, (0, -width % self.step, 0, -height % self.step), mode="replicate")
        maps = [x]
        x = x - 0.5
        for level in self.levels:
            x = level(x)
            maps.append(x)
        return maps

    def statistics(self, maps: list[Tensor]) -> Tensor:
        """Return the means and the deviations of maps of the levels, (B, size); those of several may be averaged."""
        return torch.cat([part.flatten(1) for one in maps for part in moments(one)], 1)

    def statistics_of_parts(self, parts: Iterable[Sequence[Tensor]]) -> Tensor:
        """Return the statistics (1, size) of a picture whose maps come in parts, each a level's (1, C, h, w)."""
        sums = [torch.zeros(2, width, dtype=torch.float64) for width in self.widths]
        counts = [0] * len(sums)
        for maps in parts:
            for level, one in enumerate(maps):
                values = one[0].double().flatten(1)
                sums[level] += torch.stack([values.sum(1), values.square().sum(1)]).cpu()
                counts[level] += values.shape[1]
        means = [(values / count).unbind() for values, count in zip(sums, counts, strict=True)]
        return torch.cat([part for mean, square in means for part in (mean, deviation(square - mean**2))])[None].float()

    def paint(self, maps: list[Tensor], own: Tensor, wanted: Tensor) -> Tensor:
        """Return the picture that maps stand for, whose statistics are their `own`, with those that are wanted."""
        x = _renormalised(maps[-1], own[:, -2 * self.widths[-1] :], wanted[:, -2 * self.widths[-1] :])
        for block in self.blocks:
            x = block(x, wanted)
        for up in self.ups:
            x = up(functional.interpolate(x, scale_factor=2.0, mode="nearest"), wanted)
        reach = _EDGE // 2
        made = self.last(functional.pad(x, (reach,) * 4, mode="replicate")).float()
        strokes, stays = functional.softsign(made[:, :3]), (made[:, 3:] + _STAYS).sigmoid()
        colours = _renormalised(maps[0], own[:, :6], wanted[:, :6]).clamp(0, 1)
        blurred = functional.avg_pool2d(colours, self.step)
        blurred = functional.interpolate(blurred, scale_factor=float(self.step), mode="bilinear")
        return torch.lerp(blurred, colours, stays) + strokes


def _renormalised(maps: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Return maps (B, C, h, w) whose means and deviations are their `own`, (B, 2 C), with those that are wanted."""
    mean, deviation = own[..., None, None].chunk(2, 1)
    new_mean, new_deviation = wanted[..., None, None].chunk(2, 1)
    return (maps.float() - mean) / deviation * new_deviation + new_mean


class _Layers(nn.Module):
    """Convolutions (channels in and out, side of the filter, stride), edges continued, with a leaky ReLU after each."""

    def __init__(self, shapes: list[tuple[int, int, int, int]]) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(i, o, side, stride=stride) for i, o, side, stride in shapes])
        self.reaches = [side // 2 for _, _, side, _ in shapes]

    def forward(self, x: Tensor) -> Tensor:
        for conv, reach in zip(self.convs, self.reaches, strict=True):
            x = functional.leaky_relu(conv(functional.pad(x, (reach,) * 4, mode="replicate")), _LEAK)
        return x


class _Styled(nn.Module):
    """A layer whose channels are scaled and shifted by what they read in a style's statistics."""

    def __init__(self, inside: int, outside: int, size: int) -> None:
        super().__init__()
        self.layer = _Layers([(inside, outside, 3, 1)])
        self.reading = nn.Linear(size, 2 * outside)
        with torch.no_grad():
            self.reading.weight *= _GENTLE
            self.reading.bias.zero_()

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        # by their logarithms, and within bounds: a style of large numbers must not let the layers grow without end
        scale, shift = self.reading(style.sign() * style.abs().log1p())[..., None, None].chunk(2, 1)
        return self.layer(x) * (1 + functional.softsign(scale)) + shift


class _Block(nn.Module):
    """Two layers whose result is added to what came in."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.first, self.second = _Styled(width, width, size), _Layers([(width, width, 3, 1)])

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        changed: Tensor = self.second(functional.leaky_relu(self.first(x, style), _LEAK))
        return x + changed
