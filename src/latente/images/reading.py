"""One picture file -> one array, or the reason why not.

Files are decoded by their content, whatever their name says, and only in the formats of `FORMATS`. What a
format can reveal of damage is looked for: PNG carries checksums, which are checked; JPEG, GIF, BMP, TIFF,
WebP and PNM carry none for their pixels, so that a flipped bit in them shows only where the decoder stumbles.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import io
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError, _imaging

from latente.images.crops import Box, centre_box
from latente.images.limits import MAX_PIXELS

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Damaged",
    "Header",
    "Target",
    "pillow_rules",
    "read_header",
    "read_mask",
    "read_picture",
    "sniff",
]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")

_OWN_SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "MPO",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".pbm": "PPM",
    ".pgm": "PPM",
    ".ppm": "PPM",
    ".pnm": "PPM",
}
# pictures as well, in formats that are not read: they are listed rather than passed over in silence
_FOREIGN_SUFFIXES = (
    ".heic",
    ".heif",
    ".avif",
    ".jxl",
    ".jp2",
    ".svg",
    ".psd",
    ".ico",
    ".tga",
    ".exr",
    ".hdr",
    ".dng",
)
SUFFIXES = frozenset((*_OWN_SUFFIXES, *_FOREIGN_SUFFIXES))

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")

_PNG_EXIF = {"exif", "Raw profile type exif"}
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
_GREY16 = ("I", "I;16", "I;16B", "I;16L", "I;16N")

# EXIF orientation -> the operation that puts the picture upright
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # width and height change places

# what Pillow's decoders are known to raise on files that are not what they should be
_STUMBLES = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class Damaged(Exception):
    """One file cannot be used; the text is the reason, fit for a list of files."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What a picture's header says. size: (height, width), upright; odd: what is unusual about the file."""

    size: tuple[int, int]
    mode: str
    grey: bool
    deep: bool  # 16 bits of grey
    odd: str = ""


@dataclasses.dataclass(frozen=True)
class Target:
    """What every picture is made into.

    The centre is cut out (first `crop` pixels where given, then the largest part of the aspect ratio of
    `size`) and scaled to `size` by Lanczos' filter; a picture of that size already stays as it is. channels:
    1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; with 1 or 3 a transparent picture is laid on white. deep: uint16
    instead of uint8.
    """

    size: tuple[int, int]
    channels: int
    deep: bool = False
    crop: tuple[int, int] | None = None


@contextlib.contextmanager
def pillow_rules() -> Iterator[None]:
    """Have Pillow raise on truncated files and decompression bombs, and keep its other remarks to itself.

    They do not name the file; what matters of them is the reason why it is left out. Filters belong to the whole
    process: hold this around the threads that decode, not inside them.
    """
    lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with _silent_libtiff(), _silent_logger("PIL"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient


@contextlib.contextmanager
def _silent_libtiff() -> Iterator[None]:
    """Keep libtiff, which Pillow is linked with, from writing errors to stderr by itself: Pillow raises them anyway."""
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError):  # linked in another way; its lines then stand beside ours
        yield
        return
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    handler = set_handler(None)
    try:
        yield
    finally:
        set_handler(handler)


@contextlib.contextmanager
def _silent_logger(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def sniff(head: bytes) -> bool:
    """Say whether a file that begins with these 16 bytes is a picture, for files whose name does not tell."""
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def read_header(file: BinaryIO, name: str) -> Header:
    """Read a picture's header without decoding it. Raises Damaged with the reason."""
    with _stumbling(), _opened(file) as image:
        width, height = image.size
        turned = _orientation(image) in _TURNED
        raw, deep = _raw_mode(image), image.mode in _GREY16
        colours = image.getpalette() if image.mode == "P" else None
        grey = image.mode in _GREY or raw.startswith("LA") or _is_grey(colours)
        mode = f"{image.mode} with alpha" if image.mode == "P" and image.has_transparency_data else image.mode
        return Header(
            size=(width, height) if turned else (height, width),
            mode=f"{mode} (16 bits, read as 8)" if ";16" in raw and not deep else mode,
            grey=grey,
            deep=deep,
            odd=_misnamed(image, name),
        )


def read_picture(data: bytes, target: Target) -> np.ndarray:
    """Decode a picture file into the target's (C, H, W), uint8 or uint16. Raises Damaged with the reason."""
    with _stumbling():
        _check_sums(data)
        with _opened(io.BytesIO(data)) as image:
            picture, box = _centre(image, target)
            if picture.mode in _GREY16:
                picture = _grey16(picture)
                if not target.deep:
                    picture = picture.point(lambda value: value * (1 / 257) + 0).convert("L")
            if target.deep:
                grey = np.asarray(_scaled(picture, box, target), np.float32)
                return np.rint(grey).clip(0, 65535).astype(np.uint16)[None]
            pixels = np.asarray(_scaled(_in_channels(picture, target.channels), box, target))
            return np.ascontiguousarray(pixels.transpose(2, 0, 1)) if pixels.ndim == 3 else pixels[None]


def read_mask(data: bytes, target: Target) -> np.ndarray:
    """Decode a mask file into (1, H, W) uint8: 1 where it is not black. Raises Damaged with the reason."""
    with _stumbling():
        _check_sums(data)
        with _opened(io.BytesIO(data)) as image:
            picture, box = _centre(image, target)
            drawn = picture.convert("L").point(lambda value: 1 if value else 0)
            return np.asarray(_scaled(drawn, box, target, Image.Resampling.NEAREST))[None]


@contextlib.contextmanager
def _stumbling() -> Iterator[None]:
    """Turn whatever a decoder raises into Damaged, with a reason that people can read."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise Damaged("not a picture, or in a format that is not read; convert it to PNG or JPEG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Damaged(f"more than {MAX_PIXELS:,} pixels") from error
    except _STUMBLES as error:
        raise Damaged(
            f"cannot be decoded: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error


@contextlib.contextmanager
def _opened(file: BinaryIO) -> Iterator[Image.Image]:
    """Open a picture by its content, in the allowed formats only, and refuse what is none or too much."""
    if not file.read(1):
        raise Damaged("empty, 0 bytes")
    file.seek(0)
    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:  # Pillow's own limit can be switched off by others
            raise Damaged(f"{width}x{height} is more than {MAX_PIXELS:,} pixels")
        if getattr(image, "is_animated", False) and image.format != "MPO":  # MPO: a photograph and its previews
            raise Damaged("animated, or of several pages")
        if image.mode == "F":
            raise Damaged("floating-point pixels; give these as a .npy array")
        yield image


def _check_sums(data: bytes) -> None:
    """Hold a PNG file's chunks against their checksums, which decoding alone passes over."""
    if data.startswith(_MAGIC[0]):
        if _PNG_END not in data:
            raise Damaged("truncated: the end of the file is missing")
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.verify()


def _centre(image: Image.Image, target: Target) -> tuple[Image.Image, Box]:
    """Decode, turn upright, and return the picture with the box of it to use."""
    if image.format not in ("JPEG", "MPO"):
        image.load()  # the orientation may stand behind the pixels
    orientation = _orientation(image)
    width, height = image.size[::-1] if orientation in _TURNED else image.size
    left, top, right, bottom = centre_box((height, width), target.crop, target.size)
    ratio = (right - left) / target.size[1]
    if image.format in ("JPEG", "MPO") and ratio > 2:
        # JPEG can be decoded at 1/2, 1/4 or 1/8 of its size; twice what is wanted loses nothing visible
        image.draft(image.mode, (math.ceil(image.width * 2 / ratio), math.ceil(image.height * 2 / ratio)))
    image.load()
    picture = image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
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
    return picture if picture.mode == _MODES[channels] else picture.convert(_MODES[channels])


def _grey16(picture: Image.Image) -> Image.Image:
    """Return 16 bits of grey as a picture of floats, which Pillow scales at full precision."""
    values = np.asarray(picture)
    if values.min() < 0 or values.max() > 65535:
        raise Damaged("32-bit integer pixels beyond 16 bits; give these as a .npy array")
    return Image.fromarray(values.astype(np.float32))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; unreadable ones count as upright. Pillow itself turns TIFF upright."""
    if image.format == "TIFF" or (image.format == "PNG" and not _PNG_EXIF & image.info.keys()):
        return 1  # asked for what it lacks, a PNG file would be decoded whole
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _STUMBLES:
        return 1
    return value if value in _UPRIGHT else 1


def _raw_mode(image: Image.Image) -> str:
    """How the pixels lie in the file, as Pillow calls it; "" where it does not say."""
    tile = image.tile[0] if isinstance(image, ImageFile.ImageFile) and image.tile else None
    return tile.args if tile is not None and isinstance(tile.args, str) else ""


def _is_grey(colours: list[int] | None) -> bool:
    """Say whether a palette (r, g, b, r, g, b ...) holds greys only."""
    return colours is not None and len(colours) > 0 and colours[0::3] == colours[1::3] == colours[2::3]


def _misnamed(image: Image.Image, name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    says = _OWN_SUFFIXES.get(suffix)
    is_format = "JPEG" if image.format == "MPO" else image.format
    if is_format in (says, "JPEG" if says == "MPO" else None):
        return ""
    return f"named {suffix or 'without a suffix'}, but its content is {is_format}"
