"""Which images train a model and which judge it, and what is said of them in a run."""

from __future__ import annotations

import dataclasses
import numbers
import os
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.images import Images, Openable, Photographs, Scaling, held, is_list_of_pictures, open_images
from latente.images.depth import WITH_DEPTH
from latente.images.options import DoorOptions

__all__ = [
    "Split",
    "describe",
    "draw",
    "is_binary",
    "is_for_the_door",
    "is_source",
    "refuse_images_as_labels",
    "split",
    "usual_shape",
]


@dataclasses.dataclass(frozen=True)
class Split:
    """Which rows train and which judge: rows of one set, or two sets."""

    images: Images
    rows: np.ndarray
    held_out: Images
    held_out_rows: np.ndarray

    @property
    def validation(self) -> tuple[Images, np.ndarray] | None:
        return (self.held_out, self.held_out_rows) if len(self.held_out_rows) else None

    @property
    def visible_rows(self) -> np.ndarray:
        """The rows of `images` that training may look at: those that train, and those that lack a label."""
        everything = np.arange(len(self.images))
        return np.setdiff1d(everything, self.held_out_rows) if self.held_out is self.images else everything

    def of_our_own(self) -> Split:
        """Return the same parts of images that nobody else can change: see `latente.images.held`."""
        images = held(self.images)
        held_out = images if self.held_out is self.images else held(self.held_out)
        return dataclasses.replace(self, images=images, held_out=held_out)


def split(images: Images, validation: Any, seed: int, labels: np.ndarray | None = None) -> Split:
    """Hold images out for validation: a share of them drawn by `seed`, the source's own "val" part, or a given set.

    validation: a share in (0, 1) (of two images or more at least one is held out, never all), a set (whatever
    `open_images` takes), or None. labels: the class of each image, 0 ... C - 1, or -1 where it is unknown: only the
    others train and judge, and each class gives its share, a class of one image none. The official test part is never
    used. Raises InputError for anything else.
    """
    everything = np.arange(len(images)) if labels is None else np.flatnonzero(labels >= 0)
    if validation is None:
        return Split(images, everything, images, everything[:0])
    if not isinstance(validation, numbers.Real):
        held_out = _open_like(images, validation) if is_source(validation) else open_images(validation)
        alike = held_out.channels == images.channels and images.is_photographs == held_out.is_photographs
        if (
            not alike
            or (not images.is_photographs and held_out.image_shape != images.image_shape)
            or not (held_out.dtype == images.dtype or {held_out.dtype, images.dtype} <= set(map(np.dtype, WITH_DEPTH)))
        ):
            raise InputError(f"validation: {held_out!r} does not match the training set {images!r}")
        return Split(images, everything, held_out, np.arange(len(held_out)))
    share = float(validation)
    if not 0 < share < 1:
        raise InputError(f"validation is a share between 0 and 1, a set, or None; not {validation!r}")
    if "val" in images.parts and images.source.get("split") in (None, "train"):
        held_out = open_images(**(images.source | {"split": "val"}))
        return Split(images, everything, held_out, np.arange(len(held_out)))
    if len(everything) < 2:
        return Split(images, everything, images, everything[:0])
    order = np.random.default_rng([seed, 2]).permutation(everything)
    if labels is not None:
        order = _spread(order, labels[order])
    count = min(max(1, round(share * len(order))), len(order) - 1)
    return Split(images, np.sort(order[count:]), images, np.sort(order[:count]))


def _open_like(images: Images, source: Any) -> Images:
    """Open the images behind a path or name at the size, with channels, crop and frames of the training images."""
    if images.is_table:
        return open_images(source)
    size: Any = "keep" if images.is_photographs else images.image_shape[1:]
    known = images.source
    kept: dict[str, Any] = {name: known.get(name, getattr(DoorOptions, name)) for name in ("frames", "budget")}
    return open_images(source, channels=images.channels, crop=known.get("crop"), size=size, **kept)


def _spread(order: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Reorder rows, whose classes are `labels`, so that any first part of them takes its share of each class."""
    sizes = np.bincount(labels)
    by_class = np.argsort(labels, kind="stable")
    place = np.empty(len(order), np.int64)  # of each row among its class
    place[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[np.argsort(-place / sizes[labels], kind="stable")]


def is_source(X: Openable) -> bool:
    """Whether X names images on disk or a named set, rather than holding them."""
    return isinstance(X, str | os.PathLike)


def is_for_the_door(X: Any) -> bool:
    """Whether the data door opens X, rather than scikit-learn, which opens arrays and lists of rows."""
    if isinstance(X, list | tuple) and len(X):
        return is_list_of_pictures(X) or (hasattr(X[0], "shape") and len(X[0].shape) > 1)
    return isinstance(X, Images) or is_source(X) or isinstance(X, np.ma.MaskedArray) or getattr(X, "ndim", 2) != 2


def refuse_images_as_labels(y: Any) -> None:
    """Raise InputError where what should be labels, one for each image, are images."""
    if isinstance(y, Images) or getattr(y, "ndim", 1) > 2:
        raise InputError(
            "y holds images, but a model learns targets that come with its images: "
            "fit(open_images(noisy, target=clean))"
        )


def is_binary(images: Images, scaling: Scaling) -> bool:
    """Whether every value is the lowest or the highest of its range, which scale to 0 and 1."""
    if images.dtype == np.bool_ or images.is_photographs:
        return images.dtype == np.bool_
    slices = (scaling.to_range(images.pixels[start : start + 1024]) for start in range(0, len(images), 1024))
    return all(bool(((part == 0) | (part == 1)).all()) for part in slices)


def usual_shape(images: Images) -> tuple[int, ...]:
    """Return the shape of an image; of pictures of many sizes that of the middle height and the middle width."""
    if not isinstance(images.content, Photographs):
        return images.image_shape
    height, width = np.median(images.content.sizes, axis=0).astype(int).tolist()
    return (images.channels, height, width)


def draw(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Return at most so many of the rows, in order, drawn evenly by `seed`."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def describe(parts: Split, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return what options.json says of the data; shape: of an image as the model sees it."""
    images = parts.images
    return {
        "name": images.name,
        "source": dict(images.source),
        "count": len(images),
        "train_count": len(parts.rows),
        "validation_count": len(parts.held_out_rows),
        "total": len(images) if images.scan is None else images.scan.total,
        "left_out": {} if images.scan is None else images.scan.damaged,
        "shape": list(shape),
        "dtype": images.dtype.name,
        "columns": sorted(images.column_names),
        "label_names": list(images.label_names),
        "fingerprint": images.fingerprint,
    }
