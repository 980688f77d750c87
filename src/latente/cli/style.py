"""`latente style`: photographs painted in the style of pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente import words
from latente.checks import Number, Whole, options_of
from latente.cli.shared import console as show
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import model_for
from latente.cli.shared.options import ForceFlag, JsonFlag, PlanFlag, WatchFlag
from latente.cli.shared.outputs import refuse_place, refuse_used
from latente.cli.shared.readers import checked
from latente.cli.shared.training import next_run, watched
from latente.errors import InputError, LatenteError
from latente.estimators.options.style import WRITTEN_SUFFIXES, TransferOptions
from latente.images.formats import READ_SUFFIXES, suffix_of

if TYPE_CHECKING:
    from latente.estimators.fast_style import FastStyleTransfer
    from latente.estimators.style import StyleTransfer

__all__ = ["verb"]

verb = typer.Typer()

_BETTER = {  # how to get further than with a network
    "pyramid": "it sees textures, no shapes: --network vgg19 fetches 548 MB once, or name a file with --weights",
    "vgg19-distilled": "--network vgg19 fetches 548 MB once, and sees more",
    "squeezenet": "it leaves some grain: --network vgg19 fetches 548 MB once",
    "vgg19-normalised": "it sees no more than small shapes: --network vgg19 fetches 548 MB once",
}
_OPTIONS = options_of(TransferOptions)
_STEPS = 1000  # of the bar


def _option(name: str, help_: str | None = None) -> Any:
    """Return an option of the transfer as one of the command line, as it is declared there."""
    option = _OPTIONS[name]
    return typer.Option(
        option.flag,
        parser=checked(option.check),
        metavar=option.check.metavar,
        help=f"{help_ or option.help} [dim](default: {option.shown})[/dim]",
        rich_help_panel=option.panel,
    )


ContentArgument = Annotated[Path, typer.Argument(metavar="CONTENT", help="A photograph, or a folder of them.")]
StylesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="STYLE...", help="A picture, or several, or folders: each in turn, unless they are mixed."),
]
OutOption = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The picture to write; a folder where there are several.")
]
RunOption = Annotated[
    Path | None, typer.Option("--run", metavar="DIR", help="Folder for the run [dim](default: runs/style-N)[/dim]")
]
FastOption = Annotated[
    Path | None,
    typer.Option(
        "--fast", metavar="RUN", help="Paint in one pass, by a run of `latente fit PHOTOS --model style`: in seconds."
    ),
]
AlphaOption = Annotated[
    float | None,
    typer.Option(
        parser=checked(Number(least=0, most=1)),
        metavar="X",
        help="With --fast, how far it goes: from 0, the photograph, to 1 [dim](default: 1)[/dim]",
    ),
]
TileOption = Annotated[
    int | None,
    typer.Option(
        parser=checked(Whole(least=32)),
        metavar="N",
        help="With --fast, side of the parts in which large pictures are worked on [dim](default: 512, less where "
        "memory runs out)[/dim]",
    ),
]
RegionsOption = Annotated[
    list[Path] | None,
    typer.Option("--region", metavar="FILE", help="White where a style holds; once for each style, in their order."),
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente style photos/0.jpg paintings/night.png --out painted.png --side 64 --steps 20",
        "latente style photos/1.jpg paintings --out painted --side 64 --steps 5",
        "latente style photos/0.jpg paintings/night.png paintings/cry.png --blend 2,1 --out mixed.png --dry-run",
        "latente style photos paintings/night.png --fast runs/painter --alpha 0.8 --out at-once",
    ),
)
def style(
    content: ContentArgument,
    styles: StylesArgument,
    out: OutOption,
    fast: FastOption = None,
    alpha: AlphaOption = None,
    tile: TileOption = None,
    run: RunOption = None,
    region: RegionsOption = None,
    blend: Annotated[Any, _option("blend", "Mix the styles in one picture, by these shares.")] = None,
    network: Annotated[Any, _option("network")] = None,
    weights: Annotated[Any, _option("weights")] = None,
    side: Annotated[Any, _option("side")] = None,
    style_scale: Annotated[Any, _option("style_scale")] = None,
    colours: Annotated[Any, _option("colours")] = None,
    start: Annotated[Any, _option("start")] = None,
    content_weight: Annotated[Any, _option("content_weight")] = None,
    style_weight: Annotated[Any, _option("style_weight")] = None,
    tv_weight: Annotated[Any, _option("tv_weight")] = None,
    content_layers: Annotated[Any, _option("content_layers")] = None,
    style_layers: Annotated[Any, _option("style_layers")] = None,
    octaves: Annotated[Any, _option("octaves")] = None,
    scales: Annotated[Any, _option("scales")] = None,
    steps: Annotated[Any, _option("steps")] = None,
    preview_every: Annotated[Any, _option("preview_every")] = None,
    optimizer: Annotated[Any, _option("optimizer")] = None,
    learning_rate: Annotated[Any, _option("learning_rate")] = None,
    ema: Annotated[Any, _option("ema")] = None,
    precision: Annotated[Any, _option("precision")] = None,
    random_state: Annotated[Any, _option("random_state")] = None,
    device: Annotated[Any, _option("device")] = None,
    threads: Annotated[Any, _option("threads")] = None,
    dry_run: PlanFlag = False,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
    watch: WatchFlag = False,
) -> None:
    """Paint photographs in the style of pictures.

    The run folder gets previews, a film of them, and the state, from which `latente resume` goes on. With --fast a
    network that learned it paints at once, at the photograph's own size, and there is no run.
    """
    known = dict(locals())
    asked = {name: known[name] for name in _OPTIONS if name in known and name not in ("styles", "out")}
    options = {name: value for name, value in asked.items() if value is not None}
    screen = show.console(as_json)
    if region is not None:
        options["regions"] = tuple(map(str, region))
    if fast is None:
        _refuse({"--alpha": alpha, "--tile": tile}, "is of --fast RUN")
    else:
        flags = {_OPTIONS[name].flag: value for name, value in options.items() if name != "blend"}
        _refuse({**flags, "--run": run, "--dry-run": dry_run or None, "--watch": watch or None}, "goes with no --fast")
    contents, paintings = _pictures([content]), _pictures(styles)
    groups = [paintings] if blend is not None or region is not None else [[one] for one in paintings]
    is_one = len(contents) == len(groups) == 1
    wanted = _wanted(contents, groups, out, force) if not is_one else [(contents[0], groups[0], out)]
    if is_one and not dry_run:
        _refuse_file(out, force)
    if fast is not None:
        painter = model_for("style", fast)
        how = {"alpha": 1.0 if alpha is None else alpha, "blend": blend, "tile": tile}
        _tell_all(screen, wanted, is_one, as_json, partial(_paint_fast, screen, painter, how))
        return
    _tell_network(screen, options)

    def paint(photograph: Path, group: Sequence[Path], file: Path) -> dict[str, Any]:
        model = _model(group, options)
        if dry_run:
            return _plan(screen, model, photograph, file)
        return _paint(screen, model, photograph, file, _run_for(run, file, is_one), watch)

    _tell_all(screen, wanted, is_one, as_json, paint)


def _refuse(asked: Mapping[str, Any], why: str) -> None:
    """Raise InputError for the first option that was given and means nothing here."""
    for flag, value in asked.items():
        if value is not None:
            raise InputError(f"{flag} {why}; leave it out")


def _tell_all(
    screen: Any,
    wanted: Sequence[tuple[Path, Sequence[Path], Path]],
    is_one: bool,
    as_json: bool,
    paint: Callable[[Path, Sequence[Path], Path], dict[str, Any]],
) -> None:
    """Paint picture by picture and tell what became of each; what cannot be painted is named, and the others are."""
    results: list[dict[str, Any]] = []
    lost: dict[Path, str] = {}
    for number, (photograph, group, file) in enumerate(wanted, 1):
        if not is_one:
            screen.print(show.pairs([("picture", f"{number} of {len(wanted)}: {file}")]))
        try:
            results.append(paint(photograph, group, file))
        except InputError as error:
            if is_one:
                raise
            if str(error) not in lost.values():
                show.print_note("left out", str(error))
            lost[file] = str(error)
    if as_json:
        show.print_json(results[0] if is_one else [*results, *({"out": file, "lost": lost[file]} for file in lost)])
    if lost:
        message = f"{len(lost)} of {words.count(len(wanted), 'picture')} could not be painted"
        raise LatenteError(message) if results else InputError(message)


def _plan(screen: Any, model: StyleTransfer, photograph: Path, file: Path) -> dict[str, Any]:
    plan = model.plan(str(photograph))
    seconds, memory = plan["seconds_estimate"], plan["memory_estimate_bytes"]
    cost = f"about {words.duration(seconds)}, {words.memory(memory)} of memory; nothing was written"
    steps = words.count(plan["options"]["steps"], "step")
    screen.print(show.pairs([("plan", f"{words.shape(plan['data']['shape'])}, {steps}: {cost}")]))
    return {"out": file, "options": plan["options"], "seconds": seconds, "memory": memory}


def _paint_fast(
    screen: Any,
    model: FastStyleTransfer,
    how: Mapping[str, Any],
    photograph: Path,
    group: Sequence[Path],
    file: Path,
) -> dict[str, Any]:
    """Paint one picture in one pass, write it, and return what is to be said of it."""
    from latente.estimators.pictures import write_painted

    start = time.perf_counter()
    with show.progress() as step:
        painted = model.stylise(
            str(photograph),
            tuple(map(str, group)),
            tell=lambda part: step(round(_STEPS * part), _STEPS, photograph.name),
            **how,
        )
    write_painted(painted, str(photograph), file)
    seconds = time.perf_counter() - start
    size = f"{painted.shape[1]}x{painted.shape[0]} pixels in {words.duration(seconds)}"
    screen.print(show.pairs([("wrote", f"{file}, {size}")]))
    return {"out": file, "alpha": how["alpha"], "seconds": round(seconds, 3)}


def _paint(screen: Any, model: StyleTransfer, photograph: Path, file: Path, run: Path, watch: bool) -> dict[str, Any]:
    """Paint one picture, write it, and return what is to be said of it."""
    model.set_params(out=str(run), file=str(file))
    screen.print(show.pairs([("run", str(run))]))
    start = time.perf_counter()
    try:
        with watched(screen, run, watch):
            model.fit(str(photograph))
    finally:
        if run.is_dir() and not any(run.iterdir()):
            run.rmdir()  # where it was refused
    seconds = time.perf_counter() - start
    last = next(line for line in reversed(model.history_) if line["part"] == "train")
    loss = next(name for name in ("loss", "picture1_loss") if name in last)  # the latter of several scales' finest
    terms = {"loss": last[loss], **{name: last[name] for name in ("content", "style", "tv")}}
    told = ", ".join(f"{name} {words.figure(value)}" for name, value in terms.items())
    digest = f", sha256 {model.sha256_}" if model.sha256_ else ""
    screen.print(
        show.pairs(
            [
                ("network", f"{model.network_}{digest}"),
                ("last", f"{told}, {words.duration(seconds)} in all"),
                ("wrote", f"{file}, and a film: {run / 'progress.gif'}"),
            ]
        )
    )
    facts = {"out": file, "run": run, "network": model.network_, "weights": model.weights_, "sha256": model.sha256_}
    return facts | {"steps": last["steps"], "seconds": round(seconds, 2), **terms}


def _model(group: Sequence[Path], options: Mapping[str, Any]) -> StyleTransfer:
    from latente.estimators.style import StyleTransfer

    styles = tuple(map(str, group)) if len(group) > 1 or "blend" in options or "regions" in options else str(group[0])
    model = StyleTransfer(styles=styles, verbose=True, **options)
    model.check()
    return model


def _pictures(sources: Sequence[Path]) -> list[Path]:
    """Return picture files, and those in folders by their names; raises InputError where there are none."""
    files: list[Path] = []
    for source in sources:
        if not source.exists():
            raise InputError(f"{source} does not exist: give a picture, or a folder of pictures")
        inside = [source]
        if source.is_dir():
            inside = sorted(one for one in source.iterdir() if suffix_of(one.name) in READ_SUFFIXES)
        if not inside:
            raise InputError(f"{source} holds no pictures that can be read")
        files += inside
    return files


def _wanted(
    contents: Sequence[Path], groups: Sequence[Sequence[Path]], out: Path, force: bool
) -> list[tuple[Path, Sequence[Path], Path]]:
    """Return what is painted of what into which file; results that are there are kept, as of a command stopped."""
    if out.suffix.lower() in WRITTEN_SUFFIXES:
        raise InputError(f"--out {out}: there are {len(contents) * len(groups)} pictures to paint; name a folder")
    refuse_place(out)
    wanted, files = [], set()
    for photograph in contents:
        for group in groups:
            file = out / f"{photograph.stem}-{'-'.join(one.stem for one in group)}.png"
            if file in files:
                raise InputError(f"two pictures would be called {file.name}: rename one of those they are made of")
            files.add(file)
            if force or not file.exists():
                wanted.append((photograph, group, file))
    if not wanted:
        raise InputError(f"--out {out} holds all {len(files)} pictures already; --force paints them anew")
    return wanted


def _refuse_file(out: Path, force: bool) -> None:
    if out.suffix.lower() not in WRITTEN_SUFFIXES:
        raise InputError(f"--out {out}: name a picture file ({', '.join(WRITTEN_SUFFIXES)})")
    refuse_used(out, force)


def _run_for(run: Path | None, file: Path, is_one: bool) -> Path:
    """Return the folder of a run: the one that is named, or of several one in it for each."""
    if run is None:
        return next_run("style")
    return run if is_one else run / file.stem


def _tell_network(screen: Any, options: Mapping[str, Any]) -> None:
    """Say through which network pictures are compared, and how to get a better one; fetch it where it is asked for."""
    from latente.estimators.weights import FILES, SOURCE, fetch_weights, network_here

    name, path = network_here(options.get("network", "auto"), options.get("weights"))
    if "weights" not in options and path is not None and not path.is_file():
        with show.progress() as step:
            fetch_weights(SOURCE + FILES[name], path, step)
    where = "" if path is None else f", {path}"
    rows = [("network", f"{'by its file' if 'weights' in options else name}{where}")]
    if better := _BETTER.get(name):
        rows.append(("better", better))
    screen.print(show.pairs(rows))
