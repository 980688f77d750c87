"""The pixels of an opened picture, upright, cut, scaled and in the channels that are asked for."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from latente.images import deep
from latente.images.colours import MODES, loaded
from latente.images.crops import Box, centre_box
from latente.images.damage import Damaged
from latente.images.options import DoorOptions
from latente.images.orientation import TURNED, UPRIGHT, orientation_of
from latente.images.sizing import Target, resize_arrays
from latente.languages import say

__all__ = [
    "in_target",
    "mask_of",
    "pixels_of",
]


def pixels_of(image: Image.Image, target: Target, data: bytes) -> np.ndarray:
    """Decode the frame at which an image stands into the target's (C, H, W)."""
    kind = deep.kind_of(image)
    if kind.is_deep:
        values = deep.values_of(image, kind, data)
        return in_target(deep.upright(values, orientation_of(image)), target)
    picture, box = _centre(image, target)
    pixels = np.asarray(_scaled(_in_channels(picture, target.channels), box, target))
    pixels = np.ascontiguousarray(pixels.transpose(2, 0, 1)) if pixels.ndim == 3 else pixels[None]
    if target.dtype == "uint16":
        return np.rint(pixels * ((2**target.depth - 1) / 255)).astype(np.uint16)
    return pixels


def in_target(values: np.ndarray, target: Target) -> np.ndarray:
    """Bring (H, W) or (H, W, C) values to the target's (C, H, W) and dtype."""
    is_shallow = target.dtype == "uint8" and values.dtype == np.uint16
    if values.dtype != np.dtype(target.dtype) and not is_shallow:
        raise Damaged(say("holds {dtype} values, the others {others}", dtype=str(values.dtype), others=target.dtype))
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Damaged(say("holds NaN or infinity"))
    pixels = deep.in_channels(values, target.channels).transpose(2, 0, 1)
    sized = resize_arrays(pixels[None], DoorOptions(size=target.size, crop=target.crop))
    if is_shallow:
        return np.rint(sized[0] * (255 / (2**target.depth - 1))).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(sized[0])


def mask_of(image: Image.Image, target: Target) -> np.ndarray:
    """Decode the frame at which a mask stands into (1, H, W): 1 where it is not black, else 0."""
    picture, box = _centre(image, target)
    is_drawn = np.asarray(picture if picture.mode in ("F", "I") else picture.convert("L")) != 0
    drawn = Image.fromarray(is_drawn.astype(np.uint8))
    return np.asarray(_scaled(drawn, box, target, Image.Resampling.NEAREST))[None]


def _centre(image: Image.Image, target: Target) -> tuple[Image.Image, Box]:
    """Decode, turn upright, and return the picture with the box of it to use."""
    shrinks = image.format in ("JPEG", "MPO")
    picture = image if shrinks else loaded(image)  # the orientation may stand behind the pixels
    orientation = orientation_of(image)
    width, height = image.size[::-1] if orientation in TURNED else image.size
    left, top, right, bottom = centre_box((height, width), target.crop, target.size)
    ratio = (right - left) / target.size[1]
    if shrinks and ratio > 2:
        # JPEG can be decoded at 1/2, 1/4 or 1/8 of its size; twice what is wanted loses nothing visible
        image.draft(image.mode, (math.ceil(image.width * 2 / ratio), math.ceil(image.height * 2 / ratio)))
    if shrinks:
        image.load()
    picture = picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture
    if picture.size == (width, height):
        return picture, (left, top, right, bottom)
    across, down = picture.width / width, picture.height / height
    right, bottom = min(right * across, picture.width), min(bottom * down, picture.height)
    return picture, (left * across, top * down, right, bottom)


def _scaled(
    picture: Image.Image,
    box: Box,
    target: Target,
    resampling: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """Cut the box out and bring it to the target's size; pixels that need no scaling stay what they are."""
    height, width = target.size
    corners = [int(edge) for edge in box]
    if list(box) == corners and (corners[2] - corners[0], corners[3] - corners[1]) == (width, height):
        return picture.crop((corners[0], corners[1], corners[2], corners[3]))
    return picture.resize((width, height), resampling, box=box, reducing_gap=3.0)


def _in_channels(picture: Image.Image, channels: int) -> Image.Image:
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        if channels in (1, 3):
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == MODES[channels] else picture.convert(MODES[channels])
