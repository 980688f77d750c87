"""What a ticket asks for, fixed when it is asked: sets may change while it waits."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latente.files import read_json, replacing, write_json
from latente.studio.details import refuse_unknown
from latente.studio.goals import AT_ONCE, Goal, fault_beside, goal_named, suitable
from latente.studio.plans import Order, Painting, Piece, model_of, pieces
from latente.studio.problems import Problem
from latente.studio.sets import Sets
from latente.studio.tickets import Ticket
from latente.studio.uploads import files_of, pictures_folder
from latente.studio.workspace import Workspace
from latente.training.runs import Run

__all__ = ["Wished", "check", "fix", "is_done", "order_of", "pieces_of"]

_INPUTS = 48  # pictures of pairs that are turned, to be looked at


@dataclasses.dataclass(frozen=True)
class Wished:
    """What a person asks for. of, beside: ids of sets; beside may be empty. experiment: a name, of that goal alone.

    options: of the command line, flag -> text, for those who look into the details. language: of the person, for the
    pages that come of it.
    """

    of: str
    goal: str
    length: str = "quick"
    beside: str = ""
    experiment: str = ""
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    language: str = ""


def check(workspace: Workspace, sets: Sets, wished: Wished, painter: Path | None = None) -> int:
    """Return how many pictures it is about; raises Problem where they do not fit the goal, or there is no such.

    painter: the run that paints at once, where the studio has one.
    """
    goal = goal_named(wished.goal)
    if goal.name == "experiment":
        from latente.experiments import EXPERIMENTS

        if wished.experiment not in EXPERIMENTS:
            raise Problem(404, "unknown", "there is no such experiment", kind="experiments")
        if wished.options:
            raise Problem(404, "unknown", "an experiment has no options", kind="options")
        return 0
    if wished.experiment:
        raise Problem(404, "unknown", "no experiment has this goal", kind="experiments")
    finding = sets.finding(workspace.find("sets", wished.of))
    beside = sets.finding(workspace.find("sets", wished.beside)) if wished.beside and goal.beside else None
    if fault := suitable(finding)[goal.name] or fault_beside(goal, finding, beside):
        raise Problem(409, fault["code"], "these pictures do not fit this goal", **fault["fields"])
    if wished.length == AT_ONCE and painter is None:
        raise Problem(409, "no_painter", "the studio has no painter that paints at once")
    count = int(finding["total"]) - int(finding["left_out"])
    model = model_of(goal, count, wished.length)
    if wished.options and not model:
        raise Problem(404, "unknown", "what paints at once has no options", kind="options")
    if model:
        refuse_unknown(model, wished.options)
    return count


def fix(workspace: Workspace, sets: Sets, ticket: Ticket, painter: Path | None = None) -> None:
    """Write what the order needs of its sets into the job's folder, and what paints at once where that is wanted."""
    folder = ticket.folder(workspace)
    (folder / "results").mkdir()
    if not ticket.of:
        return
    own = workspace.find("sets", ticket.of)
    out = sets.left_out(own)
    if out:
        _write_lines(folder / "left-out.txt", out)
    files = [name for name in sorted(files_of(own)) if name not in set(out)]
    if ticket.goal == "style" and not ticket.model:
        (folder / "results" / "painted").mkdir()
        known: dict[str, Any] = {"paintings": _paintings(workspace, sets, ticket, files)}
        if ticket.length == AT_ONCE:
            known["painter"] = str(painter)
        write_json(folder / "order.json", known)
    elif ticket.goal == "turn" and not ticket.beside and not ticket.model:
        sign = (sets.finding(own)["pairs"] or [""])[0].casefold()
        write_json(folder / "order.json", {"inputs": [name for name in files if _has(name, sign)][:_INPUTS]})
    elif ticket.goal == "sort" and not ticket.model and (groups := sets.groups(own)):
        _write_lines(folder / "untaught.txt", [*out, *(name for name in files if name not in groups)])
        with replacing(folder / "groups.csv") as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("file", "label"), *groups.items()])


def order_of(workspace: Workspace, ticket: Ticket) -> Order:
    """Return what a ticket asks for, as paths."""
    folder = ticket.folder(workspace)
    known: Mapping[str, Any] = read_json(folder / "order.json") if (folder / "order.json").exists() else {}
    goal: Goal = goal_named(ticket.goal)
    return Order(
        goal=goal,
        length=ticket.length,
        count=ticket.count,
        pictures=_pictures(workspace, ticket.of),
        run=ticket.home(workspace),
        results=ticket.results(workspace),
        beside=_pictures(workspace, ticket.beside) if ticket.beside else None,
        exclude=_if_there(folder / "left-out.txt"),
        untaught=_if_there(folder / "untaught.txt"),
        groups=_if_there(folder / "groups.csv"),
        paintings=[Painting(*one) for one in known.get("paintings", ())],
        painter=Path(known["painter"]) if "painter" in known else None,
        inputs=tuple(known.get("inputs", ())),
        experiment=ticket.experiment,
        options=ticket.options,
    )


def pieces_of(workspace: Workspace, ticket: Ticket) -> list[Piece]:
    """Return the commands that a ticket waits for, in their order."""
    return pieces(order_of(workspace, ticket))


def is_done(piece: Piece) -> bool:
    """Whether a command that a ticket waits for has done what it is for."""
    if piece.result is not None:
        return piece.result.exists()
    return (Run(piece.run).status() or {}).get("state") == "finished"


def _paintings(workspace: Workspace, sets: Sets, ticket: Ticket, contents: list[str]) -> list[tuple[str, str, str]]:
    other = workspace.find("sets", ticket.beside)
    out = set(sets.left_out(other))
    styles = [name for name in sorted(files_of(other)) if name not in out]
    pairs = [(content, style) for content in contents for style in styles]
    return [(f"{number:03}", content, style) for number, (content, style) in enumerate(pairs, 1)]


def _has(name: str, sign: str) -> bool:
    """Whether a file is on the side of a pair that has this sign: a folder's name, or the end of its own."""
    *folders, file = name.casefold().split("/")
    return bool(sign) and (sign in folders or file.rpartition(".")[0].endswith(sign))


def _pictures(workspace: Workspace, set_id: str) -> Path:
    return pictures_folder(workspace.path / "sets" / set_id)


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None


def _write_lines(path: Path, lines: list[str]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
