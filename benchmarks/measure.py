"""What the benchmarks measure beside time: memory, and the machine it all ran on."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Self

__all__ = ["PeakMemory", "beside", "commit", "load", "machine", "peer_steps", "versions"]


class PeakMemory:
    """Watch this process's private memory: RssAnon of /proc/self/status every 50 ms, in a thread of its own.

    `anonymous`: the highest seen since the start or the last `reset`, in MB (1e6 bytes). `resident`: the highest
    resident size of the whole process so far, program files and mapped data included, as the kernel kept it.
    """

    def __init__(self, interval: float = 0.05) -> None:
        self.anonymous = 0.0
        self._interval = interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.anonymous = anonymous_memory()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()
        self.anonymous = max(self.anonymous, anonymous_memory())

    def reset(self) -> None:
        self.anonymous = anonymous_memory()

    @property
    def resident(self) -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

    def _watch(self) -> None:
        while not self._done.wait(self._interval):
            self.anonymous = max(self.anonymous, anonymous_memory())


def anonymous_memory(process: int | str = "self") -> float:
    """Return RssAnon in MB: the memory that is a process's alone, without files mapped into it; 0 once it has ended."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024 / 1e6
    if process != "self":
        return 0.0
    raise OSError("/proc/self/status has no RssAnon; these benchmarks need Linux")


def load() -> float:
    """Return the load average of the last minute: how busy the machine was with everything, this benchmark included."""
    return os.getloadavg()[0]


def machine() -> dict[str, Any]:
    """Return processor, cores, memory and system of this machine."""
    cpu = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model")
    )
    names = {key.strip(): value.strip() for key, value in cpu.items()}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{names.get('model name', platform.processor())}, model {names.get('model', '?')}",
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": platform.platform(),
        "commit": commit(Path(__file__).parent),
    }


def commit(folder: Path) -> str:
    """Return the commit of a working tree, marked where files differ from it, or "none" outside a repository."""
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or "none"


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the installed versions of those of the distributions `names` that this environment has."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def beside(ways: Mapping[str, Callable[[], float]], rounds: int, batch: int, images: str, goal: float) -> None:
    """Let all take turns, each a stretch of steps that gives the seconds of one; print them, and ratios to the first.

    images: what there are `batch` of in a step, in words. goal: of the first in parts of the others' speed.
    """
    turns = [[way() for way in ways.values()] for _ in range(rounds)]
    for name, seconds in zip(ways, zip(*turns, strict=True), strict=True):
        middle = statistics.median(seconds)
        print(f"{name}: {1e3 * middle:.1f} ms a step, {batch / middle:.1f} {images} a second of the processor")
    for place, name in enumerate(ways):
        if place:
            ratios = sorted(turn[place] / turn[0] for turn in turns)
            print(f"of {name}: {statistics.median(ratios):.3f} ({ratios[0]:.3f}-{ratios[-1]:.3f}; goal {goal})")


@contextlib.contextmanager
def peer_steps(python: Path, what: str, precision: str, steps: int) -> Iterator[Callable[[], float]]:
    """Give a stretch of so many steps of peers_steps.py, in the environment of this `python`: the seconds of one."""
    command = [str(python), str(Path(__file__).with_name("peers_steps.py")), what, precision]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:

        def stretch() -> float:
            assert worker.stdin is not None
            assert worker.stdout is not None
            print(steps, file=worker.stdin, flush=True)
            return float(worker.stdout.readline())

        yield stretch
