"""Images of another number of bits are brought to the units that a model was fitted on, or refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from latente.errors import InputError
from latente.images import Images, Photographs, Scaling
from latente.images.depth import in_units_of, warn_of_other_units

EIGHT = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)


def fitted(depth: int, dtype: str = "uint16") -> Scaling:
    return Scaling((0.0,), (2.0**depth - 1,), dtype, bounded=True)


def stated(values: np.ndarray, depth: int | None) -> Images:
    return Images(values.astype(np.uint16), depth=depth)


def test_images_in_the_units_of_the_training_stay_what_they_are() -> None:
    for images, scaling in [
        (Images(EIGHT), fitted(8, "uint8")),
        (stated(EIGHT, 12), fitted(12)),
        (stated(EIGHT, None), fitted(12)),
        (Images(EIGHT.astype(np.float32)), fitted(8, "uint8")),  # which has no depth
        (Images(EIGHT), Scaling((0.0,), (1.0,), "float32", bounded=True)),
        (Images(EIGHT.reshape(16, 16).astype(np.uint16)), fitted(8, "uint8")),  # a table
    ]:
        assert in_units_of(images, scaling) is images


@pytest.mark.parametrize(("depth", "factor"), [(8, 1.0), (16, 257.0), (12, 4095 / 255)])
def test_eight_bits_become_more_without_a_loss(depth: int, factor: float) -> None:
    images = in_units_of(Images(EIGHT), fitted(depth))
    np.testing.assert_array_equal(images.pixels, np.rint(EIGHT * factor))
    assert (images.dtype, images.depth) == (np.uint16, depth)
    np.testing.assert_array_equal(in_units_of(images, fitted(8, "uint8")).pixels, EIGHT)


def test_booleans_are_black_and_white() -> None:
    images = in_units_of(Images(EIGHT > 100), fitted(12))
    np.testing.assert_array_equal(images.pixels, np.where(EIGHT > 100, 4095, 0))


def test_a_depth_that_files_state_is_converted_also_within_a_dtype() -> None:
    images = in_units_of(stated(np.full((1, 1, 2, 2), 4095), 12), fitted(16))
    assert (images.pixels == 65535).all()


def test_where_levels_are_lost_a_warning_says_so_and_where_none_are_none_does() -> None:
    with pytest.warns(UserWarning, match=r"has 12 bits, the images of the training 8: .* 0 to 4,095 to 0 to 255"):
        images = in_units_of(stated(np.arange(4096).reshape(1, 1, 64, 64), 12), fitted(8, "uint8"))
    np.testing.assert_array_equal(images.pixels.ravel(), np.rint(np.arange(4096) * 255 / 4095))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(in_units_of(stated(EIGHT * 257.0, 16), fitted(8, "uint8")).pixels, EIGHT)


def test_values_that_nothing_but_sixteen_bits_holds_have_sixteen() -> None:
    np.testing.assert_array_equal(in_units_of(stated(EIGHT * 257.0, None), fitted(8, "uint8")).pixels, EIGHT)


@pytest.mark.parametrize("scaling", [fitted(8, "uint8"), fitted(10)])
def test_a_depth_that_cannot_be_told_is_refused_with_the_cure(scaling: Scaling) -> None:
    with pytest.raises(InputError, match=r"uint16 up to 4,080, and nothing states .* bring them to that range"):
        in_units_of(stated(EIGHT * 16.0, None), scaling)


def test_targets_in_the_same_units_go_along_and_labels_do_not() -> None:
    columns = {"target": EIGHT.copy(), "label": np.array([3])}
    images = in_units_of(Images(EIGHT, columns), fitted(16))
    np.testing.assert_array_equal(images.columns["target"], EIGHT * 257.0)
    assert images.labels is not None
    assert images.labels.tolist() == [3]


def test_photographs_are_converted_with_their_targets() -> None:
    pictures = Photographs.of([EIGHT[0], EIGHT[0, :, :3]])
    images = in_units_of(Images(pictures, partners={"target": pictures}), fitted(16))
    for converted in (images.content, images.partners["target"]):
        np.testing.assert_array_equal(converted[1], EIGHT[0, :, :3] * 257.0)


@pytest.mark.parametrize(
    ("factor", "is_told"), [(1, False), (50, False), (255, True), (1 / 50, False), (1 / 255, True)]
)
def test_floats_in_other_units_than_those_of_the_training_are_told(factor: float, is_told: bool) -> None:
    values = np.linspace(0, 1, 16).reshape(1, 1, 4, 4)
    scaling = Scaling.fit(values)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_of_other_units(Images(values * factor), scaling)
        warn_of_other_units(Images(values.reshape(4, 4) * factor), scaling)  # a table
        warn_of_other_units(Images(np.zeros((1, 1, 4, 4))), scaling)
    assert len(told) == is_told
    assert all("from 0 to 1: they seem to be in other units" in str(one.message) for one in told)
