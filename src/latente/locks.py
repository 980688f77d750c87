"""One writer at a time: the lock of a folder, of which whoever comes second is told who holds it, and since when."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from latente.errors import InputError

__all__ = ["LOCK", "held", "is_held", "is_locked"]

LOCK = ".latente-lock.json"  # in the folder, while somebody holds it or after that was killed
_handles: set[int] = set()  # of the locks that this process holds
_TRIES, _PAUSE = 10, 0.03  # seconds; who only looks whether it is held holds it for an instant, too


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the one writer of a folder for the time of the block.

    The system lets go of the lock when its holder ends, however that comes: a dead holder's lock is no lock. Raises
    InputError where another one holds it (process, machine, since when), or where nothing can be written there.
    """
    if os.name != "posix":  # elsewhere the standard library has no such lock
        yield
        return
    handle = _take(folder / LOCK)
    _let_children_go()
    _handles.add(handle)
    try:
        yield
    finally:
        if handle in _handles:  # not in a child that was forked within the block
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink()  # while it is held, so that it is nobody else's
            _handles.remove(handle)
            os.close(handle)


def is_held(folder: Path) -> bool:
    """Whether somebody holds the folder, in this process or another; where the system cannot tell, whether it says so.

    It is not for who wants to write, since a moment later the answer may be another one.
    """
    if os.name != "posix":
        return True
    try:
        return is_locked(folder / LOCK)
    except OSError:
        return False


def is_locked(path: Path) -> bool:
    """Whether somebody has locked an existing file or folder, on POSIX; raises OSError where it cannot be opened."""
    import fcntl

    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


@functools.cache
def _let_children_go() -> None:
    """Let no forked child share what this process holds: one that outlives it would hold on to it."""

    def let_go() -> None:
        while _handles:
            os.close(_handles.pop())

    os.register_at_fork(after_in_child=let_go)


def _take(path: Path) -> int:
    """Return the handle of the lock at `path`, which is ours until it is closed."""
    import fcntl

    who = "another process"
    for _ in range(_TRIES):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise InputError(f"{path.parent} cannot be written ({error.strerror}); choose another folder") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = _holder(handle) or who
            os.close(handle)
            time.sleep(_PAUSE)
            continue
        except OSError as error:
            warnings.warn(
                f"{path.parent} lies where nothing can be locked ({error.strerror}): see to it that no other process "
                "writes there",
                stacklevel=2,
            )
        if _is_at(handle, path):
            with contextlib.suppress(OSError):  # a full disk; it only tells others who we are
                os.ftruncate(handle, 0)
                now = datetime.now(UTC).isoformat(timespec="seconds")
                os.write(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode())
            return handle
        os.close(handle)  # its holder has just removed it
    raise InputError(f"{path.parent} is being written by {who}: wait until that has ended, or stop it")


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file still is what `path` names."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> str | None:
    """Return who holds a lock, in words, as far as the file says it."""
    try:
        holder = json.loads(os.pread(handle, 1024, 0))
        return f"process {int(holder['pid'])} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, TypeError, KeyError):
        return None
