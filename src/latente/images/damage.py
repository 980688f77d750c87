"""Damage in picture files: Pillow is made to raise on it, and what decoders raise becomes one reason."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator

from PIL import Image, ImageFile, _imaging

from latente.images.limits import MAX_PIXELS
from latente.languages import say

__all__ = [
    "SAID_BY_PILLOW",
    "STUMBLES",
    "Damaged",
    "pillow_rules",
    "reason_of",
    "stumbling",
]

# what Pillow's decoders are known to raise on files that are not what they should be
STUMBLES = (
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


# what they say most often, which stands behind our own words, as the tables of other languages have it
SAID_BY_PILLOW = (
    "cannot identify image file {file}",
    "image file is truncated",
    "image file is truncated ({count} bytes not processed)",
    "image was incomplete",
    "truncated PNG file",
    "Truncated File Read",
    "broken data stream when reading image file",
    "broken PNG file (chunk {chunk})",
    "unrecognized data stream contents when reading image file",
    "cannot decode image data",
    "not enough image data",
    "buffer is not large enough",
    "failed to decode next frame in WebP file",
    "decoder error {number} when reading image file",
)


class Damaged(Exception):
    """One file cannot be used; the text is the reason, fit for a list of files."""


@contextlib.contextmanager
def pillow_rules() -> Iterator[None]:
    """Have Pillow raise on truncated files and decompression bombs, and keep its other remarks to itself.

    They do not name the file; what matters of them is the reason why it is left out. Filters belong to the whole
    process: hold this around the threads that decode, not inside them.
    """
    lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MAX_PIXELS
    try:
        with _silent_libtiff(), _silent_logger("PIL"), _silent_logger("tifffile"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
        Image.MAX_IMAGE_PIXELS = limit


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


@contextlib.contextmanager
def stumbling() -> Iterator[None]:
    """Turn whatever a decoder raises into Damaged, with a reason that people can read."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Damaged(say("more than {most} pixels", most=MAX_PIXELS)) from error
    except STUMBLES as error:
        raise Damaged(say("cannot be decoded: {reason}", reason=reason_of(error))) from error


def reason_of(error: BaseException) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
