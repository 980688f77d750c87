"""Images brought to the units that a model was fitted on: the same pictures in another number of bits."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np

from latente.errors import InputError
from latente.images.container import Images
from latente.images.photographs import Photographs
from latente.images.scaling import DEPTHS, Scaling
from latente.languages import say

__all__ = ["WITH_DEPTH", "in_units_of", "warn_of_other_units"]

WITH_DEPTH = (np.bool_, np.uint8, np.uint16)  # dtypes of values from 0 to a peak

_BITS = {np.dtype(np.bool_): 1, np.dtype(np.uint8): 8}  # of dtypes that leave no doubt
_AT_ONCE = 2**22  # values
_FAR = 100  # times the range of the training, which no noise and no odd picture reaches


def in_units_of(images: Images, scaling: Scaling) -> Images:
    """Return images in the units and the dtype that `scaling` was fitted on; the same ones where they are in them.

    Booleans and unsigned integers of 8 bits have that depth, those of 16 the one that their files state. Where nothing
    states it, values within the scaling's depth are in its units, and values that nothing but 16 bits holds have 16.
    A greater depth loses nothing; where a smaller one loses levels, a warning says so. Raises InputError, with the
    cure, where the depth cannot be told. Tables and numbers that have no depth are left alone.
    """
    if scaling.depth is None or images.is_table or images.dtype not in WITH_DEPTH:
        return images
    depth = _BITS.get(images.dtype, images.depth) or _told_by_values(images, scaling)
    if (depth, images.dtype) == (scaling.depth, np.dtype(scaling.dtype)):
        return images
    # a target of the same dtype is in the same units
    columns, partners = dict(images.columns), dict(images.partners)
    content, loses = _pixels_converted(images.content, depth, scaling)
    if "target" in columns and columns["target"].dtype == images.dtype:
        columns["target"], _ = _converted(columns["target"], depth, scaling)
    if "target" in partners and partners["target"].dtype == images.dtype:
        partners["target"] = _photographs_converted(partners["target"], depth, scaling)[0]
    if loses:
        warnings.warn(
            f"{images.name} has {depth} bits, the images of the training {scaling.depth}: values are brought from 0 to "
            f"{2**depth - 1:,} to {scaling.range_in_words}, and the levels in between are lost",
            stacklevel=2,
        )
    return dataclasses.replace(
        images, content=content, columns=columns, partners=partners, depth=scaling.depth, content_hash=None
    )


def warn_of_other_units(images: Images, scaling: Scaling) -> None:
    """Warn where pictures of numbers that have no depth are hundreds of times as large as those of the training.

    Or as small: floats from 0 to 255 and from 0 to 1 are taken for each other.
    """
    values = _values(images)
    if scaling.depth is not None or images.is_table or not values.size:
        return
    step = _rows_at_once(values)
    parts = [values[start : start + step] for start in range(0, len(values), step)]
    low, high = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
    if not math.isfinite(high - low):  # which is refused for itself
        return
    black, white = scaling.data_range
    span = white - black
    if max(black - low, high - white) > _FAR * span or 0 < (high - low) * _FAR < span:
        warnings.warn(
            f"the images of {images.name} go from {low:.6g} to {high:.6g}, and the training's from "
            f"{scaling.range_in_words}: they seem to be in other units",
            stacklevel=2,
        )


def _pixels_converted(
    pixels: np.ndarray | Photographs, depth: int, scaling: Scaling
) -> tuple[np.ndarray | Photographs, bool]:
    if isinstance(pixels, Photographs):
        return _photographs_converted(pixels, depth, scaling)
    return _converted(pixels, depth, scaling)


def _photographs_converted(pictures: Photographs, depth: int, scaling: Scaling) -> tuple[Photographs, bool]:
    values, loses = _converted(pictures.values, depth, scaling)
    return dataclasses.replace(pictures, values=values), loses


def _told_by_values(images: Images, scaling: Scaling) -> int:
    """The bits of unsigned integers of which nothing states them, as far as their values tell."""
    assert scaling.depth is not None
    values = _values(images)
    step = _rows_at_once(values)
    highest = max((int(values[start : start + step].max()) for start in range(0, len(values), step)), default=0)
    if highest >= 2 ** DEPTHS[-2]:
        return DEPTHS[-1]
    peak = int(scaling.scale[0])
    if images.dtype == np.dtype(scaling.dtype) and highest <= peak:
        return scaling.depth
    template = (
        "the images of {name} are {dtype} up to {highest}, and nothing states of how many bits; the model was trained "
        "on {own} from {span}: bring them to that range, or give files that state their depth"
    )
    own = {"own": scaling.dtype, "span": scaling.range_in_words}
    raise InputError(say(template, name=images.name, dtype=str(images.dtype), highest=highest, **own))


def _converted(values: np.ndarray, depth: int, scaling: Scaling) -> tuple[np.ndarray, bool]:
    """Return values of `depth` bits in the units of a scaling, and whether any could not be had back from that."""
    own, peak = 2**depth - 1, int(scaling.scale[0])
    all_values = np.arange(own + 1)  # few enough to look each one's level up
    levels = np.rint(all_values * (peak / own))
    is_lost = np.rint(levels * (own / peak)) != all_values
    levels = levels.astype(scaling.dtype)
    converted, loses = np.empty(values.shape, scaling.dtype), False
    step = _rows_at_once(values)
    for start in range(0, len(values), step):
        places = values[start : start + step].astype(np.intp).clip(0, own)
        converted[start : start + step] = levels[places]
        loses = loses or bool(is_lost[places].any())
    return converted, loses


def _values(images: Images) -> np.ndarray:
    return images.content.values if isinstance(images.content, Photographs) else images.content


def _rows_at_once(array: np.ndarray) -> int:
    """How many rows of an array to look at together: a memory-mapped one need not fit in memory."""
    return max(1, _AT_ONCE // max(1, array[:1].size))
