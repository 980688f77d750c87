"""`latente fit`: images in, a run folder with a trained model and its report out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.help import TRAIN, examples
from latente.cli.shared.model_options import (
    ModelCommand,
    ModelOption,
    model_texts,
    new_estimator,
    options_of_kind,
    read_options,
)
from latente.cli.shared.options import (
    BudgetOption,
    ChannelsOption,
    ConditionColumnsOption,
    CountOption,
    CropOption,
    ExcludeOption,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    LabelsOption,
    NoReportFlag,
    PairsOption,
    PlanFlag,
    SizeOption,
    SplitOption,
    TargetOption,
    WatchFlag,
    door_options,
)
from latente.cli.shared.outputs import refuse_file_name, refuse_place
from latente.cli.shared.training import finish, next_run, watched
from latente.errors import InputError
from latente.estimators.kinds import kind_named
from latente.training.launch import leads, process_count

if TYPE_CHECKING:
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer()

RunOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="RUN", help="Folder for the run [dim](default: runs/SET-MODEL-N, the next free N)[/dim]"
    ),
]


@verb.command(
    cls=ModelCommand,
    rich_help_panel=TRAIN,
    epilog=examples(
        "latente fit digits --epochs 5",
        "latente fit digits --model vae --latent-dim 2 --out runs/digits",
        "latente fit digits --model stacked --hidden 64,32",
        "latente fit photos/ --size 32 --exclude left-out.txt --epochs 2",
        "latente fit photos/ --size 32 --corruption gaussian:0.1 --epochs 2",
        "latente fit photos/ --model restorer --corruption downscale:2 --out runs/larger",
        "latente fit photos/ --model style --styles paintings/ --out runs/painter",
        "latente fit digits --hidden 512,256 --network dense --dry-run",
        "latente fit --model vae --help",
    ),
)
def fit(
    context: typer.Context,
    images: ImagesArgument,
    model: ModelOption = "autoencoder",
    out: RunOption = None,
    dry_run: PlanFlag = False,
    as_json: JsonFlag = False,
    no_report: NoReportFlag = False,
    watch: WatchFlag = False,
    split: SplitOption = None,
    size: SizeOption = None,
    crop: CropOption = None,
    channels: ChannelsOption = None,
    count: CountOption = None,
    labels: LabelsOption = None,
    pairs: PairsOption = None,
    target: TargetOption = None,
    exclude: ExcludeOption = None,
    condition_columns: ConditionColumnsOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
) -> None:
    """Train a model on images.

    The run folder gets the model, checkpoints, metrics, sample pictures and a report.
    """
    arguments = read_options(model, model_texts(context))
    _refuse_used_run(out)
    from latente.images import open_images  # after what can be refused at once

    screen = show.console(as_json)
    door = door_options(
        split=split,
        size=kind_named(model).load_class().usual_size if size is None else size,
        crop=crop,
        channels=channels,
        count=count,
        labels=labels,
        pairs=pairs,
        frames=frames,
        target=target,
        exclude=exclude,
        condition=condition_columns,
        budget=budget,
    )
    with screen.status("starting"):
        estimator = new_estimator(model, {**arguments, "verbose": True})
        estimator.check()
    with show.progress() as step:
        source = open_images(images, progress=step, **door)
    _refuse_unlabelled(model, source)
    screen.print(show.scan(source))
    if dry_run:
        plan = estimator.plan(source)
        _print_plan(screen, model, plan)
        _print_layers_and_cost(screen, plan)
        if as_json:
            show.print_json(plan | {"layers": [row._asdict() for row in plan["layers"]]})
        return
    if process_count() == 1:  # to plan, steps are taken, which is one process's own affair
        _print_plan(screen, model, estimator.plan(source))
    run = out or next_run(source.name, model)
    estimator.set_params(out=str(run))
    screen.print(show.pairs([("run", str(run))]))
    with watched(screen, run, watch):
        try:
            estimator.fit(source)
        finally:
            if out is None:
                with contextlib.suppress(OSError):
                    run.rmdir()  # it is empty still where the training was refused
        finish(screen, run, estimator, source, as_json=as_json, no_report=no_report)


def _refuse_used_run(out: Path | None) -> None:
    """Raise InputError for a folder that holds something, before any work is done for it."""
    if out is None:
        if process_count() > 1:
            raise InputError("several processes train one run together: name its folder with --out")
        return
    if not leads():
        return
    refuse_file_name(out, "a run")
    refuse_place(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if (out / "options.json").exists():
        raise InputError(f"--out {out} holds a run: go on with `latente resume {out}`, or name another folder")
    raise InputError(f"--out {out} exists and is no empty folder: name a new one")


def _refuse_unlabelled(model: str, images: Images) -> None:
    """Raise InputError where a classifier meets images without labels."""
    from latente.estimators.abilities import Classifies

    kind = kind_named(model)
    if images.labels is None and issubclass(kind.load_class(), Classifies):
        raise InputError(
            f"{images.name} has no labels, and a {kind.title} learns them: put the pictures of each class into a "
            "folder of its own, or name a table with --labels CSV"
        )


def _print_plan(screen: Console, model: str, plan: Mapping[str, Any]) -> None:
    """Print in a few lines what is about to be trained, on what and how: whatever of it the model has."""
    options = dict(plan["options"])
    data = plan["data"]
    network = [str(options.pop("network"))] if "network" in options else []
    if options.get("width") is not None:  # of a network that is as wide throughout
        network.append(f"{options.pop('width')} channels wide, {options.pop('depth')} deep")
        options.pop("hidden", None)
    elif "hidden" in options:
        network.append(words.typed(hidden) if (hidden := options.pop("hidden")) else "no hidden layer")
    parts = [" ".join(network)] if network else []
    if "latent_dim" in options:
        latent_dim = options.pop("latent_dim")
        parts.append("spatial code" if latent_dim is None else f"code of {latent_dim}")
    parts.append(f"{plan['parameters']:,} parameters")
    if options.pop("corruption", None):
        parts.append(f"images worsened by {plan['options']['corruption']}")
    rows = [("model", f"{model}: {', '.join(parts)}"), ("training", _training_in_words(options, data))]
    known = options_of_kind(model)
    unusual = {
        name: value
        for name, value in options.items()
        if name in known and name not in ("random_state", "device") and not _is_default(known[name].default, value)
    }
    if unusual:
        rows.append(("also", words.typed(unusual)))
    screen.print(show.pairs(rows))


def _training_in_words(options: dict[str, Any], data: Mapping[str, Any]) -> str:
    """Return how long and by what steps training goes, taking from the options what it says."""
    epochs, minutes = options.pop("epochs", None), options.pop("minutes", None)
    text = words.count(data["train_count"], "image")
    if minutes:
        text = f"{words.duration(60 * minutes)} on {text}"
    elif epochs is not None:
        text = f"{words.count(epochs, 'epoch')} of {text}"
    if data["validation_count"]:
        text += f", {data['validation_count']:,} held out to judge"
    steps = []
    if "optimizer" in options:
        steps.append(f"{options.pop('optimizer')} {options.pop('learning_rate', 0):g}")
    if options.get("batch_size") is not None:
        steps.append(f"batches of {options.pop('batch_size')}")
    if "precision" in options:
        steps.append(str(options.pop("precision")))
    return f"{text}; {', '.join(steps)}" if steps else text


def _is_default(default: object, value: object) -> bool:
    """Whether a value of the plan, in which tuples are lists, is an option's default."""
    return (tuple(value) if isinstance(value, list) else value) == default


def _print_layers_and_cost(screen: Console, plan: Mapping[str, Any]) -> None:
    """Print every option, the network layer by layer, and what the training will take."""
    unsettled = ("out", "random_state", "verbose")
    options = {name: value for name, value in plan["options"].items() if name not in unsettled}
    screen.print(show.pairs([("options", words.typed(options))]))
    layers = show.table("layer", "type", "output", "parameters", right=["output", "parameters"])
    for row in plan["layers"]:
        layers.add_row(row.name, row.type, words.shape((row.output or ())[1:]), f"{row.parameters:,}")
    screen.print("", layers, "")
    time, memory = words.duration(plan["seconds_estimate"]), words.memory(plan["memory_estimate_bytes"])
    rows = [("cost", f"about {time} and {memory} of memory"), ("dry run", "nothing was written")]
    screen.print(show.pairs(rows))
