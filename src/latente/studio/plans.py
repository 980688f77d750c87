"""Goals in a person's words, and the command lines that reach them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latente.studio.problems import Problem

__all__ = ["GOALS", "LENGTHS", "Goal", "Step", "after_training", "fit", "goal_named", "minutes_of", "suitable"]

LENGTHS: Mapping[str, float] = {"quick": 2, "good": 20, "overnight": 480}  # minutes
_MADE, _SEED = 48, 1  # new pictures to show, and the seed that draws them


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a person wants of their pictures.

    name: by which the page has its words. model, options: of `latente fit`. least: pictures below which nothing comes
    of it. trains: whether it learns by steps, so that a length can be chosen; else it takes as long as it takes.
    """

    name: str
    model: str
    options: tuple[str, ...] = ()
    least: int = 20
    trains: bool = True


GOALS: Mapping[str, Goal] = {
    goal.name: goal
    for goal in (
        Goal("similar", "autoencoder", least=20),
        # the pictures are a mixture of usual and odd ones, of which nobody has said which is which
        Goal("odd", "detector", ("--contamination", "0.05"), least=10, trains=False),
        Goal("new", "vae", least=50),
        Goal("clean", "restorer", ("--corruption", "gaussian:0.1"), least=8),
        Goal("enlarge", "restorer", ("--corruption", "downscale:2"), least=8),
    )
}


@dataclasses.dataclass(frozen=True)
class Step:
    """A command that follows a training, and the file or folder below the job's own that is there when it is done."""

    name: str
    arguments: tuple[str, ...]
    product: Path


def goal_named(name: str) -> Goal:
    if name not in GOALS:
        raise Problem(404, "unknown", "there is no such goal", kind="goals")
    return GOALS[name]


def minutes_of(goal: Goal, length: str) -> float | None:
    """Return how long a training of that length takes, or None where the goal's takes as long as it takes."""
    if length not in LENGTHS:
        raise Problem(404, "unknown", "there is no such length", kind="lengths")
    return LENGTHS[length] if goal.trains else None


def suitable(finding: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Return for each goal why these pictures do not fit it (code and fields), or None where they do."""
    if finding["state"] != "done":
        reason = {"code": "not_looked_through", "fields": {}}
        return dict.fromkeys(GOALS, reason)
    count = finding["total"] - finding["left_out"]
    return {
        name: None if count >= goal.least else {"code": "too_few", "fields": {"count": count, "least": goal.least}}
        for name, goal in GOALS.items()
    }


def fit(goal: Goal, length: str, pictures: Path, run: Path, exclude: Path | None) -> list[str]:
    """Return the arguments of the `latente` that trains."""
    arguments = ["fit", str(pictures), "--model", goal.model, *goal.options]
    if (minutes := minutes_of(goal, length)) is not None:
        arguments += ["--minutes", f"{minutes:g}"]
    if exclude is not None:
        arguments += ["--exclude", str(exclude)]
    return [*arguments, "--seed", str(_SEED), "--out", str(run), "--json"]


def after_training(goal: Goal, pictures: Path, run: Path, results: Path, exclude: Path | None) -> list[Step]:
    """Return the commands that make, of a trained model, what the person came for."""
    left_out = () if exclude is None else ("--exclude", str(exclude))
    report = Step("report", ("report", str(run)), run / "report.html")
    if goal.name == "odd":
        # a model that has learned from a picture vouches for it: here each is compared with all the others
        table = results / "ranking.csv"
        return [report, Step("rank", ("rank", str(pictures), *left_out, "--out", str(table), "--force"), table)]
    if goal.name == "similar":
        page = results / "explorer.html"
        return [report, Step("explore", ("explore", str(run), "--out", str(page), "--force"), page)]
    if goal.name == "new":
        folder = results / "made"
        drawn = ("sample", str(run), "-n", str(_MADE), "--seed", str(_SEED), "--out", str(folder), "--force")
        return [report, Step("sample", drawn, folder)]
    folder = results / "restored"
    return [report, Step("restore", ("restore", str(run), str(pictures), "--out", str(folder), "--json"), folder)]
