"""A flow of codes: a small net that says which way a draw from N(0, I) has to go to become a code."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente.networks.layers import Finish, initialise

__all__ = ["CodeFlow"]

WIDTH, DEPTH = 256, 3
_FREQUENCIES = 4  # by which the net is told the time
_STEPS = 20
_AT_ONCE = 8_192


class CodeFlow(nn.Module):
    """Codes on their way (B, D) and the time, from 0 (noise) to 1 (codes), (B,) to their velocity (B, D)."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        sizes, finish = (dimensions + 2 * _FREQUENCIES, *[WIDTH] * DEPTH), Finish("silu")
        layers = [module for sides in pairwise(sizes) for module in finish.after(nn.Linear(*sides))]
        self.layers = nn.Sequential(*layers, initialise(nn.Linear(WIDTH, dimensions)))

    def forward(self, x: Float[Tensor, "b d"], time: Float[Tensor, "b"]) -> Float[Tensor, "b d"]:
        angles = math.pi * time[:, None] * torch.arange(1, _FREQUENCIES + 1, device=x.device)
        return self.layers(torch.cat([x, angles.sin(), angles.cos()], 1))

    @torch.no_grad()
    def carried(self, noise: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Return what becomes of noise: the flow from time 0 to 1 by 20 steps of the midpoint rule."""
        return torch.cat([self._carried(part) for part in noise.split(_AT_ONCE)])

    def _carried(self, x: Tensor) -> Tensor:
        for step in range(_STEPS):
            time = torch.full((len(x),), step / _STEPS, device=x.device)
            half = x + self(x, time) / (2 * _STEPS)
            x = x + self(half, time + 1 / (2 * _STEPS)) / _STEPS
        return x
