"""Pixels of rare kinds come out as an independent reading of the same file has them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from skimage.color import lab2xyz, xyz2rgb

from images.corpus import encode
from latente.images.damage import Damaged
from latente.images.reading import read_headers, read_picture
from latente.images.sizing import Target

RNG = np.random.default_rng(0)


def png(pixels: np.ndarray, depth: int, colour: int, **chunks: bytes) -> bytes:
    """A PNG file by hand from (H, W, C) values of `depth` bits; chunks: what stands before the pixels, or behind."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    if depth == 16:
        lines = [row.astype(">u2").tobytes() for row in rows]
    else:
        bits = np.unpackbits(rows.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :].reshape(height, -1)
        lines = [np.packbits(row).tobytes() for row in bits]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    before = b"".join(chunk(kind.encode(), data) for kind, data in chunks.items() if kind != "after")
    behind = chunk(chunks["after"][:4], chunks["after"][4:]) if "after" in chunks else b""
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in lines)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + body + behind + chunk(b"IEND", b"")


def tiff(pixels: np.ndarray, photometric: int, *extra: tuple[int, int, int]) -> bytes:
    """A plain little-endian TIFF file by hand; extra: further tags (number, type, value)."""
    height, width, samples = pixels.shape
    bits = pixels.dtype.itemsize * 8
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    tags = {256: (4, width), 257: (4, height), 259: (3, 1), 262: (3, photometric), 273: (4, 8), 277: (3, samples)}
    tags |= {278: (4, height), 279: (4, len(data)), **{number: (kind, value) for number, kind, value in extra}}
    place = 8 + len(data)
    depths = struct.pack(f"<{samples}H", *[bits] * samples)
    entries = [struct.pack("<HHII", number, kind, 1, value) for number, (kind, value) in tags.items()]
    first = bits if samples == 1 else bits | bits << 16 if samples == 2 else place
    entries.append(struct.pack("<HHII", 258, 3, samples, first))
    entries.sort(key=lambda entry: struct.unpack("<H", entry[:2]))
    start = place + len(depths)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", start) + data + depths + directory


def read(data: bytes, channels: int, deep: bool = False) -> np.ndarray:
    """The pixels (H, W, C), as the door gives them where a picture keeps its size."""
    [header] = read_headers(io.BytesIO(data), "a")
    return read_picture(data, Target(header.size, channels, "uint16" if deep else "uint8")).transpose(1, 2, 0)


def on_white(colour: np.ndarray, alpha: np.ndarray, most: int) -> np.ndarray:
    share = alpha.astype(np.float64) / most
    return np.rint(colour * share + most * (1 - share))


GREY_ALPHA = RNG.integers(0, 65536, (9, 7, 2), dtype=np.uint16)
BYTES = RNG.integers(0, 256, (9, 7, 4), dtype=np.uint8)


def test_sixteen_bits_of_grey_with_alpha_are_laid_on_white_at_full_depth() -> None:
    data = png(GREY_ALPHA, 16, 4)
    [header] = read_headers(io.BytesIO(data), "a.png")
    assert (header.dtype, header.grey, header.mode) == ("uint16", True, "LA of 16 bits")
    expected = on_white(GREY_ALPHA[..., :1], GREY_ALPHA[..., 1:], 65535)
    np.testing.assert_array_equal(read(data, 1, deep=True), expected)
    np.testing.assert_allclose(read(data, 3), np.repeat(expected / 257, 3, axis=-1), atol=0.51)


@pytest.mark.parametrize("channels", [2, 4])
def test_sixteen_bits_of_grey_with_alpha_keep_both_in_eight(channels: int) -> None:
    grey, alpha = np.rint(GREY_ALPHA / 257).transpose(2, 0, 1)
    pixels = read(png(GREY_ALPHA, 16, 4), channels)
    np.testing.assert_array_equal(pixels[..., 0], grey)
    np.testing.assert_array_equal(pixels[..., -1], alpha)


def test_the_transparent_one_of_65536_greys_is_white_and_no_other() -> None:
    values = np.array([[[0], [300], [301], [65535]]], np.uint16)
    data = png(values, 16, 0, tRNS=struct.pack(">H", 300))
    assert read(data, 1, deep=True).ravel().tolist() == [0, 65535, 301, 65535]
    assert read(data, 1).ravel().tolist() == [0, 255, 1, 255]
    assert read(data, 2)[..., 1].ravel().tolist() == [255, 0, 255, 255]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_transparent_grey_of_few_bits_is_white_and_no_other(depth: int) -> None:
    most = 2**depth - 1
    values = np.arange(2**depth, dtype=np.uint16).reshape(1, -1, 1) if depth < 8 else BYTES[..., :1].astype(np.uint16)
    clear = int(values[0, -2, 0])
    expected = np.where(values == clear, 255, values * (255 // most))
    np.testing.assert_array_equal(read(png(values, depth, 0, tRNS=struct.pack(">H", clear)), 1), expected)


def test_a_transparent_colour_of_sixteen_bits_is_that_one_and_none_that_begins_like_it() -> None:
    values = np.array([[[0x1234, 0x5678, 0x9ABC], [0x12FF, 0x56FF, 0x9AFF], [0x1234, 0x5678, 0x9ABD]]], np.uint16)
    data = png(values, 16, 2, tRNS=struct.pack(">3H", 0x1234, 0x5678, 0x9ABC))
    assert read(data, 4)[0, :, 3].tolist() == [0, 255, 255]
    assert read(data, 3)[0].tolist() == [[255] * 3, [0x13, 0x57, 0x9A], [0x12, 0x56, 0x9A]]  # rounded


@pytest.mark.parametrize("samples", [2, 4])
def test_colours_multiplied_by_their_alpha_are_divided_by_it_again(samples: int) -> None:
    straight = BYTES[..., -samples:].copy()
    straight[..., -1] = np.maximum(straight[..., -1], 100)  # where there is little alpha, little is left to divide
    alpha = straight[..., -1:].astype(np.float64)
    multiplied = straight.copy()
    multiplied[..., :-1] = np.rint(straight[..., :-1] * alpha / 255)
    data = tiff(multiplied, 2 if samples == 4 else 1, (338, 3, 1))
    pixels = read(data, samples).astype(int)
    np.testing.assert_array_equal(pixels[..., -1], straight[..., -1])
    np.testing.assert_allclose(pixels[..., :-1], straight[..., :-1], atol=2)
    whitened = read(data, 3 if samples == 4 else 1).astype(int)
    np.testing.assert_allclose(whitened, multiplied[..., :-1] + (255 - alpha), atol=2)


def test_lab_colours_become_those_of_the_screen() -> None:
    lab = np.array([[[255, 0, 0], [0, 0, 0], [128, 0, 0], [138, 81, 70], [224, 177, 81], [82, 68, 144]]], np.uint8)
    values = np.concatenate([lab[..., :1] / 2.55, lab[..., 1:].astype(np.int8)], axis=-1)
    bradford = [
        [0.9555766, -0.0230393, 0.0631636],
        [-0.0282895, 1.0099416, 0.0210077],
        [0.0122982, -0.0204830, 1.3299098],
    ]
    expected = 255 * xyz2rgb(lab2xyz(values, illuminant="D50") @ np.transpose(bradford))
    np.testing.assert_allclose(read(tiff(lab, 8), 3), expected, atol=2)
    np.testing.assert_allclose(read(tiff(lab, 8), 1)[..., 0], expected @ [0.299, 0.587, 0.114], atol=2)


def test_ycbcr_becomes_the_colours_that_it_stands_for() -> None:
    pixels = BYTES[..., :3]
    y, cb, cr = np.moveaxis(pixels.astype(np.float64), -1, 0) - np.array([0, 128, 128])[:, None, None]
    expected = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1).clip(0, 255)
    whole = tiff(pixels, 6, (530, 3, 1 | 1 << 16))
    # the tag holds two numbers of 16 bits
    whole = whole.replace(struct.pack("<HHII", 530, 3, 1, 1 | 1 << 16), struct.pack("<HHII", 530, 3, 2, 1 | 1 << 16))
    np.testing.assert_allclose(read(whole, 3), expected, atol=1)
    with pytest.raises(Damaged, match="subsampled without JPEG"):
        read(tiff(pixels, 6), 3)


def test_inks_become_the_colours_that_they_print() -> None:
    inks = BYTES.astype(np.float64)
    expected = (255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255
    np.testing.assert_allclose(read(tiff(BYTES, 5), 3), expected, atol=1)
    np.testing.assert_allclose(read(tiff(BYTES, 5), 1)[..., 0], expected @ [0.299, 0.587, 0.114], atol=2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_files_in_which_zero_is_white_are_turned_round(dtype: type[np.unsignedinteger]) -> None:
    values = RNG.integers(0, np.iinfo(dtype).max, (9, 7, 1)).astype(dtype)
    deep = dtype == np.uint16
    np.testing.assert_array_equal(read(tiff(values, 0), 1, deep), np.iinfo(dtype).max - values)
    np.testing.assert_array_equal(read(tiff(values, 1), 1, deep), values)


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
TURNED = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)


@pytest.mark.parametrize("place", ["iTXt", "after"])
def test_the_way_up_that_xmp_states_in_a_png_file_counts_wherever_it_stands(place: str) -> None:
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP
    data = png(TURNED, 8, 0, **{place: b"iTXt" + text if place == "after" else text})
    pixels = read(data, 1)
    np.testing.assert_array_equal(pixels, np.rot90(TURNED, -1))


def test_exif_behind_the_pixels_counts_for_the_size_as_well() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = png(TURNED, 8, 0, after=b"eXIf" + exif.tobytes()[6:])
    np.testing.assert_array_equal(read(data, 1), np.rot90(TURNED, -1))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_the_way_up_that_xmp_states_counts_in_other_formats(kind: str) -> None:
    upright = Image.fromarray(np.repeat(np.repeat(TURNED[..., 0] * 20, 8, axis=0), 8, axis=1))
    [header] = read_headers(io.BytesIO(encode(upright.convert("RGB"), kind, xmp=XMP)), "a")
    assert header.size == (32, 24)
