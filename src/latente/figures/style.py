"""The look that all figures share: colours, panels, titles; their words and numbers in the language of the block."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from unicodedata import east_asian_width

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from latente import languages
from latente.languages import translated
from latente.words import printable

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "OTHERS",
    "PALETTE",
    "Numbers",
    "interpolation",
    "name_axes",
    "number",
    "panels_of",
    "put_title",
    "shortened",
    "shortened_apart",
    "styled",
    "width_of",
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


class Numbers(ScalarFormatter):
    """Numbers along an axis, with the marks of the language."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return translated(languages.Figure(super().__call__(x, pos)))

    def get_offset(self) -> str:
        return translated(languages.Figure(super().get_offset()))


def number(text: str) -> str:
    """Return a number, with its unit, as the language writes it."""
    return translated(languages.Figure(text))


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
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(Numbers())
    return panel


def put_title(panel: Axes, text: str) -> None:
    panel.set_title(translated(text), loc="left", color=INK, fontsize=9.5, fontweight="bold")


def name_axes(panel: Axes, x: str, y: str) -> None:
    panel.set_xlabel(translated(x), color=MUTED, fontsize=9)
    panel.set_ylabel(translated(y), color=MUTED, fontsize=9)


def interpolation(height: int, width: int) -> str:
    """Return how to draw an image of this size: small ones keep their pixels."""
    return "nearest" if max(height, width) < 128 else "antialiased"


def shortened(name: str, length: int = 22) -> str:
    """Shorten a name to the width of so many letters, and keep matplotlib from reading dollar signs as mathematics."""
    name = printable(translated(name))
    short = name if width_of(name) <= length else _start_of(name, length - 1).rstrip() + "…"
    return short.replace("$", r"\$")


def shortened_apart(names: Sequence[str], length: int = 22) -> list[str]:
    """Shorten names as `shortened` does, but within those that would look alike, which keep their ends."""
    short = [shortened(name, length) for name in names]
    counts = Counter(short)
    half = (length - 1) // 2
    for i, name in enumerate(names):
        if counts[short[i]] > 1 and width_of(translated(name)) > length:
            end = _start_of(printable(translated(name))[::-1], half)[::-1].replace("$", r"\$")
            short[i] = shortened(name, length - half) + end
    return short


def _start_of(name: str, width: int) -> str:
    return "".join(letter for i, letter in enumerate(name) if width_of(name[: i + 1]) <= width)


def width_of(name: str) -> int:
    """Return how many letters wide a name is drawn: those of East Asia are twice as wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in name)
