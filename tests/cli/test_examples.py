"""Every example in every verb's help runs, one after the other as they stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from rich.text import Text

from latente.cli import app

Client = Callable[..., Any]

# Trainings are cut short, and of one seed: after so few steps a code may be empty. The last of two options counts.
SHORT = " --epochs 1 --count 64 --log-every 1 --seed 0"


def examples() -> list[str]:
    def lines(command: Any) -> Iterator[str]:
        for line in Text.from_markup(command.epilog or "").plain.splitlines():
            if line.strip().startswith("latente "):
                yield line.strip().removeprefix("latente ")
        for inner in getattr(command, "commands", {}).values():
            yield from lines(inner)

    return list(dict.fromkeys(lines(typer.main.get_command(app))))


def test_every_example_runs(latente: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with some photographs and a study, and with MNIST's files at hand."""
    noise = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(12):
        Image.fromarray(noise.integers(0, 256, (40, 48, 3), np.uint8)).save(tmp_path / "photos" / f"{number}.jpg")
    (tmp_path / "data" / "mnist").mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "data" / "mnist" / f"{name}-ubyte.gz").touch()
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LATENTE_OFFLINE", "1")
    (tmp_path / "study.yaml").write_text(
        "images: digits\noptions: {epochs: 1, count: 64}\ngrid: {activation: [relu, gelu]}\n"
    )
    lines = examples()
    assert len(lines) > 30
    for line in lines:
        short = line.startswith("fit ") and "--help" not in line
        shown = latente(line + SHORT if short else line)
        assert shown.code == 0, f"latente {line}: {shown.err}"
