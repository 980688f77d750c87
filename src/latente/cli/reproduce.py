"""`latente reproduce`: a published experiment, rerun by one command, claim beside measurement."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from latente import words
from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import TRAIN, examples
from latente.cli.shared.options import JsonFlag
from latente.cli.shared.readers import checked
from latente.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from latente.experiments import Result

__all__ = ["verb"]

verb = typer.Typer()

_HOME = Path("runs") / "reproduce"
_MET = {True: "yes", False: "no", None: ""}

NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="An experiment of `latente reproduce --list`.")
]
ListFlag = Annotated[bool, typer.Option("--list", help="Show the experiments and their last results.")]
SeedsOption = Annotated[
    int, typer.Option(parser=checked(Whole()), metavar="N", help="Repetitions, each with another seed.")
]
TinyFlag = Annotated[bool, typer.Option("--tiny", help="In seconds, to see that it works; the figures say nothing.")]
FolderOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help=f"Folder for the result [dim](default: {_HOME}/ and the name)[/dim]"),
]
FontOption = Annotated[Path | None, typer.Option(metavar="FILE", help="C header with other letters, 7 bytes each.")]

CountOption = Annotated[
    int | None,
    typer.Option("--count", parser=checked(Whole(least=10)), metavar="N", help="Fields in all (flow-fields)."),
]
VerifyOption = Annotated[
    int | None,
    typer.Option("--verify", parser=checked(Whole(least=0)), metavar="N", help="New fields to solve (flow-fields)."),
]


@verb.command(
    rich_help_panel=TRAIN,
    epilog=examples(
        "latente reproduce --list",
        "latente reproduce letters --tiny",
        "latente reproduce letters-denoise --tiny --json",
    ),
)
def reproduce(
    name: NameArgument = None,
    list_all: ListFlag = False,
    seeds: SeedsOption = 1,
    tiny: TinyFlag = False,
    out: FolderOption = None,
    font: FontOption = None,
    count: CountOption = None,
    verify: VerifyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Rerun a published experiment, claim beside measurement.

    The folder gets result.md, result.json, the figures and the trainings. Broken off, the same command goes on.
    """
    from latente import experiments

    if list_all and name is None:
        _list(out, as_json)
        return
    if name is None or list_all:
        raise InputError("name one experiment, or give --list alone to see them all")
    experiments.find(name)
    screen = show.console(as_json)
    folder = out or _folder(name, tiny)

    def progress(line: str) -> None:
        screen.print(Text(line, style="dim"))

    on_terminal = sys.stderr.isatty()  # in a log the bars' lines, one per epoch, would bury what it says
    result = experiments.reproduce(
        name,
        seeds=seeds,
        tiny=tiny,
        out=folder,
        font=font,
        count=count,
        verify=verify,
        progress=progress,
        verbose=on_terminal,
    )
    screen.print("", _claims(result), "")
    took = words.duration(60 * result.minutes) + ", after what was there already" * result.resumed
    rows = [("data", result.data), ("took", took), ("machine", result.machine), *result.recorded_in_words().items()]
    screen.print(show.pairs([*rows, ("wrote", str(folder / "result.md"))]))
    if tiny:
        show.print_note("warning", "the tiny variant only shows that everything works; leave out --tiny to measure")
    if as_json:
        show.print_json({"out": folder, **result.to_json()})


def _folder(name: str, tiny: bool) -> Path:
    return _HOME / (f"{name}-tiny" if tiny else name)


def _claims(result: Result) -> Table:
    from latente.experiments.record import RECORDED

    heads = ("what", "claimed", "measured", "target", "met", *(RECORDED if result.recorded else ()))
    lines = show.table(*heads, right=["measured", "target", "recorded"])
    for claim in result.claims:
        target = (
            "" if claim.target is None else f"{'≥' if claim.higher_is_better else '≤'} {words.figure(claim.target)}"
        )
        cells = (
            claim.what,
            claim.claimed,
            words.figure(claim.measured),
            target,
            _MET[claim.met],
            *result.beside(claim),
        )
        lines.add_row(*map(Text, cells))
    return lines


def _list(out: Path | None, as_json: bool) -> None:
    """Show the experiments; `out` is a folder of one of their results, where it is not the usual one."""
    rows = list(_experiments(out))
    if as_json:
        show.print_json(rows)
        return
    lines = show.table("experiment", "minutes", "last result", "source", right=["minutes"])
    for row in rows:
        last = row["last"]
        outcome = "none yet"
        if last is not None:
            outcome = f"targets {'met' if last['met'] else 'missed'}, {words.duration(60 * last['minutes'])}"
        lines.add_row(row["name"], f"{row['minutes']:g}", outcome, Text(row["source"]))
    show.console().print(lines)


def _experiments(out: Path | None) -> Iterator[dict[str, Any]]:
    from latente.experiments import EXPERIMENTS, last_result

    for name, experiment in EXPERIMENTS.items():
        result = last_result(out or _folder(name, tiny=False))
        last = None
        if result is not None and result.get("name") == name and isinstance(result.get("minutes"), int | float):
            last = {key: result.get(key) for key in ("met", "minutes", "seeds", "tiny", "machine")}
        yield {"name": name, "source": experiment.source, "minutes": experiment.minutes, "last": last}
