"""Figures as one picture, and the table of numbers beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.outputs import refuse_used
from latente.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["print_lines", "refuse_picture", "save_figures"]


def refuse_picture(out: Path, force: bool) -> None:
    """Raise InputError where `out` is no .png file, or exists and may not be replaced."""
    if out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: this verb draws one picture; name a .png file")
    refuse_used(out, force)


def save_figures(out: Path, *figures: Figure) -> None:
    """Write the figures, one below the other, as one picture on white."""
    import numpy as np

    from latente.figures import on_white
    from latente.sheets import save_png

    pictures = list(map(on_white, figures))
    width = max(picture.shape[1] for picture in pictures)
    sides = [((0, 0), (0, width - picture.shape[1]), (0, 0)) for picture in pictures]
    white = (np.pad(p, side, constant_values=255) for p, side in zip(pictures, sides, strict=True))
    save_png(np.concatenate(list(white)), out)


def print_lines(
    facts: Mapping[str, Any], title: str, lines: Sequence[Mapping[str, Any]], out: Path, as_json: bool
) -> None:
    """Print a line of figures for each row or column of the picture, and where it is.

    facts: what else JSON tells; title: the name of the lines in it.
    """
    if as_json:
        show.print_json({**facts, title: lines, "picture": out})
        return
    columns = list(lines[0])
    numeric = [name for name in columns if isinstance(lines[0][name], int | float)]
    figures = show.table(*(name.replace("_", " ") for name in columns), right=[n.replace("_", " ") for n in numeric])
    for line in lines:
        figures.add_row(*(words.figure(line[name]) for name in columns))
    show.console().print(figures, "", show.pairs([("wrote", str(out))]))
