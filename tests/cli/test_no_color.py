"""Who sets NO_COLOR gets text alone, in a terminal as in a file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from latente.cli import main

Terminal = Callable[[str], str]

FIT = "fit digits --out run --count 64 --epochs 1 --hidden 8 --latent-dim 2 --batch-size 16 --network dense --no-report"


def _everything(descriptor: int) -> str:
    """Read until nobody can write to a pseudo-terminal any more."""
    pieces = []
    try:
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    except OSError:  # how Linux says so
        pass
    os.close(descriptor)
    return b"".join(pieces).decode()


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Run a command line in a terminal with colours, and return all that it is sent."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("typer.rich_utils.COLOR_SYSTEM", "auto")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def run(line: str) -> str:
        ours, theirs = os.openpty()
        with ThreadPoolExecutor(1) as pool:
            shown = pool.submit(_everything, ours)
            with open(theirs, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
                patch.setattr("sys.stdout", stream)
                patch.setattr("sys.stderr", stream)
                main(shlex.split(line))
            return shown.result()

    return run


@pytest.mark.parametrize("line", ["--help", "fit --help", "data list", "fti", FIT])
def test_no_escape_code_reaches_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = terminal(line)
    assert shown.strip()
    assert "\x1b" not in shown
    if line == FIT:
        assert "epoch 1/1, step 4: loss " in shown


@pytest.mark.parametrize("line", ["--help", "fit --help", "data list", "fti", FIT])
def test_without_it_a_terminal_is_written_in_colours(terminal: Terminal, line: str) -> None:
    assert "\x1b[" in terminal(line)
