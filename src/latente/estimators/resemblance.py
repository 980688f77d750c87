"""How like real images made ones are, as two crowds: the figures by which models that make images are judged."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from latente.metrics import distributions
from latente.networks.cells import cells

__all__ = ["MOST_COMPARED", "Resemblance"]

MOST_COMPARED = 5_000  # images of either kind
_COMPONENTS = 64
_MANY = 500  # features
_FEWEST_FOR_NEIGHBOURS = 6  # on either side: each has five others


class Resemblance:
    """Compares made images with real ones over the principal components of what stands in their cells.

    real: scaled images (B, C, H, W), batch by batch; 2 or more in all. The components, 64 at most, are those of the
    real images' `cells`, without whitening.
    """

    def __init__(self, real: Iterable[Tensor]) -> None:
        from sklearn.decomposition import PCA

        features = np.concatenate([_described(batch) for batch in real]).astype(np.float64)
        count = min(_COMPONENTS, len(features) - 1, features.shape[1])
        # of large pictures there are thousands of features, of whose covariance all axes would take minutes
        solver = "randomized" if features.shape[1] > _MANY else "full"
        self._components = PCA(count, svd_solver=solver, random_state=0).fit(features)
        self.real = self._projected(features)

    def __len__(self) -> int:
        return len(self.real)

    def features(self, images: Iterable[Tensor]) -> np.ndarray:
        """Return the components (n, K) of scaled images, batch by batch."""
        return self._projected(np.concatenate([_described(batch) for batch in images]).astype(np.float64))

    def frechet(self, made: Iterable[Tensor]) -> float:
        """Return the Frechet distance of made images to the real ones."""
        return distributions.frechet_distance(self.real, self.features(made))

    def figures(self, made: Iterable[Tensor]) -> dict[str, float]:
        """Return all figures of made images; those by neighbours only where there are enough images."""
        features = self.features(made)
        figures = {"frechet_distance": distributions.frechet_distance(self.real, features)}
        if min(len(features), len(self.real)) < _FEWEST_FOR_NEIGHBOURS:
            return figures
        by_neighbours = {
            "precision": distributions.precision,
            "recall": distributions.recall,
            "density": distributions.density,
            "coverage": distributions.coverage,
        }
        return figures | {name: figure(self.real, features) for name, figure in by_neighbours.items()}

    def _projected(self, features: np.ndarray) -> np.ndarray:
        projected: np.ndarray = self._components.transform(features)
        return projected


@torch.no_grad()
def _described(images: Tensor) -> np.ndarray:
    return np.asarray(cells(images).cpu().numpy())
