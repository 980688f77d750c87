"""Pictures by how odd they are, the oddest first."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.files import replacing
from latente.images import Images
from latente.words import printable

__all__ = ["Ranking", "rank", "ranked", "robust_threshold", "write_table"]

FAR = 3.5  # robust deviations below the median, beyond which Iglewicz and Hoaglin (1993) call a value an outlier


@dataclasses.dataclass(frozen=True, eq=False)
class Ranking:
    """Scores of pictures, lower is odder, and below which of them a picture counts as odd.

    names: the pictures' own, (N,). scores: (N,) float64. threshold: in the scores' units. is_learned: whether the model
    brought it; else it is what the scores themselves say, see `robust_threshold`.
    """

    names: tuple[str, ...]
    scores: np.ndarray
    threshold: float
    is_learned: bool

    @property
    def order(self) -> np.ndarray:
        """The rows, the oddest first (N,); of equal ones the first in the set comes first."""
        return np.argsort(self.scores, kind="stable")

    @property
    def odd(self) -> np.ndarray:
        """Whether each picture counts as odd (N,)."""
        return self.scores < self.threshold

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each picture, the oddest first: file, score, threshold, odd."""
        return [
            {
                "file": self.names[row],
                "score": float(self.scores[row]),
                "threshold": self.threshold,
                "odd": bool(self.odd[row]),
            }
            for row in self.order
        ]


def write_table(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each with the same columns, to the CSV file `out`, whole or not at all; yes and no become 1 and 0."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(
        {key: int(value) if isinstance(value, bool) else value for key, value in row.items()} for row in rows
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def rank(model: Any, images: Images) -> Ranking:
    """Return how odd a model that scores finds each of the images.

    Raises InputError where a score is no number.
    """
    offset = getattr(model, "offset_", None)
    return ranked(images, model.score_samples(images), None if offset is None else float(offset))


def ranked(images: Images, scores: np.ndarray, threshold: float | None = None) -> Ranking:
    """Return the ranking of images by their scores (N,), by a threshold that was learned or else by themselves.

    Raises InputError where a score is no number.
    """
    scores = np.asarray(scores, np.float64)
    if not np.isfinite(scores).all():
        first = images.name_of(int(np.flatnonzero(~np.isfinite(scores))[0]))
        raise InputError(f"the score of {first} is no finite number; the model is of no use for these images")
    names = tuple(map(printable, images.files)) if images.files else tuple(map(str, range(len(images))))
    if threshold is None:
        return Ranking(names, scores, robust_threshold(scores), is_learned=False)
    return Ranking(names, scores, threshold, is_learned=True)


def robust_threshold(scores: np.ndarray) -> float:
    """Return the score 3.5 robust deviations below the median, below which a picture is far from most others.

    The deviation is 1.4826 times the median absolute one (Iglewicz and Hoaglin 1993), which a few odd pictures hardly
    move. Where more than half of the scores are equal, it is their own score: all that lie below are odd.
    """
    middle = float(np.median(scores))
    return middle - FAR * 1.4826 * float(np.median(np.abs(scores - middle)))
