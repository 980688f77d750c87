"""The command lines by which a goal is reached: what trains, what follows, and what serves other pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from latente.studio.details import as_arguments
from latente.studio.goals import AT_ONCE, Goal, minutes_of
from latente.studio.likeness import CODES

__all__ = [
    "MADE",
    "MAPS",
    "Order",
    "Painting",
    "Piece",
    "Step",
    "after_training",
    "method_of",
    "model_of",
    "pieces",
    "use",
]

MAPS = "maps"  # among the results: where the oddest pictures are odd
MADE = "made"  # likewise: the new pictures; their codes are in a file beside them
_COUNT, _SEED = 48, 1  # new pictures to show, and the seed that draws them
_MANY, _LONG = 2000, 20  # pictures, and minutes, from which two networks that play against each other draw better ones
_PAINTED: Mapping[str, tuple[int, int]] = {"quick": (256, 80), "good": (512, 200), "overnight": (1024, 300)}
_OPTIONS: Mapping[str, tuple[str, ...]] = {  # of `latente fit`
    "similar": ("--model", "autoencoder"),
    # the pictures are a mixture of usual and odd ones, of which nobody has said which is which
    "odd": ("--model", "detector", "--contamination", "0.05"),
    "clean": ("--model", "restorer", "--corruption", "gaussian:0.1"),
    "enlarge": ("--model", "restorer", "--corruption", "downscale:2"),
    "turn": ("--model", "translator"),
    "sort": ("--model", "classifier"),
}


@dataclasses.dataclass(frozen=True)
class Painting:
    """One picture to paint. name: of its run. content, style: files below the folders of their sets."""

    name: str
    content: str
    style: str


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be done, and where everything lies.

    count: pictures that are not left out. pictures, beside: folders of the set and of the second one. run, results:
    folders for what is trained and for what comes of it. exclude: a list of files that are left out. groups: a table
    of groups that were made in the browser; untaught: a list of all files that it does not name. paintings: of the
    goal to paint; painter: the run that does so at once, where that is wanted. inputs: files of pairs that are turned,
    to be looked at; without them all are. experiment: of the goal to repeat one. options: of the command line, flag ->
    text, that a person chose.
    """

    goal: Goal
    length: str
    count: int
    pictures: Path
    run: Path
    results: Path
    beside: Path | None = None
    exclude: Path | None = None
    groups: Path | None = None
    untaught: Path | None = None
    paintings: Sequence[Painting] = ()
    painter: Path | None = None
    inputs: Sequence[str] = ()
    experiment: str = ""
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Piece:
    """A command that an order waits for: most have one, paintings one each.

    run: the folder it works in. begin: its arguments. result: the file that is there when it is done, where that is
    no training, whose status says so; such a command goes on by itself. picture: what a training paints, and where it
    is wanted.
    """

    name: str
    run: Path
    begin: tuple[str, ...]
    result: Path | None = None
    picture: Path | None = None


@dataclasses.dataclass(frozen=True)
class Step:
    """A command that follows a training, and the file or folder below the job's own that is there when it is done."""

    name: str
    arguments: tuple[str, ...]
    product: Path


def method_of(goal: Goal, count: int, length: str) -> str:
    """Return what learns to make new pictures: of few, or in a short time, a density of codes draws the better ones.

    Two networks that play against each other overtake it where they have many pictures and some time (docs/results.md).
    """
    minutes = minutes_of(goal, length)
    return "gan" if count >= _MANY and minutes is not None and minutes >= _LONG else "vae"


def model_of(goal: Goal, count: int, length: str) -> str:
    """Return the name of what learns, or "style"; "" where nothing does that has options."""
    if goal.name in ("style", "experiment"):
        return "style" if goal.name == "style" and length != AT_ONCE else ""
    options = _OPTIONS.get(goal.name)
    return method_of(goal, count, length) if options is None else options[1]


def pieces(order: Order) -> list[Piece]:
    """Return the commands that an order waits for, in their order."""
    if order.goal.name == "style":
        return [_paint(order, painting) for painting in order.paintings]
    if order.goal.name == "experiment":
        begin = ("reproduce", order.experiment, "--out", str(order.run), "--json")
        return [Piece("", order.run, begin, order.run / "result.json")]
    return [Piece("", order.run, tuple(_fit(order)))]


def after_training(order: Order) -> list[Step]:
    """Return the commands that make, of a trained model, what the person came for."""
    report = Step("report", ("report", str(order.run), "--json"), order.run / "report.html")
    match order.goal.name:
        case "style" | "experiment":
            return []
        case "odd":
            # a model that has learned from a picture vouches for it: here each is compared with all the others
            return [report, _rank(order)]
        case "similar":
            page, codes = order.results / "explorer.html", order.results / CODES
            encoded = ("encode", str(order.run), str(order.pictures), "--out", str(codes), "--force", "--budget", "1")
            explored = ("explore", str(order.run), "--out", str(page), "--force")
            return [report, Step("encode", encoded, codes), Step("explore", explored, page)]
        case "new":
            folder, codes = order.results / MADE, order.results / f"{MADE}.npz"
            drawn = ("sample", str(order.run), "-n", str(_COUNT), "--seed", str(_SEED), "--out", str(folder))
            return [report, Step("sample", (*drawn, "--codes", str(codes), "--force"), folder)]
        case "sort":
            return [report, _classify(order)]
    return [report, _restore(order)]


def use(order: Order) -> list[Step]:
    """Return the commands by which the model in `order.run` serves the pictures of the order."""
    match order.goal.use:
        case "rank":
            ranked = _rank(order, str(order.run))
            return [ranked, _without_maps(ranked)]
        case "classify":
            return [_classify(order)]
        case "restore":
            return [_restore(order)]
    return []


def _fit(order: Order) -> list[str]:
    options = _OPTIONS.get(order.goal.name) or ("--model", method_of(order.goal, order.count, order.length))
    arguments = ["fit", str(order.pictures), *options]
    if order.goal.beside == "partners" and order.beside is not None:
        arguments += ["--target", str(order.beside)]
    if order.goal.name == "sort" and order.groups is not None:
        arguments += ["--labels", str(order.groups)]
    if (minutes := minutes_of(order.goal, order.length)) is not None:
        arguments += ["--minutes", f"{minutes:g}"]
    exclude = ("--exclude", str(order.untaught)) if order.untaught is not None else _left_out(order)
    details = as_arguments(order.options, model_of(order.goal, order.count, order.length))
    return [*arguments, *exclude, "--seed", str(_SEED), *details, "--out", str(order.run), "--json"]


def _paint(order: Order, painting: Painting) -> Piece:
    assert order.beside is not None
    run, picture = order.run / painting.name, order.results / "painted" / f"{painting.name}.png"
    content, style = order.pictures / painting.content, order.beside / painting.style
    if order.painter is not None:
        once = ("style", str(content), str(style), "--fast", str(order.painter), "--out", str(picture))
        return Piece(painting.name, run, (*once, "--force", "--json"), result=picture)
    side, steps = _PAINTED[order.length]
    how = ("--side", str(side), "--steps", str(steps), "--preview-every", "10", "--seed", str(_SEED))
    where = ("--out", str(picture), "--run", str(run), "--force", "--json")
    begin = ("style", str(content), str(style), *how, *as_arguments(order.options, "style"), *where)
    return Piece(painting.name, run, begin, picture=picture)


def _rank(order: Order, *model: str) -> Step:
    table = order.results / "ranking.csv"
    pictures = (*model, str(order.pictures), *_left_out(order))
    maps = ("--maps", str(order.results / MAPS))
    return Step("rank", ("rank", *pictures, *maps, "--out", str(table), "--force"), table)


def _without_maps(step: Step) -> Step:
    """Return the ranking that follows where one with maps gave nothing: not every model tells where."""
    at = step.arguments.index("--maps")
    return Step("rank-alone", step.arguments[:at] + step.arguments[at + 2 :], step.product)


def _classify(order: Order) -> Step:
    table = order.results / "sorted.csv"
    pictures = (str(order.run), str(order.pictures), *_left_out(order))
    return Step("classify", ("classify", *pictures, "--out", str(table), "--force"), table)


def _restore(order: Order) -> Step:
    folder = order.results / "restored"
    files = [str(order.pictures / name) for name in order.inputs]  # of which none is left out
    sources = files or [str(order.pictures), *_left_out(order)]
    return Step("restore", ("restore", str(order.run), *sources, "--out", str(folder), "--json"), folder)


def _left_out(order: Order) -> tuple[str, ...]:
    return () if order.exclude is None else ("--exclude", str(order.exclude))
