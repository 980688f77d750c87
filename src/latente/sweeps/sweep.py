"""The sweep: what is to be tried, and the trying."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from latente.errors import InputError, Interrupted, did_you_mean
from latente.sweeps.results import Results
from latente.sweeps.search import Range, Search, choices, is_whole, require_optuna, suggest
from latente.sweeps.trials import Journal, Task, Trial, TrialFunction, key_of, plain
from latente.sweeps.workers import Workshop, workshop

__all__ = ["Sweep"]

MOST_TRIALS = 100_000  # more end in no lifetime, and their list would fill the memory
MOST_JOBS = 1024
DIRECTIONS = ("minimize", "maximize")

Progress = Callable[[int, int, Trial], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is to be tried: all combinations of a grid, or those that a search proposes, each with several seeds.

    grid: the values to try of each option that varies; search: a `Search` instead. options: those that all trials
    share. seeds: how many (0, 1, ...) or which; one trial each. metric: which of the trials' numbers says what is
    better, in which direction; None, for a grid, is the first that they return. A search goes by its mean over the
    seeds. Options are plain values: what JSON holds, and tuples, which trials get as lists.
    Raises InputError, naming the option, where something of this does not hold.
    """

    grid: Mapping[str, Sequence[Any]] | None = None
    search: Search | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seeds: int | Sequence[int] = 1
    metric: str | None = None
    direction: str = "minimize"
    all_seeds: tuple[int, ...] = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.grid is None) == (self.search is None):
            raise InputError("a sweep has either a grid or a search")
        if self.search is not None and self.metric is None:
            raise InputError("a search needs to know what to go by: give metric=")
        if self.direction not in DIRECTIONS:
            raise did_you_mean("direction", self.direction, DIRECTIONS)
        if self.grid is not None:
            object.__setattr__(self, "grid", {name: choices(name, values) for name, values in self.grid.items()})
        object.__setattr__(self, "options", {name: plain(value, name) for name, value in self.options.items()})
        object.__setattr__(self, "all_seeds", _seeds(self.seeds))
        if self.total > MOST_TRIALS:
            raise InputError(
                f"{self.combinations:,} combinations with {len(self.all_seeds):,} seeds each are more than "
                f"{MOST_TRIALS:,} trials; vary less, or let a search choose among them"
            )
        if "seed" in (*self.space, *self.options):
            raise InputError("the seed is no option: say by seeds= how many or which")
        if both := next((name for name in self.options if name in self.space), None):
            raise InputError(f"{both} cannot be both fixed and varied; leave one of them out")

    @property
    def space(self) -> Mapping[str, Range | Sequence[Any]]:
        """What is to be tried of each option that varies."""
        return self.search.space if self.search is not None else self.grid or {}

    @property
    def total(self) -> int:
        """The number of trials: combinations times seeds."""
        return self.combinations * len(self.all_seeds)

    @property
    def combinations(self) -> int:
        """The number of combinations."""
        return self.search.trials if self.search else math.prod(len(values) for values in (self.grid or {}).values())

    def points(self) -> list[dict[str, Any]]:
        """Return all options of every combination of a grid, the last factor changing fastest."""
        grid = self.grid or {}
        return [
            {**self.options, **dict(zip(grid, values, strict=True))} for values in itertools.product(*grid.values())
        ]

    def count_finished(self, trial: TrialFunction, out: str | os.PathLike[str], *, force: bool = False) -> int:
        """Return how many of the trials are in a folder already; raises InputError as `run` would."""
        journal = Journal(Path(out))
        journal.check(self._plan(trial), force)
        return _Agenda(self, journal.trials(), force).finished_count

    def run(
        self,
        trial: TrialFunction,
        *,
        out: str | os.PathLike[str] | None = None,
        jobs: int = 1,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Results:
        """Try everything that has not been tried yet, and return the results of it all.

        trial: called as trial(seed=..., **options); returns numbers by name. One that raises has failed, which is
        noted, and the sweep goes on. out: folder for trials.jsonl, to which each finished trial is added at once; a
        second run there goes on where the first one ended, in whatever way; None keeps nothing. A folder knows its
        trial by name: what a functools.partial holds, it does not see. jobs: trials at a time; of several, each runs
        in a process with its share of the threads (`threads_for`), and the trial must be a function that other
        processes can import. With one job a search is the same however often it was interrupted. force: go on in a
        folder that holds another sweep, of which the trials that fit are kept, and try again what failed. progress:
        called as progress(done, total, trial) after each.
        Raises InputError where the folder does not fit or the metric is none of the trial's; Interrupted after Ctrl-C
        or SIGTERM.
        """
        if not is_whole(jobs) or jobs < 1:
            raise InputError(f"jobs={jobs!r} is not a whole number above zero")
        if jobs > MOST_JOBS:
            raise InputError(f"jobs={jobs} are more processes than {MOST_JOBS}; give about as many as there are cores")
        if self.search is not None:
            require_optuna()
        try:
            with contextlib.ExitStack() as stack:
                finished: Mapping[str, Trial] = {}
                note: Callable[[Trial], None] | None = None
                if out is not None:
                    journal = Journal(Path(out))
                    note = stack.enter_context(journal.held(self._plan(trial), force))
                    finished = journal.trials()
                agenda = _Agenda(self, finished, retry=force)
                stack.enter_context(_stoppable())
                work = stack.enter_context(workshop(trial, min(jobs, max(1, self.total - agenda.finished_count))))
                for ended in _carried_out(agenda, work):
                    if note is not None:
                        note(ended)
                    agenda.add(ended)
                    if progress is not None:
                        progress(agenda.finished_count, self.total, ended)
        except KeyboardInterrupt as error:
            advice = "nothing of it is kept, for want of out=" if out is None else f"run it again to go on in {out}"
            raise Interrupted(f"the sweep was stopped; {advice}") from error
        return agenda.results()

    def _plan(self, trial: TrialFunction) -> dict[str, Any]:
        """Return as plain values all that decides what is tried."""
        plan = {"trial": _name_of(trial), "options": self.options, "seeds": list(self.all_seeds)}
        if self.search is None:  # what a grid's trials are does not depend on what they are judged by
            return plan | {"grid": self.grid}
        return plan | {"search": self.search.to_json(), "metric": self.metric, "direction": self.direction}


def _name_of(trial: TrialFunction) -> str:
    """Return a callable's name with that of its file, which is the same when the file is run as a script."""
    function: Any = trial.func if isinstance(trial, functools.partial) else trial
    file = getattr(sys.modules.get(function.__module__), "__file__", None) or function.__module__
    return f"{Path(file).stem}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def _seeds(seeds: object) -> tuple[int, ...]:
    """Return 0, 1, ... for a number of seeds, or the ones that are listed."""
    if isinstance(seeds, int) and seeds > MOST_TRIALS:
        raise InputError(f"seeds={seeds:,} are more than {MOST_TRIALS:,} trials; give fewer")
    listed = tuple(range(seeds) if isinstance(seeds, int) else seeds if isinstance(seeds, Sequence) else ())
    if isinstance(seeds, bool) or not listed or len(set(listed)) < len(listed) or not all(map(_is_seed, listed)):
        raise InputError(f"seeds={seeds!r} is neither a number of seeds nor a list of different ones from 0 up")
    return listed


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _carried_out(agenda: _Agenda, work: Workshop) -> Iterator[Trial]:
    """Keep the workshop busy, and yield the trials as they end; each must be noted before the next one is asked for."""
    while True:
        while work.has_room and (task := agenda.next()) is not None:
            work.take(task)
        if not work.is_busy:
            return
        yield from work.wait()


class _Agenda:
    """What is finished, what is on its way and what comes next."""

    def __init__(self, sweep: Sweep, finished: Mapping[str, Trial], retry: bool) -> None:
        self.sweep = sweep
        self._fixed = dict(sweep.options)
        self._points = self._proposed_before(finished.values()) if sweep.search else dict(enumerate(sweep.points()))
        self._finished: dict[str, Trial] = {}
        self._waiting: deque[Task] = deque()
        self._is_exhausted = False
        for number in self._points:
            for task in self._tasks(number):
                before = finished.get(task.key)
                if before is None or (retry and before.error is not None):
                    self._waiting.append(task)
                else:
                    self.add(dataclasses.replace(before, number=number))

    @property
    def finished_count(self) -> int:
        return len(self._finished)

    def next(self) -> Task | None:
        """Return the next task; None where there is none, or none before something else has ended."""
        if not self._waiting and self.sweep.search and not self._is_exhausted:
            self._propose(self.sweep.search)
        return self._waiting.popleft() if self._waiting else None

    def add(self, trial: Trial) -> None:
        """Note a trial that has ended; InputError where it does not tell what the sweep goes by."""
        self._finished[trial.key] = trial
        if trial.error is None and self.sweep.metric not in (None, *trial.metrics):
            raise did_you_mean("metric", self.sweep.metric, trial.metrics)

    def results(self) -> Results:
        trials = sorted(self._finished.values(), key=lambda trial: (trial.number, trial.seed))
        first = next((name for trial in trials for name in trial.metrics), "")
        metric = self.sweep.metric or first
        return Results(tuple(trials), self.sweep.space, self._fixed, metric, self.sweep.direction)

    def _tasks(self, number: int) -> list[Task]:
        return [Task(number, self._points[number], seed) for seed in self.sweep.all_seeds]

    def _proposed_before(self, trials: Iterable[Trial]) -> dict[int, dict[str, Any]]:
        """Return the combinations that a search has proposed before, as far as they belong to it, by their numbers."""
        search = self.sweep.search
        assert search is not None
        points: dict[int, dict[str, Any]] = {}
        for trial in sorted(trials, key=lambda trial: trial.number):
            varied = {name: value for name, value in trial.options.items() if name not in self._fixed}
            fits = self._fixed == {name: trial.options.get(name) for name in self._fixed} and search.holds(varied)
            if fits and trial.number < search.trials and trial.options not in points.values():
                points[trial.number] = dict(trial.options)
        return points

    def _propose(self, search: Search) -> None:
        """Put the next combination of a search on the list."""
        number = next(n for n in itertools.count() if n not in self._points)
        if number >= search.trials:
            return
        past, running = [], []
        for _, point in sorted(self._points.items()):
            varied = {name: point[name] for name in search.space}
            trials = [self._finished.get(key_of(point, seed)) for seed in self.sweep.all_seeds]
            ended = [trial for trial in trials if trial is not None]
            if len(ended) == len(trials):
                past.append((varied, self._value(ended)))
            else:
                running.append(varied)
        options = suggest(search, self.sweep.direction, past, running, number)
        if options is None:
            self._is_exhausted = True
            return
        self._points[number] = self._fixed | options
        self._waiting.extend(self._tasks(number))

    def _value(self, trials: Sequence[Trial]) -> float | None:
        """Return the mean of the metric over the seeds; None where one has failed."""
        values = [trial.metrics.get(self.sweep.metric or "", math.nan) for trial in trials]
        mean = math.fsum(values) / len(values)
        return mean if math.isfinite(mean) else None


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM interrupt the block as Ctrl-C does; only the main thread may ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
