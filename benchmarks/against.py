"""Training speed of this checkout beside another one: does a change cost anything?

    git worktree add /tmp/before COMMIT
    python benchmarks/against.py /tmp/before            M1 to M5, about 20 minutes on a quiet machine
    python benchmarks/against.py /tmp/before --short    about 5 minutes
    python benchmarks/against.py . --short              this one against itself: how far noise alone goes

Each side is the contender `latente` of its own checkout, in a process of its own on one core. The two train stretches
of as many steps in turn, and who begins changes with each round; ratios are taken round by round, so that the machine's
pace cancels out. Both processes are started anew several times, since where one happens to lie in memory counts too.

Above 1 this checkout is faster. "processor" compares the processor time of whole calls of `fit`: what else the machine
does touches it least, and the goal goes by it. "wall" compares a step as training.py times it, on a quiet machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Sequence
from pathlib import Path

from measure import commit, load
from models import MODELS
from training import Entry, Worker, names_of

__all__ = ["Times", "compete", "main"]

_AFTER = Path(__file__).resolve().parents[1]
_GOAL = 0.97
_FEWEST_STEPS = 20
_PACES = {"full": {"starts": 4, "rounds": 12, "seconds": 1.5}, "short": {"starts": 2, "rounds": 12, "seconds": 0.8}}


@dataclasses.dataclass
class Times:
    """What the stretches of one side took. processor: seconds each, setting up included; wall: milliseconds a step."""

    processor: list[float]
    wall: list[float]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    before = options.before.resolve()
    print(f"{commit(_AFTER)} against {commit(before)} in {before}, {options.precision}, load {load():.2f}", flush=True)
    for model in options.models:
        (trial,) = compete(model, [before], 1, options)
        steps = max(_FEWEST_STEPS, round(1e3 * options.seconds / trial.wall[0]))
        stretch = argparse.Namespace(**{**vars(options), "steps": steps})
        pairs = [compete(model, [before, _AFTER], options.rounds, stretch) for _ in range(options.starts)]
        processor = [a / b for old, new in pairs for a, b in zip(old.processor, new.processor, strict=True)]
        wall = [a / b for old, new in pairs for a, b in zip(old.wall, new.wall, strict=True)]
        print(f"{model} processor {_spread(processor)}; goal {_GOAL} {_verdict(processor)}", flush=True)
        print(f"{model} wall      {_spread(wall)}", flush=True)


def compete(model: str, checkouts: Sequence[Path], rounds: int, options: argparse.Namespace) -> list[Times]:
    """Start the checkouts' processes, let them train `rounds` stretches in turn, and return what these took.

    Raises SystemExit where one fails, or where they do not train the same number of parameters.
    """
    entries = [Entry("latente", model, options.precision) for _ in checkouts]
    workers = [Worker(entry, options, checkout) for entry, checkout in zip(entries, checkouts, strict=True)]
    times = [Times([], entry.milliseconds) for entry in entries]
    for turn in range(rounds):
        for worker, side in list(zip(workers, times, strict=True))[:: -1 if turn % 2 else 1]:
            if worker.entry.failure is None:
                start = worker.processor_seconds
                worker.train()
                if worker.entry.failure is None:
                    side.processor.append(worker.processor_seconds - start)
    for worker in workers:
        worker.end()
    for entry, checkout in zip(entries, checkouts, strict=True):
        if entry.failure is not None:
            raise SystemExit(f"{model} in {checkout}: {entry.failure}")
    if len(sizes := {entry.about["parameters"] for entry in entries}) > 1:
        raise SystemExit(f"{model}: the networks differ, they have {sizes} parameters")
    return times


def _interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Return between which of the ratios their true median lies, 95 times of 100 (sign test; from 6 rounds on)."""
    ordered = sorted(ratios)
    aside = max(0, int(len(ordered) / 2 - 0.98 * len(ordered) ** 0.5))
    return ordered[aside], ordered[-1 - aside]


def _spread(ratios: Sequence[float]) -> str:
    low, high = _interval(ratios)
    each = f"{len(ratios)} rounds {min(ratios):.3f}-{max(ratios):.3f}"
    return f"{statistics.median(ratios):.3f} (95 %: {low:.3f}-{high:.3f}; {each})"


def _verdict(ratios: Sequence[float]) -> str:
    """Say whether the goal is reached; a median below it counts as missed only where noise does not explain it."""
    if statistics.median(ratios) >= _GOAL:
        return "reached"
    return "missed" if _interval(ratios)[1] < _GOAL else "not told from noise: give more --rounds"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="the root of another checkout of this repository")
    parser.add_argument("--models", type=names_of(MODELS), default=tuple(MODELS), help="M1,M2 ... (default: all)")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32", help="default: float32")
    parser.add_argument("--short", action="store_true", help="fewer and shorter stretches")
    parser.add_argument("--starts", type=int, help="how often both processes are started (default: 4, short: 2)")
    parser.add_argument("--rounds", type=int, help="stretches for each start (default: 12)")
    parser.add_argument("--seconds", type=float, help="about how long a stretch takes (default: 1.5, short: 0.8)")
    parser.add_argument("--threads", type=int, default=1, help="of each side (default: 1)")
    options = parser.parse_args(arguments, argparse.Namespace(steps=None))
    if not (options.before / "benchmarks" / "contender.py").is_file():
        parser.error(f"{options.before} is no checkout of this repository: it has no benchmarks/contender.py")
    for name, value in _PACES["short" if options.short else "full"].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


if __name__ == "__main__":
    main()
