"""One normal distribution of all features, whose covariance is drawn towards a sphere where the features are many."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latente.normality.base import Normality

__all__ = ["Gaussian", "Moments"]

_LEAST_SHARE = 1e-6  # of the largest variance: along what never varied every change is odd, but by a finite number
_TINY = 1e-12  # of a variance, where there is none at all


@dataclasses.dataclass
class Moments:
    """How many features there were, the sum of them, and of their outer products, float64; to be added up in parts."""

    count: int = 0
    sums: Tensor = dataclasses.field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    products: Tensor = dataclasses.field(default_factory=lambda: torch.zeros((), dtype=torch.float64))

    def add(self, features: Float[Tensor, "n f"]) -> None:
        """Count further features in; around their own mean, the large product loses nothing in their own precision."""
        mean = features.mean(0, dtype=torch.float64)
        centred = features - mean.to(features.dtype)
        self.count += len(features)
        self.sums = self.sums.to(mean.device) + len(features) * mean
        products = (centred.T @ centred).double() + len(features) * torch.outer(mean, mean)
        self.products = self.products.to(mean.device) + products

    @staticmethod
    def sum(parts: Iterable[Moments]) -> Moments:
        """Return the moments of all the parts together."""
        total = Moments()
        for part in parts:
            total = Moments(total.count + part.count, part.sums + total.sums, part.products + total.products)
        return total

    def without(self, part: Moments) -> Moments:
        """Return the moments of all but those of a part."""
        return Moments(self.count - part.count, self.sums - part.sums, self.products - part.products)

    @property
    def mean(self) -> Tensor:
        return self.sums / self.count

    @property
    def covariance(self) -> Tensor:
        """Divided by the count."""
        return self.products / self.count - torch.outer(self.mean, self.mean)


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
        self._take(len(features), mean, covariance)

    def take(self, moments: Moments) -> None:
        """Learn from the moments of features, which need not be in memory together."""
        self._take(moments.count, moments.mean, moments.covariance)

    def _take(self, count: int, mean: Tensor, covariance: Tensor) -> None:
        self.mean = mean.float()
        # laid out as a file gives it back: some processors sum up the columns of another layout in another order
        self.whitening = _whitening(covariance, *_sphere(covariance, count)).float().contiguous()

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

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b"]:
        """Return the distances alone, in half the time."""
        return ((features - self.mean) @ self.whitening).square().sum(1)

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
