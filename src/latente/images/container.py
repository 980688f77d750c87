"""Images: what goes into a model, as one array with named columns beside it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from latente.errors import InputError

__all__ = ["COLUMNS", "Images", "to_layout"]

# target: pairs (same layout as pixels, any C, H, W) · label: (N,) integers, -1 unknown · attributes: (N, A) ·
# condition: (N, K) floats · mask: (N, 1, H, W) uint8, 1 where the picture is damaged
COLUMNS = ("target", "label", "attributes", "condition", "mask")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Images:
    """N images in their own dtype, in memory or memory-mapped, with named columns beside them.

    pixels: (N, C, H, W), or (N, F) for a plain table; never scaled, never copied without need. columns: a
    subset of `COLUMNS`, each with N rows. layout: how the caller's array was laid out ("NCHW", "NHWC", "NHW"
    or "NF"); results go back to the caller in it. source: the JSON-able keyword arguments with which
    `open_images` gets the same images again (empty for arrays that live in memory only). parts: the split
    names that the source offers. Raises InputError where a column is unknown or its length differs.
    """

    pixels: np.ndarray
    columns: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    name: str = "array"
    layout: str = "NCHW"
    label_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    condition_names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    source: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    parts: tuple[str, ...] = ()
    scan: Any = None
    content_hash: str | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim not in (2, 4):
            raise InputError(f"Images hold (N, C, H, W) or (N, F) arrays, not {self.pixels.shape}; use open_images()")
        for key, column in self.columns.items():
            if key not in COLUMNS:
                raise InputError(f"unknown column {key!r}; known: {', '.join(COLUMNS)}")
            if len(column) != len(self.pixels):
                raise InputError(f"column {key!r} has {len(column)} rows for {len(self.pixels)} images")

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        size = "x".join(map(str, self.shape))
        columns = f", columns {', '.join(self.columns)}" if self.columns else ""
        return f"<Images {self.name}: {len(self)} of {size} {self.pixels.dtype}{columns}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image: (C, H, W), or (F,) for a table."""
        return tuple(self.pixels.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.pixels.dtype

    @property
    def is_table(self) -> bool:
        return self.pixels.ndim == 2

    @property
    def labels(self) -> np.ndarray | None:
        return self.columns.get("label")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over dtype, shape and bytes of the pixels and of every column, in hexadecimal."""
        if self.content_hash:
            return self.content_hash
        digest = hashlib.sha256()
        for key, array in [("pixels", self.pixels), *sorted(self.columns.items())]:
            digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
            for start in range(0, len(array), 4096):  # in slices: a memory-mapped set need not fit in memory
                digest.update(np.ascontiguousarray(array[start : start + 4096]).data)
        return digest.hexdigest()

    def take(self, indices: Any) -> Images:
        """Return the images at `indices` (integers or a slice) with their columns; a slice copies nothing."""
        files: tuple[str, ...] = ()
        if self.files:
            files = self.files[indices] if isinstance(indices, slice) else tuple(self.files[int(i)] for i in indices)
        columns = {key: column[indices] for key, column in self.columns.items()}
        return dataclasses.replace(
            self,
            pixels=self.pixels[indices],
            columns=columns,
            files=files,
            source={},
            parts=(),
            content_hash=None,
        )

    def as_given(self, pixels: np.ndarray) -> np.ndarray:
        """Bring (N, C, H, W) results into the layout in which the caller gave these images."""
        return to_layout(pixels, self.layout)


def to_layout(pixels: np.ndarray, layout: str) -> np.ndarray:
    """Bring (N, C, H, W) pixels into `layout`; several channels cannot go back to "NHW" and then stay
    last.
    """
    if layout == "NHW" and pixels.ndim == 4 and pixels.shape[1] == 1:
        return pixels[:, 0]
    if layout in ("NHW", "NHWC") and pixels.ndim == 4:
        return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
    return pixels
