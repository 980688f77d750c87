"""`latente` as a process: command lines that are lists, run by this very Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from latente.languages import LANGUAGES
from latente.studio.problems import Problem

__all__ = ["answer", "as_process", "last_line", "run", "surroundings"]

_LONGEST = 1800  # seconds that a look at a set may take, or codes that have to be searched for


def as_process(arguments: Sequence[str]) -> list[str]:
    """Return the command line that runs a verb of Latente in a process of its own."""
    return [sys.executable, "-m", "latente", *arguments]


def surroundings(language: str = "") -> dict[str, str]:
    """Return the environment of such a process: ours, with lines that are not broken and no colours.

    language: of the pages that it writes, where that is one of the house's.
    """
    spoken = {"LATENTE_LANG": language} if language in LANGUAGES else {}
    return {**os.environ, "COLUMNS": "1000", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **spoken}


def run(arguments: Sequence[str]) -> str:
    """Run a verb to its end and return what it printed; raises Problem with its own line where it refuses or fails."""
    done = _ended(arguments)
    if done.returncode:
        raise Problem(500, "no_answer", last_line(done.stderr) or "latente gave no answer")
    return done.stdout


def answer(arguments: Sequence[str]) -> Any:
    """Run a verb that prints JSON and return that; raises Problem with its own line where it refuses.

    What it says of its findings by its exit code does not matter here.
    """
    done = _ended(arguments)
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise Problem(500, "no_answer", last_line(done.stderr) or "latente gave no answer") from error


def _ended(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Return a verb that has ended; raises Problem where it refuses, or does not end."""
    try:
        done = subprocess.run(
            as_process(arguments),
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            env=surroundings(),
            timeout=_LONGEST,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(500, "no_answer", f"latente {arguments[0]} gave no answer: {error}") from error
    if done.returncode == 2:
        raise Problem(400, "refused", last_line(done.stderr), reason=last_line(done.stderr))
    return done


def last_line(text: str) -> str:
    """Return the last line of what a verb printed, without the word that says that it is an error."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ").strip()[:1000] if lines else ""
