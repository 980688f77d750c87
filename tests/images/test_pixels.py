"""Every kind of pixels comes out right."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from images.corpus import as_it_is, encode, picture
from latente.images.reading import read_masks, read_picture
from latente.images.sizing import Target


def read_mask(data: bytes, target: Target) -> np.ndarray:
    [mask] = read_masks(data, {None: target}, "mask.png")
    return mask


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
