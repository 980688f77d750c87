"""How alike two sets of images are, real and made ones, by features of each: how far apart, and how far they overlap.

Features are numbers (N, D) of real images and (M, D) of made ones, whatever net or map gives them; a figure means
something beside others by the same features and the same counts alone. All is worked out in float64, and of distances
only a block at a time is held, some 30 MB of them. Every function raises InputError, and none returns NaN, where there
are too few rows, features of different lengths, or such as are not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Num

from latente.errors import InputError
from latente.languages import say
from latente.metrics.ranking import LEVEL, IntervalEstimate

__all__ = [
    "PROTOCOLS",
    "coverage",
    "density",
    "floor",
    "frechet_distance",
    "half_sampled",
    "kernel_distance",
    "precision",
    "recall",
]

PROTOCOLS = {
    "frechet_distance": say(
        "squared distance between the normal densities with the sets' means and covariances (Heusel et "
        "al. 2017, eq. 6); 0 is the best, and fewer images give more"
    ),
    "kernel_distance": say(
        "squared maximum mean discrepancy by the kernel (x y / D + 1)^3, unbiased (Binkowski et al. "
        "2018); about 0 is the best, and chance may bring it below"
    ),
    "precision": say(
        "share of the made images that lie as near to a real one as its third nearest real one "
        "(Kynkaanniemi et al. 2019)"
    ),
    "recall": say(
        "share of the real images that lie as near to a made one as its third nearest made one "
        "(Kynkaanniemi et al. 2019)"
    ),
    "density": say(
        "how many real images, in units of 5, have a made one as near as their fifth nearest real one, mean "
        "over the made ones (Naeem et al. 2020); about 1 is the best"
    ),
    "coverage": say(
        "share of the real images that have a made one as near as their fifth nearest real one (Naeem et al. 2020)"
    ),
}

_Figure = Callable[[np.ndarray, np.ndarray], float]  # of the features of real images and of made ones

_VALUES_AT_ONCE = 4_000_000  # distances, 32 MB
_LARGEST = 1e45  # of which the kernel's cubes of products are still finite
_TIE = 1e-12  # squared distances are equal within so much of the largest squared length: products round


def frechet_distance(real: Num[np.ndarray, "n _"], made: Num[np.ndarray, "m _"]) -> float:
    """Return the Frechet distance of two sets of features, at least 0: |m - w|^2 + tr(C + W - 2 (C W)^(1/2)).

    m, w, C, W: means and (unbiased) covariances (Dowson and Landau 1982; Heusel et al. 2017, eq. 6). With the centred
    features' triangular factors, R'R = C and S'S = W, the last trace is the sum of the singular values of RS': so
    nothing is inverted, no root is taken of what rounding made negative, and covariances may be singular. The time
    grows with D^3 where there are as many images. It falls with the number of images towards its limit: compare sets
    of the same sizes, and with `floor`.
    """
    real, made = _checked(real, made)
    gap = real.mean(0) - made.mean(0)
    factors = [_triangular(one) for one in (real, made)]
    shared = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    variance = sum(np.square(factor).sum() for factor in factors)
    return max(0.0, float(gap @ gap + variance - 2 * shared))


def kernel_distance(real: Num[np.ndarray, "n _"], made: Num[np.ndarray, "m _"]) -> float:
    """Return the squared maximum mean discrepancy by the kernel (x y / D + 1)^3 (Binkowski et al. 2018, "KID").

    Over all pairs, without those of an image with itself: the mean does not depend on how many images there are, and
    may lie below 0.
    """
    real, made = _checked(real, made)
    own = sum(_mean_kernel(one, one) for one in (real, made))
    return float(own - 2 * _mean_kernel(real, made))


def precision(real: Num[np.ndarray, "n _"], made: Num[np.ndarray, "m _"], k: int = 3) -> float:
    """Return the share of made images within the ball of a real one, which reaches to its k-th nearest real one."""
    real, made = _checked(real, made)
    return _share_within(_Balls(real, k), made)


def recall(real: Num[np.ndarray, "n _"], made: Num[np.ndarray, "m _"], k: int = 3) -> float:
    """Return the share of real images within the ball of a made one: the precision with the sides changed."""
    real, made = _checked(real, made)
    return _share_within(_Balls(made, k), real)


def density(real: Num[np.ndarray, "n _"], made: Num[np.ndarray, "m _"], k: int = 5) -> float:
    """Return in how many balls of real ones a made image lies, over k, as a mean; 1 where both are of one kind.

    Where several real images tie for the k-th place a ball holds more of them, and counts for less. Copies of the real
    ones come to (k + 1) / k: beside the k others each ball holds its own centre's.
    """
    real, made = _checked(real, made)
    balls = _Balls(real, k)
    hits, held = (np.concatenate([inside.sum(1) for inside in balls.holding(one)]) for one in (made, real))
    return float((hits / (held - 1)).sum() / len(made))


def coverage(real: Num[np.ndarray, "n _"], made: Num[np.ndarray, "m _"], k: int = 5) -> float:
    """Return the share of real images whose ball, which reaches to the k-th nearest real one, holds a made one."""
    real, made = _checked(real, made)
    return float(np.concatenate([inside.any(1) for inside in _Balls(real, k).holding(made)]).mean())


def floor(
    figure: _Figure,
    learned: Num[np.ndarray, "l _"],
    real: Num[np.ndarray, "n _"],
    count: int | None = None,
    seed: int = 0,
) -> float:
    """Return the figure of `count` of the images that a model learned from, as if it had made them.

    That is about the best that as many new images can do. count: None is as many as there are real ones, or all.
    """
    count = min(len(learned), len(real)) if count is None else count
    if not 0 < count <= len(learned):
        raise InputError(f"count={count}: there are {len(learned)} images to draw from")
    return figure(real, learned[np.random.default_rng(seed).permutation(len(learned))[:count]])


def half_sampled(
    figure: _Figure,
    real: Num[np.ndarray, "n _"],
    made: Num[np.ndarray, "m _"],
    *,
    draws: int = 100,
    seed: int = 0,
) -> IntervalEstimate:
    """Return the figure with the interval in which it lies by 95 % for other images of the same kinds, as many.

    The bootstrap by halves: half of each set, drawn without repeats, scatters as a whole one does. With repeats, as the
    plain bootstrap draws, images would be their own nearest neighbours. Fewer images also move most figures, so that
    the scatter is laid around the figure of all. Both sets need twice as many images as the figure itself does.
    """
    rng = np.random.default_rng(seed)

    def half(features: np.ndarray) -> np.ndarray:
        return features[rng.permutation(len(features))[: len(features) // 2]]

    value, values = figure(real, made), [figure(half(real), half(made)) for _ in range(draws)]
    low, high = value + np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - np.mean(values)
    return IntervalEstimate(value, (float(low), float(high)))


def _checked(real: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float64. Raises InputError for what cannot be compared."""
    both = [np.asarray(one, np.float64) for one in (real, made)]
    if both[0].shape[1] != both[1].shape[1]:
        raise InputError(f"features of {both[0].shape[1]} and {both[1].shape[1]} numbers cannot be compared")
    for name, one in zip(("real", "made"), both, strict=True):
        if len(one) < 2 or not one.shape[1]:
            raise InputError(
                f"there are {len(one)} {name} images with features of {one.shape[1]} numbers; give 2 or more"
            )
        if not np.abs(one).max() < _LARGEST:
            raise InputError(f"the features of the {name} images are NaN, infinite or beyond {_LARGEST:g}; scale them")
    return both[0], both[1]


def _triangular(features: np.ndarray) -> np.ndarray:
    """Return R with R'R the covariance of the features."""
    return np.linalg.qr(features - features.mean(0), mode="r") / np.sqrt(len(features) - 1)


class _Balls:
    """Balls around images' features, each of which reaches to the k-th nearest other one, and holds what ties there."""

    def __init__(self, centres: np.ndarray, k: int) -> None:
        if not 1 <= k < len(centres):
            raise InputError(f"k={k}: of {len(centres)} images each has {len(centres) - 1} neighbours")
        self.middle = centres.mean(0)  # around which numbers are small, and so is what products round off
        self.centres = centres - self.middle
        self.lengths = np.square(self.centres).sum(1)
        self.reach = np.zeros(len(centres))
        for rows, squares in self._squares(self.centres):
            np.fill_diagonal(squares[:, rows], np.inf)
            self.reach[rows] = np.partition(squares, k - 1, axis=1)[:, k - 1]
        self.reach += _TIE * self.lengths.max()

    def holding(self, others: np.ndarray) -> Iterator[np.ndarray]:
        """Yield which of the others (M, D) lie in each ball, (some of the balls in order, M), bool."""
        for rows, squares in self._squares(others - self.middle):
            yield squares <= self.reach[rows, None]

    def _squares(self, others: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of the centres, and the squares of how far the others are from them."""
        lengths = np.square(others).sum(1)
        for rows in _blocks(self.centres, others):
            yield rows, self.lengths[rows, None] + lengths - 2 * self.centres[rows] @ others.T


def _share_within(balls: _Balls, others: np.ndarray) -> float:
    """Return the share of the others that lie in any of the balls."""
    return float(np.logical_or.reduce([inside.any(0) for inside in balls.holding(others)]).mean())


def _blocks(one: np.ndarray, other: np.ndarray) -> Iterator[slice]:
    """Yield slices of `one` such that a block of numbers for each of theirs and of the others' is not too large."""
    step = max(1, _VALUES_AT_ONCE // len(other))
    return (slice(start, start + step) for start in range(0, len(one), step))


def _mean_kernel(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean of the kernel over all pairs, of a set with itself without those of each with itself."""
    size = one.shape[1]
    total = sum(float(((one[rows] @ other.T / size + 1) ** 3).sum()) for rows in _blocks(one, other))
    if one is not other:
        return total / (len(one) * len(other))
    total -= float(((np.square(one).sum(1) / size + 1) ** 3).sum())
    return total / (len(one) * (len(one) - 1))
