"""Confusion: what a classifier takes for what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from latente.figures.style import GRID, INK, MUTED, name_axes, panels_of, put_title, shortened_apart, width_of

__all__ = ["confusion"]


def confusion(table: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix, its mistakes darker the more they are; what is right is only written.

    table: (classes, classes) how many images of each class (row) were taken for each (column), as scikit-learn's
    `confusion_matrix` returns it. names: of the classes. The title counts the mistakes.
    """
    side = 1.2 + 0.4 * len(table)
    figure, (panel,) = panels_of(1, 1, width=max(side, 2.6), height=max(side - 0.2, 2.4))
    wrong = np.where(np.eye(len(table), dtype=bool), 0, table)
    shade = np.ma.masked_equal(np.sqrt(wrong), 0)
    panel.imshow(shade, cmap="Oranges", vmin=0, vmax=1.6 * np.sqrt(max(wrong.max(), 1)))
    for row, column in np.ndindex(*table.shape):
        if table[row, column]:
            colour, weight = (MUTED, "normal") if row == column else (INK, "bold")
            text = f"{table[row, column]}"
            panel.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour, fontweight=weight)
    short = shortened_apart(names, 12)
    panel.set_xticks(range(len(table)), short)
    panel.set_yticks(range(len(table)), short)
    if max(map(width_of, short)) > 3:
        for name in panel.get_xticklabels():
            name.set(rotation=40, ha="right", rotation_mode="anchor")
    panel.set_xticks(np.arange(len(table) + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(len(table) + 1) - 0.5, minor=True)
    panel.grid(which="minor", color=GRID, linewidth=0.5)
    panel.tick_params(which="both", labelcolor=INK, length=0)
    put_title(panel, f"{wrong.sum():,} of {table.sum():,} wrong")
    name_axes(panel, "taken for", "class")
    return figure
