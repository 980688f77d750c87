"""What the header of a picture says: its size, its colours, its values, and what is odd about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from latente.images import deep
from latente.images.colours import MODES
from latente.images.formats import is_as_named, suffix_of
from latente.images.orientation import TURNED, orientation_of
from latente.images.png import read_late_chunks
from latente.images.sizing import Header
from latente.languages import say

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = [
    "header_of",
    "header_of_page",
]

_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")


def header_of(image: Image.Image, name: str, frames: int) -> Header:
    """Return the header of the frame at which an image stands; name: of its file, which has so many frames."""
    kind = deep.kind_of(image)
    depth = deep.depth_of(image, kind)
    if image.format == "PNG":
        read_late_chunks(image)
    width, height = image.size
    turned = orientation_of(image) in TURNED
    colours = image.getpalette() if image.mode == "P" else None
    mode = f"{image.mode} with alpha" if image.mode == "P" and image.has_transparency_data else image.mode
    if kind.dtype == "uint16" and image.mode in MODES.values():
        mode = f"{kind.raw.partition(';')[0]} of 16 bits"
    elif not kind.is_deep and ";16" in kind.raw:
        mode = f"{mode} (16 bits, read as 8)"
    return Header(
        size=(width, height) if turned else (height, width),
        mode=mode,
        grey=image.mode in _GREY or kind.raw.startswith("LA") or _is_grey(colours),
        dtype=kind.dtype,
        depth=depth,
        odd=_misnamed(image.format or "", name),
        frames=frames,
    )


def header_of_page(page: TiffPage, name: str, frames: int) -> Header:
    """Return the same of a page of a TIFF file that Pillow does not know."""
    dtype, depth = deep.kind_of_page(page)
    height, width = page.imagelength, page.imagewidth
    return Header(
        size=(width, height) if deep.orientation_of(page) in TURNED else (height, width),
        mode=f"{page.samplesperpixel} x {page.dtype}",
        grey=page.samplesperpixel <= 2,
        dtype=dtype,
        depth=depth,
        odd=_misnamed("TIFF", name),
        frames=frames,
    )


def _is_grey(colours: list[int] | None) -> bool:
    """Say whether a palette (r, g, b, r, g, b ...) holds greys only."""
    return colours is not None and len(colours) > 0 and colours[0::3] == colours[1::3] == colours[2::3]


def _misnamed(content: str, name: str) -> str:
    if is_as_named(name, content):
        return ""
    is_format = {"MPO": "JPEG", "DIB": "BMP"}.get(content, content)
    if suffix := suffix_of(name):
        return say("named {suffix}, but its content is {format}", suffix=suffix, format=is_format)
    return say("named without a suffix, but its content is {format}", format=is_format)
