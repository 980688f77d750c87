"""How new images are: the nearest of known images to each, so that memorising shows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from latente.errors import InputError

__all__ = ["Nearest", "nearest"]

BLOCK_VALUES = 4_000_000  # float32 values in one block of references, and in its distances: 16 MB each
QUERIES = 1_024  # compared at a time
SPARE = 8  # candidates beyond k, among which exact distances decide


@dataclasses.dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest references of each query, nearest first.

    indices: (N, k) rows of the references. distances: (N, k) float64, root mean squared difference per value, in
    units of the scale.
    """

    indices: np.ndarray
    distances: np.ndarray


def nearest(
    queries: np.ndarray, references: np.ndarray, *, k: int = 1, scale: float | Sequence[float] = 1.0
) -> Nearest:
    """Return the k nearest of `references` (M, ...) to each of `queries` (N, ...), by the root mean squared difference.

    Both in the same units and layout, of any dtype; `references` may be a memory map and is read once, in blocks, so
    that some 100 MB suffice. scale: what differences are divided by: 255 turns 8-bit images to [0, 1]; several
    values are one per channel or feature (the second axis). The search is exhaustive: blocks of float32 products pick
    k + 8 candidates, whose distances are then computed exactly; so only references that lie equally near, within
    float32's rounding, can change places with the last of them. Whether a distance is small is told by comparison: the
    distances of held-out images to the same references are what novelty looks like.
    Raises InputError where shapes differ or k is more than there are references.
    """
    queries, factor = np.asarray(queries), _factor(scale, queries.shape[1:])
    if queries.ndim < 2 or queries.shape[1:] != references.shape[1:]:
        raise InputError(f"queries {queries.shape} and references {references.shape} differ in shape; resize either")
    if not 1 <= k <= len(references):
        raise InputError(f"k must lie between 1 and {len(references)}, the number of references, not {k}")
    candidates = _candidates(queries, references, factor, min(k + SPARE, len(references)))
    distances = _distances(queries, references, factor, candidates)
    # equal distances: the first of the references comes first
    order = np.lexsort((candidates, distances), axis=1)[:, :k]
    return Nearest(np.take_along_axis(candidates, order, 1), np.take_along_axis(distances, order, 1))


def _factor(scale: float | Sequence[float], shape: tuple[int, ...]) -> np.ndarray:
    """What to multiply values by, as it broadcasts against rows of `shape`."""
    scales = np.asarray(scale, dtype=np.float64).reshape(-1)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        raise InputError(f"scale must be above 0, not {scale}")
    if len(scales) not in (1, shape[0] if shape else 1):
        raise InputError(f"scale has {len(scales)} values; give one, or one per channel or feature ({shape[0]})")
    return (1 / scales).reshape(1, -1, *[1] * (len(shape) - 1))


def _rows(images: np.ndarray, factor: np.ndarray, dtype: type[np.floating]) -> np.ndarray:
    return (images * factor.astype(dtype)).astype(dtype, copy=False).reshape(len(images), -1)


def _candidates(queries: np.ndarray, references: np.ndarray, factor: np.ndarray, count: int) -> np.ndarray:
    """The `count` references that look nearest to each query in float32, (N, count), in no order."""
    values = math.prod(queries.shape[1:])
    block = max(1, BLOCK_VALUES // max(values, min(len(queries), QUERIES)))
    rows = np.zeros((len(queries), count), np.int64)
    best = np.full((len(queries), count), np.inf, np.float32)
    # around their mean numbers are small, and so is what float32 rounds off
    centre = _rows(np.asarray(references[:block]), factor, np.float64).mean(axis=0).astype(np.float32)
    for start in range(0, len(references), block):
        block_rows = _rows(np.asarray(references[start : start + block]), factor, np.float32) - centre
        lengths = np.einsum("ij,ij->i", block_rows, block_rows)
        for first in range(0, len(queries), QUERIES):
            part = slice(first, first + QUERIES)
            centred = _rows(queries[part], factor, np.float32) - centre
            # squared distances, short of the query's own length, which changes no order
            squares = lengths - 2 * (centred @ block_rows.T)
            if squares.shape[1] > count:
                columns = np.argpartition(squares, count - 1, axis=1)[:, :count]
            else:
                columns = np.broadcast_to(np.arange(squares.shape[1]), squares.shape)
            both = np.hstack([best[part], np.take_along_axis(squares, columns, 1)])
            places = np.hstack([rows[part], columns + start])
            nearest_places = np.argpartition(both, count - 1, axis=1)[:, :count]
            best[part] = np.take_along_axis(both, nearest_places, 1)
            rows[part] = np.take_along_axis(places, nearest_places, 1)
    return rows


def _distances(queries: np.ndarray, references: np.ndarray, factor: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Root mean squared differences (N, count), in float64."""
    distances = np.empty(candidates.shape)
    values = math.prod(queries.shape[1:])
    step = max(1, BLOCK_VALUES // 4 // (values * candidates.shape[1]))
    for first in range(0, len(queries), step):
        part = slice(first, first + step)
        rows = candidates[part]
        differences = _rows(references[rows.reshape(-1)], factor, np.float64).reshape(*rows.shape, values)
        differences -= _rows(queries[part], factor, np.float64)[:, None]
        distances[part] = np.sqrt(np.einsum("ijk,ijk->ij", differences, differences) / values)
    return distances
