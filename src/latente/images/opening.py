"""One picture file, opened by its content and in the allowed formats only, or the reason why not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, UnidentifiedImageError

from latente.images import deep
from latente.images.damage import STUMBLES, Damaged, reason_of
from latente.images.formats import HEAD, describe, formats_of, is_heif, is_raw
from latente.images.limits import MAX_PIXELS
from latente.languages import say

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = [
    "OtherTiff",
    "opened_picture",
    "other_tiff",
]

_DNG_VERSION = 50706  # a tag of TIFF files


class OtherTiff(Damaged):
    """A TIFF file that Pillow does not know; the text is what it is if tifffile does not either."""


@contextlib.contextmanager
def opened_picture(file: BinaryIO, name: str) -> Iterator[Image.Image]:
    """Open a picture by its content, in the allowed formats only, and refuse what is none or too much."""
    if not file.read(1):
        raise Damaged(say("empty, 0 bytes"))
    file.seek(0)
    picture: Image.Image
    try:
        picture = Image.open(file, formats=formats_of(name))
    except UnidentifiedImageError:
        picture = _open_otherwise(file, name)
    with picture as image:
        width, height = image.size
        if width * height > MAX_PIXELS:  # Pillow's own limit can be switched off by others
            raise Damaged(say("{size} is more than {most} pixels", size=f"{width}x{height}", most=MAX_PIXELS))
        if image.format == "TIFF" and (_DNG_VERSION in image.tag_v2 or is_raw(name, _head(file))):  # type: ignore[attr-defined]
            raise Damaged(describe(b"", "a.dng") or "")
        yield image


def _open_otherwise(file: BinaryIO, name: str) -> Image.Image:
    """Open what Pillow does not, and say of everything else what it is."""
    head = _head(file)
    if is_heif(head):
        try:
            from pillow_heif import HeifImageFile
        except ImportError:
            raise Damaged(say('a HEIF picture (HEIC), which needs: pip install "latente[heif]"')) from None
        return HeifImageFile(file)
    if what := describe(head, name):
        raise Damaged(what)
    for name_of_format in formats_of(name):
        factory, accepts = Image.OPEN[name_of_format]
        if accepts is not None and accepts(head[:16]) is True:
            try:
                factory(file, "")
            except STUMBLES as error:
                template = "a {format} file that is damaged or of a rare kind: {reason}"
                what = say(template, format=name_of_format, reason=reason_of(error))
                raise (OtherTiff if name_of_format == "TIFF" else Damaged)(what) from error
    raise Damaged(say("not a picture, or in a format that is not read; convert it to PNG or JPEG"))


@contextlib.contextmanager
def other_tiff(file: BinaryIO, reason: OtherTiff) -> Iterator[list[TiffPage]]:
    """Open the pages of a TIFF file that Pillow does not know. Raises Damaged, with its reason, if they are none."""
    file.seek(0)
    with contextlib.ExitStack() as stack:
        try:
            pages = stack.enter_context(deep.opened_tiff(file))
        except STUMBLES:
            raise Damaged(str(reason)) from None
        for page in pages:
            if page.imagewidth * page.imagelength > MAX_PIXELS:
                size = f"{page.imagewidth}x{page.imagelength}"
                raise Damaged(say("{size} is more than {most} pixels", size=size, most=MAX_PIXELS))
        yield pages


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    return head
