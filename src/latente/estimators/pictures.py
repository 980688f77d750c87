"""One picture, or several, behind what an option of a style may be: a path, a folder, an array."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from latente.errors import InputError
from latente.estimators import data
from latente.images import Images, Scaling, open_images
from latente.images.damage import Damaged
from latente.images.kept import Picture, painted_over, read_picture, save_picture
from latente.objectives.style import as_rgb

__all__ = [
    "coloured",
    "listed",
    "one_picture",
    "picture_of",
    "pictures_of",
    "resized",
    "saved_paths",
    "write_painted",
]

_MOST_CHANNELS = 4
_TEXTS = (".txt", ".csv", ".tsv", ".md")


def listed(value: Any) -> Sequence[Any]:
    """Return several of something, or one, as a sequence."""
    return value if isinstance(value, tuple | list) else [value]


def _opened(source: Any, name: str) -> Images:
    """Return the pictures behind a path, a folder or a name, each at its own size, or one, an array (H, W[, C])."""
    if isinstance(source, Images):
        images = source
    elif data.is_source(source):
        path = Path(source)
        if path.suffix.lower() in _TEXTS and path.is_file():  # which might be a table that names pictures
            raise InputError(f"{name}: {source} is a text file; name a picture, such as a PNG or a JPEG")
        images = open_images(os.fspath(source), size="keep")
    else:
        images = open_images(np.asarray(source)[None], channels=None if np.ndim(source) == 2 else "last")
    if images.is_table:
        raise InputError(f"{name}: {images.name} is a table; name a picture, such as a PNG or a JPEG")
    return images


def one_picture(source: Any, name: str) -> Images:
    """Return what is behind a source, which is one picture; name: of the option or the argument, for errors."""
    images = _opened(source, name)
    if len(images) != 1:
        raise InputError(f"{name}: {images.name} holds {len(images)} images; name one picture")
    return images


def picture_of(source: Any, name: str) -> Tensor:
    """Return a picture (1, 3, H, W) in [0, 1] behind a path, or of an array (H, W), (H, W, 3); name: of the option."""
    return _scaled(one_picture(source, name), 0)


def pictures_of(sources: Any, name: str) -> list[Tensor]:
    """Return all pictures (1, 3, H, W) in [0, 1] behind a path, a folder or an array, or several of these."""
    pictures = []
    for source in listed(sources):
        images = _opened(source, name)
        pictures += [_scaled(images, row) for row in range(len(images))]
    return pictures


def _scaled(images: Images, row: int) -> Tensor:
    pixels = images.content[row][None]
    if pixels.shape[1] > _MOST_CHANNELS:
        raise InputError(f"{images.name} has {pixels.shape[1]} channels: a picture has 1 to {_MOST_CHANNELS}")
    peak = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
    return as_rgb(torch.from_numpy(pixels.astype(np.float32) / np.float32(peak))).contiguous()


def resized(image: Tensor, sides: Sequence[int]) -> Tensor:
    """Return an image (1, C, H, W) in [0, 1] at other sides, smoothed where it is made smaller."""
    if list(image.shape[2:]) == list(sides):
        return image
    return functional.interpolate(image, tuple(sides), mode="bilinear", align_corners=False, antialias=True).clamp(0, 1)


def saved_paths(value: Any) -> Any:
    """Return paths as they are found from any working directory, and what else it may be as it is."""
    paths = [os.path.abspath(os.path.expanduser(one)) if data.is_source(one) else one for one in listed(value)]
    return tuple(paths) if isinstance(value, tuple | list) else paths[0]


def coloured(scaling: Scaling) -> Scaling:
    """Return the scaling of what is painted, of three channels, of a photograph of one to four by its own."""
    if len(scaling.scale) in (1, 3):
        return scaling
    count = 3 if len(scaling.scale) == 4 else 1  # of alpha, or of grey and alpha
    return dataclasses.replace(scaling, offset=scaling.offset[:count], scale=scaling.scale[:count])


def write_painted(painted: np.ndarray, content: Any, file: str | os.PathLike[str]) -> None:
    """Write a painted picture (H, W, 3), in the units of its photograph, in the format that the file's name says.

    content: the photograph, whose transparency, EXIF and the like it gets where it is a file.
    """
    colours = painted.transpose(2, 0, 1)
    picture = Picture(colours, None, None, "PNG")
    if data.is_source(content) and os.path.isfile(content):
        with contextlib.suppress(Damaged):  # what was painted all the same: as of an animation its first picture
            picture = read_picture(Path(content).read_bytes(), os.fspath(content))
    save_picture(painted_over(picture, colours, os.fspath(file)), Path(file))
