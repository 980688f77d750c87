"""Who is at work on a file or folder: a lock that the system takes back when its holder dies, however that happens."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latente.locks import is_locked

__all__ = ["claimed", "is_abandoned"]

# Windows has no such lock; there age alone tells
fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None

_DAY = 24 * 3600.0  # seconds after which nobody works on what no lock could be had for


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the lock of an existing file or folder, and yield whether it is still there.

    Whoever looks between its making and its lock takes it for abandoned, and removes it.
    """
    with contextlib.ExitStack() as stack:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # some network folders have no locks
                handle = os.open(path, os.O_RDONLY)
                stack.callback(os.close, handle)
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield path.exists()


def is_abandoned(path: Path) -> bool:
    """Say whether nobody is at work on a file or folder: its holder is dead, or nothing was done to it for a day."""
    try:
        if time.time() - path.stat().st_mtime > _DAY:
            return True
        return fcntl is not None and not is_locked(path)
    except OSError:
        return False
