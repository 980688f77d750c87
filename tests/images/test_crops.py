"""The centre of pictures: inside the picture for every shape and target, and the same for files and arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from images.corpus import encode
from latente.images.crops import centre_box, cropped
from latente.images.options import DoorOptions
from latente.images.reading import read_picture
from latente.images.sizing import Target, resize_arrays

Size = tuple[int, int]

targets = st.integers(8, 512)
shapes = st.tuples(st.integers(1, 400), st.integers(1, 400))
sizes = st.tuples(targets, targets) | targets.map(lambda side: (side, side))
crops = st.none() | shapes


def test_for_all_targets_the_box_lies_in_the_crop_around_the_centre_and_is_as_large_as_it_can_be() -> None:
    rng = np.random.default_rng(0)
    for side in range(8, 513):
        for other in (side, int(rng.integers(8, 513))):
            height, width, *crop = rng.integers(1, 6000, 4).tolist()
            for window in (None, tuple(crop)):
                cut = cropped((height, width), window)
                left, top, right, bottom = centre_box((height, width), window, (side, other))
                assert 0 <= left < right <= width
                assert 0 <= top < bottom <= height
                across, down = right - left, bottom - top
                assert across == pytest.approx(cut[1]) or down == pytest.approx(cut[0])
                assert across <= cut[1] + 1e-9
                assert down <= cut[0] + 1e-9
                assert across * side == pytest.approx(down * other)
                assert left + right == pytest.approx(width, abs=1)
                assert top + bottom == pytest.approx(height, abs=1)


@given(shapes, crops)
def test_a_picture_of_the_targets_size_is_cut_on_whole_pixels(sides: Size, crop: Size | None) -> None:
    size = cropped(sides, crop)
    left, top, right, bottom = centre_box(sides, crop, size)
    assert (bottom - top, right - left) == size
    assert (left, top) == ((sides[1] - size[1]) // 2, (sides[0] - size[0]) // 2)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@given(shapes, sizes, crops)
@example((300, 225), (224, 224), None)
@example((300, 400), (8, 8), None)
def test_every_picture_file_can_be_brought_to_every_size(kind: str, sides: Size, size: Size, crop: Size | None) -> None:
    data = encode(Image.new("L", sides[::-1], 77), kind)
    pixels = read_picture(data, Target(size, 1, crop=crop))
    np.testing.assert_array_equal(pixels, np.full((1, *size), 77))


@given(shapes, sizes, crops, st.sampled_from(["uint8", "uint16", "float32"]))
@example((300, 225), (224, 224), None, "float32")
def test_every_array_can_be_brought_to_every_size(sides: Size, size: Size, crop: Size | None, dtype: str) -> None:
    pixels = resize_arrays(np.full((1, 1, *sides), 77, dtype), DoorOptions(size=size, crop=crop))
    np.testing.assert_array_equal(pixels, np.full((1, 1, *size), 77, dtype))


@given(st.tuples(st.integers(40, 400), st.integers(40, 400)), sizes)  # smaller ramps are too steep to compare
@example((300, 225), (224, 224))
def test_a_file_and_an_array_are_cut_and_scaled_alike(sides: Size, size: Size) -> None:
    ramp = np.add.outer(np.linspace(0, 120, sides[0]), np.linspace(0, 120, sides[1]))
    values = np.rint(ramp).astype(np.uint8)
    from_file = read_picture(encode(Image.fromarray(values), "PNG"), Target(size, 1))
    from_array = resize_arrays(values[None, None], DoorOptions(size=size))[0]
    assert np.abs(from_file.astype(int) - from_array).max() <= 8  # files are rounded between the two directions
