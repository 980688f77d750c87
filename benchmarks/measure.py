"""What the benchmarks measure beside time: memory, and the machine it all ran on."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Self

__all__ = ["PeakMemory", "beside_bare", "commit", "load", "machine", "versions"]


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


def beside_bare(
    ours: Callable[[], float], bare: Callable[[], float], rounds: int, batch: int, images: str, goal: float
) -> None:
    """Let both take turns, each a stretch of steps that gives the seconds of one, and print them and their ratio.

    images: what there are `batch` of in a step, in words.
    """
    turns = [(ours(), bare()) for _ in range(rounds)]
    for name, seconds in zip(("latente", "bare"), zip(*turns, strict=True), strict=True):
        middle = statistics.median(seconds)
        print(f"{name}: {1e3 * middle:.1f} ms a step, {batch / middle:.1f} {images} a second of the processor")
    ratios = sorted(other / own for own, other in turns)
    print(f"of the bare loop: {statistics.median(ratios):.3f} ({ratios[0]:.3f}-{ratios[-1]:.3f}; goal {goal})")
