"""status.json: how a training stands, for whoever looks at its run from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latente.errors import LatenteError
from latente.files import write_json

__all__ = ["Status"]

_LONGEST = 2000  # letters of an error


class Status:
    """Writes how a training stands: when it starts, when it ends, and at most once a second in between.

    The file need not outlive the machine's power, and where it cannot be written, that is told by what has to be.
    """

    SECONDS_BETWEEN = 1.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start: tuple[float, int] | None = None  # when the first step of now was taken, and which it was
        self._values: dict[str, Any] = {
            "state": "running",
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "step": None,
            "steps": None,
            "seconds_left": None,
            "trouble": None,
            "error": None,
        }
        self._write(time.monotonic())

    def at(self, step: int, steps: int) -> None:
        """Note that so many steps are done, of so many in all."""
        now = time.monotonic()
        self._values["step"], self._values["steps"] = step, steps
        if self._start is None:
            self._start = now, step
        if now - self._written < self.SECONDS_BETWEEN:
            return
        begin, first = self._start
        if step > first:
            self._values["seconds_left"] = round((now - begin) * (steps - step) / (step - first), 1)
        self._write(now)

    def trouble(self, trouble: str | None) -> None:
        """Note what goes wrong, or that nothing does any more."""
        self._values["trouble"] = trouble
        self._write(time.monotonic())

    def end(self, error: BaseException | None) -> None:
        """Note that the training has ended, by itself or by an error."""
        if error is None:
            state = "finished"
        elif isinstance(error, KeyboardInterrupt | SystemExit):
            state = "interrupted"
        else:
            state = "failed"
            words = " ".join(str(error).split())[:_LONGEST]
            self._values["error"] = words if isinstance(error, LatenteError) else f"{type(error).__name__}: {words}"
        self._values |= {"state": state, "seconds_left": None}
        self._write(time.monotonic())

    def _write(self, now: float) -> None:
        self._written = now
        with contextlib.suppress(LatenteError, OSError):
            write_json(self._path, self._values, synced=False)
