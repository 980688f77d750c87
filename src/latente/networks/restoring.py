"""Networks that make better images of worse ones, of any size: each adds what it makes to the image itself.

`halo` of each is how far from a pixel it looks, in pixels of what goes in, and `step` what its places have in common: a
part of an image that begins at a multiple of `step` and has `halo` more around it comes out as in the whole one.
"""

from __future__ import annotations

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from latente.networks.layers import activate, initialise, whole
from latente.resampling import enlarged

__all__ = ["FoldedNet", "ResidualNet", "filled_up"]

_FOLD = 2
_MIDDLE = 0.5  # of the values, which is taken away: what all pixels have in common would drown what tells them apart


class ResidualNet(nn.Module):
    """Map images (B, C, H, W) to images (B, C, factor * H, factor * W): residual blocks, then pixel shuffle.

    A convolution, `depth` blocks of two convolutions of `width` channels beside which their input passes (Lim et al.
    2017, without their scaling), one more, and a last one whose channels become the pixels of each pixel's place (Shi
    et al. 2016); all this is added to the bicubic enlargement. The last one starts at zero, the network at that
    enlargement, and so does each block, at its input (Zhang et al. 2019). inputs: channels that go in, of which the
    first are the image's own; None is those alone. bias: without it, a network of rectifiers is homogeneous: an image
    of half the contrast comes out with half of it, and noise of any strength is met as one that was learned (Mohan et
    al. 2020). Outputs are linear; weights come from torch's global generator.
    """

    def __init__(
        self,
        channels: int,
        *,
        factor: int = 1,
        inputs: int | None = None,
        width: int = 32,
        depth: int = 5,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.channels, self.factor = whole("channels", channels), whole("factor", factor)
        self.middle = _MIDDLE if bias else 0.0
        width = whole("width", width)
        self.halo, self.step = 2 * whole("depth", depth) + 3, 1
        self.first = _convolution(inputs or channels, width, bias)
        self.blocks = nn.Sequential(*(_Block(width, bias) for _ in range(depth)), _convolution(width, width, bias))
        self.last = _at_zero(_convolution(width, channels * factor**2, bias))
        self.unfold = nn.PixelShuffle(factor)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d p q"]:
        """Return what it makes of scaled images."""
        features = self.first(x - self.middle).to(x.dtype)  # the sums of the blocks would be rounded in bf16
        details = self.unfold(self.last(features + self.blocks(features)))
        return details + enlarged(x[:, : self.channels], self.factor)


class FoldedNet(nn.Module):
    """Map images (B, C, H, W) to images (B, C, factor * H, factor * W) by convolutions at half of the sides.

    Four neighbouring pixels become channels of one, as in FFDNet (Zhang et al. 2018): a convolution reaches twice as
    far and costs a quarter. `depth` rectified convolutions of `width` channels follow, and a last one, which starts at
    zero; what they make is added to the (bicubically enlarged) image. inputs and bias: as in `ResidualNet`. Odd sides
    are filled up for the time of the pass.
    """

    def __init__(
        self,
        channels: int,
        *,
        factor: int = 1,
        inputs: int | None = None,
        width: int = 64,
        depth: int = 8,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.channels, self.factor = whole("channels", channels), whole("factor", factor)
        self.middle = _MIDDLE if bias else 0.0
        widths = [_FOLD**2 * (inputs or channels), *[whole("width", width)] * whole("depth", depth)]
        self.halo, self.step = _FOLD * (depth + 1), _FOLD
        self.fold = nn.PixelUnshuffle(_FOLD)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [_convolution(before, after, bias, "relu"), nn.ReLU(inplace=True)]
        last = _at_zero(_convolution(width, channels * (_FOLD * factor) ** 2, bias))
        self.layers = nn.Sequential(*layers, last, nn.PixelShuffle(_FOLD * factor))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d p q"]:
        """Return what it makes of scaled images."""
        height, width = self.factor * x.shape[2], self.factor * x.shape[3]
        details = self.layers(self.fold(filled_up(x, self.step) - self.middle))[:, :, :height, :width]
        return details + enlarged(x[:, : self.channels], self.factor)


def filled_up(x: Float[Tensor, "b c h w"], step: int) -> Float[Tensor, "b c p q"]:
    """Return images whose sides are multiples of `step`: what is missing below and at the right is the edge."""
    missing = -x.shape[3] % step, -x.shape[2] % step
    return functional.pad(x, (0, missing[0], 0, missing[1]), mode="replicate") if any(missing) else x


class _Block(nn.Module):
    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _convolution(width, width, bias, "relu"), activate("relu"), _at_zero(_convolution(width, width, bias))
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.layers(x)
        return result


def _convolution(inputs: int, outputs: int, bias: bool, activation: str | None = None) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
    initialise(layer, activation)
    return layer


def _at_zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    return layer
