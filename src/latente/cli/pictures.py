"""What the verbs that look inside a model share: the images behind a run, and figures as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.outputs import refuse_used
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from latente.evidence import Evidence
    from latente.images import Images

__all__ = [
    "NO_IMAGES",
    "Out",
    "OwnSource",
    "check_out",
    "evidence_of",
    "few_of",
    "refuse_tables",
    "save_figures",
    "tell",
]

NO_IMAGES = "--split and --count choose among IMAGES, which are not given; name the set too"

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .png file to write.")]
OwnSource = Annotated[str | None, typer.Argument(metavar="[IMAGES]", help="Images, if not those of the training.")]


def check_out(out: Path, force: bool) -> None:
    """Raise InputError where `out` is no .png file, or exists and may not be replaced."""
    if out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: this verb draws one picture; name a .png file")
    refuse_used(out, force)


def refuse_tables(model: Any) -> None:
    """Raise InputError where the model was trained on rows of a table, which nobody can look at."""
    if len(model.image_shape_) == 1:
        raise InputError("this model was trained on rows of a table, which are no pictures; see `latente map`")


def evidence_of(run: Path, model: Any, images: Images | None = None) -> Evidence:
    """Return the images that the run, whose model is given, learned from and is judged by, opened as its report does.

    images: those to judge by, if not the test part of the run's set, or what it held out. Raises InputError, saying
    what to do, where the run's set cannot be opened again.
    """
    from latente.evidence import open_evidence
    from latente.training import Run

    return open_evidence(Run.open(run), model, images)


def few_of(images: Images, most: int) -> tuple[Images, np.ndarray]:
    """Return at most so many of the images, drawn evenly with a fixed seed, and which ones they are."""
    import numpy as np

    from latente.evidence import draw

    rows = draw(np.arange(len(images)), most, seed=0)
    return images if len(rows) == len(images) else images.take(rows), rows


def save_figures(out: Path, *figures: Figure) -> None:
    """Write the figures, one below the other, as one picture on white."""
    import numpy as np

    from latente.figures import on_white
    from latente.sheets import save_png

    drawn = list(map(on_white, figures))
    width = max(picture.shape[1] for picture in drawn)
    sides = [((0, 0), (0, width - picture.shape[1]), (0, 0)) for picture in drawn]
    save_png(np.concatenate([np.pad(p, side, constant_values=255) for p, side in zip(drawn, sides, strict=True)]), out)


def tell(what: dict[str, Any], title: str, lines: Sequence[dict[str, Any]], out: Path, as_json: bool) -> None:
    """Print a line of figures for each row or column of the picture, and where it is."""
    if as_json:
        show.print_json(what | {title: lines, "picture": out})
        return
    columns = list(lines[0])
    figures = show.table(*(name.replace("_", " ") for name in columns), right=["mean", "spread", "change", "seen"])
    for line in lines:
        figures.add_row(*(show.figure(line[name]) for name in columns))
    screen = show.console()
    screen.print(figures, "", show.pairs([("wrote", str(out))]))
