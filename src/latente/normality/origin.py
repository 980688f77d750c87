"""Features that are nothing where all is normal, of which there is nothing to learn."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latente.normality.base import Normality

__all__ = ["Origin"]


class Origin(Normality):
    """The squared distance from zero, which what an autoencoder leaves of a normal image is near to."""

    def learn(self, features: Float[Tensor, "n f"], groups: np.ndarray) -> None:
        """Learn nothing."""

    def residuals(self, features: Float[Tensor, "b f"]) -> tuple[Tensor, Tensor]:
        squares = torch.square(features)
        return squares.sum(1), squares
