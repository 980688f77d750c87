"""Histograms: how a figure is spread over the images, which its mean alone does not tell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente.figures.style import GRID, INK, PALETTE, name_axes, number, panels_of, put_title, shortened
from latente.languages import say, translated

__all__ = ["histogram", "histograms"]

DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (5, 1, 1, 1)))


def histogram(values: np.ndarray, name: str, unit: str = "", *, marks: Mapping[str, float] | None = None) -> Figure:
    """Draw how `values` (N,) of a metric are spread over the images, with lines at its mean and quantiles.

    name, unit: of the values, such as "PSNR" in "dB". marks: lines by name instead of the default ones, which are
    the mean and the 5 % and 95 % quantiles. Values that are not finite are left out and counted under the title.
    """
    known, left_out = _finite(values)
    figure, (panel,) = panels_of(1, 1, width=3.9, height=2.7)
    panel.hist(known, bins=_edges(known).tolist(), color=PALETTE[0], alpha=0.55, edgecolor="none")
    for k, (mark, value) in enumerate((_usual_marks(known) if marks is None else marks).items()):
        label = f"{shortened(mark)} {_amount(value, unit)}"
        panel.axvline(value, color=INK, linewidth=1.2, linestyle=DASHES[k % len(DASHES)], label=label)
    _finish(figure, name, unit, say("images"), left_out, counts=True)
    return figure


def histograms(series: Mapping[str, np.ndarray], name: str, unit: str = "") -> Figure:
    """Draw the spread of one metric in several runs over each other, as outlines with shared bins, and their means.

    series: values (N,) by run, at most ten of them told apart by colour; N may differ, as the height is the share
    of a run's images. Values that are not finite are left out and counted under the title.
    """
    parts = {run: _finite(values) for run, values in series.items()}
    figure, (panel,) = panels_of(1, 1, width=3.9, height=2.7)
    edges = _edges(np.concatenate([known for known, _ in parts.values()]) if parts else np.zeros(0))
    for k, (run, (known, _)) in enumerate(parts.items()):
        if not len(known):
            continue
        shares = np.histogram(known, edges)[0] / len(known)
        colour, label = (
            PALETTE[k % 10],
            f"{shortened(run)}, {translated(say('mean'))} {_amount(float(known.mean()), unit)}",
        )
        panel.stairs(100 * shares, edges, color=colour, linewidth=1.6, label=label)
        panel.stairs(100 * shares, edges, color=colour, alpha=0.12, fill=True)
    _finish(figure, name, unit, say("% of images"), sum(left_out for _, left_out in parts.values()))
    return figure


def _finish(figure: Figure, name: str, unit: str, height: str, left_out: int, *, counts: bool = False) -> None:
    """Give a panel of bars its title, axes and legend; counts: whether the bars are numbers of images."""
    panel = figure.axes[0]
    note = translated(say("({count} not finite, left out)", count=left_out)) if left_out else ""
    put_title(panel, f"{shortened(name, 40)}  {note}".rstrip())
    name_axes(panel, f"{translated(name)} ({unit})" if unit else name, height)
    panel.yaxis.set_major_locator(MaxNLocator(5, integer=counts))
    panel.xaxis.set_major_locator(MaxNLocator(6))
    panel.grid(axis="y", color=GRID, linewidth=0.7)
    lines = len(panel.get_legend_handles_labels()[1])
    if lines:
        # below the panel, and the figure as much higher: within it would cover bars
        figure.set_figheight(figure.get_figheight() + 0.2 * lines)
        figure.legend(loc="outside lower left", frameon=False, fontsize=8.5, labelcolor=INK, handlelength=2.2)


def _finite(values: np.ndarray) -> tuple[np.ndarray, int]:
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    known = flat[np.isfinite(flat)]
    return known, len(flat) - len(known)


def _edges(values: np.ndarray) -> np.ndarray:
    """Bins by the data (Freedman & Diaconis 1981), between 10 and 60 of them."""
    if not len(values):
        return np.array([0.0, 1.0])
    count = len(np.histogram_bin_edges(values, "fd")) - 1 if np.ptp(values) > 0 else 10
    return np.histogram_bin_edges(values, int(np.clip(count, 10, 60)))


def _usual_marks(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {}
    low, high = np.quantile(values, [0.05, 0.95])
    return {say("mean"): float(values.mean()), say("5 % quantile"): float(low), say("95 % quantile"): float(high)}


def _amount(value: float, unit: str) -> str:
    return number(f"{value:.4g} {unit}".rstrip())
