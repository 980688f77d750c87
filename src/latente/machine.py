"""What the machine has left, asked before work that a small file or a large number could make endless."""

from __future__ import annotations

from pathlib import Path

__all__ = ["free_memory"]

_GROUPS = Path("/sys/fs/cgroup")
# limit, in use, and where the pages are listed that are given back at once, of either version of Linux's control groups
_CONTAINERS = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)


def free_memory() -> int | None:
    """Return how many bytes of memory this process may still take; None where the system, no Linux, does not tell."""
    try:
        free = [_listed(Path("/proc/meminfo"), "MemAvailable:") * 1024]
    except (OSError, ValueError):
        return None
    for limit, used, statistics in _CONTAINERS:
        try:
            kept = _listed(_GROUPS / statistics, "inactive_file")
            free.append(int((_GROUPS / limit).read_text()) - int((_GROUPS / used).read_text()) + kept)
        except (OSError, ValueError):  # no container, or one without a limit
            continue
    return max(0, min(free))


def _listed(path: Path, name: str) -> int:
    """Return the number behind a name at the beginning of a line; ValueError where there is none."""
    for line in path.read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[0] == name:
            return int(words[1])
    raise ValueError(f"{path} does not tell of {name}")
