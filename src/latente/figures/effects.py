"""Effects: what one option does to a result, over all else that was varied with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from latente.figures.style import (
    GRID,
    INK,
    PALETTE,
    name_axes,
    panels_of,
    put_title,
    shortened,
    shortened_apart,
    width_of,
)

__all__ = ["lines", "main_effect"]

MAX_LEVELS = 8  # more numbers than this are summed up in groups
MAX_GROUPS = 6
LEAST_IN_GROUP = 3
SPAN_OF_LOG = 8.0  # levels of which the largest is so many times the smallest stand on a logarithmic axis
# below so many decades, the ticks within each
DECADE_TICKS = (
    (0.6, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)),
    (1.6, (1.0, 2.0, 5.0)),
    (2.6, (1.0, 3.0)),
    (math.inf, (1.0,)),
)
GOLDEN = (math.sqrt(5) - 1) / 2  # its multiples, modulo 1, spread points evenly however many there are


def lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float] | np.ndarray]],
    x: str,
    y: str,
    title: str = "",
    *,
    log: str = "",
) -> Figure:
    """Draw a line for each name: (places, values), N places and for each a value, (N,), or R repetitions, (N, R).

    Repetitions are light points, and the line runs through their means with a bar of ± one standard deviation. x, y:
    what places and values are, with their units. log: the axes that are logarithmic, "x", "y" or "xy".
    """
    figure, (panel,) = panels_of(1, 1, width=4.4, height=3.0)
    for i, (name, (places, values)) in enumerate(series.items()):
        colour = PALETTE[i % len(PALETTE)]
        results = np.asarray(values, dtype=np.float64).reshape(len(places), -1)
        spread = results.std(axis=1, ddof=1) if results.shape[1] > 1 else None
        if spread is not None:
            panel.scatter(np.repeat(places, results.shape[1]), results, s=11, color=colour, alpha=0.4, linewidths=0)
        style: dict[str, Any] = {"color": colour, "linewidth": 1.6, "marker": "o", "markersize": 3.5, "capsize": 3}
        panel.errorbar(places, results.mean(axis=1), yerr=spread, label=name, **style)
    if "y" in log:
        panel.set_yscale("log")
        _tick_logarithmically(panel.yaxis, float(np.ptp(np.log10(panel.get_ylim()))))
    _set_scale(panel, np.concatenate([np.asarray(places, float) for places, _ in series.values()]), "x" in log)
    put_title(panel, title)
    name_axes(panel, x, y)
    panel.grid(axis="y", color=GRID, linewidth=0.7)
    figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=8.5, labelcolor=INK, handlelength=1.4)
    return figure


def main_effect(
    levels: Sequence[float] | Sequence[str],
    values: np.ndarray,
    factor: str,
    metric: str,
    *,
    log: bool | None = None,
    better: str | None = None,
) -> Figure:
    """Draw how a result goes with one factor: each result as a light point, and mean ± standard deviation per level.

    levels: the factor's level in each of N results, numbers or names; names stand side by side in order of appearance.
    values: (N,) the results; those that are not finite are left out and counted in the title. factor, metric: what
    both are called. log: whether the factor's axis is logarithmic; None is where the largest level is at least 8 times
    the smallest. better: "lower" or "higher": an arrow in the title says so. More than 8 numbers are summed up in at
    most 6 groups of equal size, and a line through each mean shows from where to where its group reaches. The
    results' axis is logarithmic where they span a factor of 30.
    """
    known = np.isfinite(values)
    results = np.asarray(values, dtype=np.float64)[known]
    figure, (panel,) = panels_of(1, 1, width=3.9, height=2.7)
    names = [] if all(isinstance(level, int | float) for level in levels) else list(dict.fromkeys(map(str, levels)))
    places = np.array([names.index(str(x)) if names else float(x) for x in levels], dtype=np.float64)[known]
    if len(results) and results.min() > 0 and results.max() > 30 * results.min():
        panel.set_yscale("log")
    else:
        panel.yaxis.set_major_locator(MaxNLocator(5))
    if names:
        _name_places(panel, names)
    else:
        _set_scale(panel, places, log)
    if len(results):
        _draw(panel, places, results, are_names=bool(names))
        figure.set_figheight(figure.get_figheight() + 0.2)
        figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=8.5, labelcolor=INK, handlelength=1.4)
    arrow = {"lower": " ↓", "higher": " ↑"}.get(better or "", "")
    left_out = len(known) - len(results)
    note = f"  ({left_out:,} not finite, left out)" if left_out else ""
    put_title(panel, f"{shortened(metric)}{arrow} by {shortened(factor)}{note}")
    name_axes(panel, shortened(factor, 40), shortened(metric, 40))
    panel.grid(axis="y", color=GRID, linewidth=0.7)
    return figure


def _draw(panel: Axes, places: np.ndarray, results: np.ndarray, are_names: bool) -> None:
    """Draw the results beside their places, and a mean with its spread for each group of them."""
    size = float(np.clip(1500 / max(len(places), 1), 8, 22))
    beside = _beside(places, panel.get_xscale() == "log", are_names)
    panel.scatter(beside, results, s=size, color=PALETTE[3], alpha=0.45, linewidths=0, label="one trial")
    groups = _groups(places, split=not are_names)
    centres = [float(np.median(places[rows])) for rows in groups]
    means = [float(results[rows].mean()) for rows in groups]
    spreads = [float(results[rows].std(ddof=1)) if len(rows) > 1 else 0.0 for rows in groups]
    below = spreads
    if panel.get_yscale() == "log":  # which has no room for what is below 0
        below = [min(spread, 0.999 * mean) for spread, mean in zip(spreads, means, strict=True)]
    label = "mean ± standard deviation"
    style: dict[str, Any] = {"markersize": 5.5, "elinewidth": 1.6, "capsize": 3.5, "zorder": 3, "label": label}
    panel.errorbar(centres, means, yerr=[below, spreads], fmt="o", color=PALETTE[0], **style)
    for rows, mean in zip(groups, means, strict=True):
        if np.ptp(places[rows]) > 0:
            panel.plot([places[rows].min(), places[rows].max()], [mean, mean], color=PALETTE[0], linewidth=1.6)
    if not are_names:
        panel.plot(centres, means, color=PALETTE[0], linewidth=1, alpha=0.5)


def _beside(places: np.ndarray, log: bool, are_names: bool) -> np.ndarray:
    """Return where to draw the results: few levels have many each, which are spread out a little to be seen."""
    if len(np.unique(places)) > MAX_LEVELS and not are_names:
        return places
    aside = np.arange(1, len(places) + 1) * GOLDEN % 1 - 0.5
    if are_names:
        return places + 0.36 * aside
    steps = np.log(places) if log else places
    steps = steps + 0.05 * float(np.ptp(steps)) * aside
    return np.exp(steps) if log else steps


def _groups(places: np.ndarray, split: bool) -> list[np.ndarray]:
    """Return the rows at each level, or where `split` and there are many levels, neighbours in groups of equal size."""
    levels = np.unique(places)
    if not split or len(levels) <= MAX_LEVELS:
        return [np.flatnonzero(places == level) for level in levels]
    count = int(np.clip(len(places) // LEAST_IN_GROUP, 1, MAX_GROUPS))
    return np.array_split(np.argsort(places, kind="stable"), count)


def _name_places(panel: Axes, names: Sequence[str]) -> None:
    short = shortened_apart(names, 16)
    aslant = len(short) * (max(map(width_of, short)) + 1) > 52  # letters that fit side by side
    panel.set_xticks(np.arange(len(short)), short)
    panel.set_xlim(-0.6, len(short) - 0.4)
    panel.tick_params(axis="x", labelcolor=INK)
    if aslant:
        for name in panel.get_xticklabels():
            name.set(rotation=30, ha="right", rotation_mode="anchor")


def _set_scale(panel: Axes, places: np.ndarray, log: bool | None) -> None:
    """Make the factor's axis linear or logarithmic, with a tick at each level where these are few and apart."""
    levels = np.unique(places)
    if not len(levels):
        return
    is_log = bool(levels.min() > 0) and (levels.max() >= SPAN_OF_LOG * levels.min() if log is None else log)
    steps = np.log10(levels) if is_log else levels
    span = float(np.ptp(steps))
    axis = panel.xaxis
    if is_log:
        panel.set_xscale("log")
        _tick_logarithmically(axis, span)
    else:
        axis.set_major_locator(MaxNLocator(6, integer=bool((levels == np.rint(levels)).all())))
    if len(levels) <= MAX_LEVELS and (len(levels) == 1 or float(np.diff(steps).min()) >= 0.1 * span):
        panel.set_xticks(levels, [f"{level:,.12g}" for level in levels])
        panel.tick_params(axis="x", labelcolor=INK)


def _tick_logarithmically(axis: Axis, span: float) -> None:
    """Put plain numbers to an axis of so many decades, the more to a decade the fewer there are."""
    axis.set_major_locator(LogLocator(subs=next(subs for most, subs in DECADE_TICKS if span < most)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
