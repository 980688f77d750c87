"""Arrays -> Images: which axis is which, and what cannot be an image."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.images.container import Images
from latente.images.options import Options
from latente.images.scan import Scan, count_classes
from latente.images.sizing import resize_arrays

__all__ = [
    "as_array",
    "check_finite",
    "check_kind",
    "find_layout",
    "label_column",
    "open_array",
    "scan_array",
    "to_nchw",
]

_FEW = 4  # an axis this short can only be the channels, where the other candidate is longer
_ROWS = 4096


def open_array(source: Any, options: Options) -> Images:
    """Open an array, tensor, table or nested list that lives in memory; nothing is copied without need.

    Raises InputError where it is no array of numbers, its axes cannot be told apart, or it holds NaN or
    infinity.
    """
    array, is_tensor = as_array(source)
    if options.split is not None:
        raise InputError(f"an array has no parts; leave split={options.split!r} out")
    layout = find_layout(array.shape, options.channels, "the array", first_by_default=is_tensor)
    check_kind(array.dtype, "the array")
    array = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    check_finite(array, "the array")
    pixels = to_nchw(array, layout)
    if pixels.ndim == 4:
        pixels = resize_arrays(pixels, options)
    columns: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    if options.labels is not None:
        columns["label"], names = label_column(options.labels, len(pixels))
    images = Images(pixels, columns, layout=layout, label_names=names)
    if (rows := options.sample(len(images))) is not None:
        images = images.take(rows)
    return scan_array(images, "array", "array in memory", found=len(pixels))


def as_array(source: Any) -> tuple[np.ndarray, bool]:
    """Return `source` as an array, and whether it is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(source, torch.Tensor):
        tensor = source.detach().cpu()
        return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy(), True
    try:
        return np.asarray(source), False
    except (ValueError, TypeError) as error:
        raise InputError(f"{type(source).__name__} cannot be read as an array of images: {error}") from error


def find_layout(shape: Sequence[int], channels: int | str | None, name: str, *, first_by_default: bool = False) -> str:
    """Return "NF", "NHW", "NHWC" or "NCHW" for an array of this shape.

    channels: "first" or "last" says where the channels are; a number says how many there are. Without either,
    the axis that has at most four entries is taken where the other candidate has more. Raises InputError
    where that leaves both or none, and where the array is empty or has not two to four axes.
    """
    shown = "x".join(map(str, shape))
    if len(shape) not in (2, 3, 4):
        raise InputError(f"{name} has the shape ({shown}); images are (N, H, W), (N, C, H, W), (N, H, W, C) or (N, F)")
    if 0 in shape:
        raise InputError(f"{name} is empty: its shape is {shown}")
    if len(shape) == 2:
        return "NF"
    if len(shape) == 3:
        if shape[2] in (3, 4) and shape[1] >= 16 and channels != 1:
            raise InputError(f"{name} of {shown} looks like one image; give array[None], or channels=1 if it is none")
        if channels not in (None, 1, "first", "last"):
            raise InputError(f"{name} of {shown} has one channel, not {channels}")
        return "NHW"
    first, last = shape[1], shape[3]
    if isinstance(channels, int):
        fits = [layout for layout, size in (("NCHW", first), ("NHWC", last)) if size == channels]
        if not fits:
            raise InputError(f"{name} of {shown} has no axis of {channels} channels")
    else:
        named = {"first": "NCHW", "last": "NHWC"}
        fits = [named[channels]] if channels else []
        if not fits and (first <= _FEW) != (last <= _FEW):
            fits = ["NCHW" if first <= _FEW else "NHWC"]
    if len(fits) == 1:
        return fits[0]
    if first_by_default:
        return "NCHW"
    raise InputError(f"{name} of {shown}: say which axis holds the channels by channels='first' or channels='last'")


def to_nchw(array: np.ndarray, layout: str) -> np.ndarray:
    """Return the view of `array` as (N, C, H, W), or as it is where it is a table."""
    if layout == "NHW":
        return array[:, None]
    return array.transpose(0, 3, 1, 2) if layout == "NHWC" else array


def check_kind(dtype: np.dtype, name: str) -> None:
    """Raise InputError unless the dtype is one of real numbers or booleans that torch knows."""
    if dtype.kind not in "biuf" or (dtype.kind == "f" and dtype.itemsize > 8):
        raise InputError(f"{name} holds {dtype}; give integers, floats or booleans")


def check_finite(array: np.ndarray, name: str, start: int = 0) -> None:
    """Raise InputError, saying where, if floats are NaN or infinite; start: the number of the first row."""
    if array.dtype.kind != "f":
        return
    for begin in range(0, len(array), _ROWS):
        bad = ~np.isfinite(array[begin : begin + _ROWS])
        if bad.any():
            rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
            index = np.argwhere(bad)[0]
            place = tuple(int(i) + (start + begin if axis == 0 else 0) for axis, i in enumerate(index))
            raise InputError(
                f"{name} holds NaN or infinity: first at {place}, in {len(rows)} of the images"
                f" {start + begin} to {start + begin + len(bad) - 1}; remove or fill them"
            )


def label_column(labels: Any, count: int) -> tuple[np.ndarray, tuple[str, ...]]:
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


def scan_array(images: Images, source: str, kind: str, *, found: int, parts: dict[str, int] | None = None) -> Images:
    """Return the images with the scan of what they are."""
    size = "x".join(map(str, images.shape[1:] if not images.is_table else images.shape))
    channels = f", {images.shape[0]} channel{'s' * (images.shape[0] > 1)}" if not images.is_table else " features"
    scan = Scan(source, kind, found=found, count=len(images), parts=parts or {})
    scan.choice = f"{size}{channels}, {images.pixels.dtype}"
    if images.labels is not None:
        scan.classes = count_classes(images.labels, images.label_names)
    return dataclasses.replace(images, scan=scan)
