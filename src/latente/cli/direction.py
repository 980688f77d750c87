"""`latente direction learn|list`: attributes of images as directions among their codes."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from latente.checks import Choice
from latente.cli.shared import console as show
from latente.cli.shared.attributes import values_of
from latente.cli.shared.directions import AttributeOption, facts_of
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import images_for
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    LabelsOption,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.readers import option_parser

__all__ = ["verb"]

verb = typer.Typer(
    name="direction",
    help="Learn in which direction codes gain an attribute.",
    invoke_without_command=True,
    epilog=examples("latente direction learn runs/digits digits --attribute 3", "latente direction list runs/digits"),
)

MethodOption = Annotated[
    str,
    typer.Option(
        parser=option_parser(Choice(("means", "logistic"), kind="method").read),
        metavar="NAME",
        help="means (difference of the classes' mean codes) or logistic (regression).",
    ),
]
AgainstOption = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="Attributes that the direction shall not change."),
]


@verb.callback(rich_help_panel=INSIDE)
def _direction(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        context.get_help()  # typer prints it


@verb.command(
    epilog=examples(
        "latente direction learn runs/digits digits --attribute 3",
        "latente direction learn runs/digits digits --attribute 8 --method logistic --against 3",
    )
)
def learn(
    run: RunArgument,
    images: ImagesArgument,
    attribute: AttributeOption,
    method: MethodOption = "means",
    against: AgainstOption = None,
    labels: LabelsOption = None,
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Find the direction of an attribute among the codes of images, and keep it in the run's folder.

    A class counts as an attribute that its images have and all others lack.
    """
    import numpy as np

    from latente.estimators.abilities import verbs_of
    from latente.latents import learn_direction, save_direction

    model = model_for("direction", run)
    source = images_for(model, images, split=split, count=count, labels=labels, frames=frames, budget=budget)
    name, values = values_of(source, attribute)
    others = dict(values_of(source, other.strip()) for other in against.split(",")) if against else {}
    known = np.flatnonzero(np.isfinite([values, *others.values()]).all(axis=0))
    with show.console(as_json).status(f"encoding {len(known):,} images"):
        codes = model.transform(source if len(known) == len(source) else source.take(known))
        others = {title: other[known] for title, other in others.items()}
        direction = learn_direction(codes, values[known], attribute=name, method=method, against=others or None)
    path = save_direction(run, direction)
    if as_json:
        show.print_json({"run": run, "images": source.name, **facts_of(direction), "file": path})
        return
    without, having = direction.counts
    beside = f", against {', '.join(direction.against)}" if direction.against else ""
    rows = [
        ("direction", f"{name}, by {direction.method}{beside}: {having:,} images with it, {without:,} without"),
        ("accuracy", f"{direction.accuracy:.3f} on held-out images, balanced (0.5 is chance)"),
        ("wrote", str(path)),
    ]
    if "edit" in verbs_of(model):
        example = shlex.join(["latente", "edit", str(run), images, "--attribute", name, "--strength", "-1:2:7"])
        rows += [("next", f"{example} --out edited.png")]
    show.console().print(show.pairs(rows))


@verb.command("list", epilog=examples("latente direction list runs/digits"))
def list_(run: RunArgument, as_json: JsonFlag = False) -> None:
    """List the directions that were learned for a run."""
    from latente.latents import saved_directions
    from latente.training import Run

    rows = list(map(facts_of, saved_directions(Run.open(run).path)))
    if as_json:
        show.print_json(rows)
        return
    lines = show.table("attribute", "method", "against", "with", "without", "accuracy", right=["with", "without"])
    for row in rows:
        lines.add_row(
            row["attribute"],
            row["method"],
            ", ".join(row["against"]),
            f"{row['with']:,}",
            f"{row['without']:,}",
            f"{row['accuracy']:.3f}",
        )
    show.console().print(lines if rows else f"none yet: `latente direction learn {run} IMAGES --attribute NAME`")
