"""One picture file -> one array: every kind of pixels comes out right."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageFile

from images.corpus import encode, picture, png_of
from latente.images.formats import sniff
from latente.images.reading import (
    Damaged,
    pillow_rules,
    read_headers,
    read_masks,
    read_picture,
)
from latente.images.sizing import Header, Target


def read_header(file: io.BytesIO, name: str) -> Header:
    [header] = read_headers(file, name)
    return header


def read_mask(data: bytes, target: Target) -> np.ndarray:
    [mask] = read_masks(data, {None: target}, "mask.png")
    return mask


def as_it_is(channels: int, height: int = 24, width: int = 24, **others: object) -> Target:
    return Target((height, width), channels, **others)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_a_lossless_file_of_the_right_size_comes_out_pixel_for_pixel(kind: str, mode: str, channels: int) -> None:
    image = picture(1, mode, (20, 30))
    pixels = read_picture(encode(image, kind), as_it_is(channels, 30, 20))
    expected = np.asarray(image).reshape(30, 20, channels).transpose(2, 0, 1)
    np.testing.assert_array_equal(pixels, expected)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous


def test_sixteen_bits_become_eight_by_division_by_257() -> None:
    values = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    pixels = read_picture(encode(Image.fromarray(values), "PNG"), Target((16, 16), 3))
    for channel in pixels:
        np.testing.assert_array_equal(channel, np.arange(256).reshape(16, 16))


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_pixels_are_laid_on_white(channels: int) -> None:
    image = Image.new("RGBA", (24, 24), (0, 0, 0, 0))
    image.putpixel((3, 5), (0, 0, 0, 255))
    pixels = read_picture(encode(image, "PNG"), as_it_is(channels))
    assert (pixels[:, 5, 3] == 0).all()
    assert (np.delete(pixels.reshape(channels, -1), 5 * 24 + 3, axis=1) == 255).all()


def test_half_transparent_red_on_white_is_pink() -> None:
    image = Image.new("RGBA", (24, 24), (255, 0, 0, 128))
    assert read_picture(encode(image, "PNG"), as_it_is(3))[:, 0, 0].tolist() == pytest.approx([255, 127, 127], abs=1)


def test_four_channels_keep_the_transparency() -> None:
    image = picture(3, "RGBA")
    image.putalpha(picture(4, "L"))
    pixels = read_picture(encode(image, "PNG"), as_it_is(4))
    np.testing.assert_array_equal(pixels.transpose(1, 2, 0), np.asarray(image))


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    image = Image.new("P", (24, 24), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((0, 0), 0)
    pixels = read_picture(encode(image, "PNG", transparency=0), as_it_is(3))
    assert pixels[:, 0, 0].tolist() == [255, 255, 255]
    assert pixels[:, 1, 1].tolist() == [200, 100, 50]


def test_cmyk_comes_out_as_the_colours_it_prints() -> None:
    image = Image.new("CMYK", (24, 24), (0, 255, 255, 0))  # magenta and yellow ink are red
    assert read_picture(encode(image, "TIFF"), as_it_is(3))[:, 0, 0].tolist() == [255, 0, 0]


def test_one_bit_pictures_are_black_and_white() -> None:
    image = picture(5, "1")
    pixels = read_picture(encode(image, "PNG"), as_it_is(1))
    np.testing.assert_array_equal(pixels[0], np.asarray(image) * 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (32, 16), "black")
    upright.paste((255, 255, 255), (0, 0, 16, 8))  # the upper left quarter is white
    undo = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # EXIF -> the transposition that a camera did, as Pillow counts
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    data = encode(stored, kind, exif=exif, **options)
    assert read_header(io.BytesIO(data), "a").size == (16, 32)
    pixels = read_picture(data, as_it_is(1, 16, 32))[0]
    assert pixels[:7, :15].min() > 200
    assert pixels[9:].max() < 60
    assert pixels[:, 17:].max() < 60


def test_a_broken_exif_block_leaves_the_picture_as_it_is() -> None:
    data = encode(picture(6), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    with pillow_rules():
        np.testing.assert_array_equal(
            read_picture(data, as_it_is(3)), read_picture(encode(picture(6), "JPEG"), as_it_is(3))
        )


def test_another_aspect_ratio_is_cut_around_the_centre_not_squeezed() -> None:
    image = Image.new("L", (90, 30), 0)
    image.paste(255, (30, 0, 60, 30))
    assert read_picture(encode(image, "PNG"), Target((30, 30), 1)).min() == 255
    assert read_picture(encode(image, "PNG"), Target((10, 10), 1)).mean() > 240


def test_crop_cuts_the_centre_out_before_scaling() -> None:
    image = Image.new("L", (40, 40), 0)
    image.paste(255, (10, 10, 30, 30))
    assert read_picture(encode(image, "PNG"), Target((20, 20), 1, crop=(20, 20))).min() == 255
    assert read_picture(encode(image, "PNG"), Target((20, 20), 1)).min() == 0


def test_a_large_jpeg_decoded_at_reduced_size_looks_like_the_whole_one_scaled() -> None:
    image = picture(7, size=(512, 384)).resize((1024, 768), Image.Resampling.BICUBIC)
    fast = read_picture(encode(image, "JPEG", quality=95), Target((48, 48), 3))
    exact = read_picture(encode(image, "PNG"), Target((48, 48), 3))
    assert np.abs(fast.astype(int) - exact).mean() < 2


def test_masks_hold_ones_where_the_file_is_not_black() -> None:
    image = Image.new("L", (24, 24), 0)
    image.putpixel((2, 7), 1)
    image.putpixel((3, 7), 255)
    mask = read_mask(encode(image, "PNG"), as_it_is(3))
    assert mask.shape == (1, 24, 24)
    assert np.argwhere(mask[0]).tolist() == [[7, 2], [7, 3]]
    assert mask.max() == 1


@pytest.mark.parametrize(
    ("mode", "grey"), [("1", True), ("L", True), ("LA", True), ("RGB", False), ("RGBA", False), ("P", False)]
)
def test_the_header_tells_grey_from_colour(mode: str, grey: bool) -> None:
    assert read_header(io.BytesIO(encode(picture(8, mode), "PNG")), "a.png").grey == grey


def test_a_palette_of_greys_is_grey() -> None:
    image = picture(9, "L").convert("P")
    image.putpalette([level for level in range(256) for _ in range(3)])
    assert read_header(io.BytesIO(encode(image, "GIF")), "a.gif").grey


def test_a_flipped_bit_in_a_png_file_never_goes_unnoticed() -> None:
    data = encode(picture(10), "PNG")
    with pillow_rules():
        for place in range(0, len(data), 11):
            flipped = bytearray(data)
            flipped[place] ^= 1 << (place % 8)
            with pytest.raises(Damaged):
                read_picture(bytes(flipped), as_it_is(3))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (encode(picture(0), "JPEG")[:-40], "truncated"),
        (png_of(60_000, 60_000, 8, 0, b"\0"), "pixels"),
        (encode(Image.fromarray(np.full((4, 4), 70_000, np.int32)), "TIFF"), "int32 values, the others uint8"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pillow_rules(), pytest.raises(Damaged, match=reason):
        read_picture(data, as_it_is(1))


def test_a_truncated_file_is_refused_even_where_others_told_pillow_to_be_lenient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pillow_rules(), pytest.raises(Damaged):
        read_picture(encode(picture(0), "JPEG")[:600], as_it_is(3))
    with pillow_rules(), pytest.raises(Damaged, match="pixels"):
        read_header(io.BytesIO(png_of(60_000, 60_000, 8, 0, b"\0")), "a.png")
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_the_content_counts_and_a_wrong_suffix_is_named() -> None:
    data = encode(picture(11), "PNG")
    assert read_header(io.BytesIO(data), "a.PNG").odd == ""
    assert "PNG" in read_header(io.BytesIO(data), "a.jpg").odd
    assert read_header(io.BytesIO(encode(picture(11), "JPEG")), "a.jpeg").odd == ""


def test_only_formats_of_the_list_are_opened() -> None:
    with pytest.raises(Damaged, match="not a picture"):
        read_picture(encode(picture(0, "1"), "XBM"), as_it_is(3))


def test_sniffing_knows_pictures_by_their_first_bytes() -> None:
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP"):
        assert sniff(encode(picture(0), kind)[:16]), kind
    assert not sniff(b"RIFF" + struct.pack("<I", 99) + b"WAVEfmt ")
    assert not sniff(b"")


def test_what_a_decoder_would_write_to_stderr_by_itself_is_kept_back(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode(picture(1, size=(64, 64)), "TIFF", compression="tiff_deflate"))
    data[3000] ^= 0xFF
    with pytest.raises(Damaged):
        read_picture(bytes(data), as_it_is(3, 64, 64))
    assert capfd.readouterr().err, "this damage is one of which libtiff speaks"
    with pillow_rules(), pytest.raises(Damaged):
        read_picture(bytes(data), as_it_is(3, 64, 64))
    assert capfd.readouterr().err == ""
