"""Layouts of arrays: which axis is which, and the way into (N, C, H, W) and back.

"NF": a table, a row for each sample · "NHW": grey pictures · "NHWC": channels last · "NCHW": channels first, as images
are kept here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from latente.errors import InputError

__all__ = ["find_layout", "from_layout", "to_layout"]

_FEW = 4  # an axis this short can only be the channels, where the other candidate is longer


def find_layout(shape: Sequence[int], channels: int | str | None, name: str, *, first_by_default: bool = False) -> str:
    """Return "NF", "NHW", "NHWC" or "NCHW" for an array of this shape.

    channels: "first" or "last" says where the channels are; a number says how many there are. Without either,
    the axis that has at most four entries is taken where the other candidate has more. Raises InputError
    where that leaves both or none, and where the array is empty or has not two to four axes.
    """
    spelling = "x".join(map(str, shape))
    if len(shape) not in (2, 3, 4):
        raise InputError(
            f"{name} has the shape ({spelling}); images are (N, H, W), (N, C, H, W), (N, H, W, C) or (N, F)"
        )
    if 0 in shape:
        raise InputError(f"{name} is empty: its shape is {spelling}")
    if len(shape) == 2:
        return "NF"
    if len(shape) == 3:
        if shape[2] in (3, 4) and shape[1] >= 16 and channels != 1:
            raise InputError(
                f"{name} of {spelling} looks like one image; give array[None], or channels=1 if it is none"
            )
        if channels not in (None, 1, "first", "last"):
            raise InputError(f"{name} of {spelling} has one channel, not {channels}")
        return "NHW"
    first, last = shape[1], shape[3]
    if isinstance(channels, int):
        fits = [layout for layout, size in (("NCHW", first), ("NHWC", last)) if size == channels]
        if not fits:
            raise InputError(f"{name} of {spelling} has no axis of {channels} channels")
    else:
        named = {"first": "NCHW", "last": "NHWC"}
        fits = [named[channels]] if channels else []
        if not fits and (first <= _FEW) != (last <= _FEW):
            fits = ["NCHW" if first <= _FEW else "NHWC"]
    if len(fits) == 1:
        return fits[0]
    if first_by_default:
        return "NCHW"
    raise InputError(f"{name} of {spelling}: say which axis holds the channels by channels='first' or channels='last'")


def from_layout(pixels: np.ndarray, layout: str, shape: Sequence[int] | None = None) -> np.ndarray:
    """Return the view of `pixels`, which lie in `layout`, as (N, C, H, W); a table as it is.

    shape: of one image (C, H, W), needed where further axes stand before the images' own: (N, steps, H, W, C) comes
    back as (N, steps, C, H, W). Several channels in "NHW" are last, as `to_layout` leaves them.
    """
    if layout in ("NF", "NCHW"):
        return pixels
    is_grey = layout == "NHW" and (pixels.ndim == 3 if shape is None else shape[0] == 1)
    return pixels[..., None, :, :] if is_grey else np.moveaxis(pixels, -1, -3)


def to_layout(pixels: np.ndarray, layout: str) -> np.ndarray:
    """Bring (..., C, H, W) pixels into `layout`; several channels cannot go back to "NHW" and then stay last."""
    if pixels.ndim < 4 or layout in ("NF", "NCHW"):
        return pixels
    if layout == "NHW" and pixels.shape[-3] == 1:
        return pixels[..., 0, :, :]
    return np.ascontiguousarray(np.moveaxis(pixels, -3, -1))
