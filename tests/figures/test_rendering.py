"""A figure as pixels."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from latente import figures


def test_a_figure_is_drawn_on_white_and_is_not_changed() -> None:
    figure = figures.histograms({"a": np.linspace(0, 1, 50), "b": np.linspace(0.5, 2, 50)}, "PSNR", "dB")
    drawn = figures.on_white(figure)
    assert drawn.dtype == np.uint8
    assert drawn.ndim == 3
    assert (drawn[0] == 255).all()
    assert figure.patch.get_alpha() == 0
    np.testing.assert_array_equal(figures.on_white(figure), drawn)


def test_what_is_half_transparent_is_half_white() -> None:
    figure = Figure(figsize=(1, 1))
    figure.patch.set_alpha(0)
    figure.add_axes((0, 0, 1, 1)).set_axis_off()
    figure.axes[0].fill([0, 1, 1, 0], [0, 0, 1, 1], color="red", alpha=0.5, linewidth=0)
    height, width, _ = figures.on_white(figure).shape
    assert np.abs(figures.on_white(figure)[height // 2, width // 2].astype(int) - [255, 127, 127]).max() <= 1
