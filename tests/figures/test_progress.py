"""Curves of training: what is drawn, not how many bytes it makes."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes

from latente import figures


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


def test_the_legend_keeps_out_of_the_corner_where_the_curves_end() -> None:
    rising = [{"part": "train", "epoch": k, "step": k, "loss": 10 / k, "kl": float(k)} for k in range(1, 9)]
    figure = figures.curves(rising)
    figure.draw_without_rendering()
    falls, rises = ((panel.get_legend().get_window_extent(), panel.get_window_extent()) for panel in figure.axes)
    assert falls[0].y0 > (falls[1].y0 + falls[1].y1) / 2
    assert rises[0].y1 < (rises[1].y0 + rises[1].y1) / 2


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
