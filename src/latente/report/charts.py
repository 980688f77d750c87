"""The figures of a report, as inline SVG with the words below them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente import figures
from latente.figures.style import name_axes, panels_of, put_title, shortened
from latente.languages import Figure as Number
from latente.languages import say
from latente.pages import embedding

__all__ = ["Chart", "curves", "overlaid", "peak_note", "spread"]

LOGARITHMIC = 30  # the factor between largest and smallest value from which on an axis is logarithmic


@dataclasses.dataclass(frozen=True)
class Chart:
    """A figure, the name by which it is found in the page, and what it shows."""

    name: str
    figure: Markup
    note: str


def curves(lines: Sequence[Mapping[str, Any]], best_epoch: int | None, start: str = "curve") -> list[Chart]:
    """One panel per term of the loss; start: of the panels' names in the page."""
    return [
        Chart(f"{start}-{i}", embedding.svg(figures.curves(lines, [term], best_epoch), f"{start}-{i}"), "")
        for i, term in enumerate(figures.terms_of(lines))
    ]


def peak_note(psnr: float) -> str:
    """Why a mean PSNR of 60 to 70 dB, as was published for images in [0, 1], is none, with the mean `psnr` here."""
    extra = 20 * math.log10(255)
    template = (
        "A PSNR says nothing without its peak. Here values are scaled to [0, 1] and the peak is 1. Taking 255, the "
        "peak of 8-bit files, would add 20 log10 255 = {extra} dB to every image: a mean of {psnr} dB would read "
        "{more} dB. Published values of 60 to 70 dB (Cerna 2024, CIMAT) look like that."
    )
    numbers = {"extra": f"{extra:.2f}", "psnr": f"{psnr:.1f}", "more": f"{psnr + extra:.1f}"}
    return say(template, **{name: Number(text) for name, text in numbers.items()})


def spread(series: Mapping[str, np.ndarray], name: str, unit: str, note: str) -> Chart:
    """How a metric is spread over the images, for several runs over each other."""
    identity = f"{name.lower()}s"
    return Chart(identity, embedding.svg(figures.histograms(series, name, unit), identity), note)


def overlaid(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Chart]:
    """One panel per term of the loss, with the curves of all runs that have it."""
    terms = dict.fromkeys(term for lines in runs.values() for term in figures.terms_of(lines))
    return [Chart(f"curve-{i}", embedding.svg(_overlay(runs, term), f"curve-{i}"), "") for i, term in enumerate(terms)]


def _overlay(runs: Mapping[str, Sequence[Mapping[str, Any]]], term: str) -> Figure:
    """Each run's validation curve of a term; a run without validation has its training's, dashed."""
    figure, (panel,) = panels_of(1, 1, width=3.9, height=2.7)
    drawn: list[float] = []
    for k, (name, lines) in enumerate(runs.items()):
        by_epoch, style = _by_epoch(lines, "validation", term), "-"
        if not by_epoch:
            by_epoch, style = _by_epoch(lines, "train", "loss" if term == "objective" else term), "--"
        if by_epoch:
            marker = "o" if len(by_epoch) <= 40 else ""
            look: dict[str, Any] = {"color": figures.PALETTE[k % 10], "linewidth": 1.6, "linestyle": style}
            panel.plot(
                *zip(*by_epoch.items(), strict=True), label=shortened(name), marker=marker, markersize=3.5, **look
            )
            drawn += by_epoch.values()
    if drawn and min(drawn) > 0 and max(drawn) > LOGARITHMIC * min(drawn):
        panel.set_yscale("log")
    put_title(panel, figures.title_of(term))
    name_axes(panel, say("epoch"), "")
    panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.grid(axis="y", color=figures.GRID, linewidth=0.7)
    # below the panel, and the figure as much higher: within it would cover curves
    figure.set_figheight(figure.get_figheight() + 0.2 * len(panel.get_lines()))
    figure.legend(loc="outside lower left", frameon=False, fontsize=8.5, labelcolor=figures.INK, handlelength=1.6)
    return figure


def _by_epoch(lines: Sequence[Mapping[str, Any]], part: str, name: str) -> dict[int, float]:
    """The last finite value of every epoch."""
    values = [(line["epoch"], line.get(name)) for line in lines if line.get("part") == part]
    known = [(epoch, value) for epoch, value in values if isinstance(value, int | float) and math.isfinite(value)]
    return {int(epoch): float(value) for epoch, value in known}
