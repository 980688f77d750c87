"""Networks that make better images of worse ones, of any size: each adds what it makes to the image itself.

`halo` of each is how far from a pixel it looks, in pixels of what goes in, and `step` what its places have in common: a
part of an image that begins at a multiple of `step` and has `halo` more around it comes out as in the whole one.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from latente.networks.layers import activate, initialise, whole
from latente.resampling import enlarged

__all__ = ["ResidualNet", "filled_up"]

_MIDDLE = 0.5  # of the values, which is taken away: what all pixels have in common would drown what tells them apart


class ResidualNet(nn.Module):
    """Map images (B, C, H, W) to images (B, C, factor * H, factor * W): residual blocks, then pixel shuffle.

    A convolution, `depth` blocks of two convolutions of `width` channels beside which their input passes (Lim et al.
    2017, without their scaling), one more, and a last one whose channels become the pixels of each pixel's place (Shi
    et al. 2016); all this is added to the bicubic enlargement. The last one starts at zero, the network at that
    enlargement, and so does each block, at its input (Zhang et al. 2019). The first filters start blind to brightness:
    the weights that see a channel sum to zero. Else what all pixels have in common drowns what tells them apart, above
    all without biases, which could take it away.

    fold: at how small a part of the sides all this is worked out: so many neighbouring pixels along each side become
    channels of one, as in FFDNet (Zhang et al. 2018), a convolution reaches as many times as far, and costs the square
    of it less; sides that it does not divide are filled up for the time of the pass. inputs: channels that go in, of
    which the first are the image's own; None is those alone. bias: without it, a network of rectifiers is homogeneous:
    an image of half the contrast comes out with half of it, and noise of any strength is met as one that was learned
    (Mohan et al. 2020). Outputs are linear; weights come from torch's global generator.
    """

    def __init__(
        self,
        channels: int,
        *,
        factor: int = 1,
        inputs: int | None = None,
        width: int = 32,
        depth: int = 5,
        fold: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.channels, self.factor = whole("channels", channels), whole("factor", factor)
        self.middle = _MIDDLE if bias else 0.0
        width, self.step = whole("width", width), whole("fold", fold)
        self.halo = fold * (2 * whole("depth", depth) + 3)
        self.fold = nn.PixelUnshuffle(fold)
        self.first = _blind_to_brightness(_convolution((inputs or channels) * fold**2, width, bias), fold)
        self.blocks = nn.Sequential(*(_Block(width, bias) for _ in range(depth)), _convolution(width, width, bias))
        self.last = _at_zero(_convolution(width, channels * (fold * factor) ** 2, bias))
        self.unfold = nn.PixelShuffle(fold * factor)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d p q"]:
        """Return what it makes of scaled images."""
        height, width = self.factor * x.shape[2], self.factor * x.shape[3]
        folded = self.fold(filled_up(x, self.step) - self.middle)
        features = self.first(folded).to(x.dtype)  # the sums of the blocks would be rounded in bf16
        details = self.unfold(self.last(features + self.blocks(features)))[:, :, :height, :width]
        return details + enlarged(x[:, : self.channels], self.factor)


def filled_up(x: Float[Tensor, "b c h w"], step: int) -> Float[Tensor, "b c p q"]:
    """Return images whose sides are multiples of `step`: what is missing below and at the right is the edge."""
    if step == 1:
        return x
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


def _blind_to_brightness(layer: nn.Conv2d, fold: int) -> nn.Conv2d:
    """Take from the filters what they answer to a channel of one value, which `fold` has spread over its square."""
    with torch.no_grad():
        by_channel = layer.weight.unflatten(1, (-1, fold**2))
        by_channel -= by_channel.mean((2, 3, 4), keepdim=True)
    return layer


def _at_zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    return layer
