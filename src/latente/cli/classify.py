"""`latente classify`: the class of each image, as a model that learned classes tells it."""

from __future__ import annotations

from collections import Counter
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
from latente.words import printable

__all__ = ["verb"]

verb = typer.Typer()

ClassesOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .csv file to write.")]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente classify runs/digits-stacked-1 digits",
        "latente classify runs/digits-stacked-1 digits --split test --out test.csv --json",
    ),
)
def classify(
    run: RunArgument,
    images: ImagesArgument,
    out: ClassesOption = Path("classes.csv"),
    split: SplitOption = None,
    count: CountOption = None,
    exclude: ExcludeOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Write the most probable class of each image, in their order.

    The file has the columns file, class and probability: how sure the model is of it.
    """
    from latente.culling import write_table
    from latente.estimators.abilities import classes_of
    from latente.report.verdicts import name_of_class

    refuse_used_table(out, force)
    model = model_for("classify", run)
    source = images_for(model, images, split=split, count=count, exclude=exclude, frames=frames, budget=budget)
    probabilities = model.predict_proba(source)
    classes = classes_of(model)
    names = [name_of_class(model.label_names_, classes, place) for place in range(len(classes))]
    files = tuple(map(printable, source.files)) if source.files else tuple(map(str, range(len(source))))
    best = probabilities.argmax(axis=1)
    rows = [
        {"file": files[row], "class": names[place], "probability": float(probabilities[row, place])}
        for row, place in enumerate(best)
    ]
    write_table(out, rows)
    counts = Counter(str(row["class"]) for row in rows)
    if as_json:
        show.print_json({"run": run, "images": images, "counts": counts, "classes": rows, "table": out})
        return
    told = ", ".join(f"{name} {number:,}" for name, number in counts.most_common())
    show.console().print(
        show.pairs([("classes", f"{words.count(len(rows), 'image')}: {told}"), ("wrote", str(out))]), soft_wrap=True
    )
