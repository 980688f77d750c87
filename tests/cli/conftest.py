"""One in-process client: a test runs a command line as a user types it, and sees what the user sees."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latente.cli import main


@dataclasses.dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What stdout says, whatever the columns and lines that it is laid out in."""
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Client = Callable[..., Outcome]


@pytest.fixture
def latente(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Run `latente ARGUMENTS` in an empty folder; a single argument is split into words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("LATENTE_DEBUG", raising=False)

    def run(*arguments: object) -> Outcome:
        words = shlex.split(str(arguments[0])) if len(arguments) == 1 else [str(word) for word in arguments]
        capsys.readouterr()
        code = main(words)
        return Outcome(code, *capsys.readouterr())

    return run
