"""What a figure of each image is for one kind of images and for all others: by attribute, and by class."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped
from scipy.special import ndtri, stdtrit

from latente.errors import InputError

__all__ = ["Group", "by_attribute", "by_class", "lacking", "share_interval"]

LEVEL = 0.95  # of every interval
_TAIL = (1 + LEVEL) / 2

Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Group:
    """The images with an attribute, or of a class, beside all others.

    name: of the attribute or the class. key: the attribute's column, or the class's label. counts: how many images are
    of the group, and how many are not. means: of the figure, for the group and for the others. interval: of the group's
    mean, by Student's t. gap_interval: of the difference between the two means, by Welch's t, which takes neither equal
    counts nor equal variances for granted. Both intervals are of 95 %. is_higher: whether the group's mean is the
    higher one beyond chance, however many groups were looked at (Bonferroni: all of them together are wrong in 2.5 %).
    """

    name: str
    key: int
    counts: tuple[int, int]
    means: tuple[float, float]
    interval: Interval
    gap_interval: Interval
    is_higher: bool

    @property
    def gap(self) -> float:
        """The mean of the group less that of the others."""
        return self.means[0] - self.means[1]


def by_attribute(figures: Float[np.ndarray, "n"], having: Bool[np.ndarray, "n a"], names: Sequence[str]) -> list[Group]:
    """Return the images with each attribute beside those without it, the largest difference of their means first.

    figures: one of each image, such as its error. having: which attributes it has, in the order of `names`. An
    attribute that fewer than two images have, or lack, is left out: nothing tells how far its figures scatter. Each
    interval is its own attribute's: of 20 that make no difference, one shows such on the average. Raises InputError
    where a figure is not finite, or where there are not as many names as attributes.
    """
    if having.shape[1] != len(names):
        raise InputError(f"there are {len(names)} names for {having.shape[1]} attributes; give one each")
    if not np.isfinite(figures).all():
        raise InputError("the figures hold NaN or infinity; leave out the images that they are of")
    values = figures.astype(np.float64)
    columns = {key: column for key, column in enumerate(having.T) if 2 <= column.sum() <= len(column) - 2}
    groups = [_group(names[key], key, values[column], values[~column], len(columns)) for key, column in columns.items()]
    return sorted(groups, key=lambda group: -group.gap)


def by_class(
    figures: Float[np.ndarray, "n"], labels: Integer[np.ndarray, "n"], names: Sequence[str] = ()
) -> list[Group]:
    """Return the images of each class beside those of all others, as `by_attribute` does.

    labels: -1 where unknown, and such images are left out. names: of the classes 0, 1, ...; those without one are
    called by their number.
    """
    known = labels >= 0
    classes = np.unique(labels[known])
    titles = [str(names[k]) if k < len(names) else f"class {k}" for k in classes.tolist()]
    groups = by_attribute(figures[known], labels[known][:, None] == classes, titles)
    return [dataclasses.replace(group, key=int(classes[group.key])) for group in groups]


def lacking(values: Shaped[np.ndarray, "n *a"]) -> Bool[np.ndarray, "n *a"]:
    """Return which values of an attribute (N,), or of several (N, A), say that an image lacks it.

    Those in the lower half of the attribute's range: of -1 and 1, or 0 and 1, the lower.
    """
    middle = (values.min(axis=0).astype(np.float64) + values.max(axis=0).astype(np.float64)) / 2
    lower: np.ndarray = values < middle
    return lower


def share_interval(count: int, total: int) -> Interval:
    """Return the 95 % interval of a share of which `count` of `total` are known (Wilson 1927); total: at least 1."""
    z2 = float(ndtri(_TAIL)) ** 2
    centre, half = count + z2 / 2, math.sqrt(z2 * (count * (total - count) / total + z2 / 4))
    # of none and of all the formula gives 0 and 1 itself, but for rounding
    low = (centre - half) / (total + z2) if count else 0.0
    return low, (centre + half) / (total + z2) if count < total else 1.0


def _group(name: str, key: int, own: np.ndarray, others: np.ndarray, looked_at: int) -> Group:
    """Compare a group with the others; looked_at: at how many groups, of which it is one."""
    mean, mean_of_others = float(own.mean()), float(others.mean())
    errors = [float(part.var(ddof=1)) / len(part) for part in (own, others)]  # of the means, squared
    gap, freedom = mean - mean_of_others, _freedom(errors, own, others)
    return Group(
        name=name,
        key=key,
        counts=(len(own), len(others)),
        means=(mean, mean_of_others),
        interval=_around(mean, errors[0], len(own) - 1),
        gap_interval=_around(gap, sum(errors), freedom),
        is_higher=_around(gap, sum(errors), freedom, 1 - (1 - _TAIL) / looked_at)[0] > 0,
    )


def _freedom(errors: list[float], own: np.ndarray, others: np.ndarray) -> float:
    """Return the degrees of freedom of the difference, after Welch and Satterthwaite."""
    total = sum(errors)
    if total == 0:
        return math.inf
    parts = [(error / total) ** 2 / (len(part) - 1) for error, part in zip(errors, (own, others), strict=True)]
    return 1 / sum(parts)


def _around(value: float, squared_error: float, freedom: int | float, below: float = _TAIL) -> Interval:
    """Return the interval around a value; below: the probability that what is estimated lies below its upper end."""
    half = math.sqrt(squared_error) * (float(stdtrit(freedom, below)) if squared_error else 0.0)
    return value - half, value + half
