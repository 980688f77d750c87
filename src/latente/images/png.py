"""PNG files chunk by chunk: their checksums, what stands behind the pixels, and files of 16 bits in all channels."""

from __future__ import annotations

import io
import struct
import zlib
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from latente.images.damage import Damaged
from latente.languages import say

__all__ = [
    "check_sums",
    "read_late_chunks",
    "write_deep_png",
]

_MAGIC = b"\x89PNG\r\n\x1a\n"
_LATE = (b"eXIf", b"iTXt", b"zTXt", b"tEXt")  # chunks behind the pixels that may say which way is up
_UP, _ROWS_AT_ONCE = 2, 256  # the filter that leaves of each row its difference from the one above
_END = b"\0\0\0\0IEND\xaeB`\x82"


def check_sums(data: bytes) -> None:
    """Hold a PNG file's chunks against their checksums, which decoding alone passes over."""
    if not data.startswith(_MAGIC):
        return
    if _END not in data:
        raise Damaged(say("truncated: the end of the file is missing"))
    # by hand: Pillow's own check opens the file once more, which took a third of the time that a small picture takes
    place, kind = len(_MAGIC), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 8 + length
        if end + 12 > len(data) and kind != b"IEND":
            raise Damaged(say("broken PNG file: a part of it reaches beyond its end"))
        if struct.unpack_from(">I", data, end)[0] != zlib.crc32(data[place + 4 : end]):
            raise Damaged(say("broken PNG file: a wrong checksum in {part}", part=repr(kind.decode("latin-1"))))
        place = end + 4


def read_late_chunks(image: Image.Image) -> None:
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
    if kind in _LATE:
        file.seek(pixels)
        image.load()


def write_deep_png(
    file: BinaryIO,
    values: np.ndarray,
    depth: int,
    *,
    exif: bytes = b"",
    xmp: bytes = b"",
    icc: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write (H, W, C) values of 16 bits as a PNG file: grey, grey and alpha, RGB, or RGBA (ISO/IEC 15948).

    Pillow, which else writes our pictures, keeps 16 bits of single channels alone. depth: the bits that the values use,
    which an sBIT chunk states. exif: as Pillow returns it. dpi: pixels an inch, across and down.
    """
    height, width, channels = values.shape

    def chunk(kind: bytes, content: bytes) -> None:
        file.write(struct.pack(">I", len(content)) + kind + content)
        file.write(struct.pack(">I", zlib.crc32(kind + content)))

    file.write(_MAGIC)
    chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0))
    if icc:
        chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if depth < 16:
        chunk(b"sBIT", bytes([depth] * channels))
    if dpi is not None:
        across, down = (round(number / 0.0254) for number in dpi)  # an inch in metres
        chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if exif:
        chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    if xmp:
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    packing = zlib.compressobj(6)
    above = np.zeros((1, width * channels * 2), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = np.ascontiguousarray(values[top : top + _ROWS_AT_ONCE].astype(">u2")).view(np.uint8)
        rows = rows.reshape(len(rows), -1)
        filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
        filtered[:, 0] = _UP
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        if packed := packing.compress(filtered.tobytes()):
            chunk(b"IDAT", packed)
        above = rows[-1:]
    chunk(b"IDAT", packing.flush())
    chunk(b"IEND", b"")
