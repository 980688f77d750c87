"""The directions in which normal features vary most, and what they leave of others."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from sklearn.decomposition import PCA
from torch import Tensor

from latente.normality.base import Normality

__all__ = ["Residual"]


class Residual(Normality):
    """The squared error with which the `count` principal components of what was learned rebuild features.

    As many as half of the features and half of their dimensions at most: what knows them by heart finds nothing odd.
    """

    mean: Tensor
    axes: Tensor

    def __init__(self, count: int = 30) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("mean", torch.empty(0))
        self.register_buffer("axes", torch.empty(0, 0))

    def learn(self, features: Float[Tensor, "n f"], groups: np.ndarray) -> None:
        count = min(self.count, len(features) // 2, features.shape[1] // 2)
        self.mean = features.mean(0)
        self.axes = features.new_zeros(count, features.shape[1])
        if count and bool((features != features[0]).any()):
            solver = "randomized" if features.shape[1] > 500 else "auto"
            pca = PCA(count, svd_solver=solver, random_state=0).fit(features.cpu().numpy())
            self.axes = torch.from_numpy(np.ascontiguousarray(pca.components_, np.float32)).to(features.device)

    def residuals(self, features: Float[Tensor, "b f"]) -> tuple[Tensor, Tensor]:
        centred = features - self.mean
        residuals = (centred - centred @ self.axes.T @ self.axes).square()
        return residuals.sum(1), residuals
