"""`latente evaluate` and `latente report`: how good a trained model is, in figures and as a page to show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.inputs import images_for, model_of
from latente.cli.options import Count, Force, Json, Run, Source, Split, examples
from latente.cli.outputs import refuse_used
from latente.errors import InputError

if TYPE_CHECKING:
    from latente.images import Images

__all__ = ["verbs"]

verbs = typer.Typer()

Page = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="The page [dim](default: RUN/report.html; of several runs comparison.html)[/dim]"
    ),
]
BoundSamples = Annotated[
    int | None, typer.Option(metavar="K", min=1, help="vae: also the bound of log p(x) with so many samples.")
]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN... [IMAGES]",
        help="Folders of trainings; then the images to judge by, if not those of the trainings.",
        show_default=False,
    ),
]


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


@verbs.command(
    epilog=examples(
        "latente report runs/digits",
        "latente report runs/digits --out page.html",
        "latente report runs/digits runs/digits-autoencoder-1",
    )
)
def report(runs: Runs, out: Page = None, force: Force = False) -> None:
    """Write the page about a run, or one that compares several.

    One HTML file: what was trained on what, curves, pictures, samples, the latent map. Of several runs: in what they
    differ, and how each does on the same images.
    """
    from latente.report import write_comparison, write_report

    folders, source = _split(runs)
    if len(folders) > 1:
        out = out or Path("comparison.html")
    if out is not None:
        refuse_used(out, force)
    found = None if source is None else _images_of(model_of(folders[0]), source)
    screen = show.console()
    with screen.status("writing the report"):
        if len(folders) > 1 and out is not None:
            page = write_comparison(folders, images=found, out=out)
        else:
            page = write_report(folders[0], images=found, out=out)
    screen.print(show.pairs([("report", str(page))]))


def _images_of(model: Any, source: str) -> Images:
    """Open what follows the runs; where it is no images either, it may have been meant as a run."""
    try:
        return images_for(model, source)
    except InputError as error:
        raise InputError(f"{source} is neither a run (it holds no options.json) nor images: {error}") from error


def _split(words: list[str]) -> tuple[list[Path], str | None]:
    """Tell the run folders, each of which holds an options.json, from the images that may follow them."""
    are_runs = [(Path(word) / "options.json").is_file() for word in words]
    first = are_runs.index(False) if False in are_runs else len(words)
    if first == 0 or first < len(words) - 1:
        raise InputError(f"{words[first]} is no run folder: it has no options.json; images, if any, come last")
    return [Path(word) for word in words[:first]], words[first] if first < len(words) else None
