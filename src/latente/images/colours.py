"""Decoded pixels as they are meant: inverted, premultiplied and Lab ones, and transparency of more than 8 bits."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFile

__all__ = ["GREY16", "loaded", "raw_mode"]

GREY16 = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_WHITE16 = 65535
_TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
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


def loaded(image: Image.Image, channels: int) -> Image.Image:
    """Decode a picture that was opened, into a mode from which Pillow converts rightly into any other.

    channels: 2 and 4 keep the transparency of 16 bits of grey, in 8 bits; with others it is laid on white, in 16.
    Raises ValueError where the pixels lie in a way that Pillow misreads.
    """
    raw, still = raw_mode(image), getattr(image, "n_frames", 1) == 1
    if raw == "LA;16B" and still:
        return _grey_and_alpha16(image, keep_alpha=channels in (2, 4))
    if raw == "RGB;16B" and still and isinstance(clear := image.info.get("transparency"), tuple):
        return _colour_with_clear16(image, clear)
    if image.mode == "YCbCr" and image.format == "TIFF" and _tag(image, _TIFF_SUBSAMPLING, (2, 2)) != (1, 1):
        raise ValueError("its colours are subsampled without JPEG compression; convert it to RGB")
    inverted = image.mode in GREY16 and image.format == "TIFF" and _tag(image, _TIFF_PHOTOMETRIC, 1) == _WHITE_IS_ZERO
    image.load()
    if raw in ("L;2", "L;4") and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= 85 if raw == "L;2" else 17  # as Pillow widens the pixels themselves
    if image.mode in GREY16 and isinstance(clear := image.info.get("transparency"), int):
        values = np.asarray(image)
        return _grey_over_white(values, np.where(values == clear, 0, _WHITE16), keep_alpha=channels in (2, 4))
    if inverted:
        return Image.fromarray(_WHITE16 - np.asarray(image, np.uint16))
    if image.mode in ("La", "RGBa"):  # colours multiplied by their alpha
        return image.convert("LA" if image.mode == "La" else "RGBA")
    return _from_lab(image) if image.mode == "LAB" else image


def _grey_and_alpha16(image: Image.Image, keep_alpha: bool) -> Image.Image:
    """Decode a PNG file of 16 bits of grey and of alpha, of which Pillow itself keeps the upper 8."""
    bytes_ = _decoded_as(image, "RGBA")  # the four bytes of each pixel, for nothing else has room for them
    grey, alpha = (np.asarray(bytes_).view(">u2")[..., channel] for channel in (0, 1))
    return _grey_over_white(grey, alpha, keep_alpha)


def _colour_with_clear16(image: Image.Image, clear: tuple[int, ...]) -> Image.Image:
    """Decode a PNG file of 16 bits a colour, one of which is transparent: that one, and none that begins like it."""
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    assert file is not None
    image.load()
    file.seek(0)
    with Image.open(file, formats=("PNG",)) as again:
        low = _decoded_as(again, "RGB;16L")  # the lower byte of each value
    values = np.asarray(image).astype(np.uint16) << 8 | np.asarray(low)
    alpha = np.where((values == np.array(clear)).all(axis=-1), 0, 255).astype(np.uint8)
    image.info.pop("transparency")
    image = image.convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    return image


def _decoded_as(image: Image.Image, raw: str) -> Image.Image:
    assert isinstance(image, ImageFile.ImageFile)
    image.tile = [image.tile[0]._replace(args=raw)]
    image.load()
    return image


def _grey_over_white(grey: np.ndarray, alpha: np.ndarray, keep_alpha: bool) -> Image.Image:
    """16 bits of grey and of alpha as grey on white, or as 8 bits of both."""
    if keep_alpha:
        return Image.fromarray(np.rint(np.stack([grey, alpha], axis=-1) / 257).astype(np.uint8), "LA")
    opaque = alpha / _WHITE16
    return Image.fromarray(np.rint(grey * opaque + _WHITE16 * (1 - opaque)).astype(np.uint16))


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
