"""A U-net of folded images: two paths, of which one works at half of the sides and one at a quarter."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente.errors import InputError
from latente.networks.layers import whole

__all__ = ["FoldedUNet"]


class FoldedUNet(nn.Module):
    """Map images (B, C, H, W), both sides multiples of 4, to images of the same shape.

    Four neighbouring pixels become channels of one (Shi et al. 2016), so that everything works at half of the sides or
    less, where a convolution of many channels costs a processor less than one of few at full size. Two convolutions of
    `wide` channels follow; `depth` ones of `deep` channels work at half of that size again, and what comes back from
    there is joined to what did not go there (Ronneberger et al. 2015). The last convolution sees the image's own pixels
    beside these features. The output is raw: logits or linear values, no sigmoid. The weights come from torch's global
    generator.
    """

    def __init__(self, channels: int = 1, *, wide: int = 16, deep: int = 64, depth: int = 2) -> None:
        super().__init__()
        folded, wide, deep = 4 * whole("channels", channels), whole("wide", wide), whole("deep", deep)
        self.last = nn.Conv2d(folded + wide, folded, 3, padding=1)
        self.fold = nn.PixelUnshuffle(2)
        self.before = nn.Sequential(*_rectified(folded, wide), *_rectified(wide, wide))
        inner = [layer for _ in range(whole("depth", depth)) for layer in _rectified(deep, deep)]
        self.below = nn.Sequential(
            *_rectified(wide, deep, stride=2),
            *inner,
            *_rectified(deep, 4 * wide, kernel_size=1),
            nn.PixelShuffle(2),
        )
        self.after = nn.Sequential(*_rectified(2 * wide, wide))
        self.unfold = nn.PixelShuffle(2)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the images that it makes of a batch of scaled images; raises InputError for sides that do not fit."""
        if x.shape[2] % 4 or x.shape[3] % 4:
            raise InputError(f"a U-net needs sides that 4 divides, not {x.shape[2]} x {x.shape[3]}; resize the images")
        folded = self.fold(x)
        before = self.before(folded)
        after = self.after(torch.cat([before, self.below(before)], dim=1))
        return self.unfold(self.last(torch.cat([folded, after], dim=1)))


def _rectified(inputs: int, outputs: int, *, kernel_size: int = 3, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel_size, stride, kernel_size // 2)
    nn.init.kaiming_uniform_(conv.weight, nonlinearity="relu")
    return [conv, nn.ReLU(inplace=True)]
