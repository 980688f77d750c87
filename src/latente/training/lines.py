"""The lines of a run's log: what each holds, and how it is read from a file that may still be growing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["figures_of", "read_line"]

_PLACE = ("part", "epoch", "step", "steps", "time")  # where a training stood when the line was written, and when
_COUNTLESS = 10**15  # steps that no training takes


def figures_of(line: Mapping[str, Any]) -> dict[str, float]:
    """Return what a line says of the training at its place: terms, learning rates and speed, by name."""
    return {name: value for name, value in line.items() if name not in _PLACE}


def read_line(line: bytes) -> dict[str, Any] | None:
    """Return what a line of metrics.jsonl holds, or None where it is none: numbers and words, counts among them."""
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("part", "train"), str):
        return None
    counts = [entry[name] for name in ("epoch", "step", "steps") if name in entry]
    are_counts = all(type(count) is int and 0 <= count < _COUNTLESS for count in counts)
    others = [value for name, value in entry.items() if name != "part"]
    are_numbers = all(isinstance(value, int | float) and math.isfinite(value) for value in others)
    return entry if are_counts and are_numbers else None
