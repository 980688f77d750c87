"""What was read from files, read anew only where one of them has changed: each open page asks twice a second."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Remembered"]

Value = TypeVar("Value")
_MOST = 10_000  # things of which that is kept


class _Stamp(NamedTuple):
    """What changes when a file is written: a file that takes another's place has a number of its own."""

    modified: int
    size: int
    number: int


class Remembered(Generic[Value]):
    """Values by the files that they were read from. Whoever is handed a value must not change it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[list[object], Value]] = {}

    def of(self, files: tuple[str, ...], read: Callable[[], Value], about: object = None) -> Value:
        """Return what `read` returned when these files, which need not exist, last changed; raises as it does.

        about: what else the value depends on, compared as well.
        """
        # before they are read: what is written meanwhile is read again
        stamps = [about, *map(_stamp_of, files)]
        known = self._known.get(files)
        if known is not None and known[0] == stamps:
            return known[1]
        value = read()
        if len(self._known) >= _MOST:
            self._known.clear()  # those that are asked for are there again at once
        self._known[files] = (stamps, value)
        return value


def _stamp_of(file: str) -> _Stamp | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return _Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
