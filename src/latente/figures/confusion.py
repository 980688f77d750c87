"""Confusion: what a classifier takes for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latente.figures.style import GRID, INK, MUTED, name_axes, panels_of, put_title, shortened_apart, width_of
from latente.languages import say

__all__ = ["confusion", "confusions"]


def confusion(table: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix, its mistakes darker the more they are; what is right is only written.

    table: (classes, classes) how many images of each class (row) were taken for each (column), as scikit-learn's
    `confusion_matrix` returns it. names: of the classes. The title counts the mistakes.
    """
    return confusions({"": table}, names, columns=1)


def confusions(tables: Mapping[str, np.ndarray], names: Sequence[str], *, columns: int) -> Figure:
    """Draw confusion matrices of the same classes, each as `confusion` does, under its name, in so many columns.

    The same shade is the same number of mistakes in all of them.
    """
    side = 1.2 + 0.4 * len(names)
    figure, panels = panels_of(len(tables), columns, width=max(side, 2.6), height=max(side - 0.2, 2.4))
    most = max(int(_mistakes(table).max()) for table in tables.values())
    for panel, (title, table) in zip(panels, tables.items(), strict=True):
        _fill(panel, table, shortened_apart(names, 12), most)
        count = say("{wrong} of {all} wrong", wrong=int(_mistakes(table).sum()), all=int(table.sum()))
        put_title(panel, say("{title}: {count}", title=title, count=count) if title else count)
    return figure


def _mistakes(table: np.ndarray) -> np.ndarray:
    return np.where(np.eye(len(table), dtype=bool), 0, table)


def _fill(panel: Axes, table: np.ndarray, names: Sequence[str], most: int) -> None:
    """Draw a table; most: the mistakes of the darkest cell."""
    shade = np.ma.masked_equal(np.sqrt(_mistakes(table)), 0)
    panel.imshow(shade, cmap="Oranges", vmin=0, vmax=1.6 * np.sqrt(max(most, 1)))
    for row, column in np.ndindex(*table.shape):
        if table[row, column]:
            colour, weight = (MUTED, "normal") if row == column else (INK, "bold")
            text = f"{table[row, column]}"
            panel.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour, fontweight=weight)
    panel.set_xticks(range(len(table)), names)
    panel.set_yticks(range(len(table)), names)
    if max(map(width_of, names)) > 3:
        for name in panel.get_xticklabels():
            name.set(rotation=40, ha="right", rotation_mode="anchor")
    panel.set_xticks(np.arange(len(table) + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(len(table) + 1) - 0.5, minor=True)
    panel.grid(which="minor", color=GRID, linewidth=0.5)
    panel.tick_params(which="both", labelcolor=INK, length=0)
    name_axes(panel, say("taken for"), say("class"))
