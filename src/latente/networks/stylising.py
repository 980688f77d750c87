"""A network that paints pictures with the statistics of others in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from latente.formulas import deviation, moments, renormalised
from latente.networks.colours import COUNT, colours_of, recoloured
from latente.networks.vgg import VGG

__all__ = ["StyleNet"]

_LAYERS = ("1_1", "2_1", "3_1")  # by whose maps a picture is described
_EDGE = 5  # pixels of the side of the filters that make the picture itself
_BLUR = 8  # pixels over which the photograph's own colours are blurred: two of the deepest map's
_LEAK = 0.1  # of what is below 0, so that no channel ever stops learning
_GENTLE = 0.3  # of the usual size of weights: at first styles change the layers a little


class StyleNet(nn.Module):
    """Pictures (B, 3, H, W) in [0, 1], painted with the statistics of others: adaptive instance normalisation.

    An encoder, the first layers of a VGG, describes a picture by maps of three levels; a style is the mean and the
    deviation of each of their channels, and the mean and the covariance of its colours. The photograph's deepest map
    gets those of the style instead of its own, and a decoder makes the picture of it (Huang & Belongie 2017), whose
    layers are scaled and shifted by what they read in the style's statistics (as Dumoulin, Shlens & Kudlur 2017 do for
    each style of a list). To that the photograph's blurred colours are added, brought to the style's, so that what is
    bright and what is dark need not be found again; and what comes out is brought to the style's colours as a whole,
    so that no strong hue of the photograph stays. The encoder does not learn; it is part of the network, so that no
    other file is needed to use it.

    widths: channels of the encoder's levels; reflects: see `VGG`. width: channels of the decoder at its finest level;
    coarser ones have 2 and 4 times as many. blocks: pairs of layers at the coarsest one. step, halo: see
    `latente.estimators.tiling`; sides that the step does not divide are continued by their edge, which is cut off.
    """

    step = _BLUR

    def __init__(
        self, widths: Sequence[int] = (16, 32, 64), width: int = 16, blocks: int = 3, *, reflects: bool = True
    ) -> None:
        super().__init__()
        self.encoder = VGG(widths[: len(_LAYERS)], _LAYERS[-1], reflects=reflects)
        self.widths = (3, *widths[: len(_LAYERS)])  # channels of what is described, and by what its sides are divided
        self.shrinks = (1, *(2**level for level in range(len(_LAYERS))))
        self.size = COUNT + 2 * sum(self.widths[1:])  # of the statistics
        inner = 4 * width
        self.first = nn.Conv2d(self.widths[-1], inner, 1)
        self.blocks = nn.ModuleList([_Block(inner, self.size) for _ in range(blocks)])
        self.ups = nn.ModuleList([_Styled(inner, inner // 2, self.size), _Styled(inner // 2, width, self.size)])
        self.last = nn.Conv2d(width, 3, _EDGE)
        with torch.no_grad():
            self.last.weight *= _GENTLE
        # how far from a pixel it looks: each layer by half its filter, in pixels of its level, and pooling by one more
        down, up = (1 + 1) + (1 + 2 + 2) + (2 + 4), (2 + 1) + _EDGE // 2
        reach = down + 2 * blocks * 2 ** (len(_LAYERS) - 1) + up + _BLUR
        self.halo = -(-reach // self.step) * self.step

    def describe_by_(self, vgg: VGG) -> None:
        """Take over the encoder's weights from a VGG of these widths."""
        wanted = self.encoder.state_dict()
        self.encoder.load_state_dict({name: value for name, value in vgg.state_dict().items() if name in wanted})

    def forward(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        """Return the content painted in the style (1 or B, 3, h, w), (B, 3, H, W), not clipped; None is its own."""
        maps = self.maps(content)
        own = self.statistics(maps)
        wanted = own if style is None else self.statistics(self.maps(style))
        return self.finished(self.paint(maps, own, wanted)[..., : content.shape[2], : content.shape[3]], wanted)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return the pictures themselves and the maps of the levels, the finest first."""
        height, width = images.shape[2:]
        x = functional.pad(images, (0, -width % self.step, 0, -height % self.step), mode="replicate")
        found = self.encoder(x, _LAYERS)
        return [x, *(found[name] for name in _LAYERS)]

    def statistics(self, maps: list[Tensor]) -> Tensor:
        """Return the colours of pictures, and means and deviations of their maps, (B, size), which may be averaged."""
        picture, *levels = maps
        return torch.cat([colours_of(picture), *(part.flatten(1) for one in levels for part in moments(one))], 1)

    def statistics_of_parts(self, picture: Tensor, parts: Iterable[Sequence[Tensor]]) -> Tensor:
        """Return the statistics (1, size) of a picture (1, 3, H, W) whose maps come in parts, see `maps`."""
        sums = [torch.zeros(2, width, dtype=torch.float64) for width in self.widths[1:]]
        counts = [0] * len(sums)
        for maps in parts:
            for level, one in enumerate(maps[1:]):
                values = one[0].double().flatten(1)
                sums[level] += torch.stack([values.sum(1), values.square().sum(1)]).cpu()
                counts[level] += values.shape[1]
        means = [(values / count).unbind() for values, count in zip(sums, counts, strict=True)]
        levels = [part.float() for mean, square in means for part in (mean, deviation(square - mean**2))]
        return torch.cat([colours_of(picture)[0].cpu(), *levels])[None]

    def paint(self, maps: list[Tensor], own: Tensor, wanted: Tensor) -> Tensor:
        """Return the picture that maps stand for, whose statistics are their `own`, with those that are wanted.

        It is still to be `finished`, as a whole.
        """
        deepest = slice(-2 * self.widths[-1], None)
        x = self.first(_renormalised(maps[-1], own[:, deepest], wanted[:, deepest]))
        for block in self.blocks:
            x = block(x, wanted)
        for up in self.ups:
            x = up(functional.interpolate(x, scale_factor=2.0, mode="nearest"), wanted)
        reach = _EDGE // 2
        strokes = self.last(functional.pad(x, (reach,) * 4, mode="replicate")).float()
        blurred = functional.avg_pool2d(maps[0].float(), _BLUR)
        colours = recoloured(blurred, own[:, :COUNT], wanted[:, :COUNT]).clamp(0, 1)
        return strokes + functional.interpolate(colours, scale_factor=float(_BLUR), mode="bilinear")

    def finished(self, painted: Tensor, wanted: Tensor, colours: Tensor | None = None) -> Tensor:
        """Return what was painted with the colours among the statistics that are wanted, not clipped.

        colours: of all that was painted, where this is a part of it; see `colours_of`.
        """
        return recoloured(painted, colours_of(painted) if colours is None else colours, wanted[:, :COUNT])


def _renormalised(maps: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Return maps (B, C, h, w) whose means and deviations are their `own`, (B, 2 C), with those that are wanted."""
    (mean, spread), (new_mean, new_spread) = (one[..., None, None].chunk(2, 1) for one in (own, wanted))
    return renormalised(maps, (mean, spread), (new_mean, new_spread))


class _Layer(nn.Module):
    """A convolution of 3x3 pixels, edges continued, with a leaky ReLU after it."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.conv(functional.pad(x, (1, 1, 1, 1), mode="replicate")), _LEAK)


class _Styled(nn.Module):
    """A layer whose channels are scaled and shifted by what they read in a style's statistics."""

    def __init__(self, inside: int, outside: int, size: int) -> None:
        super().__init__()
        self.layer = _Layer(inside, outside)
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
        self.first, self.second = _Styled(width, width, size), _Layer(width, width)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        changed: Tensor = self.second(functional.leaky_relu(self.first(x, style), _LEAK))
        return x + changed
