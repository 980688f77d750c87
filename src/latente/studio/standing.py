"""How an order stands, as the page is told: in a list, and on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latente.studio import plans
from latente.studio.goals import AT_ONCE, goal_named
from latente.studio.orders import is_done, order_of, pieces_of
from latente.studio.problems import in_other_languages
from latente.studio.tickets import Ticket, printed_json
from latente.studio.workspace import Workspace
from latente.watching.news import state_of

__all__ = ["told", "whole"]


def told(workspace: Workspace, ticket: Ticket, waiting: Sequence[str]) -> dict[str, Any]:
    """Return what a list tells of an order. waiting: the ids of those that wait, in their order."""
    status = {} if ticket.model else ticket.run(workspace).status() or {}
    part, seconds_left = _progress(workspace, ticket, status)
    return {
        "id": ticket.id,
        "set": ticket.of,
        "name": ticket.name,
        "goal": ticket.goal,
        "length": ticket.length,
        "beside": ticket.beside,
        "experiment": ticket.experiment,
        "options": ticket.options,
        "served_by": ticket.model,
        "at": ticket.at,
        "count": ticket.count,
        "created": ticket.created,
        "state": _state(ticket, status),
        "place": waiting.index(ticket.id) + 1 if ticket.id in waiting and ticket.phase == "train" else None,
        "part": part,
        "seconds_left": seconds_left,
        "error": ticket.error,
    }


def whole(workspace: Workspace, ticket: Ticket, waiting: Sequence[str]) -> dict[str, Any]:
    """Return what the page of an order tells: what its run says as well, and the commands that do the same."""
    line, state = told(workspace, ticket, waiting), state_of(ticket.run(workspace))
    shown = ("pictures", "images", "parameters", "model", "trouble", "device", "report")
    return {
        **line,
        **{name: state[name] for name in shown},
        **in_other_languages({"error": ticket.error, "trouble": state["trouble"], "failures": ticket.failures}),
        "commands": [["latente", *arguments] for arguments in _commands(workspace, ticket)],
        "method": plans.method_of(goal_named("new"), ticket.count, ticket.length) if ticket.goal == "new" else None,
        "verdict": _verdict(workspace, ticket),
        "failures": ticket.failures,
        "too_early": line["state"] == "paused" and ticket.wish == "stop",  # there was nothing to keep
    }


def _progress(workspace: Workspace, ticket: Ticket, status: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return which share of an order is done, and how many seconds it will take still, as far as that is known."""
    step, steps, left = status.get("step"), status.get("steps"), status.get("seconds_left")
    part = step / steps if step is not None and steps else None
    if not ticket.at or ticket.phase != "train":
        return part, left
    pieces = pieces_of(workspace, ticket)
    done = sum(is_done(piece) or piece.name in ticket.failures for piece in pieces)
    begun = 0.0 if part is None or part >= 1 else part
    if left is not None and begun:
        left += (len(pieces) - done - 1) * left / max(1 - begun, 0.01)
    return (done + begun) / len(pieces), left


def _state(ticket: Ticket, status: dict[str, Any]) -> str:
    """Return how a training stands, in one word: the page has its sentence for it."""
    if ticket.phase in ("failed", "done"):
        return {"failed": "failed", "done": "finished"}[ticket.phase]
    if ticket.phase == "after":
        return "finishing"
    if not ticket.process:
        return "queued" if ticket.wish == "run" else "paused"
    if ticket.told is not None:
        return "stopping"
    if status.get("state") == "finished" and not ticket.at:
        return "finishing"
    has_no_run = bool(ticket.experiment) or ticket.length == AT_ONCE
    return "running" if status.get("state") == "running" or has_no_run else "starting"


def _verdict(workspace: Workspace, ticket: Ticket) -> dict[str, Any] | None:
    """Return how good the model is, as the training said at its end; where that was early, the report after it."""
    folder = ticket.folder(workspace)
    printed = (printed_json(folder / name).get("verdict") for name in ("train.json", "report.out"))
    return next(filter(None, printed), None)


def _commands(workspace: Workspace, ticket: Ticket) -> list[Sequence[str]]:
    """Return the command lines that do the same without the studio."""
    order = order_of(workspace, ticket)
    if ticket.model:
        return [step.arguments for step in plans.use(order)[:1]]  # others stand in for it, where it gave nothing
    return [piece.begin for piece in plans.pieces(order)]
