"""Picture files of more than 8 bits a channel: every value comes out as it lies in the file, and its depth with it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from images.corpus import encode, picture, png_of
from latente.images.damage import Damaged
from latente.images.deep import in_channels, upright
from latente.images.reading import read_frames, read_headers, read_masks, read_picture
from latente.images.sizing import Header, Target

CHANNELS = {0: 1, 4: 2, 2: 3, 6: 4}  # of PNG's colour types


def values(dtype: str, *shape: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(3, 10, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def tiff(array: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    kind = "rgb" if array.ndim == 3 and array.shape[2] in (3, 4) else "minisblack"
    alpha = ["unassalpha"] if array.ndim == 3 and array.shape[2] in (2, 4) else None
    tifffile.imwrite(file, array, **{"photometric": kind, "extrasamples": alpha, **options})
    return file.getvalue()


def png(array: np.ndarray, chunks: bytes = b"") -> bytes:
    """A PNG file of 16 bits, each line of which is told by its difference from the pixel on the left."""
    height, width = array.shape[:2]
    colour = {channels: colour for colour, channels in CHANNELS.items()}[array[0, 0].size]
    own = 2 * array[0, 0].size  # bytes of a pixel
    lines = np.frombuffer(array.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    differences = lines - np.pad(lines, ((0, 0), (own, 0)))[:, :-own]
    data = png_of(width, height, 16, colour, b"".join(b"\1" + line.tobytes() for line in differences))
    return data[:33] + chunks + data[33:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def read_header(data: bytes) -> Header:
    return read_headers(io.BytesIO(data), "a")[0]


def header_of(data: bytes) -> tuple[str, int | None]:
    header = read_header(data)
    return header.dtype, header.depth


def read(data: bytes, channels: int = 1) -> np.ndarray:
    """The picture (H, W, C) as its header says that it is."""
    header = read_header(data)
    return read_picture(data, Target(header.size, channels, header.dtype)).transpose(1, 2, 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_of_grey_are_kept(kind: str) -> None:
    array = values("uint16", 12, 9)
    data = encode(Image.fromarray(array), kind)
    assert header_of(data) == ("uint16", None)
    np.testing.assert_array_equal(read(data)[..., 0], array)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_sixteen_bits_of_colour_are_kept(channels: int) -> None:
    array = values("uint16", 12, 9, channels)
    files = [png(array), tiff(array), tiff(array, byteorder=">"), tiff(array, compression="zlib", predictor=True)]
    for data in files:
        assert header_of(data) == ("uint16", None)
        assert read_header(data).grey == (channels == 2)
        np.testing.assert_array_equal(read(data, channels), array)


@pytest.mark.parametrize("shape", [(12, 9), (12, 9, 3)])
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_files_of_any_numbers_open_as_what_they_are_and_floats_as_float32(
    dtype: str, shape: tuple[int, ...], order: str
) -> None:
    array = values(dtype, *shape)
    data = tiff(array, byteorder=order)
    expected = np.float32 if array.dtype.kind == "f" else array.dtype
    assert header_of(data) == (np.dtype(expected).name, None)
    np.testing.assert_array_equal(read(data, array[0, 0].size).reshape(shape), array.astype(expected))


def test_planes_that_lie_one_after_the_other_are_put_together() -> None:
    array = values("float32", 3, 12, 9)
    file = io.BytesIO()
    tifffile.imwrite(file, array, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read(file.getvalue(), 3), array.transpose(1, 2, 0))


def test_a_depth_stated_by_the_header_is_known() -> None:
    deep = Image.fromarray(np.arange(1024, 1124, dtype=np.uint16).reshape(10, 10))
    grey, colour = np.asarray(deep), np.dstack([np.asarray(deep)] * 3)
    info = PngInfo()
    info.add(b"sBIT", bytes([12]))
    assert header_of(encode(deep, "PNG", pnginfo=info)) == ("uint16", 12)
    assert header_of(png(colour, chunk(b"sBIT", bytes([10, 11, 10])))) == ("uint16", 11)
    assert header_of(tiff(grey, extratags=[(281, "H", 1, 4095, True)])) == ("uint16", 12)
    assert header_of(tiff(colour.astype(np.float32), extratags=[(281, "H", 1, 4095, True)])) == ("float32", None)
    assert header_of(png(grey, chunk(b"sBIT", bytes([200])))) == ("uint16", None)  # more than there are
    assert header_of(tiff(grey, extratags=[(281, "I", 1, 2**31, True)])) == ("uint16", None)
    assert header_of(pgm(grey, 4095)) == ("uint16", 12)
    assert header_of(pgm(grey, 1123)) == ("uint16", 11)
    assert header_of(packed(grey)) == ("uint16", 12)
    assert header_of(encode(picture(0), "PNG")) == ("uint8", None)


@pytest.mark.parametrize("most", [1123, 4095, 65535])
def test_values_of_a_pgm_file_are_those_that_lie_in_it(most: int) -> None:
    array = np.linspace(0, most, 120).astype(np.uint16).reshape(10, 12)
    np.testing.assert_array_equal(read(pgm(array, most))[..., 0], array)


def test_twelve_bits_packed_into_a_tiff_file_come_out() -> None:
    array = values("uint16", 8, 10) >> 4
    np.testing.assert_array_equal(read(packed(array))[..., 0], array)


def pgm(array: np.ndarray, most: int) -> bytes:
    return b"P5\n%d %d\n%d\n" % (array.shape[1], array.shape[0], most) + array.astype(">u2").tobytes()


def packed(array: np.ndarray) -> bytes:
    """A TIFF file of 12 bits a sample, by hand: no writer at hand packs them."""
    bits = (array[..., None] >> np.arange(11, -1, -1)) & 1
    data = np.packbits(bits.reshape(len(array), -1).astype(np.uint8), axis=1).tobytes()
    height, width = array.shape
    entries = [(256, 4, width), (257, 4, height), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 1)]
    entries += [(278, 4, height), (279, 4, len(data))]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4)).ljust(200, b"\0") + data


def test_eight_bits_among_deeper_pictures_reach_their_peak() -> None:
    array = np.arange(256, dtype=np.uint8).reshape(16, 16)
    deep = read_picture(encode(Image.fromarray(array), "PNG"), Target((16, 16), 1, "uint16", depth=12))
    np.testing.assert_array_equal(deep[0], np.rint(array * (4095 / 255)))


def test_scaling_stays_within_the_values_of_the_picture() -> None:
    array = np.where(np.arange(40) < 20, 0, 4095).astype(np.uint16)[None].repeat(40, axis=0)
    scaled = read_picture(tiff(array), Target((16, 16), 1, "uint16"))
    assert (scaled.min(), scaled.max()) == (0, 4095)


def test_deep_pictures_are_cut_as_shallow_ones_are() -> None:
    array = values("uint16", 40, 30)
    cut = read_picture(tiff(array), Target((20, 20), 1, "uint16", crop=(20, 20)))
    np.testing.assert_array_equal(cut[0], array[10:30, 5:25])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pictures_are_turned_upright(orientation: int) -> None:
    shown = values("uint16", 6, 4)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # as Pillow counts
    image = Image.fromarray(shown.astype(np.int32))
    lain = np.asarray(image.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else image, np.uint16)
    np.testing.assert_array_equal(upright(lain, orientation), shown)
    tag = [(274, "H", 1, orientation, True)]
    exif = Image.Exif()
    exif[0x0112] = orientation
    files = [tiff(lain, extratags=tag), tiff(lain.astype(np.float64), extratags=tag)]
    for data in [*files, encode(Image.fromarray(lain), "PNG", exif=exif)]:
        assert read_header(data).size == (6, 4)
        np.testing.assert_array_equal(read(data)[..., 0], shown)


def test_channels_become_others_in_the_depth_that_holds_them() -> None:
    grey = np.full((2, 2), 4000, np.uint16)
    assert in_channels(grey, 3)[0, 0].tolist() == [4000] * 3
    assert in_channels(grey, 4)[0, 0].tolist() == [4000, 4000, 4000, 4095]
    colour = np.full((2, 2, 3), (1000, 2000, 4000), np.uint16)
    assert in_channels(colour, 1)[0, 0].tolist() == [round(0.299 * 1000 + 0.587 * 2000 + 0.114 * 4000)]
    half = np.full((2, 2, 4), (4095, 0, 0, 2047), np.uint16)
    half[0, 0, 3] = 4095
    assert in_channels(half, 3)[0, 0].tolist() == [4095, 0, 0]
    assert in_channels(half, 3)[1, 1].tolist() == [4095, 2048, 2048]


def test_a_transparent_level_of_sixteen_bits_is_laid_on_white() -> None:
    array = values("uint16", 4, 4)
    array[0, 0] = 0
    data = png(array, chunk(b"tRNS", struct.pack(">H", 0)))
    assert read(data)[0, 0] == 65535
    colour = np.dstack([array] * 3)
    assert read(png(colour, chunk(b"tRNS", bytes(6))), 3)[0, 0].tolist() == [65535] * 3


def test_a_mask_of_floats_holds_ones_where_it_is_not_zero() -> None:
    array = np.zeros((6, 6), np.float32)
    array[2, 3] = 0.25
    assert np.argwhere(read_masks(tiff(array), {None: Target((6, 6), 1)}, "a.tif")[0][0]).tolist() == [[2, 3]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (tiff(np.full((4, 4), np.nan, np.float32)), "NaN or infinity"),
        (tiff(np.full((4, 4), 1e300)), "NaN or infinity"),
        (tiff(values("float64", 30, 30))[:-500], "decoded"),
        (tiff(values("uint16", 4, 4)), "uint16 values, the others float32"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        read_picture(data, Target((4, 4), 1, "float32"))


def test_a_way_of_packing_that_is_not_read_says_what_to_do() -> None:
    data = bytearray(packed(values("uint16", 8, 8) >> 4))
    place = data.index(struct.pack("<HHII", 258, 3, 1, 12))
    data[place : place + 12] = struct.pack("<HHII", 258, 3, 1, 10)
    with pytest.raises(Damaged, match=r"10 bits a sample, packed; save it without that, or as a \.npy array"):
        read_picture(bytes(data), Target((8, 8), 1, "uint16"))


def test_jpeg_2000_keeps_its_depth() -> None:
    array = values("uint16", 16, 16)
    data = encode(Image.fromarray(array), "JPEG2000")
    assert header_of(data) == ("uint16", None)
    np.testing.assert_array_equal(read(data)[..., 0], array)
    place = data.index(b"\xff\x4f\xff\x51") + 42
    assert header_of(data[:place] + bytes([11]) + data[place + 1 :]) == ("uint16", 12)


def test_the_frames_of_a_deep_file_are_pictures_each() -> None:
    for array in (values("float64", 3, 5, 6), values("uint16", 3, 5, 6)):
        data = tiff(array, photometric="minisblack")
        assert [header.frames for header in read_headers(io.BytesIO(data), "a.tif", every_frame=True)] == [3] * 3
        target = Target((5, 6), 1, "uint16" if array.dtype == np.uint16 else "float32")
        frames = read_frames(data, {0: target, 2: target}, "a.tif")
        np.testing.assert_array_equal(np.stack(frames)[:, 0], array[[0, 2]].astype(target.dtype))
