"""One in-process client: a test runs a command line as a user types it, and sees what the user sees."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from latente.cli import main
from latente.cli.shared.pictures import save_figures


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


def _trained(folder: Path, line: str) -> Path:
    """Run a training and return its folder."""
    assert main(["fit", "digits", "--out", str(folder), *line.split(), "--seed", "0", "--no-report"]) == 0
    return folder


@pytest.fixture(scope="session")
def small_vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few digits, with a code of three numbers."""
    line = "--model vae --count 128 --epochs 1 --hidden 8 --latent-dim 3 --network dense"
    return _trained(tmp_path_factory.mktemp("small") / "run", line)


@pytest.fixture(scope="session")
def digits_vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of all digits, with a code of three numbers."""
    line = "--model vae --epochs 2 --hidden 8 --latent-dim 3 --network dense"
    return _trained(tmp_path_factory.mktemp("vae") / "run", line)


@pytest.fixture(scope="session")
def digits_autoencoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of all digits, with a code of ten numbers."""
    line = "--epochs 2 --hidden 16 --latent-dim 10 --network dense"
    return _trained(tmp_path_factory.mktemp("autoencoder") / "run", line)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of four colour photographs in two classes, of another size than the digits."""
    folder = tmp_path / "pictures"
    for number in range(4):
        path = folder / ("cats" if number < 2 else "dogs") / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 16, 3), 60 * number, np.uint8)).save(path)
    return folder


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A folder of 40 grey pictures, of which every other one is bright, with a table that says so."""
    folder = tmp_path / "people"
    folder.mkdir()
    noise = np.random.default_rng(0)
    lines = ["file,bright,round face"]
    for number in range(40):
        bright = number % 2
        pixels = noise.integers(0, 60, (8, 8), np.uint8) + np.uint8(150 * bright)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
        lines.append(f"{number:02}.png,{2 * bright - 1},{noise.choice([-1, 1])}")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that a verb draws, one below the other."""
    figures: list[Figure] = []

    def keep(out: Path, *drawn: Figure) -> None:
        figures[:] = drawn
        save_figures(out, *drawn)

    for verb in ("compare_pca", "map", "nearest"):
        monkeypatch.setattr(f"latente.cli.{verb}.save_figures", keep)
    return figures


@pytest.fixture
def strips(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The pictures (R, S, C, H, W) of the last strips that a verb drew, and the names of rows and columns."""
    from latente import figures

    record: list[Any] = []
    draw = figures.strips

    def keep(images: np.ndarray, rows: list[str], columns: list[str]) -> Figure:
        record[:] = [images, list(rows), list(columns)]
        return draw(images, rows, columns)

    monkeypatch.setattr(figures, "strips", keep)
    return record
