"""Decoded pixels of 8 bits as they are meant: premultiplied and Lab ones, and transparency of fewer bits."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFile

__all__ = ["MODES", "loaded", "raw_mode"]

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # channels of 8 bits -> the mode in which Pillow holds them

_TIFF_SUBSAMPLING = 530

# from X, Y and Z over those of D50's white to linear sRGB, whose white is D65, adapted by Bradford's matrix
_LAB_TO_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ],
    np.float32,
) * np.array([0.96422, 1.0, 0.82521], np.float32)


def raw_mode(image: Image.Image) -> str:
    """How the pixels lie in the file, as Pillow calls it; "" where it does not say."""
    tile = image.tile[0] if isinstance(image, ImageFile.ImageFile) and image.tile else None
    args = () if tile is None else tile.args
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def loaded(image: Image.Image) -> Image.Image:
    """Decode a picture of 8 bits that was opened, into a mode from which Pillow converts rightly into any other.

    Raises ValueError where the pixels lie in a way that Pillow misreads.
    """
    raw = raw_mode(image)
    if image.mode == "YCbCr" and image.format == "TIFF" and _tag(image, _TIFF_SUBSAMPLING, (2, 2)) != (1, 1):
        raise ValueError("its colours are subsampled without JPEG compression; convert it to RGB")
    image.load()
    if raw in ("L;2", "L;4") and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= 85 if raw == "L;2" else 17  # as Pillow widens the pixels themselves
    if image.mode in ("La", "RGBa"):  # colours multiplied by their alpha
        return image.convert("LA" if image.mode == "La" else "RGBA")
    return _from_lab(image) if image.mode == "LAB" else image


def _from_lab(image: Image.Image) -> Image.Image:
    """Convert CIE L*a*b* under D50 into sRGB, by CIE 15 and IEC 61966-2-1, without the tables of a colour engine.

    Those are up to fifteen levels away near the edge of what a screen shows.
    """
    lab = np.asarray(image)
    signed = lab[..., 1:].view(np.int8).astype(np.float32)
    y = (lab[..., 0] * np.float32(100 / 255) + 16) / 116
    ratios = np.stack([y + signed[..., 0] / 500, y, y - signed[..., 1] / 200], axis=-1)
    ratios = np.where(ratios > 6 / 29, ratios**3, 3 * (6 / 29) ** 2 * (ratios - 4 / 29))
    linear = (ratios @ _LAB_TO_SRGB.T).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(255 * encoded).astype(np.uint8))


def _tag(image: Image.Image, number: int, default: object) -> object:
    return image.tag_v2.get(number, default)  # type: ignore[attr-defined]
