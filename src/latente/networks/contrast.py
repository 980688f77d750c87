"""Local contrast: what is left of pictures once the brightness and contrast of each place's surroundings are gone."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

__all__ = ["local_contrast"]

_FLOOR = 1 / 255  # of a deviation: the rounding of flat places to 8 bits is no contrast
_MIDDLE, _DEVIATION = 0.5, 0.125  # what the mean and a deviation come to, so that four deviations are in [0, 1]


def local_contrast(images: Float[Tensor, "n c h w"], side: int) -> Float[Tensor, "n c h w"]:
    """Return pictures in [0, 1] with mean and deviation of the window around each pixel taken out, channel by channel.

    side: of the square window in pixels, odd; at the edges it is what of it lies within the picture. The mean becomes
    0.5, and what lies one deviation above it 0.625. With variance v the deviation is sqrt(v + 1 / 255^2). The second of
    two channels and the fourth of four are alpha, which stays as it is.
    """
    alpha = images[:, -1:] if images.shape[1] in (2, 4) else images[:, :0]
    values = images[:, : images.shape[1] - alpha.shape[1]]
    centred = values - values.mean((2, 3), keepdim=True)  # so that little is rounded off
    mean = _mean(centred, side)
    variance = (_mean(centred.square(), side) - mean.square()).clamp(min=0)
    contrast = (centred - mean) / (variance + _FLOOR**2).sqrt()
    return torch.cat([_MIDDLE + _DEVIATION * contrast, alpha], 1)


def _mean(values: Tensor, side: int) -> Tensor:
    """The mean within the window, along one axis after the other."""
    half = side // 2
    for size, padding in (((side, 1), (half, 0)), ((1, side), (0, half))):
        values = functional.avg_pool2d(values, size, 1, padding, count_include_pad=False)
    return values
