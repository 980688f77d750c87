"""Arrays through the door: every layout, dtype and mistake."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latente.errors import InputError
from latente.images import Images, open_images, to_layout

RNG = np.random.default_rng(0)


def some(*shape: int, dtype: Any = np.uint8) -> np.ndarray:
    return (RNG.random(shape) * 200).astype(dtype)


@pytest.mark.parametrize(
    ("shape", "layout", "image_shape"),
    [
        ((5, 8, 9), "NHW", (1, 8, 9)),
        ((5, 8, 9, 3), "NHWC", (3, 8, 9)),
        ((5, 3, 8, 9), "NCHW", (3, 8, 9)),
        ((5, 8, 9, 1), "NHWC", (1, 8, 9)),
        ((5, 2, 8, 9), "NCHW", (2, 8, 9)),
        ((5, 17), "NF", (17,)),
    ],
)
def test_the_layout_is_found_and_results_go_back_to_it(
    shape: tuple[int, ...], layout: str, image_shape: tuple[int, ...]
) -> None:
    array = some(*shape)
    images = open_images(array)
    assert (images.layout, images.image_shape, len(images)) == (layout, image_shape, 5)
    np.testing.assert_array_equal(images.as_given(images.pixels), array)
    assert np.shares_memory(images.pixels, array)
    assert images.source == {}


@pytest.mark.parametrize("shape", [(5, 3, 8, 3), (5, 16, 32, 32), (5, 1, 8, 1), (5, 4, 4, 4)])
def test_an_array_whose_channels_cannot_be_told_asks_for_them(shape: tuple[int, ...]) -> None:
    array = some(*shape)
    with pytest.raises(InputError, match="channels='first' or channels='last'"):
        open_images(array)
    assert open_images(array, channels="first").image_shape == shape[1:]
    assert open_images(array, channels="last").image_shape == (shape[3], shape[1], shape[2])


def test_a_number_of_channels_tells_the_axis() -> None:
    assert open_images(some(5, 16, 32, 32), channels=16).layout == "NCHW"
    assert open_images(some(5, 8, 8, 12), channels=12).layout == "NHWC"
    with pytest.raises(InputError, match="no axis of 7 channels"):
        open_images(some(5, 8, 8, 12), channels=7)
    with pytest.raises(InputError, match="one channel, not 3"):
        open_images(some(5, 8, 8), channels=3)


@given(st.integers(1, 3), st.integers(1, 12), st.integers(5, 12), st.integers(5, 12))
def test_named_channels_always_open_and_come_back(count: int, channels: int, height: int, width: int) -> None:
    first = np.zeros((count, channels, height, width), np.float32)
    assert open_images(first, channels="first").image_shape == (channels, height, width)
    last = np.ascontiguousarray(first.transpose(0, 2, 3, 1))
    images = open_images(last, channels="last")
    assert images.image_shape == (channels, height, width)
    assert to_layout(images.pixels, "NHWC").shape == last.shape


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "uint16", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
)
def test_every_dtype_of_numbers_stays_what_it_is(dtype: str) -> None:
    array = some(4, 8, 8, dtype=dtype)
    images = open_images(array)
    assert images.pixels.dtype == dtype
    np.testing.assert_array_equal(images.pixels[:, 0], array)


def test_foreign_byte_order_becomes_native() -> None:
    array = some(4, 8, 8, dtype=">f4")
    images = open_images(array)
    assert images.pixels.dtype == np.float32
    np.testing.assert_array_equal(images.pixels[:, 0], array)


def test_a_torch_tensor_is_taken_as_it_is_channels_first_where_it_cannot_be_told() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.rand(4, 16, 32, 32, requires_grad=True)
    images = open_images(tensor)
    assert images.layout == "NCHW"
    np.testing.assert_array_equal(images.pixels, tensor.detach().numpy())
    assert open_images(torch.zeros(2, 3, 8, 8, dtype=torch.bfloat16)).pixels.dtype == np.float32


def test_nested_lists_and_whatever_becomes_an_array_are_taken() -> None:
    assert open_images([[0.5, 1.0], [0.0, 0.25]]).image_shape == (2,)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5), r"shape \(5\)"),
        (np.zeros((2, 2, 2, 2, 2)), r"2x2x2x2x2"),
        (np.zeros((0, 8, 8)), "empty"),
        (np.zeros((4, 0, 8)), "empty"),
        (np.zeros((2, 8, 8), complex), "complex128"),
        (np.array([["a", "b"]]), "give integers, floats or booleans"),
        (np.array([[object(), None]]), "object"),
        (np.zeros((2, 8, 8), "datetime64[s]"), "datetime64"),
        ([[1, 2], [3]], "cannot be read as an array"),
        (np.zeros((480, 640, 3), np.uint8), r"looks like one image; give array\[None\]"),
        (None, "shape"),
        (object(), "shape"),
    ],
)
def test_what_is_no_array_of_images_is_refused_in_one_line(array: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        open_images(array)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_with_their_place(value: float) -> None:
    array = some(9000, 2, 4, dtype=np.float32)
    array[7001, 1, 3] = value
    with pytest.raises(InputError, match=r"NaN or infinity: first at \(7001, 1, 3\)"):
        open_images(array)


def test_one_image_and_constant_images_are_no_mistake() -> None:
    assert len(open_images(np.zeros((1, 8, 8), np.uint8))) == 1
    assert open_images(np.full((10, 3, 8, 8), 7.5)).image_shape == (3, 8, 8)


def test_labels_stand_beside_the_images() -> None:
    images = open_images(some(4, 8, 8), labels=[2, 0, 1, 2])
    np.testing.assert_array_equal(images.labels, [2, 0, 1, 2])
    images = open_images(some(3, 8, 8), labels=["dog", "cat", "dog"])
    assert images.label_names == ("cat", "dog")
    np.testing.assert_array_equal(images.labels, [1, 0, 1])
    assert images.scan.classes == {"cat": 1, "dog": 2}


@pytest.mark.parametrize("labels", [[1, 2], [0.5, 1.5, 2.0], [[1, 2], [3, 4], [5, 6]]])
def test_labels_of_another_number_or_kind_are_refused(labels: Any) -> None:
    with pytest.raises(InputError, match="labels"):
        open_images(some(3, 8, 8), labels=labels)


def test_count_draws_a_sample_by_the_seed_in_order() -> None:
    array = np.arange(100, dtype=np.float64).reshape(100, 1) / 100
    first, again, other = (open_images(array, count=10, seed=seed).pixels[:, 0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (np.diff(first) > 0).all()
    assert len(open_images(array, count=1000)) == 100


def test_size_scales_arrays_as_it_scales_pictures() -> None:
    smooth = np.linspace(0, 1, 32)[None, None, :] * np.linspace(0, 1, 32)[None, :, None]
    images = open_images(smooth, size=16)
    assert images.image_shape == (1, 16, 16)
    np.testing.assert_allclose(images.pixels[0, 0], smooth[0].reshape(16, 2, 16, 2).mean(axis=(1, 3)), atol=0.01)
    whole = some(3, 8, 8)
    np.testing.assert_array_equal(open_images(whole, size=4, crop=4).pixels[:, 0], whole[:, 2:6, 2:6])
    assert open_images(whole, size=8).pixels.base is not None


def test_the_scan_says_what_came_in() -> None:
    scan = open_images(some(6, 8, 9, 3), count=2).scan
    assert (scan.total, scan.count) == (6, 2)
    assert scan.choice == "8x9, 3 channels, uint8"


def test_images_come_back_as_they_are() -> None:
    images = open_images(some(2, 8, 8))
    assert isinstance(images, Images)
    assert open_images(images) is images


def test_an_array_has_no_parts() -> None:
    with pytest.raises(InputError, match="has no parts"):
        open_images(some(2, 8, 8), split="test")


def test_torch_is_not_imported_to_look_at_an_array() -> None:
    import subprocess

    program = "import numpy, sys; from latente.images import open_images; open_images(numpy.zeros((2, 8, 8)));"
    program += "assert not {'torch', 'sklearn', 'matplotlib', 'PIL'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", program], check=True)
