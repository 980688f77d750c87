"""Maps of latent codes in the plane, and numbers that say how far to trust them."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import numpy as np

from latente.errors import InputError, did_you_mean
from latente.latents.coding import flat_codes

__all__ = ["LatentMap", "knn_accuracy", "map_codes", "require_method", "to_two_dimensions", "trustworthiness"]

METHODS = ("auto", "identity", "pca", "tsne", "umap")


@dataclasses.dataclass(frozen=True, eq=False)
class LatentMap:
    """Codes as points of the plane, how they came there, and how much of the codes the map shows.

    points: (N, 2) float64. method: "identity", "pca", "tsne" or "umap". trustworthiness: in [0, 1] (see
    `trustworthiness`); None for fewer than 4 codes. knn_accuracy: leave-one-out accuracy of the k nearest
    neighbours on the map (see `knn_accuracy`); None without labels. share: part of the codes' variance that the map
    keeps, 1 for the identity; None for t-SNE and UMAP, which keep neighbours instead of distances.
    """

    points: np.ndarray
    method: str
    trustworthiness: float | None = None
    knn_accuracy: float | None = None
    share: float | None = None


def map_codes(
    codes: np.ndarray, labels: np.ndarray | None = None, *, method: str = "auto", k: int = 15, seed: int = 0
) -> LatentMap:
    """Return codes (N, ...) as a map in the plane, with its trustworthiness and, given labels, its k-NN accuracy.

    method: "auto" is "identity" for codes of one or two values, else "pca". "tsne" (van der Maaten & Hinton 2008) is
    scikit-learn's, started from the PCA; "umap" (McInnes et al. 2018) needs the package umap-learn. k: neighbours in
    both numbers. seed: of t-SNE and UMAP, which give the same map for the same seed, versions and machine.
    Raises InputError for "identity" of longer codes, and where umap-learn is missing.
    """
    require_method(method)
    flat = flat_codes(codes)
    if method == "auto":
        method = "identity" if flat.shape[1] <= 2 else "pca"
    points = _points(flat, method, seed)
    share = None
    if method in ("identity", "pca"):
        whole = float(flat.var(axis=0, dtype=np.float64).sum())
        share = min(1.0, float(points.var(axis=0).sum()) / whole) if whole > 0 else 1.0
    return LatentMap(
        points=points,
        method=method,
        trustworthiness=trustworthiness(flat, points, k=k) if len(flat) >= 4 else None,
        knn_accuracy=None if labels is None else knn_accuracy(points, labels, k=k),
        share=share,
    )


def require_method(method: str) -> None:
    """Raise InputError where `map_codes` knows no such method, or umap-learn is missing."""
    if method not in METHODS:
        raise did_you_mean("method", method, METHODS)
    if method == "umap":
        _umap()


def _umap() -> Any:
    try:
        return importlib.import_module("umap")
    except ImportError as error:
        raise InputError("umap needs the package umap-learn: pip install umap-learn") from error


def _points(flat: np.ndarray, method: str, seed: int) -> np.ndarray:
    if method == "pca" or (method == "identity" and flat.shape[1] <= 2):
        return to_two_dimensions(flat)
    if method == "identity":
        raise InputError(f"codes of {flat.shape[1]} values are no points of the plane; use method pca, tsne or umap")
    if len(flat) < 4:
        raise InputError(f"{method} needs at least 4 codes, not {len(flat)}; use method pca")
    if method == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(flat) - 1) / 3)
        return TSNE(2, init="pca", perplexity=perplexity, random_state=seed).fit_transform(flat).astype(np.float64)
    # a seed allows one thread only, and umap warns where it has to say so itself
    reducer = _umap().UMAP(n_neighbors=min(15, len(flat) - 1), random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(flat), dtype=np.float64)


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


def trustworthiness(codes: np.ndarray, points: np.ndarray, *, k: int = 15, most: int = 2_000, seed: int = 0) -> float:
    """Return how far neighbours on the map (N, 2) are neighbours among the codes (N, ...) too: 1 is entirely.

    Source: Venna & Kaski 2001 (scikit-learn's implementation): each of the k nearest points that is not among
    the k nearest codes costs by how much farther it ranks there. Of more than `most` codes as many are drawn with
    `seed`. k is lowered to less than half of their number, as the measure asks. Raises InputError for fewer than 4.
    """
    flat, plane = flat_codes(codes), flat_codes(points)
    if len(flat) != len(plane):
        raise InputError(f"trustworthiness needs a point for each code, not {len(plane)} for {len(flat)}")
    if len(flat) < 4:
        raise InputError(f"trustworthiness needs at least 4 codes, not {len(flat)}")
    if len(flat) > most:
        rows = np.random.default_rng(seed).choice(len(flat), most, replace=False)
        flat, plane = flat[rows], plane[rows]
    from sklearn import manifold

    return float(manifold.trustworthiness(flat, plane, n_neighbors=min(k, (len(flat) - 1) // 2)))


def knn_accuracy(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
    *,
    k: int = 15,
) -> float:
    """Return the share of codes (N, ...) whose k nearest neighbours vote for the right one of `labels` (N,).

    The voters are `codes`; those who are judged are `test_codes` (M, ...), or, without them, the codes themselves,
    each by its neighbours other than itself (leave-one-out). Distances are Euclidean, votes count alike, and a draw
    goes to the lowest label. Negative labels are unknown: such codes neither vote nor count. k is lowered to what
    there is. Raises InputError where nothing is left to vote or to judge.
    """
    from sklearn.neighbors import KNeighborsClassifier

    if (test_codes is None) != (test_labels is None):
        raise InputError("test_codes and test_labels come together; one of them is missing")
    voters, classes = _labelled(codes, labels)
    tests, truth = (None, classes) if test_codes is None else _labelled(test_codes, test_labels)
    available = len(voters) - (tests is None)
    if available < 1 or not len(truth):
        raise InputError("k-NN accuracy needs at least two codes with a known label")
    return float(KNeighborsClassifier(min(k, available)).fit(voters, classes).score(tests, truth))


def _labelled(codes: np.ndarray, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    flat, classes = flat_codes(codes), np.asarray(labels)
    if classes.shape != (len(flat),):
        raise InputError(f"labels have shape {classes.shape}, but there are {len(flat)} codes; give one for each")
    has_label = classes >= 0
    return flat[has_label], classes[has_label]
