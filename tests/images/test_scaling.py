"""The invertible map from the data's units to the network's range."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latente.errors import InputError
from latente.images import Scaling


def rows(dtype: Any, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return rng.normal(5, 20, shape).astype(dtype)
    if np.dtype(dtype).kind == "b":
        return rng.random(shape) < 0.5
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.int32) if array.dtype == np.uint16 else array)


def test_integers_of_eight_bits_are_divided_by_255_whatever_the_largest_value_that_occurs() -> None:
    scaling = Scaling.fit(rows("uint8", 10, 1, 8, 8) // 3)
    assert (scaling.offset, scaling.scale, scaling.depth) == ((0.0,), (255.0,), 8)
    assert scaling.apply(torch.full((1, 1, 2, 2), 255)).eq(1).all()


@pytest.mark.parametrize(
    ("highest", "depth"),
    [
        (0, 8),
        (255, 8),
        (256, 10),
        (1023, 10),
        (1024, 12),
        (4095, 12),
        (4096, 14),
        (16383, 14),
        (16384, 16),
        (65535, 16),
    ],
)
def test_deeper_integers_go_by_the_smallest_usual_depth_that_holds_the_training_data(highest: int, depth: int) -> None:
    array = np.zeros((3, 1, 2, 2), np.uint16)
    array[1, 0, 0, 0], array[2] = highest, 65535
    scaling = Scaling.fit(array, np.array([0, 1]))
    assert (scaling.offset, scaling.scale, scaling.depth) == ((0.0,), (2.0**depth - 1,), depth)


def test_a_depth_that_files_state_wins_unless_it_does_not_hold_the_data() -> None:
    array = np.full((2, 1, 2, 2), 900, np.uint16)
    assert [Scaling.fit(array, depth=depth).depth for depth in (None, 8, 11, 12, 16)] == [10, 10, 11, 12, 16]


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint32", "uint64"])
def test_signed_and_long_integers_go_by_minimum_and_maximum(dtype: str) -> None:
    low = -100 if np.dtype(dtype).kind == "i" else 20
    scaling = Scaling.fit(np.array([low, 25, 27, 27], dtype).reshape(1, 1, 2, 2))
    assert (scaling.offset, scaling.scale, scaling.bounded) == ((low,), (27.0 - low,), False)
    assert scaling.depth is None


@pytest.mark.parametrize(
    ("values", "bounded"),
    [
        (np.array([0, 250], np.uint8), True),
        (np.array([0, 60], np.uint8), False),
        (np.array([0, 4000], np.uint16), True),
        (np.array([0, 1100], np.uint16), False),
        (np.array([0.0, 0.9]), True),
        (np.array([0.0, 0.6]), False),
        (np.array([0.0, 0.4]), False),
        (np.array([0, 200], np.int16), False),
        (np.array([True, False]), True),
    ],
)
def test_a_sigmoid_fits_values_that_lie_within_zero_and_one_by_nature_and_reach_most_of_it(
    values: np.ndarray, bounded: bool
) -> None:
    assert Scaling.fit(np.tile(values, 2).reshape(1, 1, 2, 2)).bounded == bounded


def test_floats_that_use_little_of_zero_and_one_go_by_minimum_and_maximum() -> None:
    kept, moved = (Scaling.fit(np.array([0.0, high, 0.25, 0.1]).reshape(1, 1, 2, 2)) for high in (0.51, 0.5))
    assert (kept.offset, kept.scale) == ((0.0,), (1.0,))
    assert (moved.offset, moved.scale) == ((0.0,), (0.5,))


def test_the_data_range_is_said_in_words() -> None:
    def words(*values: float, dtype: str) -> str:
        return Scaling.fit(np.array(values, dtype).reshape(1, 1, 1, -1)).range_in_words

    assert words(0, 4000, dtype="uint16") == "0 to 4,095 (12 bits)"
    assert words(0, 200, dtype="uint8") == "0 to 255 (8 bits)"
    assert words(0, 1, dtype="float32") == "0 to 1"
    assert words(-1024, 3071, dtype="int16") == "-1,024 to 3,071, the lowest and the highest value of the training"
    assert "each of 2 channels" in Scaling.fit(rows("float32", 3, 2, 4, 4)).range_in_words


@pytest.mark.parametrize("shape", [(20, 3, 8, 8), (20, 5)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int8", "int16", "int32", "float32", "float64"])
def test_invert_undoes_apply(dtype: str, shape: tuple[int, ...]) -> None:
    array = rows(dtype, *shape) if dtype != "int32" else rows("int16", *shape).astype(np.int32)
    scaling = Scaling.fit(array)
    scaled = scaling.apply(tensor(array))
    assert scaled.dtype == torch.float32
    assert -1.01 <= scaled.min() <= scaled.max() <= 1.0001
    back = scaling.invert(scaled)
    assert back.dtype == array.dtype
    if array.dtype.kind == "f":
        np.testing.assert_allclose(back, array, rtol=1e-5, atol=1e-4)
    else:
        np.testing.assert_array_equal(back, array)


def test_floats_within_zero_and_one_stay_as_they_are() -> None:
    array = np.random.default_rng(0).random((5, 1, 8, 8)) * 0.9
    scaling = Scaling.fit(array)
    assert scaling.bounded
    np.testing.assert_array_equal(scaling.apply(torch.from_numpy(array)).numpy(), array.astype(np.float32))


def test_other_floats_go_by_minimum_and_maximum_of_each_channel() -> None:
    array = np.zeros((4, 2, 3, 3), np.float32)
    array[:, 0] = np.linspace(-10, 30, 36).reshape(4, 3, 3)
    array[:, 1] = np.linspace(1000, 1001, 36).reshape(4, 3, 3)
    scaling = Scaling.fit(array)
    assert scaling.offset == (-10.0, 1000.0)
    assert scaling.scale == (40.0, 1.0)
    assert not scaling.bounded
    scaled = scaling.apply(torch.from_numpy(array))
    assert scaled.amin((0, 2, 3)).tolist() == [0, 0]
    assert scaled.amax((0, 2, 3)).tolist() == pytest.approx([1, 1], abs=1e-6)


def test_a_table_goes_by_feature_and_a_constant_one_maps_to_zero_and_back() -> None:
    table = np.array([[1.0, 7.0, -5.0], [3.0, 7.0, 5.0]])
    scaling = Scaling.fit(table)
    scaled = scaling.apply(torch.from_numpy(table))
    np.testing.assert_allclose(scaled, [[0, 0, 0], [1, 0, 1]])
    np.testing.assert_array_equal(scaling.invert(scaled), table)
    assert scaling.scale == (2.0, 10.0, 10.0)  # which grows with the table, as the others do


@pytest.mark.parametrize("shape", [(20, 3, 8, 8), (20, 5)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int8", "int16", "float32", "float64"])
def test_arrays_go_the_same_way_as_tensors(dtype: str, shape: tuple[int, ...]) -> None:
    array = rows(dtype, *shape)
    scaling = Scaling.fit(array)
    scaled = scaling.to_range(array)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, scaling.apply(tensor(array)), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(scaling.as_data(scaling.from_range(scaled)), scaling.invert(torch.tensor(scaled)))
    units = scaling.in_units(torch.tensor(scaled))
    span = max(1.0, *scaling.scale)  # what float32 can tell apart depends on it
    np.testing.assert_allclose(units, scaling.from_range(scaled), rtol=1e-5, atol=1e-7 * span)


def test_the_data_range_is_what_becomes_zero_and_one() -> None:
    assert Scaling.fit(rows("uint8", 5, 1, 4, 4)).data_range == (0.0, 255.0)
    assert Scaling.fit(np.array([[-2.0, 10.0], [4.0, 30.0]])).data_range == (-2.0, 30.0)


def test_a_level_is_what_each_channel_has_for_one_value_of_the_range() -> None:
    scaling = Scaling.fit(np.array([[-2.0, 10.0], [4.0, 30.0]]))
    assert scaling.levels(0.0) == (-2.0, 10.0)
    assert scaling.levels(0.5) == (1.0, 20.0)
    np.testing.assert_array_equal(scaling.to_range(np.array([scaling.levels(0.5)])), [[0.5, 0.5]])


def test_only_the_training_rows_count() -> None:
    array = np.array([[2.0], [4.0], [100.0]])
    assert Scaling.fit(array, np.array([1, 0])).scale == (2.0,)


@pytest.mark.parametrize(("dtype", "peak"), [("uint8", 255), ("uint16", 4095)])
def test_results_out_of_range_are_clipped_to_the_integers_of_that_depth(dtype: str, peak: int) -> None:
    scaling = Scaling.fit(np.full((2, 1, 4, 4), peak, dtype))
    np.testing.assert_array_equal(scaling.invert(torch.tensor([[-0.2, 0.5, 1.3]])), [[0, (peak + 1) // 2, peak]])


def test_the_jacobian_is_that_of_the_map() -> None:
    array = rows("float64", 30, 2, 3, 3)
    scaling = Scaling.fit(array)
    slope = torch.autograd.functional.jacobian(
        lambda x: (x - torch.tensor(scaling.offset).view(2, 1, 1)) / torch.tensor(scaling.scale).view(2, 1, 1),
        torch.zeros(2, 3, 3, dtype=torch.float64),
    ).reshape(18, 18)
    assert scaling.log_jacobian((2, 3, 3)) == pytest.approx(-torch.linalg.slogdet(slope)[1].item())
    assert Scaling.fit(rows("uint8", 2, 1, 4, 4)).log_jacobian((1, 4, 4)) == pytest.approx(16 * math.log(255))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(value: float) -> None:
    array = np.ones((3, 2))
    array[1, 1] = value
    with pytest.raises(InputError, match="NaN or infinity"):
        Scaling.fit(array)


def test_words_are_refused_and_so_is_nothing_at_all() -> None:
    with pytest.raises(InputError, match="cannot be scaled"):
        Scaling.fit(np.array([["a", "b"]]))
    with pytest.raises(InputError, match="no images"):
        Scaling.fit(np.ones((3, 2)), np.array([], dtype=int))


def test_it_survives_json() -> None:
    for array in (rows("float32", 5, 3, 4, 4), rows("uint8", 5, 3, 4, 4), rows("float64", 5, 6)):
        scaling = Scaling.fit(array)
        assert Scaling.from_json(json.loads(json.dumps(scaling.to_json()))) == scaling


@given(arrays(np.float64, (6, 2, 3, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_any_floats_come_back_to_within_float32(array: np.ndarray) -> None:
    scaling = Scaling.fit(array)
    back = scaling.invert(scaling.apply(torch.from_numpy(array)))
    span = np.array(scaling.scale).max()
    assert np.abs(back - array).max() <= 1e-6 * max(span, 1)
