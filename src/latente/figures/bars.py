"""Bars: one number beside others of its kind."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente.figures.style import (
    GRID,
    INK,
    OTHERS,
    PALETTE,
    name_axes,
    number,
    panels_of,
    put_title,
    shortened,
    shortened_apart,
    width_of,
)
from latente.languages import say, translated

__all__ = ["comparison", "interval_bars", "kl_bars"]

IDLE_KL = 0.01  # nats: a dimension under it carries next to nothing
MAX_BARS = 64


def kl_bars(kl: np.ndarray, active: np.ndarray | None = None) -> Figure:
    """Draw the mean KL of each latent dimension (D,), in nats, largest first; idle dimensions are grey.

    active: (D,) whether each is in use; by default those whose KL is above 0.01 nats. Of more than 64
    dimensions only the largest 64 are drawn, as the figure says.
    """
    order = np.argsort(-kl, kind="stable")
    values = kl[order][:MAX_BARS]
    in_use = kl > IDLE_KL if active is None else active
    figure, (panel,) = panels_of(1, 1, width=3.9, height=2.7)
    colours = [PALETTE[0] if in_use[i] else OTHERS for i in order[: len(values)]]
    panel.bar(np.arange(len(values)), values, color=colours, width=0.8 if len(values) < 40 else 1.0)
    put_title(panel, say("{active} of {all} dimensions active", active=int(in_use.sum()), all=len(kl)))
    across = say("latent dimension, sorted")
    if len(kl) > MAX_BARS:
        across = say("latent dimension, sorted, the largest {shown} of {all}", shown=MAX_BARS, all=len(kl))
    name_axes(panel, across, "KL (nats)")
    if len(values) <= 16:
        panel.set_xticks(np.arange(len(values)), [str(i) for i in order[: len(values)]])
    else:
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.grid(axis="y", color=GRID, linewidth=0.7)
    return figure


def comparison(
    rows: Mapping[str, Mapping[str, float]], *, better: Mapping[str, str] | None = None, columns: int = 2
) -> Figure:
    """Draw one small panel of bars per metric, with one bar and its number for each contestant.

    rows: metric values by contestant, then by metric; the panels are the metrics in order of first appearance, so
    many `columns` in a line; the bars are the contestants, top down, each in its own colour throughout. better: "lower"
    or "higher" by metric: an arrow in the title says so, and the best number is set in bold. A contestant without a
    metric, or with one that is not finite, has a dash there.
    """
    metrics = list(dict.fromkeys(metric for values in rows.values() for metric in values))
    names = shortened_apart(list(rows))
    columns = max(1, min(columns, len(metrics)))
    figure, panels = panels_of(len(metrics), columns, width=1.9 if columns > 1 else 2.8, height=0.45 + 0.26 * len(rows))
    figure.set_figwidth(figure.get_figwidth() + 0.075 * max(map(width_of, names), default=0))
    for k, (panel, metric) in enumerate(zip(panels, metrics, strict=True)):
        direction = (better or {}).get(metric)
        _contest(panel, [row.get(metric, math.nan) for row in rows.values()], direction)
        panel.set_yticks(np.arange(len(names)), names if k % columns == 0 else [""] * len(names))
        arrow = {"lower": " ↓", "higher": " ↑"}.get(direction or "", "")
        put_title(panel, shortened(metric, 24) + arrow)
    return figure


def interval_bars(
    values: Mapping[str, tuple[float, tuple[float, float]]],
    others: Mapping[str, float],
    name: str,
    *,
    legend: tuple[str, str],
    bright: Collection[str] = (),
) -> Figure:
    """Draw a bar for each group, top down, with its interval as a whisker, and a stroke where the others stand.

    values: of each group by its name, and the interval. others: where its stroke is. name: of the values. legend: what
    bars and strokes are. bright: the groups whose bars are in colour; the others' are grey.
    """
    names, heights = shortened_apart(list(values)), np.arange(len(values))
    figure, (panel,) = panels_of(1, 1, width=3.6, height=1.1 + 0.24 * len(values))
    figure.set_figwidth(figure.get_figwidth() + 0.075 * max(map(width_of, names), default=0))
    lengths = np.array([value for value, _ in values.values()], dtype=float)
    ends = np.array([interval for _, interval in values.values()], dtype=float).reshape(-1, 2)
    colours = [PALETTE[0] if group in bright else OTHERS for group in values]
    bars = panel.barh(heights, lengths, color=colours, height=0.7, label=translated(legend[0]))
    panel.hlines(heights, ends[:, 0], ends[:, 1], color=INK, linewidth=1.2)
    marks = [others[group] for group in values]
    [strokes] = panel.plot(
        marks, heights, "|", color=PALETTE[2], markersize=9, markeredgewidth=2, label=translated(legend[1])
    )
    panel.set_yticks(heights, names)
    panel.tick_params(axis="y", labelcolor=INK)
    panel.set_ylim(len(values) - 0.4, -0.6)
    name_axes(panel, name, "")
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.grid(axis="x", color=GRID, linewidth=0.7)
    look: dict[str, Any] = {"loc": "outside lower left", "frameon": False, "fontsize": 8.5, "labelcolor": INK}
    figure.legend(handles=[bars, strokes], handlelength=1.2, **look)
    return figure


def _contest(panel: Axes, values: Sequence[float], direction: str | None) -> None:
    lengths = np.array([value if math.isfinite(value) else 0.0 for value in values], dtype=float)
    panel.barh(np.arange(len(values)), lengths, color=[PALETTE[i % 10] for i in range(len(values))], height=0.7)
    known = [value for value in values if math.isfinite(value)]
    best = {"lower": min, "higher": max}[direction](known) if direction and known else None
    for i, value in enumerate(values):
        panel.annotate(
            number(f"{value:.4g}") if math.isfinite(value) else "–",
            (max(lengths[i], 0.0), i),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=8.5,
            fontweight="bold" if value == best else "normal",
        )
    low, high = min(0.0, lengths.min()), max(0.0, lengths.max())
    panel.set_xlim(low, high + 0.4 * ((high - low) or 1.0))  # room for the numbers
    panel.set_ylim(len(values) - 0.5, -0.5)
    panel.tick_params(axis="y", labelcolor=INK)
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
