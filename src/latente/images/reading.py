"""One picture file -> one array, or the reason why not.

Files are decoded by their content, whatever their name says, and only in the formats of `FORMATS`. What a
format can reveal of damage is looked for: PNG carries checksums, which are checked; JPEG, GIF, BMP, TIFF,
WebP and PNM carry none for their pixels, so that a flipped bit in them shows only where the decoder stumbles.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError, _imaging

from latente.images import deep
from latente.images.colours import loaded
from latente.images.crops import Box, centre_box
from latente.images.formats import HEAD, describe, formats_of, is_as_named, is_heif, is_raw, suffix_of
from latente.images.limits import MAX_PIXELS
from latente.images.options import DoorOptions
from latente.images.sizing import Header, Target, resize_arrays

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = [
    "Damaged",
    "pillow_rules",
    "read_frames",
    "read_headers",
    "read_masks",
    "read_picture",
]

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_EXIF = {"exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"}
_PNG_LATE = (b"eXIf", b"iTXt", b"zTXt", b"tEXt")  # chunks behind the pixels that may say which way is up
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")

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
# tags of TIFF files, and what a page is that is none
_DNG_VERSION, _SUBFILE = 50706, 254
_REDUCED, _TRANSPARENCY_MASK = 1, 4
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


class _OtherTiff(Damaged):
    """A TIFF file that Pillow does not know; the text is what it is if tifffile does not either."""


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


def read_headers(file: BinaryIO, name: str, every_frame: bool = False) -> list[Header]:
    """Read the header of a picture, or of each page or frame of it, without decoding them.

    Raises Damaged with the reason.
    """
    with _stumbling():
        try:
            with _opened(file, name) as image:
                frames = _frames(image)
                if len(frames) == 1 or not every_frame:
                    return [_header(image, name, len(frames))]
                headers = []
                for frame in frames:
                    image.seek(frame)
                    headers.append(_header(image, name, len(frames)))
                return headers
        except _OtherTiff as reason:
            with _other_tiff(file, reason) as pages:
                return [_header_of_page(page, name, len(pages)) for page in (pages if every_frame else pages[:1])]


def read_picture(data: bytes, target: Target, name: str = "") -> np.ndarray:
    """Decode a picture file into the target's (C, H, W) and dtype; of several frames the first.

    Raises Damaged with the reason.
    """
    return read_frames(data, {None: target}, name)[0]


def read_frames(data: bytes, targets: Mapping[int | None, Target], name: str) -> list[np.ndarray]:
    """Decode the pages or frames of a file that are asked for, by their numbers; None is the file's main picture.

    Raises Damaged with the reason.
    """
    with _stumbling():
        _check_sums(data)
        try:
            with _opened(io.BytesIO(data), name) as image:
                return [_pixels(at, target, data) for at, target in _at_frames(image, targets)]
        except _OtherTiff as reason:
            with _other_tiff(io.BytesIO(data), reason) as pages:
                chosen = [(pages[frame or 0], target) for frame, target in targets.items()]
                return [_of_values(deep.values_of_page(page), target) for page, target in chosen]


def read_masks(data: bytes, targets: Mapping[int | None, Target], name: str) -> list[np.ndarray]:
    """Decode a mask file into (1, H, W) uint8 for each frame: 1 where it is not black; one mask may serve all frames.

    Raises Damaged with the reason.
    """
    with _stumbling():
        _check_sums(data)
        with _opened(io.BytesIO(data), name) as image:
            if len(_frames(image)) == 1:
                return [_mask(image, target) for target in targets.values()]
            return [_mask(at, target) for at, target in _at_frames(image, targets)]


def _header(image: Image.Image, name: str, frames: int) -> Header:
    kind = deep.kind_of(image)
    depth = deep.depth_of(image, kind)
    if image.format == "PNG":
        _read_late_chunks(image)
    width, height = image.size
    turned = _orientation(image) in _TURNED
    colours = image.getpalette() if image.mode == "P" else None
    mode = f"{image.mode} with alpha" if image.mode == "P" and image.has_transparency_data else image.mode
    if kind.dtype == "uint16" and image.mode in _MODES.values():
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


def _header_of_page(page: TiffPage, name: str, frames: int) -> Header:
    dtype, depth = deep.kind_of_page(page)
    height, width = page.imagelength, page.imagewidth
    return Header(
        size=(width, height) if deep.orientation_of(page) in _TURNED else (height, width),
        mode=f"{page.samplesperpixel} x {page.dtype}",
        grey=page.samplesperpixel <= 2,
        dtype=dtype,
        depth=depth,
        odd=_misnamed("TIFF", name),
        frames=frames,
    )


def _pixels(image: Image.Image, target: Target, data: bytes) -> np.ndarray:
    """Decode the frame at which an image stands into the target's (C, H, W)."""
    kind = deep.kind_of(image)
    if kind.is_deep:
        values = deep.values_of(image, kind, data)
        return _of_values(deep.upright(values, _orientation(image)), target)
    picture, box = _centre(image, target)
    pixels = np.asarray(_scaled(_in_channels(picture, target.channels), box, target))
    pixels = np.ascontiguousarray(pixels.transpose(2, 0, 1)) if pixels.ndim == 3 else pixels[None]
    if target.dtype == "uint16":
        return np.rint(pixels * ((2**target.depth - 1) / 255)).astype(np.uint16)
    return pixels


def _of_values(values: np.ndarray, target: Target) -> np.ndarray:
    """Bring (H, W) or (H, W, C) values to the target's (C, H, W) and dtype."""
    is_shallow = target.dtype == "uint8" and values.dtype == np.uint16
    if values.dtype != np.dtype(target.dtype) and not is_shallow:
        raise Damaged(f"holds {values.dtype} values, the others {target.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Damaged("holds NaN or infinity")
    pixels = deep.in_channels(values, target.channels).transpose(2, 0, 1)
    sized = resize_arrays(pixels[None], DoorOptions(size=target.size, crop=target.crop))
    if is_shallow:
        return np.rint(sized[0] * (255 / (2**target.depth - 1))).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(sized[0])


def _mask(image: Image.Image, target: Target) -> np.ndarray:
    picture, box = _centre(image, target)
    is_drawn = np.asarray(picture if picture.mode in ("F", "I") else picture.convert("L")) != 0
    drawn = Image.fromarray(is_drawn.astype(np.uint8))
    return np.asarray(_scaled(drawn, box, target, Image.Resampling.NEAREST))[None]


def _frames(image: Image.Image) -> list[int]:
    """The numbers of an image's frames; smaller copies and masks of a TIFF file's pages are none, nor are previews."""
    count = getattr(image, "n_frames", 1)
    if count == 1 or image.format == "MPO":
        return [0]
    if image.format != "TIFF":
        return list(range(count))
    frames = []
    for frame in range(count):
        with contextlib.suppress(SyntaxError):  # a page of a rare kind, which whoever asks for it will be told
            image.seek(frame)
        if not image.tag_v2.get(_SUBFILE, 0) & (_REDUCED | _TRANSPARENCY_MASK):  # type: ignore[attr-defined]
            frames.append(frame)
    image.seek(0)
    return frames or [0]


def _at_frames(image: Image.Image, targets: Mapping[int | None, Target]) -> Iterator[tuple[Image.Image, Target]]:
    """Move the image from frame to frame; the numbers are those of `_frames`, and rise."""
    frames = _frames(image) if any(targets) else [0]
    for frame, target in targets.items():
        if frame is not None:
            if frame >= len(frames):
                raise Damaged(f"has only {len(frames)} frames")
            image.seek(frames[frame])
        yield image, target


@contextlib.contextmanager
def _stumbling() -> Iterator[None]:
    """Turn whatever a decoder raises into Damaged, with a reason that people can read."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Damaged(f"more than {MAX_PIXELS:,} pixels") from error
    except _STUMBLES as error:
        raise Damaged(f"cannot be decoded: {_words(error)}") from error


@contextlib.contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Image.Image]:
    """Open a picture by its content, in the allowed formats only, and refuse what is none or too much."""
    if not file.read(1):
        raise Damaged("empty, 0 bytes")
    file.seek(0)
    opened: Image.Image
    try:
        opened = Image.open(file, formats=formats_of(name))
    except UnidentifiedImageError:
        opened = _open_otherwise(file, name)
    with opened as image:
        width, height = image.size
        if width * height > MAX_PIXELS:  # Pillow's own limit can be switched off by others
            raise Damaged(f"{width}x{height} is more than {MAX_PIXELS:,} pixels")
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
            raise Damaged('a HEIF picture (HEIC), which needs: pip install "latente[heif]"') from None
        return HeifImageFile(file)
    if what := describe(head, name):
        raise Damaged(what)
    for name_of_format in formats_of(name):
        factory, accepts = Image.OPEN[name_of_format]
        if accepts is not None and accepts(head[:16]) is True:
            try:
                factory(file, "")
            except _STUMBLES as error:
                what = f"a {name_of_format} file that is damaged or of a rare kind: {_words(error)}"
                raise (_OtherTiff if name_of_format == "TIFF" else Damaged)(what) from error
    raise Damaged("not a picture, or in a format that is not read; convert it to PNG or JPEG")


@contextlib.contextmanager
def _other_tiff(file: BinaryIO, reason: _OtherTiff) -> Iterator[list[TiffPage]]:
    """Open the pages of a TIFF file that Pillow does not know. Raises Damaged, with its reason, if they are none."""
    file.seek(0)
    with contextlib.ExitStack() as stack:
        try:
            pages = stack.enter_context(deep.opened_tiff(file))
        except _STUMBLES:
            raise Damaged(str(reason)) from None
        for page in pages:
            if page.imagewidth * page.imagelength > MAX_PIXELS:
                raise Damaged(f"{page.imagewidth}x{page.imagelength} is more than {MAX_PIXELS:,} pixels")
        yield pages


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    return head


def _words(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _check_sums(data: bytes) -> None:
    """Hold a PNG file's chunks against their checksums, which decoding alone passes over."""
    if not data.startswith(_PNG_MAGIC):
        return
    if _PNG_END not in data:
        raise Damaged("truncated: the end of the file is missing")
    # by hand: Pillow's own check opens the file once more, which took a third of the time that a small picture takes
    place, kind = len(_PNG_MAGIC), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 8 + length
        if end + 12 > len(data) and kind != b"IEND":
            raise Damaged("broken PNG file: a part of it reaches beyond its end")
        if struct.unpack_from(">I", data, end)[0] != zlib.crc32(data[place + 4 : end]):
            raise Damaged(f"broken PNG file: a wrong checksum in {kind.decode('latin-1')!r}")
        place = end + 4


def _centre(image: Image.Image, target: Target) -> tuple[Image.Image, Box]:
    """Decode, turn upright, and return the picture with the box of it to use."""
    shrinks = image.format in ("JPEG", "MPO")
    picture = image if shrinks else loaded(image)  # the orientation may stand behind the pixels
    orientation = _orientation(image)
    width, height = image.size[::-1] if orientation in _TURNED else image.size
    left, top, right, bottom = centre_box((height, width), target.crop, target.size)
    ratio = (right - left) / target.size[1]
    if shrinks and ratio > 2:
        # JPEG can be decoded at 1/2, 1/4 or 1/8 of its size; twice what is wanted loses nothing visible
        image.draft(image.mode, (math.ceil(image.width * 2 / ratio), math.ceil(image.height * 2 / ratio)))
    if shrinks:
        image.load()
    picture = picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture
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


def _orientation(image: Image.Image) -> int:
    """The orientation by EXIF or XMP, 1 to 8; unreadable ones count as upright. Pillow itself turns TIFF upright."""
    if image.format == "TIFF" or (image.format == "PNG" and not _PNG_EXIF & image.info.keys()):
        return 1
    try:
        # a PNG file's own method would decode it whole where it has XMP alone
        value = Image.Image.getexif(image).get(_ORIENTATION, 1)
    except _STUMBLES:
        return 1
    return value if value in _UPRIGHT else 1


def _read_late_chunks(image: Image.Image) -> None:
    """Decode a PNG file whose pixels are followed by a chunk that may say which way is up; few are."""
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    if file is None or not image.tile:  # type: ignore[attr-defined]
        return
    pixels = image.tile[0].offset  # type: ignore[attr-defined]
    file.seek(pixels - 8)
    kind = b"IDAT"
    while kind in (b"IDAT", b"fdAT", b"fcTL"):
        start = file.read(8)
        kind = start[4:]
        file.seek(int.from_bytes(start[:4], "big") + 4, io.SEEK_CUR)
    if kind in _PNG_LATE:
        file.seek(pixels)
        image.load()


def _is_grey(colours: list[int] | None) -> bool:
    """Say whether a palette (r, g, b, r, g, b ...) holds greys only."""
    return colours is not None and len(colours) > 0 and colours[0::3] == colours[1::3] == colours[2::3]


def _misnamed(content: str, name: str) -> str:
    if is_as_named(name, content):
        return ""
    is_format = {"MPO": "JPEG", "DIB": "BMP"}.get(content, content)
    return f"named {suffix_of(name) or 'without a suffix'}, but its content is {is_format}"
