"""Arrays -> Images: what lives in memory, its labels, and what cannot be an image."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from latente.errors import InputError
from latente.images.container import Images
from latente.images.layouts import find_layout, from_layout
from latente.images.options import DoorOptions
from latente.images.photographs import Photographs
from latente.images.scan import Scan, count_classes
from latente.images.sizing import cut_centre, resize_arrays

__all__ = [
    "as_array",
    "check_finite",
    "check_kind",
    "label_column",
    "open_array",
    "scan_array",
]

_VALUES = 2**22  # looked at at once


def open_array(source: ArrayLike, options: DoorOptions) -> Images:
    """Open an array, tensor, table or nested list that lives in memory; nothing is copied without need.

    A list of pictures, each an array, that keep their own sizes is copied once, into photographs. Raises InputError
    where it is no array of numbers, its axes cannot be told apart, or it holds NaN or infinity.
    """
    if options.split is not None:
        raise InputError(f"an array has no parts; leave split={options.split!r} out")
    if isinstance(source, list | tuple):
        if options.keeps:
            return _open_pictures(source, options)
        shapes = {entry.shape for entry in source if hasattr(entry, "shape")}
        if (options.sides or options.window) and len(shapes) > 1:
            source = _of_one_size(source, options)
    array, is_tensor = as_array(source)
    layout = find_layout(array.shape, options.channels, "the array", first_by_default=is_tensor)
    check_kind(array.dtype, "the array")
    array = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    check_finite(array, "the array")
    pixels = from_layout(array, layout)
    if pixels.ndim == 4:
        pixels = resize_arrays(pixels, options)
    return _with_labels(pixels, layout, options, "array in memory", from_layout(array, layout).shape[2:])


def _of_one_size(pictures: Sequence[Any], options: DoorOptions) -> np.ndarray:
    """Bring pictures of many sizes, an array each, to the size that is asked for; the result lies as they do."""
    options = dataclasses.replace(options, count=None, labels=None)
    return np.concatenate([np.asarray(images.as_given(images.pixels)) for images in _each(pictures, options)])


def _each(pictures: Sequence[Any], options: DoorOptions) -> Iterator[Images]:
    for picture in pictures:
        yield open_array(as_array(picture)[0][None], options)


def _open_pictures(pictures: Sequence[ArrayLike], options: DoorOptions) -> Images:
    """Open a list of pictures (H, W), (H, W, C) or (C, H, W) as photographs."""
    if not pictures:
        raise InputError("the list of pictures is empty; give at least one")
    arrays, layouts = [], set()
    for number, picture in enumerate(pictures):
        name = f"picture {number}"
        array, is_tensor = as_array(picture)
        if array.ndim not in (2, 3):
            raise InputError(f"{name} has the shape {array.shape}; give pictures (H, W), (H, W, C) or (C, H, W)")
        channels = 1 if array.ndim == 2 else options.channels
        layouts.add(find_layout((1, *array.shape), channels, name, first_by_default=is_tensor))
        check_kind(array.dtype, name)
        check_finite(array[None], name)
        arrays.append(array)
    if len(layouts) > 1:
        raise InputError(f"the pictures lie in several layouts ({', '.join(sorted(layouts))}); bring them to one")
    layout = layouts.pop()
    channels_first = [from_layout(array[None], layout) for array in arrays]
    photographs = Photographs.of([cut_centre(pixels, options.window)[0] for pixels in channels_first])
    return _with_labels(photographs, layout, options, "pictures in memory")


def _with_labels(
    content: np.ndarray | Photographs, layout: str, options: DoorOptions, kind: str, sides: Sequence[int] = ()
) -> Images:
    """Put the caller's labels beside what lies in memory, draw the sample, and say what there is."""
    columns: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    if options.labels is not None:
        columns["label"], names = label_column(options.labels, len(content))
    images = Images(content, columns, layout=layout, label_names=names)
    if (rows := options.sample(len(images))) is not None:
        images = images.take(rows)
    return scan_array(images, "array", kind, total=len(content), sides=sides)


def as_array(source: object) -> tuple[np.ndarray, bool]:
    """Return `source` as an array, and whether it is a torch tensor; torch is not imported to find out."""
    if isinstance(source, np.ma.MaskedArray) and np.ma.is_masked(source):
        hidden = int(np.ma.count_masked(source))
        raise InputError(f"the array hides {hidden:,} of its values by a mask; fill them first: array.filled(0)")
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(source, torch.Tensor):
        tensor = source.detach().cpu()
        return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy(), True
    try:
        return np.asarray(source), False
    except (ValueError, TypeError) as error:
        sizes = {np.shape(entry) for entry in source if hasattr(entry, "shape")} if hasattr(source, "__iter__") else ()
        if len(sizes) > 1:
            shown = ", ".join(sorted("x".join(map(str, size)) for size in sizes)[:3])
            raise InputError(
                f"the pictures have {len(sizes)} sizes ({shown}{' ...' * (len(sizes) > 3)}): open them by "
                "open_images(pictures, size=64), so that all are alike, or with size='keep'"
            ) from error
        raise InputError(f"{type(source).__name__} cannot be read as an array of images: {error}") from error


def check_kind(dtype: np.dtype, name: str) -> None:
    """Raise InputError unless the dtype is one of real numbers or booleans that torch knows."""
    if dtype.kind not in "biuf" or (dtype.kind == "f" and dtype.itemsize > 8):
        raise InputError(f"{name} holds {dtype}; give integers, floats or booleans")


def check_finite(array: np.ndarray, name: str, start: int = 0) -> None:
    """Raise InputError, saying where, if floats are NaN or infinite; start: the number of the first row."""
    if array.dtype.kind != "f":
        return
    step = max(1, _VALUES // max(1, math.prod(array.shape[1:])))
    for begin in range(0, len(array), step):
        bad = ~np.isfinite(array[begin : begin + step])
        if bad.any():
            rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
            index = np.argwhere(bad)[0]
            place = tuple(int(i) + (start + begin if axis == 0 else 0) for axis, i in enumerate(index))
            raise InputError(
                f"{name} holds NaN or infinity: first at {place}, in {len(rows)} of the images"
                f" {start + begin} to {start + begin + len(bad) - 1}; remove or fill them"
            )


def label_column(labels: object, count: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return labels, one for each of `count` images, as integers (N,), with names where they are words.

    Raises InputError where their number differs, or they are neither words nor whole numbers.
    """
    array, _ = as_array(labels)
    array = array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array
    if array.shape != (count,):
        raise InputError(f"labels have the shape {array.shape} for {count} images; give one for each image")
    if array.dtype.kind in "USO":
        names, numbers = np.unique(array.astype(str), return_inverse=True)
        return numbers.astype(np.int64), tuple(names.tolist())
    if array.dtype.kind not in "biuf" or not (array == np.rint(array)).all():
        raise InputError("labels are neither words nor whole numbers; give one class for each image")
    return array.astype(np.int64), ()


def scan_array(
    images: Images,
    source: str,
    kind: str,
    *,
    total: int,
    parts: dict[str, int] | None = None,
    notes: Sequence[str] = (),
    sides: Sequence[int] = (),
) -> Images:
    """Return the images with the scan of what they are; sides: the (height, width) in which they came, where known."""
    scan = Scan(source, kind, total=total, count=len(images), parts=parts or {}, notes=list(notes))
    scan.choice = f"{_size_in_words(images)}, {images.dtype}"
    if sides and not images.is_photographs and tuple(sides) != images.image_shape[1:]:
        scan.sizes = {"x".join(map(str, sides)): len(images)}
    if images.labels is not None:
        scan.classes = count_classes(images.labels, images.label_names)
    return dataclasses.replace(images, scan=scan)


def _size_in_words(images: Images) -> str:
    if images.is_table:
        return f"{images.image_shape[0]} features"
    if isinstance(images.content, Photographs):
        channels, size = images.content.channels, images.content.spread
    else:
        channels, size = images.image_shape[0], "x".join(map(str, images.image_shape[1:]))
    return f"{size}, {channels} channel{'s' * (channels > 1)}"
