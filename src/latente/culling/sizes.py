"""Sizes of pictures: photographs that are all of one after all, and large ones reduced to be looked at."""

from __future__ import annotations

import dataclasses

import numpy as np
from torch import Tensor
from torch.nn import functional

from latente.images import Images
from latente.images.photographs import Photographs

__all__ = ["as_one_array", "reduced", "reduced_size"]


def as_one_array(images: Images) -> Images:
    """Return images as one array (N, C, H, W) where they all have one size; others come back as they are."""
    if not isinstance(images.content, Photographs) or len(np.unique(images.content.sizes, axis=0)) > 1:
        return images
    partners = {name: np.stack(list(partner)) for name, partner in images.partners.items()}
    return dataclasses.replace(
        images, content=np.stack(list(images.content)), columns={**images.columns, **partners}, partners={}
    )


def reduced(picture: Tensor, longest: int) -> Tensor:
    """Return a picture (1, C, H, W) reduced, by means over areas, to at most so many pixels on its longer side."""
    if max(picture.shape[2:]) <= longest:
        return picture
    return functional.interpolate(picture, reduced_size(picture.shape[2:], longest), mode="area")


def reduced_size(sides: tuple[int, ...], longest: int) -> tuple[int, ...]:
    """Return the height and width to which `reduced` brings a picture."""
    factor = min(1.0, longest / max(sides))
    return tuple(max(1, round(factor * side)) for side in sides)
