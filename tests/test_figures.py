"""Figures: what is drawn, not how many bytes it makes."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes

from latente import figures, sheets

rng = np.random.default_rng(0)


def _lines(epochs: int = 4, validation: bool = True) -> list[dict[str, Any]]:
    """Two training lines and one of validation per epoch, of 100 steps."""
    lines: list[dict[str, Any]] = []
    for epoch in range(1, epochs + 1):
        for step in (100 * epoch - 50, 100 * epoch):
            terms = {"loss": 10 / step + 1, "reconstruction": 10 / step, "kl": 1.0, "learning_rate": 1e-3}
            lines.append({"part": "train", "epoch": epoch, "step": step, **terms, "images_per_second": 9.0})
        if validation:
            terms = {"objective": 1 + epoch / 9, "reconstruction": epoch / 9, "kl": 1.5}
            lines.append({"part": "validation", "epoch": epoch, "step": 100 * epoch, **terms})
    return lines


def _curve(panel: Axes, label: str) -> tuple[list[float], list[float]]:
    [line] = [line for line in panel.get_lines() if line.get_label() == label]
    return list(line.get_xdata()), list(line.get_ydata())


def test_curves_have_a_panel_per_term_with_both_parts_over_epochs() -> None:
    panels = figures.curves(_lines()).axes
    assert [panel.get_title(loc="left") for panel in panels] == [
        "objective",
        "reconstruction (nats per image)",
        "kl (nats per image)",
    ]
    x, y = _curve(panels[0], "training")
    assert x == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert y == [10 / step + 1 for step in range(50, 401, 50)]
    assert _curve(panels[1], "validation") == ([1, 2, 3, 4], [epoch / 9 for epoch in range(1, 5)])
    assert panels[0].get_xlabel() == "epoch"
    assert [text.get_text() for text in panels[2].get_legend().get_texts()] == ["training", "validation"]


def test_the_best_epoch_is_marked_in_every_panel() -> None:
    for panel in figures.curves(_lines(), best_epoch=3).axes:
        assert _curve(panel, "best epoch")[0] == [3, 3]


def test_without_validation_the_axis_counts_steps() -> None:
    panel = figures.curves(_lines(validation=False), ["kl"]).axes[0]
    assert _curve(panel, "training")[0] == list(range(50, 401, 50))
    assert panel.get_xlabel() == "step"


def test_values_over_orders_of_magnitude_get_a_logarithmic_axis() -> None:
    lines = [{"part": "train", "epoch": 1, "step": k, "loss": 10.0**-k} for k in range(1, 5)]
    assert figures.curves(lines).axes[0].get_yscale() == "log"
    assert figures.curves(_lines()).axes[0].get_yscale() == "linear"


def test_values_that_are_not_finite_are_left_out() -> None:
    lines = [{"part": "train", "epoch": 1, "step": k, "loss": v} for k, v in enumerate([1.0, math.nan, 2.0, None])]
    assert _curve(figures.curves(lines).axes[0], "training") == ([0, 2], [1, 2])


def test_a_term_that_is_the_same_curve_again_gets_no_panel() -> None:
    lines: list[dict[str, Any]] = [
        {"part": "train", "epoch": 1, "step": 1, "loss": 3.0, "mse": 3.0, "kl": 1.0},
        {"part": "validation", "epoch": 1, "step": 1, "objective": 2.0, "mse": 2.0, "kl": 1.0},
    ]
    assert figures.terms_of(lines) == ["objective", "kl"]
    assert figures.terms_of([]) == []
    assert figures.terms_of([{"part": "train", "step": 1, "critic_loss": 1.0, "loss": 1.0}]) == ["objective"]


def test_no_lines_make_an_empty_panel() -> None:
    [panel] = figures.curves([]).axes
    assert not panel.get_lines()


def test_pairs_stand_in_columns_with_their_errors_below() -> None:
    originals = rng.integers(0, 256, (3, 1, 8, 6), dtype=np.uint8)
    errors = rng.random((3, 8, 6))
    axes = figures.pairs(originals, originals // 2, errors, ["a", "b"]).axes
    assert len(axes) == 9
    shown = [np.asarray(panel.get_images()[0].get_array()) for panel in axes]
    np.testing.assert_array_equal(shown[1], sheets.to_rgb(originals)[1])
    np.testing.assert_array_equal(shown[4], sheets.to_rgb(originals // 2)[1])
    np.testing.assert_array_equal(shown[7], errors[1])
    assert axes[7].get_images()[0].get_clim() == (0, errors.max())
    assert [panel.get_title() for panel in axes[:3]] == ["a", "b", ""]
    assert [axes[k].get_ylabel() for k in (0, 3, 6)] == ["original", "reconstruction", "error"]
    assert len(figures.pairs(originals, originals).axes) == 6


def test_a_grid_shows_the_sheet_of_all_images() -> None:
    images = rng.random((7, 3, 10, 10))
    [panel] = figures.grid(images).axes
    np.testing.assert_array_equal(np.asarray(panel.get_images()[0].get_array()), sheets.sheet([images], 3))


def test_the_map_draws_every_class_with_its_points_and_names_it() -> None:
    points, labels = rng.normal(size=(90, 2)), np.arange(90) % 3
    labels[0] = -1
    figure = figures.latent_map(points, labels, ["cat", "$dog$"], ("left", "up"))
    [panel] = figure.axes
    drawn = {str(c.get_label()): np.asarray(c.get_offsets()) for c in panel.collections}
    assert set(drawn) == {"unknown", "cat", r"\$dog\$", "2"}
    np.testing.assert_array_equal(drawn["cat"], points[labels == 0])
    np.testing.assert_array_equal(drawn["2"], points[labels == 2])
    np.testing.assert_array_equal(drawn["unknown"], points[:1])
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(drawn)
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("left", "up")
    colours = [tuple(c.get_facecolor()[0][:3]) for c in panel.collections]
    assert len(set(colours)) == 4


def test_beyond_twenty_classes_the_rarer_ones_share_a_grey() -> None:
    labels = np.repeat(np.arange(25), np.arange(1, 26))
    points = rng.normal(size=(len(labels), 2))
    [panel] = figures.latent_map(points, labels).axes
    names = [str(c.get_label()) for c in panel.collections]
    assert names == ["5 others", *map(str, range(5, 25))]
    looks = {(tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in panel.collections}
    assert len(looks) == 21


def test_names_on_the_map_do_not_cover_each_other() -> None:
    near = np.repeat([[0.0, 0.0], [0.01, 0.01], [5.0, 5.0]], 10, axis=0)
    [panel] = figures.latent_map(near, np.repeat([0, 1, 2], 10), ["one", "two", "three"]).axes
    assert [text.get_text() for text in panel.texts] == ["one", "three"]


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_a_map_without_labels_has_no_legend(count: int) -> None:
    figure = figures.latent_map(rng.normal(size=(count, 2)))
    assert not figure.legends
    assert sum(len(c.get_offsets()) for c in figure.axes[0].collections) == count


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


def test_figures_leave_pyplot_and_its_settings_alone() -> None:
    before = dict(mpl.rcParams)
    figures.curves(_lines()).savefig(__import__("io").BytesIO())
    figures.latent_map(rng.normal(size=(9, 2)), np.arange(9))
    assert dict(mpl.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
