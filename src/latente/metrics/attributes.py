"""Which attributes images show, and in what share of drawn images each of them does."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from latente.errors import InputError
from latente.metrics.groups import share_interval

__all__ = ["AttributeClassifier", "AttributeShare", "attribute_shares", "squares_of"]

SQUARES = 16  # along the longer side
VALUES_AT_ONCE = 4_000_000
TOLD = 0.5  # of the errors of the commoner answer, the part that must go for an attribute to count as told


class AttributeClassifier:
    """Tells attributes of images by a logistic regression each, on the images' means over small squares.

    It sees at most 16 by 16 squares of each channel, and so not how sharply an image is drawn: what it learned from
    real images holds for blurred ones. names: of the attributes that it has learned to tell; where fewer than two
    images have an attribute, or lack it, there is nothing to learn.
    """

    def __init__(
        self, pixels: Shaped[np.ndarray, "n c h w"], having: Bool[np.ndarray, "n a"], names: Sequence[str]
    ) -> None:
        """Learn from images (N, C, H, W) of any size which of the attributes (N, A) they have, in the names' order."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        if len(pixels) != len(having) or having.shape[1] != len(names):
            raise InputError(
                f"attributes of shape {having.shape} do not fit {len(pixels)} images and {len(names)} names"
            )
        self.scaler: Any = StandardScaler()
        rows = self.scaler.fit_transform(squares_of(pixels))
        self.regressions: dict[str, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # how good it is, images that it never saw tell
            for name, column in zip(names, having.T, strict=True):
                if 2 <= column.sum() <= len(column) - 2:
                    self.regressions[name] = LogisticRegression(C=0.01, max_iter=300).fit(rows, column)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.regressions)

    def tell(self, pixels: Shaped[np.ndarray, "n c h w"]) -> Bool[np.ndarray, "n a"]:
        """Return which attributes images (N, C, H, W) in the units of those learned from seem to have."""
        rows = self.scaler.transform(squares_of(pixels))
        answers = [regression.predict(rows) for regression in self.regressions.values()]
        return np.stack(answers, axis=1) if answers else np.zeros((len(pixels), 0), bool)


@dataclasses.dataclass(frozen=True)
class AttributeShare:
    """In what share of drawn images a classifier sees an attribute, beside real ones.

    accuracy: the share of its answers that are right, of real images that it never saw; commoner: what always giving
    the commoner answer would get right of these. in_data: the share of the data with the attribute. called: the share
    of those unseen real images that the classifier says have it. in_samples, interval: the same share of the
    drawn images, and its 95 % interval (Wilson's, binomial); None for an attribute that it cannot tell: one of which
    it takes away less than half of the errors of the commoner answer, or which it tells no better beyond chance.
    """

    name: str
    accuracy: float
    commoner: float
    in_data: float
    called: float
    in_samples: float | None
    interval: tuple[float, float] | None


def attribute_shares(
    names: Sequence[str],
    truth: Bool[np.ndarray, "n a"],
    answers: Bool[np.ndarray, "n a"],
    drawn: Bool[np.ndarray, "m a"],
    in_data: Float[np.ndarray, "a"],
) -> list[AttributeShare]:
    """Return the share of each attribute among m drawn images, farthest from that of real images first.

    truth, answers: what n real images have that a classifier never saw, and what it says of them. drawn: what it says
    of drawn ones. in_data: the share of the data with each attribute. Drawn images are to be compared with what is
    said of real ones, since both have the classifier's errors in them. Those that it cannot tell come last.
    """
    shares = []
    for k, name in enumerate(names):
        right, having = int((answers[:, k] == truth[:, k]).sum()), float(truth[:, k].mean())
        accuracy, commoner = right / len(truth), max(having, 1 - having)
        is_told = share_interval(right, len(truth))[0] > commoner and 1 - accuracy <= (1 - TOLD) * (1 - commoner)
        count = int(drawn[:, k].sum())
        shares.append(
            AttributeShare(
                name=name,
                accuracy=accuracy,
                commoner=commoner,
                in_data=float(in_data[k]),
                called=float(answers[:, k].mean()),
                in_samples=count / len(drawn) if is_told else None,
                interval=share_interval(count, len(drawn)) if is_told else None,
            )
        )
    return sorted(shares, key=lambda share: 1.0 if share.in_samples is None else -abs(share.in_samples - share.called))


def squares_of(pixels: Shaped[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n values"]:
    """Return the means of images over squares, as float32 rows: the shortest side that makes at most 16 along a side.

    Where a side is no multiple of that, the last squares are cut off at the image's edge.
    """
    side = -(-max(pixels.shape[2:]) // SQUARES)
    starts = [np.arange(0, length, side) for length in pixels.shape[2:]]
    heights, widths = (
        np.diff(np.append(start, length)) for start, length in zip(starts, pixels.shape[2:], strict=True)
    )
    areas = np.outer(heights, widths).astype(np.float32)
    step = max(1, VALUES_AT_ONCE // max(1, int(np.prod(pixels.shape[1:]))))
    parts = []
    for start in range(0, len(pixels), step):
        across = np.add.reduceat(pixels[start : start + step], starts[1], axis=3, dtype=np.float32)
        parts.append((np.add.reduceat(across, starts[0], axis=2) / areas).reshape(len(across), -1))
    values = len(starts[0]) * len(starts[1]) * pixels.shape[1]
    return np.concatenate(parts) if parts else np.zeros((0, values), np.float32)
