"""Mixtures of normal densities, fitted to codes so that new ones can be drawn from where they lie."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

__all__ = ["COMPONENTS", "Mixture", "fit_mixture"]

COMPONENTS = (1, 2, 5, 10, 20, 50, 100)
MOST_CODES = 20_000  # to which a mixture is fitted
_FEWEST = 10  # codes for each component: fewer tell nothing of its covariance


@dataclasses.dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of K normal densities of codes: weights (K,), means (K, D), covariances (K, D, D)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return `count` codes (count, D) float64, in no order of their components."""
        shares = rng.multinomial(count, self.weights)
        parts = [
            rng.multivariate_normal(mean, covariance, share, method="eigh")
            for mean, covariance, share in zip(self.means, self.covariances, shares, strict=True)
            if share
        ]
        codes: np.ndarray = rng.permutation(np.concatenate(parts))
        return codes


def fit_mixture(
    codes: np.ndarray,
    seed: int,
    components: Sequence[int] = COMPONENTS,
    *,
    tol: float = 1e-4,
) -> tuple[GaussianMixture, list[tuple[GaussianMixture, float]]]:
    """Return scikit-learn's mixture that is best for codes (N, D), and all that were tried, each with what it costs.

    Of codes beyond 20,000 a draw by `seed` is taken; of `components`, the numbers that have ten codes each. What one
    costs: its Bayesian information criterion (Schwarz 1978: -2 log-likelihood + parameters x log(codes)) over the
    number of codes. tol: gain in nats per code with which it ends.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    rng = np.random.default_rng(seed)
    few = codes[rng.permutation(len(codes))[:MOST_CODES]].astype(np.float64)
    candidates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of codes that are copies, fewer clusters than asked for
        for count in components:
            if count * _FEWEST > len(few):
                continue
            mixture = GaussianMixture(count, random_state=seed, max_iter=500, tol=tol).fit(few)
            candidates.append((mixture, float(mixture.bic(few) / len(few))))
    return min(candidates, key=lambda one: one[1])[0], candidates
