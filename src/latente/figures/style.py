"""The look that all figures share: colours, panels, titles."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "OTHERS",
    "PALETTE",
    "interpolation",
    "name_axes",
    "panels_of",
    "put_title",
    "shortened",
    "styled",
]

INK, MUTED, GRID = "#1f2933", "#6b7785", "#d5dbe1"
# Petroff (2021), "Accessible color sequences for data visualization", arXiv:2107.02270
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
OTHERS = "#c3cad1"  # classes without a colour of their own


def panels_of(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of `count` styled panels in so many columns; width and height in inches, of one panel."""
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, [styled(figure.add_subplot(rows, columns, k + 1)) for k in range(count)]


def styled(panel: Axes) -> Axes:
    """Give `panel` the quiet frame of all figures, on a transparent ground, and return it."""
    panel.figure.patch.set_alpha(0)
    panel.patch.set_alpha(0)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(GRID)
    panel.tick_params(colors=MUTED, labelsize=8.5, length=0)
    panel.set_axisbelow(True)
    return panel


def put_title(panel: Axes, text: str) -> None:
    panel.set_title(text, loc="left", color=INK, fontsize=9.5, fontweight="bold")


def name_axes(panel: Axes, x: str, y: str) -> None:
    panel.set_xlabel(x, color=MUTED, fontsize=9)
    panel.set_ylabel(y, color=MUTED, fontsize=9)


def interpolation(height: int, width: int) -> str:
    """Return how to draw an image of this size: small ones keep their pixels."""
    return "nearest" if max(height, width) < 128 else "antialiased"


def shortened(name: str, length: int = 22) -> str:
    """Shorten a name, and keep matplotlib from reading dollar signs in it as mathematics."""
    short = name if len(name) <= length else name[: length - 1] + "…"
    return short.replace("$", r"\$")
