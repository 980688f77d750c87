"""Trials for sweeps, in a module of their own, so that other processes can import them.

    python trying.py FOLDER KIND JOBS [COUNT HOW]

runs the sweep KIND in FOLDER; with COUNT the process is stopped HOW ("kill", "half", "interrupt", "terminate") when so
many trials have been made.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latente.errors import Interrupted
from latente.sweeps import Range, Search, Sweep, Trial

GRID = Sweep(grid={"x": [0.0, 1.0, 2.0], "name": ["a", "b"]}, options={"shift": 0.5}, seeds=2)
SPACE = {"x": Range(-2.0, 2.0), "rate": Range(1e-4, 1e-1, log=True), "width": Range(1, 8), "name": ["a", "b"]}
SEARCH = Sweep(search=Search(SPACE, trials=14), seeds=2, metric="loss", options={"shift": 0.5})
SWEEPS = {"grid": GRID, "search": SEARCH}


def bowl(*, seed: int, x: float, name: str, shift: float, rate: float = 0.01, width: int = 4) -> dict[str, float]:
    """A loss with its minimum at x = shift, "b" a little better than "a"."""
    penalty = (width - 4) ** 2 / 100 + abs(rate - 0.01) + (name == "a") * 0.1
    return {"loss": (x - shift) ** 2 + penalty + 0.01 * seed, "accuracy": 1.0 - penalty}


def picky(*, seed: int, x: float) -> dict[str, float]:
    """Fails at x = 1, and gives no number at x = 2."""
    if x == 1:
        raise ValueError("one is\n not  possible")
    return {"loss": float("nan") if x == 2 else x}


def deadly(*, seed: int, x: float) -> dict[str, float]:
    """Takes its process with it at x = 1."""
    if x == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"loss": x, "process": os.getpid()}


def surroundings(*, seed: int) -> dict[str, float]:
    """What a trial finds in its process."""
    return {"threads": float(os.environ["OMP_NUM_THREADS"]), "torch": float("torch" in sys.modules)}


def refusing(*, seed: int) -> dict[str, float]:
    raise AssertionError("this was to be known already")


class Broken:
    """Can be sent to another process, where it cannot be made again."""

    def __call__(self, *, seed: int) -> dict[str, float]:
        return {}

    def __reduce__(self) -> Any:
        return os._exit, (3,)


def stopping(folder: Path, count: int, how: str) -> Callable[[int, int, Trial], None]:
    """Return what stops this process when `count` trials have been made."""
    made = 0

    def watch(done: int, total: int, trial: Trial) -> None:
        nonlocal made
        made += 1
        if made < count:
            return
        if how == "half":
            with open(folder / "trials.jsonl", "ab") as file:
                file.write(b'{"number": 99, "options": {"x"')
        ways = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM}
        os.kill(os.getpid(), ways.get(how, signal.SIGKILL))

    return watch


def main(folder: str, kind: str, jobs: str, count: str = "0", how: str = "") -> int:
    watch = stopping(Path(folder), int(count), how) if how else None
    try:
        SWEEPS[kind].run(bowl, out=folder, jobs=int(jobs), progress=watch)
    except Interrupted as error:
        print(error)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
