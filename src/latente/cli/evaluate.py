"""`latente evaluate`: how good a trained model is, in figures."""

from __future__ import annotations

from typing import Annotated

import typer

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import judged_images_for
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    RunArgument,
    SplitOption,
)
from latente.errors import InputError

__all__ = ["verb"]

verb = typer.Typer()

BoundSamplesOption = Annotated[
    int | None, typer.Option(metavar="K", min=1, help="Also the bound of log p(x) with so many samples (vae).")
]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples("latente evaluate runs/digits digits", "latente evaluate runs/digits digits --json"),
)
def evaluate(
    run: RunArgument,
    images: ImagesArgument,
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    bound_samples: BoundSamplesOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a model on images.

    They are those of the test part, where there is one and --split names no other.
    """
    from latente.estimators.abilities import Bounds
    from latente.estimators.kinds import kind_named
    from latente.metrics import protocols_of

    model = model_for("evaluate", run)
    if bound_samples is not None and not isinstance(model, Bounds):
        title = kind_named(model.kind).title
        raise InputError(f"--bound-samples has no meaning for this {title}, which bounds no likelihood; leave it out")
    source, part = judged_images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    metrics = model.evaluate(source)
    if bound_samples is not None:
        bound = model.bound(source, bound_samples).mean(dtype="float64")
        metrics |= {"bound": float(bound), "bound_samples": bound_samples}
    protocols = protocols_of(metrics, model.scaling_.range_in_words)
    if as_json:
        facts = {"run": run, "images": source.name, "part": part, "count": len(source)}
        show.print_json(facts | {"metrics": metrics, "protocols": protocols})
        return
    screen = show.console()
    of_part = f" of the {part} part" if part else ""
    screen.print(show.pairs([("images", f"{source.name}: {len(source):,}{of_part}")]), "")
    figures = show.table("metric", "value", "protocol", right=["value"])
    for name, value in metrics.items():
        if name != "count":  # it stands above
            figures.add_row(name, words.figure(value), protocols.get(name, ""))
    screen.print(figures)
