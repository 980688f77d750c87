"""Processes that outlive us, known again by their number and the moment they began: numbers are given out again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from latente.errors import InputError
from latente.studio.commands import surroundings

__all__ = ["Process", "Processes"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Process(NamedTuple):
    """A process of this machine: its number, and when it began as the system spells it."""

    pid: int
    began: str


class Processes:
    """Starts processes that have a group of their own, so that nothing that ends us ends them."""

    def __init__(self) -> None:
        if os.name != "posix":
            raise InputError("the studio needs Linux or macOS so far; the command line works here as well")
        self._own: set[int] = set()  # those that have to be waited for

    def start(self, command: Sequence[str], out: Path, log: Path, language: str = "") -> Process:
        """Start a command; what it prints replaces the file `out`, what it says is added to `log`.

        language: of the pages that it writes.
        """
        with open(out, "wb") as printed, open(log, "ab") as said:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=said,
                env=surroundings(language),
                start_new_session=True,
            )
        child.returncode = 0  # it may outlive us, of which Python would warn
        self._own.add(child.pid)
        return Process(child.pid, _began(child.pid) or "")

    def is_alive(self, process: Process) -> bool:
        """Whether it is there still, and is itself."""
        if process.pid in self._own and _has_ended(process.pid):
            self._own.discard(process.pid)
            return False
        return _began(process.pid) == process.began

    def ask_to_stop(self, process: Process) -> None:
        """Send SIGTERM, at which a training saves and leaves."""
        self._send(process, signal.SIGTERM)

    def end(self, process: Process) -> None:
        """Send SIGKILL to it and to all that it started."""
        if self.is_alive(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _send(self, process: Process, number: int) -> None:
        """Send a signal to that very process, where the system has a handle for it that no successor inherits."""
        if not hasattr(os, "pidfd_open"):
            if self.is_alive(process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, number)
            return
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(process.pid)
            try:
                if self.is_alive(process):
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)


def _has_ended(pid: int) -> bool:
    """Whether a child has ended, and let go of it then."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # another hand waited for it
        return True


def _began(pid: int) -> str | None:
    """Return when the process of this number began; None where there is none, or only what is left of a dead one."""
    if _BOOT.exists():
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = text[text.rindex(")") + 2 :].split()  # a name may hold anything, brackets too
        return None if fields[0] in "ZX" else f"{_BOOT.read_text().strip()}/{fields[19]}"
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = shown.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()
