"""Pictures of other channels and units than a model's come back in their own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from latente.images.damage import Damaged
from latente.restoring import Picture, restored
from latente.restoring.through import units_of


def picture(*shape: int, dtype: type = np.uint8, alpha: bool = False, depth: int | None = None) -> Picture:
    rng = np.random.default_rng(0)
    peak = 2**depth - 1 if depth else np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    values = (peak * rng.random(shape)).astype(dtype)
    return Picture(values, values[:1].copy() if alpha else None, depth, "PNG")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
def test_any_model_gives_any_picture_back_in_its_channels(
    untrained: Any, channels: int, colours: int, alpha: bool
) -> None:
    given = picture(colours, 9, 13, alpha=alpha)
    made = restored(untrained(channels=channels), given)  # which leaves pictures as they are
    np.testing.assert_array_equal(made.colours, given.colours)
    assert (made.alpha is None) == (given.alpha is None)
    if alpha:
        np.testing.assert_array_equal(made.alpha, given.alpha)


def test_what_is_done_about_channels_is_said(untrained: Any) -> None:
    assert restored(untrained(channels=1), picture(3, 8, 8)).notes == (
        "a model of grey pictures, which worked on each channel",
    )
    assert restored(untrained(channels=3), picture(1, 8, 8)).notes == ("a model of colours, given grey",)
    assert restored(untrained(channels=3), picture(3, 8, 8)).notes == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("given", "depth"), [(np.uint8, 8), (np.uint16, None), (np.uint16, 12), (np.float32, None)])
def test_no_value_is_rounded_to_the_model_s_own(untrained: Any, dtype: type, given: type, depth: int | None) -> None:
    one = picture(3, 9, 13, dtype=given, depth=depth)
    made = restored(untrained(dtype=dtype), one)
    assert made.colours.dtype == given
    np.testing.assert_allclose(made.colours, one.colours, atol=0 if given != np.float32 else 1e-6)
    assert made.peak == one.peak


def test_alpha_is_enlarged_with_its_picture(untrained: Any) -> None:
    one = picture(3, 9, 13, alpha=True)
    made = restored(untrained("downscale:2"), dataclasses.replace(one, alpha=np.full((1, 9, 13), 77, np.uint8)))
    assert made.colours.shape == (3, 18, 26)
    np.testing.assert_array_equal(made.alpha, np.full((1, 18, 26), 77))


def test_one_pixel_is_a_picture_too(untrained: Any) -> None:
    assert restored(untrained("downscale:2"), picture(3, 1, 1)).colours.shape == (3, 2, 2)


def test_a_depth_that_no_file_states_is_the_model_s_where_the_values_lie_within(untrained: Any) -> None:
    model = untrained(dtype=np.uint16)
    model.scaling_ = dataclasses.replace(model.scaling_, scale=(4095.0,))
    dark, bright = (Picture(np.full((3, 8, 8), level, np.uint16), None, None, "PNG") for level in (4000, 5000))
    assert [units_of(model, one).scale for one in (dark, bright)] == [(4095.0,), (65535.0,)]


def test_progress_is_told_over_all_passes(untrained: Any) -> None:
    parts: list[float] = []
    restored(untrained(channels=1), picture(3, 40, 40), tile=32, tell=parts.append)
    assert parts == sorted(parts)
    assert len(parts) == 12
    assert parts[-1] == 1


def test_values_in_units_that_the_model_cannot_know_are_refused(untrained: Any) -> None:
    model = untrained(dtype=np.float32)
    model.scaling_ = dataclasses.replace(model.scaling_, scale=(40.0,))
    with pytest.raises(Damaged, match="holds uint8 values, and the model was trained on float32"):
        restored(model, picture(3, 8, 8))
    with pytest.raises(Damaged, match="floats beyond 0 to 1"):
        restored(untrained(), Picture(np.full((3, 8, 8), 2, np.float32), None, None, "TIFF"))
