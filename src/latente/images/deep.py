"""Pictures whose values are more than 8 unsigned bits: what they are, how deep, and their values as they are.

Pillow keeps single channels of 16 and 32 bits, and reads colours of 16 bits as 8; these are read twice, once for each
byte. What it knows nothing of, floats of other widths and several channels of them, tifffile reads.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from latente.images.colours import raw_mode
from latente.images.scaling import smallest_depth

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = [
    "Kind",
    "depth_of",
    "in_channels",
    "kind_of",
    "kind_of_page",
    "opened_tiff",
    "orientation_of",
    "upright",
    "values_of",
    "values_of_page",
]

_GREY16 = ("I;16", "I;16B", "I;16L", "I;16N")
_COLOURS = ("LA", "RGB", "RGBA")  # whose two bytes can be read one after the other
_BITS, _PHOTOMETRIC, _LARGEST, _SAMPLE_FORMAT = 258, 262, 281, 339  # tags of TIFF
_BLACK_IS_ZERO, _RGB = 1, 2
_CODESTREAM, _SAMPLE_SIZE = 2**16, 42  # within how many bytes JPEG 2000's begins, and where it says how wide values are
_SORTS = {1: "uint", 2: "int", 3: "float"}  # by sample format
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow weighs colours


@dataclasses.dataclass(frozen=True)
class Kind:
    """How the values of a picture lie in its file. dtype: "uint8" for whatever Pillow reads as such.

    raw: what Pillow calls it. most: the value of white in a PNM file, where Pillow spreads it over 16 bits. precision:
    the bits of values in a JPEG 2000 file, which Pillow moves to the upper ones of 16.
    """

    dtype: str
    raw: str = ""
    most: int | None = None
    precision: int | None = None

    @property
    def is_deep(self) -> bool:
        return self.dtype != "uint8"


def kind_of(image: Image.Image) -> Kind:
    """Return how the values of a picture lie in its file, which is opened but not decoded yet."""
    raw = raw_mode(image)
    if image.mode in _GREY16:
        return Kind("uint16", raw, precision=_precision(image) if image.format == "JPEG2000" else None)
    if image.format == "PPM" and image.mode == "I":
        args = image.tile[0].args  # type: ignore[attr-defined]  # of opened files only
        return Kind("uint16", raw, int(args[1]) if isinstance(args, tuple) and len(args) > 1 else None)
    if image.mode == "F":
        return Kind("float32", raw)
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.mode in ("I", "L"):
        sort, bits = _SORTS.get(image.tag_v2.get(_SAMPLE_FORMAT, (1,))[0], "uint"), image.tag_v2.get(_BITS, (8,))[0]
        return Kind(f"{sort}{bits}" if image.mode == "I" or (sort, bits) == ("int", 8) else "uint8", raw)
    if image.mode == "I":
        return Kind("int32", raw)
    name, _, width = raw.partition(";")
    is_deep = image.format in ("PNG", "TIFF") and name in _COLOURS and width in ("16B", "16L", "16N")
    return Kind("uint16" if is_deep else "uint8", raw)


def depth_of(image: Image.Image, kind: Kind) -> int | None:
    """Return how many bits a picture states that it uses; None where it only says how wide its values are.

    PNG says so by an sBIT chunk, TIFF by its bits a sample or a largest sample value, PGM by the value of white.
    """
    if kind.dtype != "uint16":
        return None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _depth_of_tags(image.tag_v2)
    if image.format == "PNG":
        return _within_16(_significant_bits(image))
    return kind.most.bit_length() if kind.most else kind.precision


def values_of(image: Image.Image, kind: Kind, data: bytes) -> np.ndarray:
    """Decode a picture of a deep kind into its values, (H, W) or (H, W, C), in its dtype.

    data: the file, of which colours are read anew. TIFF files come upright, others as they lie.
    """
    image.load()
    is_inverted = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC, 1) == 0
    if kind.dtype == "uint16" and kind.raw.partition(";")[0] in _COLOURS:
        values = _colours(image, kind.raw, data)
        clear = image.info.get("transparency")
        if isinstance(clear, tuple) and values.shape[2] == 3:
            return _with_alpha(values, (values != np.array(clear)).any(axis=2))
        return values
    values = np.asarray(image)
    clear = image.info.get("transparency")
    if kind.most:
        values = np.rint(values * (kind.most / 65535))
    is_as_wide = values.dtype.itemsize == np.dtype(kind.dtype).itemsize
    values = values.view(kind.dtype) if is_as_wide else values.astype(kind.dtype)
    if kind.precision:
        values = values >> (16 - kind.precision)
    if is_inverted and kind.dtype == "uint16":
        values = 2 ** (depth_of(image, kind) or 16) - 1 - values
    return _with_alpha(values, values != clear) if isinstance(clear, int) else values


@contextlib.contextmanager
def opened_tiff(file: BinaryIO) -> Iterator[list[TiffPage]]:
    """Open the pages of a TIFF file by tifffile, but for smaller copies. Raises ValueError where there are none."""
    import tifffile  # which few sets need

    with tifffile.TiffFile(file) as tiff:
        pages = [page for page in tiff.pages if isinstance(page, tifffile.TiffPage) and not page.is_reduced]
        for page in pages:
            is_plain = page.axes in ("YX", "YXS", "SYX") and page.photometric in (_BLACK_IS_ZERO, _RGB)
            if not is_plain or page.samplesperpixel > 4 or page.dtype is None or page.dtype in (np.bool_, np.uint8):
                raise ValueError(f"{page.samplesperpixel} channels of {page.dtype}")
        if not pages:
            raise ValueError("no picture in it")
        yield pages


def kind_of_page(page: TiffPage) -> tuple[str, int | None]:
    """Return the dtype of a page's values by name, which of floats is float32, and the depth that it states."""
    assert page.dtype is not None
    if page.dtype.kind == "f":
        return "float32", None
    stated = _depth_of_tags({tag.code: tag.value for tag in page.tags})
    return page.dtype.name, stated if page.dtype == np.uint16 else None


def values_of_page(page: TiffPage) -> np.ndarray:
    """Decode a page into (H, W) or (H, W, C), upright; floats become float32."""
    try:
        values: np.ndarray = page.asarray(maxworkers=1)
    except (KeyError, ValueError, ImportError, NotImplementedError) as error:
        how = "packed" if page.compression == 1 else f"compressed by {getattr(page.compression, 'name', '')}"
        kind = f"{page.bitspersample} bits a sample, {how}"
        raise ValueError(f"{kind}; save it without that, or as a .npy array ({error})") from error
    values = values if page.axes != "SYX" else np.moveaxis(values, 0, -1)
    values = upright(values.astype(values.dtype.newbyteorder("=")), orientation_of(page))
    with np.errstate(over="ignore"):
        return values.astype(np.float32) if values.dtype.kind == "f" else values


def orientation_of(page: TiffPage) -> int:
    """Return how a page lies, 1 to 8, as EXIF counts."""
    tag = page.tags.get("Orientation")
    return 1 if tag is None else int(tag.value)


def upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Return (H, W, ...) values turned upright by their EXIF orientation, 1 to 8."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    across, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return values[:: -1 if down else 1, :: -1 if across else 1]


def in_channels(values: np.ndarray, channels: int) -> np.ndarray:
    """Bring (H, W) or (H, W, C) values to (H, W, channels) in their dtype: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.

    With 1 or 3, what is transparent is laid on white, which only unsigned integers have.
    """
    values = values if values.ndim == 3 else values[..., None]
    present = values.shape[2]
    if present == channels:
        return values
    colours, alpha = (values[..., :-1], values[..., -1:]) if present in (2, 4) else (values, None)
    dtype, white = values.dtype, _white(values)
    if alpha is None:
        alpha = np.full_like(values[..., :1], white)
    elif channels in (1, 3) and values.dtype.kind == "u":
        share = alpha / float(white)
        colours = colours * share + white * (1 - share)
    if channels in (1, 2) and colours.shape[2] == 3:
        colours = (colours @ _LUMA)[..., None]
    elif channels in (3, 4):
        colours = np.broadcast_to(colours, (*colours.shape[:2], 3))
    if colours.dtype != dtype:
        colours = (np.rint(colours) if dtype.kind in "iu" else colours).astype(dtype)
    return colours if channels in (1, 3) else np.concatenate([colours, alpha], axis=2)


def _white(values: np.ndarray) -> Any:
    """The brightest value of the depth that holds all; of floats and signed integers 1."""
    if values.dtype != np.uint16:
        return np.iinfo(values.dtype).max if values.dtype.kind == "u" else 1
    return 2 ** smallest_depth(int(values.max())) - 1


def _with_alpha(values: np.ndarray, is_opaque: np.ndarray) -> np.ndarray:
    return np.dstack([values, np.where(is_opaque, _white(values), 0).astype(values.dtype)])


def _colours(image: Image.Image, raw: str, data: bytes) -> np.ndarray:
    """Read 16 bits a channel, of which Pillow keeps one byte, once for each of the two."""
    name = raw.partition(";")[0]
    if name == "LA":  # whose two channels have as many bytes as four of 8 bits
        bytes_of = np.ascontiguousarray(_read_as(data, image, "RGBA"))
        return bytes_of.view(">u2").astype(np.uint16)
    first, second = (_read_as(data, image, f"{name};16{half}") for half in "BL")
    is_big = raw.endswith("B") or (raw.endswith("N") and sys.byteorder == "big")
    high, low = (first, second) if is_big else (second, first)
    return (high.astype(np.uint16) << 8) | low


def _read_as(data: bytes, like: Image.Image, raw: str) -> np.ndarray:
    """Decode the picture `like`, at its frame, anew, with its pixels taken to lie in another raw mode."""
    with Image.open(io.BytesIO(data), formats=[like.format or ""]) as image:
        assert isinstance(image, ImageFile.ImageFile)
        image.seek(like.tell())
        tiles = []
        for tile in image.tile:
            others = tile.args[1:] if isinstance(tile.args, tuple) else None
            tiles.append(tile._replace(args=raw if others is None else (raw, *others)))
        image.tile = tiles
        return np.asarray(image)


def _depth_of_tags(tags: Mapping[int, Any]) -> int | None:
    bits, largest = np.ravel(tags.get(_BITS, 8)), np.ravel(tags.get(_LARGEST, 0))
    if int(bits[0]) not in (8, 16, 32, 64):
        return _within_16(int(bits[0]))
    return _within_16(int(largest.max()).bit_length())


def _within_16(bits: int) -> int | None:
    """Return the bits that a file states, None where 16 bits have not as many."""
    return bits if 0 < bits <= 16 else None


def _significant_bits(image: Image.Image) -> int:
    """The most bits of a channel that a PNG file's sBIT chunk names, which stands before the pixels, or 0."""
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    assert file is not None
    place = file.tell()
    file.seek(8)
    try:
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"sBIT":
                return max(file.read(min(length, 4)), default=0)
            if kind == b"IDAT":
                return 0
            file.seek(length + 4, io.SEEK_CUR)
        return 0
    finally:
        file.seek(place)


def _precision(image: Image.Image) -> int | None:
    """The bits of a JPEG 2000 picture's values, as its codestream begins by saying; None where they are 16."""
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    assert file is not None
    place = file.tell()
    file.seek(0)
    head = file.read(_CODESTREAM)
    file.seek(place)
    start = head.find(b"\xff\x4f\xff\x51")
    if start < 0 or start + _SAMPLE_SIZE >= len(head):
        return None
    bits = (head[start + _SAMPLE_SIZE] & 0x7F) + 1
    return bits if 8 < bits < 16 else None
