"""The images of a page: those of all parts of a set, one after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from latente.estimators.data import draw
from latente.evidence import Selection
from latente.images import Images

__all__ = ["Collection"]


@dataclasses.dataclass(frozen=True, eq=False)
class Collection:
    """Selections of one set or of its parts, which are alike but for their rows, as one row of images.

    parts: at least one, in order. total: how many images there are where only some of them were drawn.
    """

    parts: tuple[Selection, ...]
    total: int

    @classmethod
    def of(cls, *parts: Selection) -> Collection:
        filled = tuple(part for part in parts if len(part)) or parts[:1]
        return cls(filled, sum(map(len, filled)))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def images(self) -> Images:
        """The images of the first part, which has the name and the names of classes and attributes of all."""
        return self.parts[0].images

    @property
    def rows(self) -> np.ndarray:
        """Which row of its own images each is."""
        return np.concatenate([part.rows for part in self.parts])

    @property
    def files(self) -> list[str]:
        """The images' own names; none where they have none."""
        if not all(part.images.files for part in self.parts):
            return []
        return [part.images.files[row] for part in self.parts for row in part.rows]

    @property
    def part_of(self) -> np.ndarray:
        """In which of the parts (N,) each image is."""
        return np.repeat(np.arange(len(self.parts)), [len(part) for part in self.parts])

    @property
    def apart(self) -> list[str]:
        """The parts that are images of their own, whose rows are counted from the start again."""
        return [part.name for part in self.parts if part.images is not self.images]

    def column(self, name: str) -> np.ndarray | None:
        """Return a column of all images; None where some part has no such column."""
        values = [found for part in self.parts if (found := part.column(name)) is not None]
        return np.concatenate(values) if len(values) == len(self.parts) else None

    def drawn(self, most: int, seed: int) -> Collection:
        """Return at most so many of them, in order, drawn evenly by `seed`."""
        if len(self) <= most:
            return self
        kept, part_of = draw(np.arange(len(self)), most, seed), self.part_of
        starts = np.cumsum([0, *(len(part) for part in self.parts)])
        parts = [
            dataclasses.replace(part, rows=part.rows[kept[part_of[kept] == k] - starts[k]])
            for k, part in enumerate(self.parts)
        ]
        return Collection(tuple(part for part in parts if len(part)), self.total)

    def blocks(self, step: int) -> Iterator[Selection]:
        """Yield all images, in order, at most so many at a time."""
        for part in self.parts:
            for start in range(0, len(part), step):
                yield dataclasses.replace(part, rows=part.rows[start : start + step])

    def pixels(self, indices: np.ndarray) -> np.ndarray:
        """Return the pixels (n, C, H, W) of some of the images, in the data's units."""
        indices, rows, part_of = np.asarray(indices), self.rows, self.part_of
        pixels = np.empty((len(indices), *self.images.image_shape), self.images.dtype)
        for k, part in enumerate(self.parts):
            here = part_of[indices] == k
            pixels[here] = part.images.pixels[rows[indices[here]]]
        return pixels
