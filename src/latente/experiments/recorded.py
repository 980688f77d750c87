"""What each experiment gave when it was last measured, for a new result to stand beside."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from importlib import resources

__all__ = ["Recorded", "RecordedFigure", "recorded"]


@dataclasses.dataclass(frozen=True)
class RecordedFigure:
    """A figure as it was measured. spread: how far others may lie from it by chance; None where one run tells nothing.

    It is the standard error over the test images, or what lies between the least and the most of several seeds.
    """

    value: float
    spread: float | None = None

    def holds(self, measured: float) -> bool | None:
        """Whether what is measured now lies within the spread; None without one."""
        return None if self.spread is None else abs(measured - self.value) <= self.spread


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The figures of a recorded run by what they measure, and what they depend on: images, seeds, machine and date.

    data: how the line on the images begins.
    """

    date: str
    machine: str
    data: str
    seeds: int
    figures: Mapping[str, RecordedFigure]

    def unlike(self, *, data: str, seeds: int, tiny: bool) -> str:
        """Return why a result cannot stand beside this one; nothing where it can."""
        if not self.figures:
            return "nothing is recorded of it yet"
        if tiny:
            return "the tiny variant's figures say nothing"
        if not data.startswith(self.data):
            return f"what is recorded is of {self.data}"
        if seeds != self.seeds:
            return f"what is recorded is of --seeds {self.seeds}"
        return ""

    def __str__(self) -> str:
        seeds = "seed 0 alone" if self.seeds == 1 else f"seeds 0 to {self.seeds - 1}"
        return f"{self.date}, {seeds}, {self.machine}"


@functools.cache
def recorded(name: str) -> Recorded:
    """Return what is recorded of an experiment, as the documentation tells it; no figures where nothing is yet."""
    text = resources.files("latente.experiments").joinpath("recorded.json").read_text(encoding="utf-8")
    entry = json.loads(text).get(name)
    if entry is None:
        return Recorded("", "", "", 0, {})
    figures = {what: RecordedFigure(*values) for what, values in entry.pop("figures").items()}
    return Recorded(**entry, figures=figures)
