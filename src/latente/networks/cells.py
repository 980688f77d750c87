"""What stands where in a picture: the edges and the tones of small cells, with nothing to learn."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from latente.networks.orientations import orientations

__all__ = ["cells"]

_BLUR = 0.7  # pixels, before the gradients: fine edges count, single pixels' noise less
_SIDE = 4  # pixels of a cell, as far as one histogram of the edges is from the next


def cells(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
    """Return numbers by which pictures in [0, 1] are compared: edges in 8 directions, and the mean of each channel.

    Each is of a cell of 4x4 pixels, the edges as `orientations` pools them. Unlike pixels they tell a sharp picture
    from a blurred one of the same mean and covariance.
    """
    tones = functional.avg_pool2d(images, _SIDE, ceil_mode=True)
    return torch.cat([orientations(images, _BLUR).flatten(1), tones.flatten(1)], 1)
