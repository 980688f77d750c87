"""One trial, and the file that remembers the finished ones."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from latente import locks
from latente.errors import InputError, LatenteError
from latente.files import left_behind, read_json, refuse_links, write_json
from latente.screens import telling

__all__ = ["Journal", "Task", "Trial", "TrialFunction", "attempt", "key_of", "plain"]

TrialFunction = Callable[..., Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be tried: combination `number`, all its options, and one seed."""

    number: int
    options: Mapping[str, Any]
    seed: int

    @property
    def key(self) -> str:
        return key_of(self.options, self.seed)


@dataclasses.dataclass(frozen=True)
class Trial(Task):
    """A task that was tried: its metrics and seconds, or in one line why it failed."""

    metrics: Mapping[str, float]
    seconds: float
    error: str | None = None

    @property
    def status(self) -> str:
        return "done" if self.error is None else "failed"

    def to_json(self) -> dict[str, Any]:
        """Return the trial as plain values; a metric that is not finite is None."""
        metrics = {name: value if math.isfinite(value) else None for name, value in self.metrics.items()}
        values = {"number": self.number, "options": dict(self.options), "seed": self.seed, "status": self.status}
        return values | {"metrics": metrics, "seconds": self.seconds, "error": self.error}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Trial:
        metrics = {name: math.nan if value is None else float(value) for name, value in values["metrics"].items()}
        number, options, seed = int(values["number"]), dict(values["options"]), int(values["seed"])
        return cls(number, options, seed, metrics, float(values["seconds"]), values["error"])


def plain(value: Any, name: str) -> Any:
    """Return an option's value as JSON would give it back: None, truth, number, text, or a list or mapping of these.

    Raises InputError where it is anything else: a finished trial is found again by its options as text.
    """
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        value = value.tolist()
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        cure = "give a number or a name, and let the trial look it up"
        raise InputError(f"{name}: {value!r} is no plain value; {cure}") from error


def key_of(options: Mapping[str, Any], seed: int) -> str:
    """Return the text by which a trial is found again."""
    return json.dumps([dict(options), seed], sort_keys=True)


def attempt(function: TrialFunction, task: Task) -> Trial:
    """Try `task`, and return what came of it; only an interruption is raised."""
    metrics: dict[str, float] = {}
    start = time.perf_counter()
    with telling(), _Failure() as failure:
        metrics = {str(name): float(value) for name, value in function(**task.options, seed=task.seed).items()}
    seconds = round(time.perf_counter() - start, 3)
    return Trial(task.number, task.options, task.seed, metrics, seconds, failure.reason)


class _Failure(contextlib.AbstractContextManager["_Failure"]):
    """Keeps in one line why its block failed, if it did; an interruption passes."""

    reason: str | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        words = " ".join(str(error).split())
        if isinstance(error, LatenteError) and words:
            self.reason = words
        else:  # not worded for a user: say what and where
            place = traceback.extract_tb(trace)[-1]
            name = type(error).__name__
            self.reason = f"{name}: {words} ({Path(place.filename).name}:{place.lineno})" if words else name
        return True


class Journal:
    """The finished trials of a folder, one JSON line each, and what was asked for when they were made.

    A line is on the disk (fsync) before the next trial starts; the half line of a killed process is cut off when the
    folder is opened again. Only one process at a time can hold a folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "trials.jsonl"

    def check(self, plan: Mapping[str, Any], force: bool) -> None:
        """Raise InputError where the folder holds something else than (part of) the sweep that is asked for now."""
        saved = self.folder / "sweep.json"
        if not saved.exists():
            if self.folder.exists() and (not self.folder.is_dir() or self._foreign_files()):
                raise InputError(f"{self.folder} exists and holds no sweep: name a new folder")
            return
        refuse_links(self.folder, (saved.name, self.path.name))
        before = read_json(saved)
        differing = [name for name in plan if before.get(name) != plan[name]]
        if differing and not force:
            raise InputError(
                f"{self.folder} holds another sweep (it differs in {', '.join(differing)}): name another folder, or go "
                "on there with force (--force), which keeps the finished trials that fit"
            )

    def trials(self) -> dict[str, Trial]:
        """Return the finished trials by their keys; of two with the same key the later one counts.

        Raises InputError where a line is damaged; the last one, if it has no end, is left out.
        """
        text = self.path.read_bytes() if self.path.exists() else b""
        trials: dict[str, Trial] = {}
        for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
            try:
                trial = Trial.from_json(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
                cure = "remove the line, and the trial is made again"
                raise InputError(f"line {number} of {self.path} is no finished trial: {cure}") from error
            trials[trial.key] = trial
        return trials

    @contextlib.contextmanager
    def held(self, plan: Mapping[str, Any], force: bool) -> Iterator[Callable[[Trial], None]]:
        """Make the folder or take it up again, note what is asked for, and yield the function that adds a trial."""
        self.check(plan, force)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.path.touch()
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written ({error.strerror}); choose another folder") from error
        with locks.held(self.folder), open(self.path, "ab") as file:
            for path in left_behind(self.folder):
                path.unlink(missing_ok=True)
            os.truncate(self.path, self.path.read_bytes().rfind(b"\n") + 1)
            write_json(self.folder / "sweep.json", plan)

            def add(trial: Trial) -> None:
                file.write(json.dumps(trial.to_json(), ensure_ascii=False, allow_nan=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

            yield add

    def _foreign_files(self) -> bool:
        """Whether the folder holds anything but what a sweep that was killed at once leaves."""
        return bool(set(self.folder.iterdir()) - {self.path, self.folder / locks.LOCK, *left_behind(self.folder)})
