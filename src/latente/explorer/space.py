"""The latent space as the page moves in it: the plane of the map, where the codes are, and how far sliders go."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

__all__ = ["GAPS", "SHOWN", "SPREADS", "Space", "bounds_of", "space_of"]

SPREADS = 3.0  # a dimension's slider goes so many standard deviations to either side of the mean
GAPS = 2.0  # an attribute's slider goes so many class gaps to either side
SHOWN = 16  # sliders of dimensions at first
WHOLE = (0.001, 0.999)  # quantiles of the points that the map shows at first, with some room around
ROOM = 0.08


@dataclasses.dataclass(frozen=True, eq=False)
class Space:
    """code = origin + place @ axes gives the code (D,) of a place (2,) in the plane.

    mean, spread: (D,) of the codes. order: the dimensions, of more than two the one that varies most first. bounds: of
    what the map shows at first.
    """

    origin: np.ndarray
    axes: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    order: np.ndarray
    bounds: dict[str, float]

    def codes_at(self, places: np.ndarray) -> np.ndarray:
        """Return the codes (N, D) float32 of places (N, 2)."""
        return (self.origin + places @ self.axes).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        return {
            "dimensions": len(self.mean),
            "mean": self.mean.tolist(),
            "spread": self.spread.tolist(),
            "order": self.order.tolist(),
            "origin": self.origin.tolist(),
            "spreads": SPREADS,
            "gaps": GAPS,
            "shown": SHOWN,
        }


def space_of(codes: np.ndarray, points: np.ndarray) -> Space:
    """Return the space of codes (N, D) whose map is `points` (N, 2), either the codes themselves or their PCA.

    A PCA's points are (codes - mean) @ axes.T with orthonormal axes, which are therefore found again exactly by least
    squares, whoever computed them.
    """
    dimensions = codes.shape[1]
    mean = codes.mean(axis=0, dtype=np.float64)
    if dimensions <= 2:
        origin, axes = np.zeros(dimensions), np.eye(2)[:, :dimensions]
    else:
        origin, axes = mean, np.linalg.pinv(points) @ (codes - mean)
    spread = codes.std(axis=0, dtype=np.float64)
    order = np.arange(dimensions) if dimensions <= 2 else np.argsort(-spread, kind="stable")
    return Space(origin, axes, mean, spread, order, bounds_of(points))


def bounds_of(points: np.ndarray) -> dict[str, float]:
    """Return what a map of points (N, 2) shows at first: nearly all of them, with some room around."""
    low, high = np.quantile(points, WHOLE, axis=0)
    room = ROOM * (high - low)
    room[room == 0] = 1.0  # one point, or all on a line
    (left, bottom), (right, top) = low - room, high + room
    return {"left": float(left), "right": float(right), "bottom": float(bottom), "top": float(top)}
