"""What lies around features: one normal distribution of all that were learned, and the nearest of them."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latente.normality.base import Normality
from latente.normality.gaussian import Gaussian
from latente.normality.neighbours import Nearest

__all__ = ["Surroundings"]


class Surroundings(Normality):
    """How far features lie from all that were learned, by their covariance, and from the two nearest: (B, 2), squared.

    The one knows in which directions normal features vary, the other that they may lie in several clouds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.all, self.nearest = Gaussian(), Nearest(2)

    def learn(self, features: Float[Tensor, "n f"], groups: np.ndarray) -> None:
        self.all.learn(features, groups)
        self.nearest.learn(features, groups)

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b 2"]:
        return torch.stack([self.all(features), self.nearest(features)], 1)

    def left_out(self, features: Float[Tensor, "n f"], groups: np.ndarray, seed: int) -> Float[Tensor, "n 2"]:
        """Return the distances of what was learned, from the nearest of another group."""
        return torch.stack([self.all(features), self.nearest.left_out(features, groups, seed)], 1)
