"""How many steps fit into so many minutes, found by timing a few."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["ALLOWANCE", "seconds_per_step", "steps_that_fit"]

ALLOWANCE = 0.1  # of the time, for what is not measured: checkpoints, pictures, a judge, the last figures

_WARM_UP = 2  # steps that are not counted: the first ones find their memory and their kernels
_LONGEST, _SHARE = 5.0, 0.02  # seconds of timing at most, and of the budget


def seconds_per_step(
    budget: float, take: Callable[[int], None], wait: Callable[[], None], slowest: Callable[[float], float]
) -> float:
    """Return how long a step takes, in seconds, by taking some, at most 5 seconds or 2% of the `budget` in seconds.

    take: takes so many steps. wait: returns when the device has done them. slowest: turns this process's seconds into
    the same number, the largest, for all processes, so that all go on or stop alike.
    """
    take(_WARM_UP)
    wait()
    steps, seconds, count = 0, 0.0, 1
    while seconds < min(_LONGEST, _SHARE * budget) or steps == 0:
        begin = time.perf_counter()
        take(count)
        wait()
        seconds = slowest(seconds + time.perf_counter() - begin)
        steps += count
        count = min(2 * count, 64)
    return seconds / steps


def steps_that_fit(seconds: float, per_step: float, per_epoch: float, steps_per_epoch: int) -> int:
    """Return how many steps fit into `seconds`, less the allowance; at least one.

    per_step: seconds that a step takes. per_epoch: those that are added at an epoch's end, of `steps_per_epoch`.
    """
    return max(1, int((1 - ALLOWANCE) * seconds / (per_step + per_epoch / steps_per_epoch)))
