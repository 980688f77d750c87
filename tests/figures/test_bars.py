"""Bars: heights, names, order."""

from __future__ import annotations

import numpy as np

from latente import figures


def test_bars_are_sorted_and_the_idle_ones_grey() -> None:
    [panel] = figures.kl_bars(np.array([0.005, 2.0, 0.5])).axes
    assert [bar.get_height() for bar in panel.patches] == [2.0, 0.5, 0.005]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["1", "2", "0"]
    assert panel.get_title(loc="left") == "2 of 3 dimensions active"
    first, second, idle = (bar.get_facecolor() for bar in panel.patches)
    assert first == second != idle
    [panel] = figures.kl_bars(np.array([0.005, 2.0, 0.5]), np.array([True, False, False])).axes
    assert panel.get_title(loc="left") == "1 of 3 dimensions active"
    assert panel.patches[2].get_facecolor() == first
    assert panel.patches[0].get_facecolor() == panel.patches[1].get_facecolor() == idle


def test_of_many_dimensions_the_largest_are_drawn_and_the_figure_says_so() -> None:
    [panel] = figures.kl_bars(np.linspace(0, 1, 100)).axes
    assert len(panel.patches) == 64
    assert "largest 64 of 100" in panel.get_xlabel()


def test_a_comparison_has_a_panel_per_metric_with_a_bar_per_contestant() -> None:
    rows = {"model": {"MSE": 0.02, "accuracy": 0.8}, "PCA": {"MSE": 0.05, "accuracy": 0.6, "extra": -3.0}}
    figure = figures.comparison(rows, better={"MSE": "lower", "accuracy": "higher"})
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["MSE ↓", "accuracy ↑", "extra"]
    mse, accuracy, extra = figure.axes
    assert [bar.get_width() for bar in mse.patches] == [0.02, 0.05]
    assert [bar.get_width() for bar in accuracy.patches] == [0.8, 0.6]
    assert [bar.get_width() for bar in extra.patches] == [0.0, -3.0]
    assert [text.get_text() for text in extra.texts] == ["–", "-3"]
    assert [label.get_text() for label in mse.get_yticklabels()] == ["model", "PCA"]
    assert [bar.get_facecolor() for bar in mse.patches] == [bar.get_facecolor() for bar in accuracy.patches]
    assert mse.get_ylim()[0] > mse.get_ylim()[1]  # the first contestant on top


def test_the_best_of_a_comparison_is_bold_where_it_is_said_what_is_better() -> None:
    rows = {"a": {"MSE": 0.02, "n": 1.0}, "b": {"MSE": 0.05, "n": 2.0}, "c": {"MSE": float("nan"), "n": 3.0}}
    mse, plain = figures.comparison(rows, better={"MSE": "lower"}).axes
    assert [text.get_fontweight() for text in mse.texts] == ["bold", "normal", "normal"]
    assert {text.get_fontweight() for text in plain.texts} == {"normal"}
    assert mse.texts[2].get_text() == "–"


def test_a_bar_with_its_interval_stands_beside_the_stroke_of_the_others() -> None:
    values = {"hat": (0.3, (0.25, 0.35)), "smile": (0.2, (0.1, 0.3))}
    figure = figures.interval_bars(
        values, {"smile": 0.22, "hat": 0.2}, "error", legend=("own", "others"), bright=["hat"]
    )
    [panel] = figure.axes
    assert [bar.get_width() for bar in panel.patches] == [0.3, 0.2]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["hat", "smile"]
    [whiskers] = panel.collections
    np.testing.assert_allclose([line[:, 0] for line in whiskers.get_segments()], [[0.25, 0.35], [0.1, 0.3]])  # type: ignore[attr-defined]
    [strokes] = panel.lines
    np.testing.assert_allclose(strokes.get_xdata(), [0.2, 0.22])
    assert panel.patches[0].get_facecolor() != panel.patches[1].get_facecolor()
    assert panel.get_ylim()[0] > panel.get_ylim()[1]  # the first on top
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["own", "others"]


def test_only_the_first_panel_of_a_line_repeats_the_names() -> None:
    rows = {name: {"a": 1.0, "b": 2.0, "c": 3.0} for name in ("one", "two")}
    named = [[label.get_text() for label in panel.get_yticklabels()] for panel in figures.comparison(rows).axes]
    assert named == [["one", "two"], ["", ""], ["one", "two"]]
