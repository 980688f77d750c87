"""What the machine has free, asked before work that a small file could make endless."""

from __future__ import annotations

import shutil
from pathlib import Path

from latente import words
from latente.errors import InputError

__all__ = ["MAX_BYTES", "MAX_PIXELS", "check_disk", "check_memory", "free_memory", "is_bomb"]

MAX_PIXELS = 89_478_485  # of one picture: a quarter of a GiB at three bytes a pixel; more is an accident or a bomb
MAX_BYTES = 256 * 2**20  # of one file
_USABLE = 0.9  # of what is free; the rest is left to others

# (limit, in use) of a container, in either version of Linux's control groups
_CONTAINERS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def is_bomb(packed: int, unpacked: int, harmless: int, ratio: int) -> bool:
    """Say whether what unpacks to more than `ratio` times its size is a bomb; below `harmless` bytes nothing is."""
    return unpacked > max(harmless, ratio * packed)


def free_memory() -> int | None:
    """The bytes that this process may still take, on Linux; None where the system does not tell."""
    free = []
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            free += [int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:")]
    except (OSError, ValueError):
        return None
    for limit, used in _CONTAINERS:
        try:
            free.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # no container, or one without a limit
            continue
    return min(free, default=None)


def check_memory(needed: int, what: str) -> None:
    """Raise InputError where `what` needs more memory at once than is free."""
    free = free_memory()
    if free is not None and needed > _USABLE * free:
        raise InputError(
            f"{what} needs {words.memory(needed)} of memory at once, and {words.memory(max(free, 0))} are free; "
            "give smaller images or a smaller file"
        )


def check_disk(needed: int, folder: Path, what: str) -> None:
    """Raise InputError where `what` needs more room than the disk of `folder`, which may not exist yet, has free."""
    place = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        free = shutil.disk_usage(place).free
    except OSError:  # the writer will say what is wrong with the folder
        return
    if needed > _USABLE * free:
        raise InputError(
            f"{what} needs {words.memory(needed)} in the cache folder {folder}, whose disk has "
            f"{words.memory(free)} free; give a smaller size or count, free some space, or set LATENTE_CACHE to "
            "another folder"
        )
