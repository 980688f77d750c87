"""Every example in every verb's help runs, those of a verb one after the other as they stand there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from rich.text import Text

from latente.cli import app, main

Client = Callable[..., Any]

# Trainings are cut short, and of one seed: after so few steps a code may be empty. The last of two options counts.
SHORT = " --epochs 1 --count 64 --log-every 1 --seed 0"


def examples() -> dict[str, list[str]]:
    """Return all examples by their verb, in the order of the help."""

    def lines(command: Any) -> Iterator[str]:
        for line in Text.from_markup(command.epilog or "").plain.splitlines():
            if line.strip().startswith("latente "):
                yield line.strip().removeprefix("latente ")
        for inner in getattr(command, "commands", {}).values():
            yield from lines(inner)

    by_verb: dict[str, list[str]] = {}
    for line in dict.fromkeys(lines(typer.main.get_command(app))):
        by_verb.setdefault(line.split()[0], []).append(line)
    return by_verb


EXAMPLES = examples()
# the examples of other verbs that those of nearly all verbs go on from, and what those of some verbs go on from as well
RUNS = [
    "fit digits --model vae --out runs/first",
    "fit digits --epochs 5",
    "fit digits --model vae --latent-dim 2 --out runs/digits",
]
BEFORE = {
    "classify": ["fit digits --model stacked --hidden 64,32"],
    "decode": ["encode runs/digits digits --out codes.npz"],
    "restore": ["fit photos/ --model restorer --corruption downscale:2 --out runs/larger"],
    "style": ["fit photos/ --model style --styles paintings/ --out runs/painter"],
    "sample": ["fit digits --model gan --conditional --out runs/made"],
    "vary": ["sample runs/digits -n 100 --seed 7 --out samples/ --codes samples.npz"],
    "edit": ["direction learn runs/digits digits --attribute 3"],
}


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
    elif out.suffix == ".csv":
        assert len(out.read_text(encoding="utf-8").splitlines()) > 2
    elif out.suffix == ".txt":
        assert out.is_file()
    elif out.suffix == ".npz":
        with np.load(out) as arrays:
            assert len(arrays["codes"])
    elif out.suffix == ".html":
        assert "</html>" in out.read_text(encoding="utf-8")
    else:
        assert any(path.stat().st_size for path in out.iterdir())


def complete(line: str) -> str:
    """Return a command line as the tests run it."""
    return line + SHORT if line.startswith("fit ") and "--help" not in line else line


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the runs of RUNS."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in RUNS:
            assert main([*complete(line).split(), "--no-report"]) == 0
    return folder / "runs"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with some photographs and a study, and with MNIST's files at hand."""
    noise = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(12):
        Image.fromarray(noise.integers(0, 256, (40, 48, 3), np.uint8)).save(tmp_path / "photos" / f"{number}.jpg")
    (tmp_path / "paintings").mkdir()
    for name in ("night", "cry"):
        Image.fromarray(noise.integers(0, 256, (40, 48, 3), np.uint8)).save(tmp_path / "paintings" / f"{name}.png")
    shutil.make_archive(str(tmp_path / "scans"), "zip", tmp_path / "photos")
    (tmp_path / "left-out.txt").write_text("0.jpg\n1.jpg\n", encoding="utf-8")
    (tmp_path / "data" / "mnist").mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "data" / "mnist" / f"{name}-ubyte.gz").touch()
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LATENTE_OFFLINE", "1")
    monkeypatch.setattr("latente.cli.watch.wait", lambda: None)
    monkeypatch.setattr("latente.studio.serve", lambda place, listener, lang, welcome, *more: welcome("http://there/"))
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 2)
    monkeypatch.setattr("latente.objectives.StylisingObjective.epoch_steps", 1)
    monkeypatch.setattr("typer.launch", lambda address: None)
    (tmp_path / "study.yaml").write_text(
        "images: digits\noptions: {epochs: 1, count: 64}\ngrid: {activation: [relu, gelu]}\n"
    )
    return tmp_path


def test_there_are_examples_of_all_that_others_go_on_from() -> None:
    lines = [line for group in EXAMPLES.values() for line in group]
    assert len(lines) > 30
    assert {*RUNS, *(line for before in BEFORE.values() for line in before)} <= set(lines)


@pytest.mark.parametrize("verb", EXAMPLES)
def test_the_examples_of_a_verb_run(latente: Client, stage: Path, runs: Path, verb: str) -> None:
    if verb != "fit":
        shutil.copytree(runs, stage / "runs")
    for line in BEFORE.get(verb, []):
        assert latente(complete(line)).code == 0
    for number, line in enumerate(EXAMPLES[verb]):
        before = set(stage.rglob("*"))
        # the first training is reported on as well
        plain = number and verb == "fit" and not {"--help", "--dry-run"} & set(line.split())
        shown = latente(complete(line) + plain * " --no-report")
        assert shown.code == 0, f"latente {line}: {shown.err}"
        assert "error: " not in shown.err
        look_at(line, shown)
        if "--dry-run" in line or "--help" in line:
            assert set(stage.rglob("*")) == before, line
