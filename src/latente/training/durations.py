"""Times as people write them, in seconds."""

from __future__ import annotations

import math

from latente.errors import InputError

__all__ = ["seconds_of"]

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def seconds_of(duration: str) -> float:
    """Return the seconds of a time such as "90s", "10min" or "1.5h"; raises InputError for anything else."""
    for unit, seconds in _UNITS.items():
        if duration.endswith(unit):
            try:
                number = float(duration.removesuffix(unit))
            except ValueError:
                continue
            if 0 < number < math.inf:
                return number * seconds
    raise InputError(f"{duration!r} is no time: give a number with its unit, such as 30s, 10min or 2h")
