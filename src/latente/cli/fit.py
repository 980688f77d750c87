"""`latente fit` and `latente resume`: images in, a run folder with a trained model and its report out."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from latente.cli import console as show
from latente.cli.options import (
    Budget,
    Channels,
    Count,
    Crop,
    Json,
    Labels,
    Run,
    Size,
    Source,
    Split,
    choice,
    examples,
    given,
    whole,
)
from latente.cli.settings import MODELS, estimator_of, with_settings
from latente.errors import InputError

if TYPE_CHECKING:
    from latente.images import Images

__all__ = ["verbs"]

verbs = typer.Typer()

Model = Annotated[str, typer.Option(parser=choice("model", MODELS), metavar="NAME", help=f"{' or '.join(MODELS)}.")]
Out = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Folder for the run [dim](default: runs/SET-MODEL-N, the next free N)[/dim]"),
]
Plan = Annotated[bool, typer.Option("--dry-run", help="Print what would be trained, and write nothing.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Leave out report.html.")]


@verbs.command(
    epilog=examples(
        "latente fit digits --epochs 5",
        "latente fit digits --model vae --latent-dim 2 --out runs/digits",
        "latente fit photos/ --size 32 --corruption gaussian:0.1 --epochs 2",
        "latente fit digits --hidden 512,256 --network dense --dry-run",
    )
)
@with_settings
def fit(
    images: Source,
    model: Model = "autoencoder",
    out: Out = None,
    dry_run: Plan = False,
    as_json: Json = False,
    no_report: NoReport = False,
    split: Split = None,
    size: Size = None,
    crop: Crop = None,
    channels: Channels = None,
    count: Count = None,
    labels: Labels = None,
    budget: Budget = None,
    **settings: Any,
) -> None:
    """Train a model on images.

    The run folder gets the model, checkpoints, metrics, sample pictures and a report.
    """
    from latente.images import open_images

    _check_out(out)
    screen = show.console(as_json)
    door = given(
        {
            "split": split,
            "size": size,
            "crop": crop,
            "channels": channels,
            "count": count,
            "labels": labels,
            "budget": budget,
        }
    )
    with screen.status("starting"):
        estimator = estimator_of(model, settings, verbose=True)
    with show.progress() as step:
        found = open_images(images, progress=step, **door)
    screen.print(show.scan(found))
    if dry_run:
        _dry_run(screen, estimator, found, as_json)
        return
    if not _several_processes():  # to plan, a step is taken, which is one process's own affair
        _show_plan(screen, model, estimator.plan(found, steps=1))
    run = out or _next_run(found.name, model)
    estimator.set_params(out=str(run))
    screen.print(show.pairs([("run", str(run))]))
    estimator.fit(found)
    _finish(screen, run, estimator, as_json, no_report, found)


@verbs.command(epilog=examples("latente resume runs/digits --epochs 25"))
def resume(
    run: Run,
    epochs: Annotated[
        int | None, typer.Option(parser=whole, metavar="N", help="Train on to this many epochs in all.")
    ] = None,
    as_json: Json = False,
    no_report: NoReport = False,
) -> None:
    """Go on with an interrupted run, or extend a finished one.

    The result is the same as if the training had never stopped.
    """
    from latente.estimators import resume as go_on

    screen = show.console(as_json)
    estimator = go_on(run, epochs=epochs, verbose=True)
    _finish(screen, run, estimator, as_json, no_report)


def _several_processes() -> bool:
    """Whether torchrun started this process as one of several that train together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _check_out(out: Path | None) -> None:
    """Refuse a folder that holds something, before any work is done for it."""
    if out is None:
        if _several_processes():
            raise InputError("several processes train one run together: name its folder with --out")
        return
    if not show.leads() or not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if (out / "options.json").exists():
        raise InputError(f"--out {out} holds a run: go on with `latente resume {out}`, or name another folder")
    raise InputError(f"--out {out} exists and is no empty folder: name a new one")


def _next_run(name: str, model: str) -> Path:
    """Return runs/NAME-MODEL-N with the first N that is free."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    stem = f"{plain.strip('-.') or 'images'}-{model}"
    numbers = itertools.count(1)
    return next(run for run in (Path("runs") / f"{stem}-{number}" for number in numbers) if not run.exists())


def _show_plan(screen: Console, model: str, plan: Mapping[str, Any]) -> None:
    """Print in a few lines what is about to be trained, on what and how."""
    options, data = plan["options"], plan["data"]
    hidden = ",".join(map(str, options["hidden"] or ())) or "no hidden layer"
    code = "spatial code" if options["latent_dim"] is None else f"code of {options['latent_dim']}"
    corrupted = f", images worsened by {options['corruption']}" if options["corruption"] else ""
    held_out = f", {data['validation_count']:,} held out to judge" if data["validation_count"] else ""
    batches = f"batches of {options['batch_size']}, {options['precision']}"
    steps = f"{options['optimizer']} {options['learning_rate']:g}, {batches}"
    rows = [
        (
            "model",
            f"{model}: {options['network']} {hidden}, {code}, {plan['parameters']:,} parameters{corrupted}",
        ),
        ("training", f"{options['epochs']} epochs of {data['train_count']:,} images{held_out}; {steps}"),
    ]
    screen.print(show.pairs(rows))


def _dry_run(screen: Console, estimator: Any, images: Images, as_json: bool) -> None:
    """Print every option, the network layer by layer, and what the training will take."""
    plan = estimator.plan(images)
    _show_plan(screen, estimator.model, plan)
    unsettled = ("out", "random_state", "verbose")
    options = [
        f"{name} {'none' if value is None else value}"
        for name, value in plan["options"].items()
        if name not in unsettled
    ]
    screen.print(show.pairs([("options", ", ".join(options))]))
    layers = show.table("layer", "type", "output", "parameters", right=["output", "parameters"])
    for row in plan["layers"]:
        shape = "x".join(map(str, (row.output or ())[1:]))
        layers.add_row(row.name, row.type, shape, f"{row.parameters:,}")
    screen.print("", layers, "")
    time, memory = show.duration(plan["seconds_estimate"]), show.memory(plan["memory_estimate_bytes"])
    rows = [("cost", f"about {time} and {memory} of memory"), ("dry run", "nothing was written")]
    screen.print(show.pairs(rows))
    if as_json:
        show.print_json(plan | {"layers": [row._asdict() for row in plan["layers"]]})


def _finish(
    screen: Console, run: Path, estimator: Any, as_json: bool, no_report: bool, images: Images | None = None
) -> None:
    """Write the report, and say how good the model is, where everything lies and what can be done next.

    images: those of the training, where they are at hand, so that the report need not open them again.
    """
    if not show.leads():
        return
    page = None
    if not no_report:
        from latente.report import write_report
        from latente.training.devices import alone

        with alone(), screen.status("writing the report"):
            page = write_report(run, images=images)
    best, lines = estimator.best_epoch_, estimator.history_
    judged = [line for line in lines if line["part"] == "validation" and line["epoch"] == best]
    terms = {name: value for name, value in (judged or [{}])[-1].items() if name not in ("part", "epoch", "step")}
    rows = []
    if terms:
        rows += [("best", f"epoch {best}: {', '.join(f'{name} {show.figure(terms[name])}' for name in terms)}")]
    if page is not None:
        rows += [("report", str(page))]
    rows += [("next" if not i else "", step) for i, step in enumerate(_next_steps(run))]
    screen.print(show.pairs(rows))
    if as_json:
        result = {"run": run, "report": page, "epochs": lines[-1]["epoch"], "best_epoch": best}
        show.print_json(result | {"validation": terms or None})


def _next_steps(run: Path) -> list[str]:
    quoted = shlex.quote(str(run))
    return [
        f"latente sample {quoted} --out samples.png",
        f"latente reconstruct {quoted} IMAGES --out DIR",
        f"latente encode {quoted} IMAGES --out codes.npz",
    ]
