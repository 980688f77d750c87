"""Photographs that are all of one size after all, as one array."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.images import Images
from latente.images.photographs import Photographs

__all__ = ["as_one_array"]


def as_one_array(images: Images) -> Images:
    """Return images as one array (N, C, H, W) where they all have one size; others come back as they are."""
    if not isinstance(images.content, Photographs) or len(np.unique(images.content.sizes, axis=0)) > 1:
        return images
    partners = {name: np.stack(list(partner)) for name, partner in images.partners.items()}
    return dataclasses.replace(
        images, content=np.stack(list(images.content)), columns={**images.columns, **partners}, partners={}
    )
