"""Goals in a person's words: what each takes, and which pictures do not fit it, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from latente.studio.problems import Problem

__all__ = [
    "AT_ONCE",
    "GOALS",
    "LENGTHS",
    "MOST_PAINTED",
    "Goal",
    "fault_beside",
    "goal_named",
    "minutes_of",
    "suitable",
]

LENGTHS: Mapping[str, float] = {"quick": 2, "good": 20, "overnight": 480}  # minutes
AT_ONCE = "once"  # a length of the goal to paint alone: in one pass, by a painter that is trained
MOST_PAINTED = 100  # pictures that one order paints
_LEAST_GROUP = 4  # pictures of a group, below which it cannot be told from the others
_UNKNOWN: dict[str, Any] = {"code": "not_looked_through", "fields": {}}


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a person wants of their pictures.

    name: by which the page has its words. least: pictures below which nothing comes of it. trains: whether it learns
    by steps, so that a length can be chosen; else it takes as long as it takes. beside: what a second set is for, where
    the goal takes one. use: the verb by which what was made serves other pictures; without one there is no such.
    """

    name: str
    least: int = 20
    trains: bool = True
    beside: Literal["paintings", "partners"] | None = None
    use: Literal["rank", "restore", "classify", "style"] | None = None


GOALS: Mapping[str, Goal] = {
    goal.name: goal
    for goal in (
        Goal("similar"),
        Goal("odd", least=10, trains=False, use="rank"),
        Goal("new", least=50),
        Goal("clean", least=8, use="restore"),
        Goal("enlarge", least=8, use="restore"),
        Goal("style", least=1, beside="paintings", use="style"),
        Goal("turn", least=8, beside="partners", use="restore"),
        Goal("sort", least=20, use="classify"),
        Goal("experiment", least=0, trains=False),
    )
}


def goal_named(name: str) -> Goal:
    if name not in GOALS:
        raise Problem(404, "unknown", "there is no such goal", kind="goals")
    return GOALS[name]


def minutes_of(goal: Goal, length: str) -> float | None:
    """Return how long a training of that length takes, or None where the goal's takes as long as it takes."""
    if length == AT_ONCE and goal.name == "style":
        return None
    if length not in LENGTHS:
        raise Problem(404, "unknown", "there is no such length", kind="lengths")
    return LENGTHS[length] if goal.trains and goal.name != "style" else None


def suitable(finding: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Return for each goal why these pictures do not fit it (code and fields), or None where they do."""
    if finding["state"] != "done":
        return dict.fromkeys(GOALS, _UNKNOWN)
    return {name: _fault(goal, finding) for name, goal in GOALS.items()}


def fault_beside(goal: Goal, finding: Mapping[str, Any], beside: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return why a goal cannot be reached with this second set, or without one; None where it can.

    finding, beside: what was found in the set and in the second one, which is None where nobody chose one.
    """
    if goal.beside is None or (goal.beside == "partners" and finding["pairs"] and beside is None):
        return None
    if beside is None:
        return {"code": f"no_{goal.beside}", "fields": {}}
    if beside["state"] != "done":
        return _UNKNOWN
    if goal.beside == "paintings" and (count := _count(finding) * _count(beside)) > MOST_PAINTED:
        return {"code": "too_many_painted", "fields": {"count": count, "most": MOST_PAINTED}}
    return None


def _fault(goal: Goal, finding: Mapping[str, Any]) -> dict[str, Any] | None:
    count = _count(finding)
    if count < goal.least:
        return {"code": "too_few", "fields": {"count": count, "least": goal.least}}
    if goal.name == "style" and count > MOST_PAINTED:
        return {"code": "too_many_painted", "fields": {"count": count, "most": MOST_PAINTED}}
    if goal.name == "sort":
        groups = finding["groups"]
        if len(groups) < 2:
            return {"code": "no_groups", "fields": {}}
        name = min(groups, key=lambda name: groups[name])
        if groups[name] < _LEAST_GROUP:
            return {"code": "small_group", "fields": {"name": name, "count": groups[name], "least": _LEAST_GROUP}}
    return None


def _count(finding: Mapping[str, Any]) -> int:
    return int(finding["total"]) - int(finding["left_out"])
