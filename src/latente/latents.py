"""What latent codes tell: maps of them."""

from __future__ import annotations

import numpy as np

__all__ = ["to_two_dimensions"]


def to_two_dimensions(codes: np.ndarray) -> np.ndarray:
    """Return codes (N, ...) as points (N, 2) for a map: codes of two values as they are, longer ones by PCA.

    Codes with more axes are flattened first; codes of one value get a second coordinate of 0. The PCA is
    fitted on these very codes, so that the map shows the plane in which they vary most, centred on their
    mean.
    """
    flat = np.asarray(codes).reshape(len(codes), -1).astype(np.float64)
    if flat.shape[1] <= 2:
        return np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    centred = flat - flat.mean(axis=0)
    if len(flat) > 2 and centred.any():
        from sklearn.decomposition import PCA

        return PCA(2, random_state=0).fit_transform(centred)
    # one or two points, or all alike: their first two axes show all there is
    points = centred @ np.linalg.svd(centred[:2], full_matrices=False)[2].T
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
