"""Main effects: a point for every result, a mean with its spread for every level."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from PIL import Image

from latente import figures


def means_of(panel: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Return the places and heights of the means."""
    [bars] = [container for container in panel.containers if isinstance(container, ErrorbarContainer)]
    x, y = bars.lines[0].get_data()
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def spreads_of(panel: Axes) -> np.ndarray:
    [bars] = [container for container in panel.containers if isinstance(container, ErrorbarContainer)]
    return np.array([np.ptp(segment[:, 1]) / 2 for segment in bars.lines[2][0].get_segments()])


def test_names_stand_side_by_side_with_mean_and_standard_deviation() -> None:
    values = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 11.0])
    [panel] = figures.main_effect(["relu", "gelu"] * 3, values, "activation", "mse", better="lower").axes
    x, y = means_of(panel)
    assert x.tolist() == [0, 1]
    assert y.tolist() == pytest.approx([values[::2].mean(), values[1::2].mean()])
    assert spreads_of(panel).tolist() == pytest.approx([values[::2].std(ddof=1), values[1::2].std(ddof=1)])
    assert [label.get_text() for label in panel.get_xticklabels()] == ["relu", "gelu"]
    assert panel.get_title(loc="left") == "mse ↓ by activation"
    points = np.asarray(panel.collections[0].get_offsets())
    assert points[:, 1].tolist() == values.tolist()
    assert np.abs(points[:, 0] - [0, 1] * 3).max() < 0.2
    assert len(np.unique(points[:, 0])) == 6  # beside each other, so that none is hidden


@pytest.mark.parametrize(
    ("levels", "log", "scale"),
    [
        ([2, 4, 8], None, "linear"),
        ([2, 4, 16], None, "log"),
        ([0, 4, 16], None, "linear"),
        ([0.001, 0.003], True, "log"),
        ([2, 4, 16], False, "linear"),
        ([-1, 1], True, "linear"),
    ],
)
def test_numbers_stand_on_an_axis_that_is_logarithmic_where_they_span_much(
    levels: list[float], log: bool | None, scale: str
) -> None:
    [panel] = figures.main_effect(levels, np.arange(len(levels)) + 1.0, "width", "mse", log=log).axes
    assert panel.get_xscale() == scale
    assert [label.get_text() for label in panel.get_xticklabels()] == [f"{level:g}" for level in levels]
    assert means_of(panel)[0].tolist() == levels


def test_many_numbers_are_summed_up_in_groups_of_equal_size() -> None:
    rng = np.random.default_rng(0)
    levels = np.exp(rng.uniform(np.log(1e-4), np.log(1e-2), 60))
    values = rng.normal(size=60) + 10
    [panel] = figures.main_effect(levels.tolist(), values, "rate", "mse", log=True).axes
    order = np.argsort(levels).reshape(6, 10)
    x, y = means_of(panel)
    assert x == pytest.approx(np.median(levels[order], axis=1))
    assert y == pytest.approx(values[order].mean(axis=1))
    reaches = [line.get_xdata() for line in panel.lines if len(line.get_xdata()) == 2]
    assert np.array(reaches, dtype=float) == pytest.approx(np.sort(levels).reshape(6, 10)[:, [0, -1]])
    assert np.asarray(panel.collections[0].get_offsets())[:, 0] == pytest.approx(levels)


def test_what_is_not_finite_is_left_out_and_counted() -> None:
    [panel] = figures.main_effect(["a", "b", "b"], np.array([1.0, np.nan, 3.0]), "x", "mse").axes
    assert panel.get_title(loc="left") == "mse by x  (1 not finite, left out)"
    assert means_of(panel)[1].tolist() == [1, 3]


def test_results_that_span_much_have_a_logarithmic_axis_with_spreads_that_end_above_zero() -> None:
    [panel] = figures.main_effect(["a"] * 3, np.array([0.1, 0.2, 40.0]), "x", "mse").axes
    assert panel.get_yscale() == "log"
    [bars] = [container for container in panel.containers if isinstance(container, ErrorbarContainer)]
    assert bars.lines[2][0].get_segments()[0][:, 1].min() > 0


@pytest.mark.parametrize("levels", [[], ["a"], [1.0], ["$x$", "none"], [3.0] * 4])
def test_even_little_can_be_drawn_without_a_warning(levels: list[float] | list[str]) -> None:
    figure = figures.main_effect(levels, np.zeros(len(levels)), "x", "mse")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=96)
    assert Image.open(buffer).width < 400


def test_each_series_is_a_line_with_its_points_and_its_name() -> None:
    series = {"median": ([0.1, 0.2, 0.4], [30.0, 28.0, 25.0]), "net": ([0.1, 0.4], [33.0, 31.0])}
    figure = figures.lines(series, "noise", "PSNR (dB)", "PSNR ↑")
    [panel] = figure.axes
    for bars, (places, values) in zip(panel.containers, series.values(), strict=True):
        assert isinstance(bars, ErrorbarContainer)
        np.testing.assert_array_equal(bars.lines[0].get_data(), (places, values))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["median", "net"]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("noise", "PSNR (dB)")


def test_repetitions_are_points_around_their_mean_and_standard_deviation() -> None:
    errors = np.array([[20.0, 24.0, 22.0], [7.0, 8.0, 9.0], [3.0, 3.0, 3.0]])
    [panel] = figures.lines({"net": ([100, 1000, 60000], errors)}, "labels", "wrong, %", log="xy").axes
    places, means = means_of(panel)
    np.testing.assert_allclose(places, [100, 1000, 60000])
    np.testing.assert_allclose(means, [22, 8, 3])
    np.testing.assert_allclose(spreads_of(panel), [2, 1, 0], atol=1e-9)
    assert len(panel.collections[0].get_offsets()) == 9
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in panel.get_xticklabels()] == ["100", "1,000", "60,000"]
