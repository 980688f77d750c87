"""What stands in the gaps of an image before a network sees it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from latente.networks.restoring import ResidualNet
from latente.networks.unet import UNet
from latente.resampling import in_own_precision

__all__ = ["FilledFirst", "filled_from_around"]

_STRIDES = (1, 1, 2, 4, 8)  # between a gap's pixel and the neighbours that it is filled from, pass after pass
_SPREAD = 0.6  # standard deviation of the weights, in strides


class FilledFirst(nn.Module):
    """Let a network improve images whose gaps are filled from around, instead of seeing black holes.

    Images come as (B, C + 1, H, W), the last channel 1 where a pixel is known and 0 where not; the network gets the
    same with the gaps filled, and what it makes comes out. A network that adds to what goes in so starts at a smooth
    filling rather than at zeros, and its first filters meet no edges that are none of the image's.
    """

    def __init__(self, network: ResidualNet | UNet) -> None:
        super().__init__()
        self.network = network
        self.sides = getattr(network, "sides", None)
        self.halo, self.step = network.halo + sum(_STRIDES), network.step

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Return what the network makes of the filled images."""
        made: Tensor = self.network(torch.cat([filled_from_around(x), x[:, -1:]], 1))
        return made


@in_own_precision
def filled_from_around(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
    """Return the images of x, whose last channel says which pixels are known, with the others made of known ones.

    Each pass gives a pixel that is not known the mean of the known ones among its eight neighbours, near ones weighing
    more (normalised convolution: Knutsson and Westin 1993), and counts it as known; passes look farther and farther.
    What none of them reaches stays as it is.
    """
    image, known = x[:, :-1], x[:, -1:]
    near = torch.exp(-0.5 * (torch.arange(-1.0, 2.0, device=x.device) / _SPREAD) ** 2).to(x.dtype)
    weights = (near[:, None] * near).expand(x.shape[1], 1, 3, 3)
    for stride in _STRIDES:
        weighed = torch.cat([image * known, known], 1)
        sums = functional.conv2d(weighed, weights, padding=stride, dilation=stride, groups=x.shape[1])
        total = sums[:, -1:]
        is_reached = (known == 0) & (total > 0)
        image = torch.where(is_reached, sums[:, :-1] / total.clamp(min=torch.finfo(x.dtype).tiny), image)
        known = known + is_reached.to(x.dtype)
    return image
