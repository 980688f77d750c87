"""Histograms: every value is counted, and the lines stand where they say."""

from __future__ import annotations

import numpy as np
import pytest

from latente import figures

rng = np.random.default_rng(0)
PSNRS = rng.normal(24, 2, 1000)


def test_a_histogram_counts_every_image_and_marks_mean_and_quantiles() -> None:
    figure = figures.histogram(PSNRS, "PSNR", "dB")
    [panel] = figure.axes
    assert sum(bar.get_height() for bar in panel.patches) == 1000
    assert panel.get_xlabel() == "PSNR (dB)"
    marks = {line.get_label(): line.get_xdata()[0] for line in panel.get_lines()}
    low, high = np.quantile(PSNRS, [0.05, 0.95])
    assert marks == {
        f"mean {PSNRS.mean():.4g} dB": PSNRS.mean(),
        f"5 % quantile {low:.4g} dB": low,
        f"95 % quantile {high:.4g} dB": high,
    }
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(marks)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 60])
def test_the_ticks_of_counts_are_whole_numbers(count: int) -> None:
    [panel] = figures.histogram(PSNRS[:count], "PSNR", "dB").axes
    ticks = panel.get_yticks()
    assert len(ticks) >= 2
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_marks_of_the_callers_own_replace_the_usual_ones() -> None:
    [panel] = figures.histogram(PSNRS, "SSIM", marks={"PCA": 0.85}).axes
    [line] = panel.get_lines()
    assert (line.get_label(), line.get_xdata()[0]) == ("PCA 0.85", 0.85)
    assert panel.get_xlabel() == "SSIM"


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    [panel] = figures.histogram(np.append(PSNRS, [np.inf, np.nan]), "PSNR").axes
    assert "2 not finite" in panel.get_title(loc="left")
    assert sum(bar.get_height() for bar in panel.patches) == 1000


@pytest.mark.parametrize("values", [[], [3.0], [3.0] * 50, [np.inf]], ids=["none", "one", "all alike", "none finite"])
def test_values_without_spread_are_drawn_too(values: list[float]) -> None:
    [panel] = figures.histogram(np.array(values), "MSE").axes
    assert sum(bar.get_height() for bar in panel.patches) == sum(np.isfinite(values))


def test_histograms_of_runs_share_their_bins_and_count_in_shares_of_each() -> None:
    series = {"one": PSNRS, "two": PSNRS[:100] + 3, "none": np.zeros(0)}
    figure = figures.histograms(series, "PSNR", "dB")
    [panel] = figure.axes
    outlines = [patch.get_data() for patch in panel.patches[::2]]
    assert len(outlines) == 2
    np.testing.assert_array_equal(outlines[0].edges, outlines[1].edges)
    for outline, values in zip(outlines, series.values(), strict=False):
        np.testing.assert_allclose(outline.values, 100 * np.histogram(values, outline.edges)[0] / len(values))
        assert outline.values.sum() == pytest.approx(100)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [f"one, mean {PSNRS.mean():.4g} dB", f"two, mean {series['two'].mean():.4g} dB"]
    assert panel.patches[0].get_edgecolor() != panel.patches[2].get_edgecolor()
