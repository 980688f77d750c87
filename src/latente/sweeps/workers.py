"""Who carries the trials out: this process, or several others with a fair share of the processor each."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from typing import Protocol

from latente.errors import InputError, TrainingError
from latente.sweeps.trials import Task, Trial, TrialFunction, attempt

__all__ = ["Workshop", "threads_for", "workshop"]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_READY = "ready"


def threads_for(jobs: int) -> int:
    """Return how many threads each of `jobs` processes gets: its share of the cores that this process may use.

    At least 1; an OMP_NUM_THREADS that is set already is the most that each gets.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = max(1, cores // jobs)
    most = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(most)) if most.isdecimal() and int(most) else share


class Workshop(Protocol):
    """Takes tasks while it has room for them, and gives trials back."""

    @property
    def has_room(self) -> bool: ...

    @property
    def is_busy(self) -> bool: ...

    def take(self, task: Task) -> None: ...

    def wait(self) -> list[Trial]:
        """Return the trials that have ended, one at least if it is busy."""
        ...


@contextlib.contextmanager
def workshop(function: TrialFunction, jobs: int) -> Iterator[Workshop]:
    """Yield the workshop for so many trials at a time; for one at a time there is no process but this one.

    Raises InputError where other processes are needed and the trial cannot be sent to them.
    """
    if jobs == 1:
        yield _Here(function)
        return
    workers = _Workers(function, jobs)
    try:
        yield workers
    finally:
        workers.stop()


class _Here:
    """Carries out one task at a time, in this process."""

    def __init__(self, function: TrialFunction) -> None:
        self._function = function
        self._task: Task | None = None

    @property
    def has_room(self) -> bool:
        return self._task is None

    @property
    def is_busy(self) -> bool:
        return self._task is not None

    def take(self, task: Task) -> None:
        self._task = task

    def wait(self) -> list[Trial]:
        task, self._task = self._task, None
        return [] if task is None else [attempt(self._function, task)]


@dataclasses.dataclass(eq=False)
class _Worker:
    """A process, the line to it, and what it is at since when."""

    process: SpawnProcess
    line: Connection
    is_ready: bool = False
    task: Task | None = None
    since: float = 0.0


class _Workers:
    """Carries out several tasks at a time, each in a process that stays for the next one.

    The processes start afresh (spawn), with the number of their threads in their environment before they import
    anything. One that dies costs the trial that it was at, which has failed, and another takes its place.
    """

    def __init__(self, function: TrialFunction, jobs: int) -> None:
        try:
            ForkingPickler.dumps(function)
        except Exception as error:  # it raises what it likes
            raise InputError(
                f"jobs={jobs}: the trial cannot be sent to other processes ({error}); make it a function of a module, "
                "or try one at a time"
            ) from error
        self._function, self._jobs = function, jobs
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    @property
    def has_room(self) -> bool:
        return len(self._busy) < self._jobs

    @property
    def is_busy(self) -> bool:
        return bool(self._busy)

    def take(self, task: Task) -> None:
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        worker = self._idle.pop() if self._idle else self._start()
        worker.task, worker.since = task, time.perf_counter()
        self._busy.append(worker)
        with contextlib.suppress(OSError):  # it has died meanwhile, as waiting for it will tell
            worker.line.send(task)

    def wait(self) -> list[Trial]:
        ended: list[Trial] = []
        while self._busy and not ended:
            ready = connection.wait([end for worker in self._busy for end in (worker.line, worker.process.sentinel)])
            for worker in list(self._busy):
                if worker.line in ready or worker.process.sentinel in ready:
                    ended += self._hear(worker)
        return ended

    def stop(self) -> None:
        for worker in [*self._idle, *self._busy]:
            worker.process.terminate()
        for worker in [*self._idle, *self._busy]:
            worker.process.join()
            worker.line.close()

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        line, other_end = context.Pipe()
        process = context.Process(target=_work, args=(self._function, other_end))
        with _threads_in_environment(threads_for(self._jobs)), _deaf_to_interrupts():
            process.start()
        other_end.close()  # so that the line breaks when the process dies
        return _Worker(process, line)

    def _hear(self, worker: _Worker) -> list[Trial]:
        assert worker.task is not None
        try:
            said = worker.line.recv() if worker.line.poll() else None
        except (EOFError, OSError):
            said = None
        if said is None:
            return [self._bury(worker, worker.task)]
        if said == _READY:
            worker.is_ready = True
            return []
        self._busy.remove(worker)
        self._idle.append(worker)
        return [said]

    def _bury(self, worker: _Worker, task: Task) -> Trial:
        """Return the trial at which a process died; TrainingError where it had not even started."""
        worker.process.join()
        self._busy.remove(worker)
        worker.line.close()
        code = worker.process.exitcode or 0
        end = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        if not worker.is_ready:
            raise TrainingError(
                f"a process for the trials ended {end} before it had started; a script needs "
                'if __name__ == "__main__": around what it runs, and a trial must stand in a module'
            )
        cause = ", perhaps for want of memory" if -code == getattr(signal, "SIGKILL", None) else ""
        seconds = round(time.perf_counter() - worker.since, 3)
        return Trial(task.number, task.options, task.seed, {}, seconds, f"its process ended {end}{cause}")


def _work(function: TrialFunction, line: Connection) -> None:
    """Try what comes along the line, until it breaks; what runs in each of the processes."""
    # Ctrl-C goes to all processes of a terminal; the one that started this one decides what comes of it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        line.send(_READY)
        while True:
            line.send(attempt(function, line.recv()))


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _threads_in_environment(threads: int) -> Iterator[None]:
    """Have a process that starts now use so many threads; later, when it has imported torch, would be too late."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Have a process that starts now not hear SIGINT until it says how it takes it; this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which starts with the first process otherwise, and unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
