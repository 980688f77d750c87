"""One picture file and everything of it that its result keeps: values, transparency, depth, notes on it, its format."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import re
from pathlib import Path
from typing import BinaryIO, TypedDict

import numpy as np
from PIL import ExifTags, Image

from latente.files import replacing
from latente.images import deep
from latente.images.colours import loaded
from latente.images.damage import STUMBLES, Damaged, stumbling
from latente.images.formats import format_of
from latente.images.limits import check_memory
from latente.images.opening import OtherTiff, opened_picture, other_tiff
from latente.images.orientation import UPRIGHT, orientation_of
from latente.images.png import check_sums, write_deep_png
from latente.images.reading import read_headers
from latente.languages import say

__all__ = ["Picture", "painted_over", "read_mask", "read_picture", "save_picture"]

# formats in which results are written as their originals are, and how: so that as little as can be is lost
_SAVED: dict[str, dict[str, object]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "WEBP": {"quality": 95, "exact": True},
    "AVIF": {"quality": 95},
    "JPEG2000": {"irreversible": False},
    "BMP": {},
    "PPM": {},
    "TGA": {},
}
_DECODING = 12  # bytes of memory a pixel while a picture is decoded and turned
_DEEP = ("PNG", "TIFF")  # which hold 16 bits a channel
_SAME = {"MPO": "JPEG", "DIB": "BMP"}  # what Pillow calls otherwise
_XMP, _ICC = 700, 34675  # tags of TIFF, in which EXIF is written too
# those of them that say how the pixels lie in the file, or are handed on in another way
_OF_PIXELS = frozenset(
    (
        *(254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 284, 317, 320, 322, 323),
        *(324, 325, 330, 332, 338, 339, 340, 341, 347, *range(512, 522), 529, 530, 531, 532, _XMP, _ICC),
    )
)
_XMP_ORIENTATION = re.compile(rb'\s*tiff:Orientation="[0-9]"|\s*<tiff:Orientation>[0-9]</tiff:Orientation>')
_WITHOUT_ALPHA = ("JPEG", "BMP")
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


class _Beside(TypedDict, total=False):
    """What a file says beside its pixels; see `Picture`."""

    exif: bytes
    xmp: bytes
    icc: bytes
    dpi: tuple[float, float] | None


@dataclasses.dataclass(frozen=True)
class Picture:
    """A decoded picture, upright.

    colours: (1, H, W) or (3, H, W), uint8, uint16 or float32. alpha: (1, H, W) in the same dtype, None where all is
    opaque. depth: how many bits the values state to use; None where the file does not say. format: in which it is
    saved, as Pillow calls it. suffix: of that file's name, None for its own. exif, xmp, icc: as in a file, b"" where
    there are none. dpi: pixels an inch, across and down. notes: what of the original is lost, in words.
    """

    colours: np.ndarray
    alpha: np.ndarray | None
    depth: int | None
    format: str
    suffix: str | None = None
    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.colours.shape[1], self.colours.shape[2]

    @property
    def peak(self) -> float:
        """The value of white; of 16 bits as many as are stated, or all."""
        if self.colours.dtype == np.uint8:
            return 255.0
        return 2.0 ** (self.depth or 16) - 1 if self.colours.dtype == np.uint16 else 1.0


def read_picture(data: bytes, name: str) -> Picture:
    """Decode a picture file, whatever its name says; raises Damaged with the reason why it cannot be restored.

    What Pillow's 8 bits cannot hold is read as `latente.images.deep` reads it. Palettes, CMYK and the like become RGB
    or grey, which a note says. Raises InputError where there is not enough memory.
    """
    with stumbling():
        check_sums(data)
        [header] = read_headers(io.BytesIO(data), name)
        check_memory(_DECODING * math.prod(header.size), name)
        if header.frames > 1:
            template = (
                "holds {count} frames or pages; take them out as pictures of their own: ffmpeg -i FILE FOLDER/%05d.png"
            )
            raise Damaged(say(template, count=header.frames))
        try:
            with opened_picture(io.BytesIO(data), name) as image:
                return _deep(image, data) if deep.kind_of(image).is_deep else _plain(image, header.mode)
        except OtherTiff as reason:
            with other_tiff(io.BytesIO(data), reason) as pages:
                _, depth = deep.kind_of_page(pages[0])
                return _of_values(deep.values_of_page(pages[0]), depth, "TIFF", {})


def painted_over(picture: Picture, colours: np.ndarray, name: str) -> Picture:
    """Return a picture with other colours (3, H, W), of any size, in the format that the name of a file says.

    What it says of itself is kept, as its transparency is, at the new size; where the format has none, it is lost, as
    are bits of which it has fewer.
    """
    format_ = format_of(name) or picture.format
    peak = dataclasses.replace(picture, colours=colours).peak
    if colours.dtype != np.uint8 and (format_ not in _DEEP or (format_ == "PNG" and colours.dtype == np.float32)):
        colours, peak = np.rint(np.clip(colours / peak, 0, 1) * 255).astype(np.uint8), 255.0
    alpha = None
    if picture.alpha is not None and format_ not in _WITHOUT_ALPHA:
        share = Image.fromarray((picture.alpha[0] / np.float32(picture.peak)).astype(np.float32))
        sized = np.asarray(share.resize((colours.shape[2], colours.shape[1]), Image.Resampling.BILINEAR))
        values = sized * np.float32(peak)
        alpha = (values if colours.dtype == np.float32 else np.rint(values)).astype(colours.dtype)[None]
    depth = 8 if colours.dtype == np.uint8 else picture.depth
    icc = picture.icc if len(picture.colours) == 3 else b""  # that of grey speaks of other channels
    return dataclasses.replace(
        picture, colours=colours, alpha=alpha, depth=depth, format=format_, suffix=None, icc=icc, notes=()
    )


def read_mask(data: bytes, name: str) -> np.ndarray:
    """Decode a picture whose pixels are missing where it is not black: (H, W) booleans. Raises Damaged."""
    with stumbling():
        check_sums(data)
        with opened_picture(io.BytesIO(data), name) as image:
            picture = loaded(image)
            orientation = orientation_of(image)
            upright = picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture
            return np.asarray(upright if upright.mode in ("F", "I") else upright.convert("L")) != 0


def _deep(image: Image.Image, data: bytes) -> Picture:
    kind = deep.kind_of(image)
    depth = deep.depth_of(image, kind)
    values = deep.upright(deep.values_of(image, kind, data), orientation_of(image))
    return _of_values(values, depth, image.format or "", _beside(image))


def _of_values(values: np.ndarray, depth: int | None, format_: str, beside: _Beside) -> Picture:
    """Return the picture of values (H, W) or (H, W, C) of more than 8 bits."""
    if values.dtype not in (np.uint16, np.float32):
        template = "holds {dtype} values; save it in 8 or 16 bits a channel, or as floats"
        raise Damaged(say(template, dtype=str(values.dtype)))
    if values.dtype == np.float32 and not np.isfinite(values).all():
        raise Damaged(say("holds NaN or infinity"))
    name, suffix = (format_, None) if format_ in _DEEP else ("PNG", ".png")
    if values.dtype == np.float32 and name == "PNG":
        name, suffix = "TIFF", ".tif"
    notes = () if suffix is None else (f"{format_} of {8 * values.itemsize} bits, written as {name}",)
    colours, alpha = _apart(values)
    return Picture(colours, alpha, depth, name, suffix, notes=notes, **beside)


def _plain(image: Image.Image, mode: str) -> Picture:
    """Decode a picture of 8 bits."""
    notes: list[str] = []
    picture = loaded(image)
    orientation = orientation_of(image)
    beside = _beside(image)
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    if "read as 8" in mode:
        notes.append("more than 8 bits a channel, read as 8")
    to = _mode_of(picture)
    if image.mode not in ("L", "LA", "RGB", "RGBA", "La", "RGBa"):
        what = {"P": "a palette", "PA": "a palette", "1": "1 bit a pixel"}.get(image.mode, image.mode)
        notes.append(f"{what}, made into {'grey' if to in ('L', 'LA') else to}")
        if image.mode not in ("P", "PA", "1"):
            beside["icc"] = b""  # it speaks of other channels
    if picture.mode != to:
        picture = picture.convert(to)
    format_ = _SAME.get(image.format or "", image.format or "")
    suffix = None
    if format_ not in _SAVED:
        notes.append(f"{format_}, written as PNG")
        format_, suffix = "PNG", ".png"
    colours, alpha = _apart(np.asarray(picture))
    return Picture(colours, alpha, 8, format_, suffix, notes=tuple(notes), **beside)


def _mode_of(picture: Image.Image) -> str:
    """Return which of grey and RGB, with or without alpha, holds all that is in a picture."""
    is_grey = picture.mode in ("1", "L", "LA")
    if picture.mode == "P":
        palette = picture.getpalette() or []
        is_grey = palette[0::3] == palette[1::3] == palette[2::3]
    return _MODES[(1 if is_grey else 3) + picture.has_transparency_data]


def _apart(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the colours and the alpha of values (H, W) or (H, W, C), channels first; nothing is copied."""
    first = values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)
    return (first[:-1], first[-1:]) if len(first) in (2, 4) else (first, None)


def _beside(image: Image.Image) -> _Beside:
    """Return what a file says beside its pixels, without which way is up: that has been seen to."""
    exif = b""
    with contextlib.suppress(*STUMBLES):  # what nobody can read is not handed on
        tags = Image.Image.getexif(image)
        for tag in _OF_PIXELS & set(tags):
            del tags[tag]
        exif = tags.tobytes() if len(tags) else b""
    xmp = image.info.get("xmp", b"")
    xmp = xmp.encode() if isinstance(xmp, str) else bytes(xmp or b"")
    dpi = image.info.get("dpi")
    return {
        "exif": exif,
        "xmp": _XMP_ORIENTATION.sub(b"", xmp),
        "icc": bytes(image.info.get("icc_profile") or b""),
        "dpi": (float(dpi[0]), float(dpi[1])) if isinstance(dpi, tuple) and len(dpi) == 2 and all(dpi) else None,
    }


def save_picture(picture: Picture, path: Path) -> None:
    """Write a picture in its own format, whole or not at all; the folders above it are made."""
    values = picture.colours if picture.alpha is None else np.concatenate([picture.colours, picture.alpha])
    values = np.ascontiguousarray(np.moveaxis(values, 0, 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, open(temporary, "w+b") as file:
        if values.dtype == np.uint8:
            _save_plain(picture, values, file)
        elif picture.format == "PNG":
            exif = _of_size(picture.exif, picture.sides)
            depth = picture.depth or 16
            write_deep_png(file, values, depth, exif=exif, xmp=picture.xmp, icc=picture.icc, dpi=picture.dpi)
        else:
            _save_tiff(picture, values, file)


def _save_plain(picture: Picture, values: np.ndarray, file: BinaryIO) -> None:
    image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    options = dict(_SAVED[picture.format])
    if picture.icc:
        options["icc_profile"] = picture.icc
    if picture.dpi is not None:
        options["dpi"] = picture.dpi
    exif = _of_size(picture.exif, picture.sides)
    if picture.format == "TIFF":
        tags = Image.Exif()
        if exif:
            tags.load(exif)
        if {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo} & set(tags):
            options["compression"] = None  # libtiff, which packs, cannot write these
        if picture.xmp:
            tags[_XMP] = picture.xmp
        options["exif"] = tags
    elif exif:
        options["exif"] = exif
    if picture.xmp and picture.format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        options["pnginfo"] = info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", picture.xmp.decode("utf-8", "replace"))
    elif picture.xmp and picture.format in ("JPEG", "WEBP", "AVIF"):
        options["xmp"] = picture.xmp
    image.save(file, picture.format, **options)


def _save_tiff(picture: Picture, values: np.ndarray, file: BinaryIO) -> None:
    """Write a TIFF file of 16 bits or floats, with those of its tags that are text."""
    import tifffile

    tags: list[tuple[int, int, int, object, bool]] = []
    if picture.xmp:
        tags.append((_XMP, 1, len(picture.xmp), picture.xmp, True))
    if picture.depth and picture.depth < 16:
        tags.append((281, 3, values.shape[2], (2**picture.depth - 1,) * values.shape[2], True))
    exif = Image.Exif()
    if picture.exif:
        exif.load(picture.exif)
    for tag, value in exif.items():
        if isinstance(value, str):
            content = value.encode("utf-8", "replace") + b"\0"
            tags.append((tag, 2, len(content), content, True))
    colours = values.shape[2] - (picture.alpha is not None)
    tifffile.imwrite(
        file,
        values[..., 0] if values.shape[2] == 1 else values,
        photometric="rgb" if colours == 3 else "minisblack",
        planarconfig="contig" if values.shape[2] > 1 else None,
        extrasamples=["unassalpha"] if picture.alpha is not None else None,
        compression="zlib",
        iccprofile=picture.icc or None,
        resolution=picture.dpi,
        resolutionunit="inch" if picture.dpi else None,
        extratags=tags,
        software=None if 305 in exif else False,
        metadata=None,
    )


def _of_size(exif: bytes, sides: tuple[int, int]) -> bytes:
    """Return EXIF that speaks of a picture of this height and width, where it speaks of its size at all."""
    if not exif:
        return exif
    tags = Image.Exif()
    tags.load(exif)
    inner = tags.get_ifd(ExifTags.IFD.Exif)
    for tag, side in ((ExifTags.Base.ExifImageHeight, sides[0]), (ExifTags.Base.ExifImageWidth, sides[1])):
        if tag in inner and inner[tag] != side:
            inner[tag] = side
    return tags.tobytes()
