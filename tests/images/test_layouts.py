"""Which axis is which, and the way into (N, C, H, W) and back."""

from __future__ import annotations

import numpy as np
import pytest

from latente.images import from_layout, to_layout

PIXELS = np.arange(4 * 3 * 2 * 2, dtype=np.uint8).reshape(4, 3, 2, 2)


def test_results_go_back_to_the_layout_that_came_in() -> None:
    assert to_layout(PIXELS, "NHWC").shape == (4, 2, 2, 3)
    assert to_layout(PIXELS[:, :1], "NHW").shape == (4, 2, 2)
    assert to_layout(PIXELS, "NHW").shape == (4, 2, 2, 3)
    assert to_layout(PIXELS, "NCHW") is PIXELS
    assert to_layout(PIXELS.reshape(4, 12), "NF").shape == (4, 12)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("leading", [(5,), (5, 2), (5, 2, 3)])
@pytest.mark.parametrize("layout", ["NHW", "NHWC", "NCHW"])
def test_from_layout_undoes_to_layout_whatever_axes_stand_before(
    layout: str, leading: tuple[int, ...], channels: int
) -> None:
    pixels = np.random.default_rng(0).random((*leading, channels, 4, 6))
    there = to_layout(pixels, layout)
    np.testing.assert_array_equal(from_layout(there, layout, (channels, 4, 6)), pixels)
    if len(leading) == 1:
        np.testing.assert_array_equal(from_layout(there, layout), pixels)


def test_a_table_has_no_channels_to_move() -> None:
    table = np.zeros((3, 2, 5))
    assert from_layout(table, "NF", (5,)) is table
