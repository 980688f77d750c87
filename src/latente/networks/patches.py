"""A critic of patches: it scores every place of a picture, by what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from latente.networks.layers import Finish, initialise, widths
from latente.networks.spectral import with_spectral_norm

__all__ = ["PatchCritic"]

_KERNEL, _SLOPE = 4, 0.2


class PatchCritic(nn.Module):
    """Map pictures (B, C, H, W) to scores (B, 1, h, w), higher where a place looks more real (Isola et al. 2017).

    A convolution of 4x4 in steps of 2 for each entry of `hidden`, and one of 3x3 to the scores, all with spectral
    normalisation (Miyato et al. 2018); leaky rectifiers between them. The weights come from torch's global generator.
    """

    def __init__(self, channels: int, hidden: Sequence[int] = (32, 64)) -> None:
        super().__init__()
        finish = Finish("leaky_relu", slope=_SLOPE)
        sizes = (channels, *widths(hidden, least=1))
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += finish.after(nn.Conv2d(inputs, outputs, _KERNEL, 2, 1))
        layers.append(initialise(nn.Conv2d(sizes[-1], 1, 3, padding=1)))
        self.layers = with_spectral_norm(nn.Sequential(*layers))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 y x"]:
        """Return the scores of the places of pictures."""
        return self.layers(x)
