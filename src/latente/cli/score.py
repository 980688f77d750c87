"""`latente score`: one number for each image, in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.help import USE, examples
from latente.cli.shared.images import images_for
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ExcludeOption,
    ForceFlag,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.outputs import refuse_used_table

__all__ = ["verb"]

verb = typer.Typer()

ScoresOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .csv file to write.")]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente score runs/digits digits",
        "latente score runs/digits digits --split test --out test.csv --json",
    ),
)
def score(
    run: RunArgument,
    images: ImagesArgument,
    out: ScoresOption = Path("scores.csv"),
    split: SplitOption = None,
    count: CountOption = None,
    exclude: ExcludeOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Write a score for each image, in their order: lower is odder.

    The file has the columns file and score. Of an autoencoder the score is minus the error, of a VAE the bound of the
    likelihood in nats, of a detector minus the oddness. `latente rank` puts the oddest first.
    """
    import numpy as np

    from latente.culling import rank, write_table

    refuse_used_table(out, force)
    model = model_for("score", run)
    source = images_for(model, images, split=split, count=count, exclude=exclude, frames=frames, budget=budget)
    ranking = rank(model, source)
    rows = [{"file": name, "score": float(value)} for name, value in zip(ranking.names, ranking.scores, strict=True)]
    write_table(out, rows)
    mean, lowest = float(np.mean(ranking.scores)), float(np.min(ranking.scores))
    if as_json:
        show.print_json({"run": run, "images": images, "scores": rows, "mean": mean, "lowest": lowest, "table": out})
        return
    oddest = source.name_of(int(ranking.order[0]))
    show.console().print(
        show.pairs(
            [
                ("scores", f"{words.count(len(rows), 'image')}, mean {words.figure(mean)}"),
                ("lowest", f"{words.figure(lowest)}: {oddest}"),
                ("wrote", str(out)),
            ]
        )
    )
