"""One normal distribution of all features, whose covariance is drawn towards a sphere where the features are many."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latente.normality.base import Normality

__all__ = ["Gaussian"]

_LEAST_SHARE = 1e-6  # of the largest variance: along what never varied every change is odd, but by a finite number
_TINY = 1e-12  # of a variance, where there is none at all


class Gaussian(Normality):
    """The squared Mahalanobis distance from the mean of what was learned.

    The covariance S of N features in P dimensions is shrunk to (1 - r) S + r tr(S) / P I, r being the oracle
    approximating shrinkage of Chen, Wiesel, Eldar and Hero (2010, equation 23), as scikit-learn's OAS has it. What is
    learned has the size of S whatever N is.
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.empty(0))
        self.register_buffer("whitening", torch.empty(0, 0))

    def learn(self, features: Float[Tensor, "n f"], groups: np.ndarray) -> None:
        mean, covariance = _moments(features)
        self.mean = mean.float()
        self.whitening = _whitening(covariance, *_sphere(covariance, len(features))).float()

    def left_out(self, features: Float[Tensor, "n f"], groups: np.ndarray, seed: int) -> Float[Tensor, "n"]:
        """Return the distances by mean and covariance of all others, where no two are of one group; else in parts.

        Without the feature q of N, d = q - m away from the mean of all, the mean is m - d / (N - 1), and the covariance
        N / (N - 1) (S - d d' / (N - 1)), whose inverse is that of Sherman and Morrison (1950). The shrinkage is taken
        from all of them.
        """
        count = len(features)
        if len(np.unique(groups)) < count:
            return super().left_out(features, groups, seed)
        mean, covariance = _moments(features)
        more = count / (count - 1)
        share, variance = _sphere(covariance, count)
        squares = ((features.double() - mean) @ _whitening(more * covariance, share, variance)).square().sum(1)
        taken = (1 - share) * more / (count - 1) * squares
        return (more**2 * squares / (1 - taken).clamp(min=_TINY)).float()

    def residuals(self, features: Float[Tensor, "b f"]) -> tuple[Tensor, Tensor]:
        """Return the distances, and the size of each feature's summand in them, (q - m) times the row of S^-1."""
        centred = features - self.mean
        white = centred @ self.whitening
        return white.square().sum(1), (white @ self.whitening.T * centred).abs()


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and covariance (divided by the number of features), float64."""
    centred = features.double() - features.double().mean(0)
    return features.double().mean(0), centred.T @ centred / len(features)


def _sphere(covariance: Tensor, count: int) -> tuple[float, float]:
    """Return the share of a sphere in the covariance of so many features, and the sphere's variance."""
    dimensions = len(covariance)
    mean, power = float(covariance.trace()) / dimensions, float(covariance.square().mean())
    numerator, denominator = power + mean**2, (count + 1) * (power - mean**2 / dimensions)
    return 1.0 if denominator <= 0 else min(numerator / denominator, 1.0), mean


def _whitening(covariance: Tensor, share: float, variance: float) -> Tensor:
    """Return the matrix W with W W' the inverse of the covariance that has such a share of a sphere."""
    sphere = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    values, axes = torch.linalg.eigh((1 - share) * covariance + share * variance * sphere)
    return axes / values.clamp(min=max(float(values[-1]) * _LEAST_SHARE, _TINY)).sqrt()
