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


def look_at(line: str, shown: Any) -> None:
    """Open what a command line has printed and written."""
    words = line.split()
    assert shown.out.strip()
    if "--json" in words:
        assert shown.json
    if "--help" in words:
        assert "Usage: latente" in shown.out
    if "--out" not in words or "--dry-run" in words:
        return
    out = Path(words[words.index("--out") + 1])
    if words[0] == "fit":
        assert (out / "model" / "model.json").is_file()
    elif words[0] == "sweep":
        assert (out / "summary.md").is_file()
    elif out.suffix == ".png":
        with Image.open(out) as picture:
            assert min(picture.size) > 8
    elif out.suffix == ".npz":
        with np.load(out) as arrays:
            assert len(arrays["codes"])
    elif out.suffix == ".html":
        assert "</html>" in out.read_text(encoding="utf-8")
    else:
        assert any(path.stat().st_size for path in out.iterdir())


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
    monkeypatch.setattr("latente.cli.watch.wait", lambda: None)
    monkeypatch.setattr("typer.launch", lambda address: None)
    (tmp_path / "study.yaml").write_text(
        "images: digits\noptions: {epochs: 1, count: 64}\ngrid: {activation: [relu, gelu]}\n"
    )
    lines = examples()
    assert len(lines) > 30
    for line in lines:
        before = set(tmp_path.rglob("*"))
        short = line.startswith("fit ") and "--help" not in line
        shown = latente(line + SHORT if short else line)
        assert shown.code == 0, f"latente {line}: {shown.err}"
        assert "error: " not in shown.err
        look_at(line, shown)
        if "--dry-run" in line or "--help" in line:
            assert set(tmp_path.rglob("*")) == before, line
