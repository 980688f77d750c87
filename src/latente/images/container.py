"""Images: what goes into a model, as one array or as photographs, with named columns beside it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.images.layouts import to_layout
from latente.images.options import Source
from latente.images.photographs import Photographs, Rows
from latente.images.scan import Scan
from latente.languages import Figure
from latente.words import brief

__all__ = ["COLUMNS", "PARTNERS", "PLACES", "Images", "contents_of"]

# target: pairs (same layout as pixels, any C, H, W) · label: (N,) integers, -1 unknown · attributes: (N, A) ·
# condition: (N, K) floats · mask: (N, 1, H, W) uint8, 1 where the picture is damaged
COLUMNS = ("target", "label", "attributes", "condition", "mask")
PARTNERS = ("target", "mask")  # the columns that are pictures themselves
PLACES = ".places"  # beside a flat array of the cache: where in it each picture lies


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Images:
    """N images in their own dtype, in memory or memory-mapped, with named columns beside them.

    content: (N, C, H, W), or (N, F) for a plain table, or photographs, which have many sizes; never scaled, never
    copied without need. columns: a subset of `COLUMNS`, each an array of N rows. partners: the targets and masks of
    photographs, as photographs. layout: how the caller's array was laid out ("NCHW", "NHWC", "NHW" or "NF"); results
    go back to the caller in it. depth: the bits of unsigned integers that their files state; None where nothing but the
    values tells. source: the keyword arguments with which `open_images` gets the same images again
    (empty for arrays that live in memory only). files: the pictures' own names, with "/", as the system gives them;
    see `name_of`. parts: the split names that the source offers. Raises InputError
    where a column is unknown or its length differs; `pixels` and `shape` do for photographs, which have neither.
    """

    content: np.ndarray | Photographs
    columns: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    name: str = "array"
    layout: str = "NCHW"
    label_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    condition_names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    source: Source = dataclasses.field(default_factory=Source)
    parts: tuple[str, ...] = ()
    scan: Scan | None = None
    content_hash: str | None = None
    partners: Mapping[str, Photographs] = dataclasses.field(default_factory=dict)
    depth: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.content, Photographs) and self.content.ndim not in (2, 4):
            raise InputError(f"Images hold (N, C, H, W) or (N, F) arrays, not {self.content.shape}; use open_images()")
        if self.partners and not self.is_photographs:
            raise InputError(f"{self.name}: partners go with photographs; give the target of an array as a column")
        counts = {key: len(column) for key, column in self.columns.items()}
        counts |= {key: len(partner) for key, partner in self.partners.items()}
        for key, count in counts.items():
            if key not in (PARTNERS if key in self.partners else COLUMNS):
                raise InputError(f"unknown column {key!r}; known: {', '.join(COLUMNS)}")
            if count != len(self):
                raise InputError(f"column {key!r} has {count} rows for {len(self)} images")

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, rows: Any) -> Images:
        """Return the images at some rows, by numbers, mask or slice, as scikit-learn asks for them."""
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]
        if isinstance(rows, int | np.integer):
            rows = [range(len(self))[rows]]  # which knows where the end is
        return self.take(rows if isinstance(rows, slice) else np.asarray(rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the images as one array in the layout in which the caller gave them."""
        return np.array(self.as_given(self.pixels), dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        if isinstance(self.content, Photographs):
            size = f"{self.content.channels}x{self.content.spread}"
        else:
            size = "x".join(map(str, self.image_shape))
        columns = f", columns {', '.join(self.column_names)}" if self.column_names else ""
        return f"<Images {self.name}: {len(self)} of {size} {self.dtype}{columns}>"

    @property
    def pixels(self) -> np.ndarray:
        """The images as one array (N, C, H, W) or (N, F). Raises InputError where they are photographs."""
        if isinstance(self.content, Photographs):
            raise InputError(
                f"the pictures of {self.name} have many sizes ({self.content.spread}): "
                "give size=64 or crop=64 when opening them, so that all are alike"
            )
        return self.content

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of them all, as scikit-learn asks for it: (N, C, H, W), (N, F) for a table, (N,) for photographs."""
        return (len(self),) if self.is_photographs else tuple(self.pixels.shape)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image: (C, H, W), or (F,) for a table. Raises InputError where they are photographs."""
        return tuple(self.pixels.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.content.dtype

    @property
    def is_table(self) -> bool:
        return not isinstance(self.content, Photographs) and self.content.ndim == 2

    @property
    def channels(self) -> int:
        """How many channels each image has; of a table, how many columns."""
        return self.content.channels if isinstance(self.content, Photographs) else int(self.content.shape[1])

    @property
    def is_photographs(self) -> bool:
        """Whether each image has a size of its own."""
        return isinstance(self.content, Photographs)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns and partners that there are."""
        return (*self.columns, *self.partners)

    @property
    def labels(self) -> np.ndarray | None:
        return self.columns.get("label")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over dtype, shape and bytes of the images and of every column, in hexadecimal."""
        if self.content_hash:
            return self.content_hash
        digest = hashlib.sha256()
        parts: dict[str, np.ndarray | Photographs] = {**self.columns, **self.partners}
        for key, part in [("pixels", self.content), *sorted(parts.items())]:
            if isinstance(part, Photographs):
                digest.update(f"{key} {part.dtype.str} photographs ({len(part)}, {part.channels})".encode())
                part.digest_into(digest)
                continue
            digest.update(f"{key} {part.dtype.str} {part.shape}".encode())
            for start in range(0, len(part), 4096):  # in slices: a memory-mapped set need not fit in memory
                digest.update(np.ascontiguousarray(part[start : start + 4096]).data)
        return digest.hexdigest()

    def name_of(self, row: int) -> str:
        """What people call an image: its file's name, fit for a line of text, or else its number."""
        return brief(self.files[row]) if self.files else Figure(f"#{row:,}")

    def take(self, indices: Rows) -> Images:
        """Return the images at `indices` with their columns; a slice copies nothing, and of photographs no rows do."""
        files: tuple[str, ...] = ()
        if self.files:
            rows = range(len(self))[indices] if isinstance(indices, slice) else np.arange(len(self))[indices]
            files = tuple(self.files[row] for row in rows)
        return dataclasses.replace(
            self,
            content=self.content[indices],
            columns={key: column[indices] for key, column in self.columns.items()},
            partners={key: partner[indices] for key, partner in self.partners.items()},
            files=files,
            source={},
            parts=(),
            content_hash=None,
        )

    def as_given(self, pixels: np.ndarray) -> np.ndarray:
        """Bring (N, C, H, W) results into the layout in which the caller gave these images."""
        return to_layout(pixels, self.layout)


def contents_of(
    arrays: Mapping[str, np.ndarray],
) -> tuple[np.ndarray | Photographs, dict[str, np.ndarray], dict[str, Photographs]]:
    """Return content, columns and partners of the arrays of a cached set.

    An array that has its places beside it (`PLACES`) holds photographs.
    """
    partners = {
        name: Photographs.of_store(arrays[name], arrays[name + PLACES]) for name in arrays if name + PLACES in arrays
    }
    columns = {name: array for name, array in arrays.items() if name not in partners and not name.endswith(PLACES)}
    content = partners.pop("pixels") if "pixels" in partners else columns.pop("pixels")
    return content, columns, partners
