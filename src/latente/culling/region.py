"""Pictures of which only a region counts, as of a part that always lies in the same place."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from latente.errors import InputError
from latente.images import Images, open_images
from latente.images.photographs import Photographs

__all__ = ["within_region"]

_AT_ONCE = 256  # pictures


def within_region(images: Images, mask: str | os.PathLike[str]) -> tuple[Images, np.ndarray]:
    """Return images that are all alike outside of a region, and the region (H, W), bool.

    mask: a picture, black (below half of its range) where nothing counts, which is scaled to the images. There every
    image gets the mean of all, so that it says nothing of any of them. Raises InputError where the images have several
    sizes or are no pictures, or the mask leaves nothing.
    """
    pixels = _pixels(images)
    shown = open_images([os.fspath(mask)], channels=1, size=pixels.shape[2:]).pixels[0, 0]
    region = shown >= (np.iinfo(shown.dtype).max / 2 if shown.dtype.kind == "u" else 0.5)
    if not region.any():
        raise InputError(f"{os.fspath(mask)} is black everywhere, and leaves no region to look at")
    total = np.zeros(pixels.shape[1:])
    for start in range(0, len(pixels), _AT_ONCE):
        total += pixels[start : start + _AT_ONCE].sum(0, dtype=np.float64)
    mean = total / len(pixels)
    mean = (mean if images.dtype.kind == "f" else np.rint(mean)).astype(images.dtype)
    content = np.where(region, pixels, mean)
    return dataclasses.replace(images, content=content, partners={}, content_hash=None), region


def _pixels(images: Images) -> np.ndarray:
    if images.is_table:
        raise InputError(f"{images.name} holds rows of a table, of which no region can be looked at")
    if isinstance(images.content, Photographs):
        raise InputError(
            f"a region is one of pictures of one size, and those of {images.name} have many ({images.content.spread}); "
            "give a size"
        )
    return images.pixels
