"""Photographs: pictures of many sizes, their values one after the other in one flat array."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from latente.errors import InputError

__all__ = ["Photographs", "Rows"]

# some of the pictures: a slice, whole numbers, or which of them (booleans)
Rows = slice | np.ndarray | Sequence[int]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Photographs:
    """N pictures of many sizes in their own dtype, in memory or memory-mapped.

    values: (V,), each picture's (C, H, W) in C order. places: (N, 3) int64, the offset of a picture's first value, its
    height and its width. channels: the C of all. One picture is a view (C, H, W) of the values, some of them are
    Photographs of the same values; neither copies anything.
    """

    values: np.ndarray
    places: np.ndarray
    channels: int

    @classmethod
    def of(cls, pictures: Iterable[np.ndarray]) -> Photographs:
        """Return pictures (C, H, W) as photographs. Raises InputError where channels or dtypes differ."""
        pictures = list(pictures)
        kinds = {(picture.shape[0], picture.dtype) for picture in pictures}
        if len(kinds) != 1:
            kind = ", ".join(sorted(f"{channels} of {dtype}" for channels, dtype in kinds)) or "none at all"
            raise InputError(f"photographs need channels of one number and dtype; these have {kind}")
        ends = np.cumsum([picture.size for picture in pictures])
        places = [(end - one.size, *one.shape[1:]) for end, one in zip(ends, pictures, strict=True)]
        values = np.concatenate([picture.reshape(-1) for picture in pictures])
        return cls(values, np.array(places, np.int64), pictures[0].shape[0])

    @classmethod
    def of_array(cls, pixels: np.ndarray) -> Photographs:
        """Return images (N, C, H, W), which are all of one size, as photographs of the same values."""
        count, channels, height, width = pixels.shape
        places = np.empty((count, 3), np.int64)
        places[:, 0] = np.arange(count) * (channels * height * width)
        places[:, 1:] = height, width
        return cls(pixels.reshape(-1), places, channels)

    @classmethod
    def of_store(cls, values: np.ndarray, places: np.ndarray) -> Photographs:
        """Return the pictures at `places` that fill `values` from its first to its last."""
        return cls(values, places, len(values) // int((places[:, 1] * places[:, 2]).sum()))

    def __len__(self) -> int:
        return len(self.places)

    def __repr__(self) -> str:
        return f"<Photographs: {len(self)} of {self.channels}x{self.spread} {self.dtype}>"

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[row] for row in range(len(self)))

    @overload
    def __getitem__(self, rows: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, rows: Rows) -> Photographs: ...
    def __getitem__(self, rows: int | Rows) -> np.ndarray | Photographs:
        if isinstance(rows, int | np.integer):
            start, height, width = self.places[rows].tolist()
            return self.values[start : start + self.channels * height * width].reshape(self.channels, height, width)
        return dataclasses.replace(self, places=self.places[rows])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def sizes(self) -> np.ndarray:
        """The (height, width) of each picture, (N, 2)."""
        return self.places[:, 1:]

    @property
    def nbytes(self) -> int:
        """The bytes of these pictures, without others of the same values."""
        return int(self.sizes.prod(axis=1).sum()) * self.channels * self.dtype.itemsize

    @property
    def spread(self) -> str:
        """The range of sizes in words: 90x120 to 512x640."""
        low, high = self.sizes.min(axis=0), self.sizes.max(axis=0)
        smallest, largest = (f"{height}x{width}" for height, width in (low.tolist(), high.tolist()))
        return smallest if smallest == largest else f"{smallest} to {largest}"

    def digest_into(self, digest: hashlib._Hash) -> None:
        """Add the bytes of every picture, one by one: a memory-mapped set need not fit in memory."""
        digest.update(np.ascontiguousarray(self.sizes).tobytes())
        for picture in self:
            digest.update(np.ascontiguousarray(picture).data)
