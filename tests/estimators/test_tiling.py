"""Large pictures in tiles: no other than the whole, and as small as memory needs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from latente.errors import InputError
from latente.estimators.tiling import in_tiles


def blurred(x: np.ndarray) -> np.ndarray:
    """A function that looks 3 pixels far, and takes what is beyond an edge for 0."""
    return functional.avg_pool2d(torch.from_numpy(x), 7, stride=1, padding=3).numpy()


def doubled(x: np.ndarray) -> np.ndarray:
    """Enlarge twice what is blurred in pairs of pixels, which begin at even places."""
    halved = functional.avg_pool2d(torch.from_numpy(x)[None], 2)
    return functional.interpolate(halved, scale_factor=4)[0].numpy()


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((3, height, width))


@pytest.mark.parametrize("sides", [(64, 40), (33, 100), (5, 300), (1, 1)])
@pytest.mark.parametrize("tile", [16, 33])
def test_tiles_make_what_the_whole_makes(sides: tuple[int, int], tile: int) -> None:
    x = picture(*sides)
    np.testing.assert_allclose(in_tiles(blurred, x, halo=3, tile=tile), blurred(x))


@pytest.mark.parametrize("tile", [15, 32])
def test_tiles_begin_at_multiples_of_the_step_and_come_out_larger_by_the_factor(tile: int) -> None:
    x = picture(50, 70)
    assert np.array_equal(in_tiles(doubled, x, halo=1, step=2, factor=2, tile=tile), doubled(x))


def test_a_halo_that_is_too_small_would_show() -> None:
    x = picture(64, 64)
    assert not np.allclose(in_tiles(blurred, x, halo=2, tile=32), blurred(x))


def test_how_much_is_done_is_told_after_each_tile() -> None:
    told: list[float] = []
    in_tiles(blurred, picture(64, 40), halo=3, tile=32, tell=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_where_memory_runs_out_tiles_become_smaller(error: Exception) -> None:
    sides: list[int] = []

    def crowded(x: np.ndarray) -> np.ndarray:
        sides.append(max(x.shape[1:]))
        if sides[-1] > 80:
            raise error
        return blurred(x)

    x = picture(200, 200)
    np.testing.assert_allclose(in_tiles(crowded, x, halo=3), blurred(x))
    assert sides[0] == 200
    assert max(sides[-9:]) <= 80


def test_where_there_is_no_memory_at_all_that_is_one_clear_line() -> None:
    def crowded(x: np.ndarray) -> np.ndarray:
        raise MemoryError

    with pytest.raises(InputError, match="not enough memory for a picture of 200x90 pixels, not even in parts of 32"):
        in_tiles(crowded, picture(200, 90), halo=3)


def test_other_errors_are_the_function_s_own() -> None:
    def wrong(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("sizes do not match")

    with pytest.raises(RuntimeError, match="sizes do not match"):
        in_tiles(wrong, picture(8, 8), halo=3)
