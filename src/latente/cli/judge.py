"""`latente evaluate` and `latente report`: how good a trained model is, in figures and as a page to show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente.cli import console as show
from latente.cli.inputs import images_for, model_of
from latente.cli.options import Count, Force, Json, Run, Source, Split, examples
from latente.cli.outputs import refuse_used

__all__ = ["verbs"]

verbs = typer.Typer()

Page = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The page [dim](default: RUN/report.html)[/dim]")
]
BoundSamples = Annotated[
    int | None, typer.Option(metavar="K", min=1, help="vae: also the bound of log p(x) with so many samples.")
]
Shown = Annotated[str | None, typer.Argument(metavar="[IMAGES]", help="Images to show, if not those of the training.")]


@verbs.command(epilog=examples("latente evaluate runs/digits digits", "latente evaluate runs/digits digits --json"))
def evaluate(
    run: Run,
    images: Source,
    split: Split = None,
    count: Count = None,
    bound_samples: BoundSamples = None,
    as_json: Json = False,
) -> None:
    """Measure a model on images.

    They are those of the test part, where there is one and --split names no other.
    """
    from latente.errors import InputError
    from latente.estimators import VariationalAutoencoder
    from latente.metrics import PROTOCOLS

    model = model_of(run)
    found = images_for(model, images, split, count)
    if split is None and "test" in found.parts:
        split = "test"
        found = images_for(model, images, split, count)
    if bound_samples is None:
        metrics = model.evaluate(found)
    elif isinstance(model, VariationalAutoencoder):
        metrics = model.evaluate(found, bound_samples)
    else:
        raise InputError("--bound-samples needs a variational autoencoder; leave it out for this run")
    told = {name: PROTOCOLS[name] for name in metrics if name in PROTOCOLS}
    if as_json:
        what = {"run": run, "images": found.name, "part": split, "count": len(found)}
        show.print_json(what | {"metrics": metrics, "protocols": told})
        return
    part = f" of the {split} part" if split else ""
    screen = show.console()
    screen.print(show.pairs([("images", f"{found.name}: {len(found):,}{part}")]), "")
    figures = show.table("metric", "value", "protocol", right=["value"])
    for name, value in metrics.items():
        if name == "count":  # told above
            continue
        figures.add_row(name, show.figure(value), told.get(name, ""))
    screen.print(figures)


@verbs.command(epilog=examples("latente report runs/digits", "latente report runs/digits --out page.html"))
def report(run: Run, images: Shown = None, out: Page = None, force: Force = False) -> None:
    """Write the page about a run.

    One HTML file: what was trained on what, curves, pictures, samples, the latent map.
    """
    from latente.report import write_report

    if out is not None:
        refuse_used(out, force)
    found = None if images is None else images_for(model_of(run), images)
    screen = show.console()
    with screen.status("writing the report"):
        page = write_report(run, images=found, out=out)
    screen.print(show.pairs([("report", str(page))]))
