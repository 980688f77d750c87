"""`latente traverse`: what each dimension of a latent space does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.checks import Number, Numbers, Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import evidence_of, images_for, refuse_choice_among_none, refuse_tables
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ForceFlag,
    FramesOption,
    JsonFlag,
    OptionalImagesArgument,
    PictureOption,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.pictures import print_lines, refuse_picture, save_figures
from latente.cli.shared.readers import checked

if TYPE_CHECKING:
    from latente.estimators.base import Estimator
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer()

MOST_TRIED = 256  # dimensions, those with the largest spread, of which the ones that matter most are drawn
ROWS = 8  # dimensions in one picture, unless told otherwise

DimensionsOption = Annotated[
    Any,
    typer.Option(
        parser=checked(Numbers(each=Whole(least=0))),
        metavar="N,N",
        help="Which dimensions [dim](default: the 8 that change the image most)[/dim]",
    ),
]
SpanOption = Annotated[
    float,
    typer.Option(parser=checked(Number(above=0)), metavar="X", help="Standard deviations to either side."),
]
StepsOption = Annotated[int, typer.Option(parser=checked(Whole(least=2)), metavar="N", help="Pictures in a row.")]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente traverse runs/digits --out traversal.png",
        "latente traverse runs/digits digits --dimensions 0,1 --span 2 --steps 9 --out two.png",
    ),
)
def traverse(
    run: RunArgument,
    images: OptionalImagesArgument = None,
    dimensions: DimensionsOption = None,
    span: SpanOption = 3.0,
    steps: StepsOption = 7,
    out: PictureOption = Path("traverse.png"),
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Show what each latent dimension does.

    Each one moves alone, around the mean code of the images and by their standard deviations.
    """
    import numpy as np

    from latente import figures
    from latente.evidence import as_pictures
    from latente.latents import traverse as walk

    refuse_picture(out, force)
    refuse_choice_among_none(images, split=split, count=count, frames=frames, budget=budget)
    model = model_for("traverse", run)
    refuse_tables(model)
    source = (
        _training_images(run, model)
        if images is None
        else images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    )
    with show.console(as_json).status(f"encoding {len(source):,} images"):
        codes = model.transform(source)
        widest = np.argsort(-codes.std(axis=0), kind="stable")[:MOST_TRIED]
        chosen = widest if dimensions is None else np.array(dimensions)
        ends = as_pictures(model, walk(model, codes, steps=2, span=1.0, dimensions=chosen.tolist()))
        change = np.sqrt(((ends[:, 1] - ends[:, 0]) ** 2).mean(axis=(1, 2, 3)))
        if dimensions is None:
            order = np.argsort(-change, kind="stable")[:ROWS]
            chosen, change = chosen[order], change[order]
        rows = as_pictures(model, walk(model, codes, steps=steps, span=span, dimensions=chosen.tolist()))
    names = [f"dimension {dimension}" for dimension in chosen]
    places = np.linspace(-span, span, steps).round(12)
    titles = [f"{place:+.3g} σ".replace("-", "\N{MINUS SIGN}") if place else "mean" for place in places]
    save_figures(out, figures.strips(rows.clip(0, 1), names, titles))
    lines = [
        {"dimension": int(d), "mean": float(codes[:, d].mean()), "spread": float(codes[:, d].std()), "change": float(c)}
        for d, c in zip(chosen, change, strict=True)
    ]
    facts = {"run": run, "images": source.name, "count": len(source), "span": span, "steps": steps}
    print_lines(facts, "dimensions", lines, out, as_json)


def _training_images(run: Path, model: Estimator) -> Images:
    """Return the images that the run learned from."""
    learned = evidence_of(run, model).learned
    assert learned is not None
    return learned.images.take(learned.rows)
