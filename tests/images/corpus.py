"""Makes picture files: sound ones, and damaged and odd ones with what the door must make of each."""

from __future__ import annotations

import dataclasses
import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from latente.images.reading import read_headers
from latente.images.sizing import Header, Target

__all__ = ["Case", "as_it_is", "cases", "encode", "picture", "png_of", "read_header", "save", "write", "zipped"]

SIDE = 24


@dataclasses.dataclass(frozen=True)
class Case:
    """One file. verdict: "good" (used, and nothing said), "odd" (used, and named), "damaged" (left out, and
    named) or "either" (a format without checksums: the decoder may or may not notice).
    """

    name: str
    data: bytes
    verdict: str


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    """A smooth picture with some noise, (width, height)."""
    rng = np.random.default_rng(seed)
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = np.stack([np.sin(3 * x + k + seed) * np.cos(2 * y - k) for k in range(3)], axis=-1)
    pixels = np.clip(128 + 90 * waves + rng.normal(0, 8, waves.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_of(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG file by hand, so that its header may say anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    magic = b"\x89PNG\r\n\x1a\n"
    return magic + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def save(folder: Path, **images: Image.Image) -> Path:
    """Write images by name; "__" in a name is a "/"."""
    for name, image in images.items():
        path = folder / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return path


def read_header(file: io.BytesIO, name: str) -> Header:
    [header] = read_headers(file, name)
    return header


def as_it_is(channels: int, height: int = 24, width: int = 24, **others: object) -> Target:
    return Target((height, width), channels, **others)


def cases() -> Iterator[Case]:
    """Yield more than 300 files: damaged, odd, and unusual but right."""
    formats = {
        "png": "PNG",
        "jpg": "JPEG",
        "gif": "GIF",
        "bmp": "BMP",
        "tif": "TIFF",
        "webp": "WEBP",
        "ppm": "PPM",
    }
    whole = {suffix: encode(picture(k), kind) for k, (suffix, kind) in enumerate(formats.items())}
    yield from _truncated(whole)
    yield from _flipped(whole)
    yield from _not_pictures(whole)
    yield from _misnamed(whole)
    yield from _too_large()
    yield from _animated()
    yield from _small()
    yield from _modes()
    for orientation in range(1, 9):
        for suffix, kind in (("jpg", "JPEG"), ("png", "PNG"), ("tif", "TIFF"), ("webp", "WEBP")):
            exif = Image.Exif()
            exif[0x0112] = orientation
            yield Case(f"exif-{orientation}.{suffix}", encode(picture(70 + orientation), kind, exif=exif), "good")
    for k, name in enumerate(
        ("žluťoučký kůň", "画像", "صورة", "🙂", "two  spaces", "quote'\"", "%41&?#", "newline\nin it")
    ):
        yield Case(f"{name}.png", encode(picture(200 + k), "PNG"), "good")


def write(folder: Path, chosen: Iterator[Case] | list[Case]) -> list[Case]:
    """Write the files, and return their cases."""
    folder.mkdir(parents=True, exist_ok=True)
    written = list(chosen)
    for case in written:
        (folder / case.name).write_bytes(case.data)
    return written


def _truncated(whole: dict[str, bytes]) -> Iterator[Case]:
    for suffix, data in whole.items():
        for percent in (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95):
            yield Case(f"cut-{percent:02}.{suffix}", data[: max(1, len(data) * percent // 100)], "damaged")
    for missing in range(1, 9):
        yield Case(f"cut-last-{missing}.png", whole["png"][:-missing], "damaged")
        yield Case(f"cut-last-{missing}.jpg", whole["jpg"][:-missing], "damaged")


def _flipped(whole: dict[str, bytes]) -> Iterator[Case]:
    rng = np.random.default_rng(5)
    for suffix, data in whole.items():
        for k, place in enumerate(rng.integers(0, len(data), 60 if suffix == "png" else 12).tolist()):
            flipped = bytearray(data)
            flipped[place] ^= 1 << (k % 8)
            # every byte of a PNG file stands under a checksum or in its magic number; the others have none
            yield Case(f"flip-{k:02}.{suffix}", bytes(flipped), "damaged" if suffix == "png" else "either")


def _not_pictures(whole: dict[str, bytes]) -> Iterator[Case]:
    rng = np.random.default_rng(6)
    for suffix in whole:
        yield Case(f"empty.{suffix}", b"", "damaged")
        yield Case(f"zeros.{suffix}", bytes(500), "damaged")
        yield Case(f"noise.{suffix}", rng.bytes(500), "damaged")
        yield Case(f"text.{suffix}", b"<html><body>404 Not Found</body></html>", "damaged")
    for suffix in ("heic", "avif", "svg", "psd"):
        yield Case(f"foreign.{suffix}", rng.bytes(500), "damaged")


def _misnamed(whole: dict[str, bytes]) -> Iterator[Case]:
    for k, (is_suffix, says) in enumerate(itertools.permutations(("png", "jpg", "gif", "bmp", "webp"), 2)):
        data = encode(picture(20 + k), {"jpg": "JPEG"}.get(is_suffix, is_suffix.upper()))
        yield Case(f"really-{is_suffix}.{says}", data, "odd")
    yield Case("png-without-suffix", encode(picture(90), "PNG"), "odd")
    yield Case("jpeg.download", encode(picture(91), "JPEG"), "odd")


def _too_large() -> Iterator[Case]:
    for width, height in (
        (60_000, 60_000),
        (2**31 - 1, 1),
        (1, 2**31 - 1),
        (12_000, 12_000),
        (0, 10),
        (10, 0),
    ):
        yield Case(f"header-{width}x{height}.png", png_of(width, height, 8, 2, b"\0" * 64), "damaged")
    bmp = bytearray(encode(picture(0), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    yield Case("header-60000x60000.bmp", bytes(bmp), "damaged")
    yield Case("header-60000x60000.ppm", b"P6\n60000 60000\n255\n" + bytes(64), "damaged")
    yield Case("bomb.png", png_of(9_000, 9_000, 1, 0, b"\0"), "damaged")  # below the limit, but nothing in it


def _animated() -> Iterator[Case]:
    frames = [picture(k) for k in range(3)]
    for suffix, kind in (("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG"), ("tif", "TIFF")):
        yield Case(f"animated.{suffix}", encode(frames[0], kind, save_all=True, append_images=frames[1:]), "odd")


def _small() -> Iterator[Case]:
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 2)):
        for suffix, kind in (("png", "PNG"), ("bmp", "BMP"), ("ppm", "PPM")):
            image = picture(width + 10 * height, size=(width, height))
            yield Case(f"small-{width}x{height}.{suffix}", encode(image, kind), "odd")
    yield Case("one-colour.png", encode(Image.new("RGB", (SIDE, SIDE), (7, 80, 200)), "PNG"), "odd")


def _modes() -> Iterator[Case]:
    deep = Image.fromarray((np.asarray(picture(31, "L"), np.uint16) * 257).astype(np.uint16))
    paletted = picture(32).quantize(16)
    for suffix, kind, image, options in (
        ("cmyk.jpg", "JPEG", picture(33, "CMYK"), {}),
        ("cmyk.tif", "TIFF", picture(34, "CMYK"), {}),
        ("16-bit.png", "PNG", deep, {}),
        ("16-bit.tif", "TIFF", deep, {}),
        ("16-bit.pgm", "PPM", deep, {}),
        ("palette.png", "PNG", paletted, {}),
        ("palette-transparent.png", "PNG", paletted, {"transparency": 3}),
        ("palette-alpha.png", "PNG", paletted, {"transparency": bytes(range(0, 256, 16))}),
        ("grey.png", "PNG", picture(35, "L"), {}),
        ("grey.jpg", "JPEG", picture(36, "L"), {}),
        ("grey-transparent.png", "PNG", picture(37, "L"), {"transparency": 9}),
        ("grey-alpha.png", "PNG", picture(38, "LA"), {}),
        ("one-bit.png", "PNG", picture(39, "1"), {}),
        ("one-bit.tif", "TIFF", picture(40, "1"), {}),
        ("rgba.png", "PNG", picture(41, "RGBA"), {}),
        ("rgba.webp", "WEBP", picture(42, "RGBA"), {}),
        ("rgba.tif", "TIFF", picture(43, "RGBA"), {}),
        ("progressive.jpg", "JPEG", picture(44), {"progressive": True}),
        ("lzw.tif", "TIFF", picture(45), {"compression": "tiff_lzw"}),
        ("interlaced.gif", "GIF", picture(46), {"interlace": 1}),
    ):
        yield Case(f"mode-{suffix}", encode(image, kind, **options), "good")
    yield Case("mode-rgb16.png", png_of(24, 24, 16, 2, (b"\0" + bytes(range(144))) * 24), "good")
    floats = Image.fromarray(np.ones((SIDE, SIDE), np.float32))
    yield Case("mode-float.tif", encode(floats, "TIFF"), "damaged")
