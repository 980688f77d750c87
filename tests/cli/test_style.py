"""`latente style` paints a picture, or all of a folder in every style, and never over what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente.estimators import weights

Client = Callable[..., Any]

QUICK = "--side 32 --steps 2 --seed 0 --network pyramid"


@pytest.fixture(autouse=True)
def pictures(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)
    rng = np.random.default_rng(0)
    for name in ("photos/a", "photos/b", "paintings/red", "paintings/blue"):
        path = Path(f"{name}.png")
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (36, 32, 3), dtype=np.uint8)).save(path)


def test_a_photograph_is_painted_and_its_run_is_kept(latente: Client) -> None:
    shown = latente(f"style photos/a.png paintings/red.png --out painted.jpg {QUICK}")
    assert shown.code == 0, shown.err
    for words in ("network     pyramid", "--network vgg19 fetches 548 MB", "runs/style-1", "wrote       painted.jpg"):
        assert words in shown.out
    with Image.open("painted.jpg") as picture:
        assert (picture.size, picture.format) == ((28, 32), "JPEG")
    assert (Path("runs/style-1") / "progress.gif").exists()
    again = latente(f"style photos/a.png paintings/red.png --out painted.jpg {QUICK}")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "exists already" in again.err


def test_a_stopped_run_goes_on_by_resume(latente: Client) -> None:
    assert latente(f"style photos/a.png paintings/red.png --out a.png --run mine {QUICK}").code == 0
    shown = latente("resume mine")
    assert shown.code == 0, shown.err
    assert "picture     mine/picture.png" in shown.out
    assert Path("mine/picture.png").read_bytes()


def test_folders_make_a_matrix_and_what_is_there_is_kept(latente: Client) -> None:
    Path("out").mkdir()
    Path("out/a-red.png").write_bytes(b"mine")
    shown = latente(f"style photos paintings --out out --run runs/all {QUICK} --json")
    assert shown.code == 0, shown.err
    assert [Path(one["out"]).name for one in json.loads(shown.out)] == ["a-blue.png", "b-blue.png", "b-red.png"]
    assert Path("out/a-red.png").read_bytes() == b"mine"
    assert (Path("runs/all/b-red") / "options.json").exists()
    assert "holds all 4 pictures already" in latente(f"style photos paintings --out out {QUICK}").err


def test_styles_are_mixed_in_one_picture(latente: Client) -> None:
    shown = latente(f"style photos/a.png paintings --blend 1,2 --out mixed.png {QUICK} --json")
    assert shown.code == 0, shown.err
    facts = json.loads(shown.out)
    assert (facts["network"], facts["steps"]) == ("pyramid", 2)
    assert {"loss", "content", "style", "tv"} <= set(facts)


def test_a_dry_run_writes_nothing(latente: Client) -> None:
    shown = latente(f"style photos/a.png paintings/red.png --out a.png {QUICK} --dry-run")
    assert shown.code == 0, shown.err
    assert "2 steps: about" in shown.out
    assert "nothing was written" in shown.out
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("style none.png paintings --out a.png", "none.png does not exist"),
        ("style photos/a.png paintings --out a.png", "there are 2 pictures to paint; name a folder"),
        ("style photos/a.png paintings/red.png --out a.txt", "name a picture file"),
        ("style photos/a.png paintings/red.png --out a.png --network vgg", "unknown network 'vgg'"),
        ("style photos/a.png paintings/red.png --out a.png --weights none.pth", "none.pth cannot be read"),
        ("style photos/a.png paintings/red.png --out a.png --blend 1,2", "blend says something of 2 styles"),
        ("style photos/a.png paintings/red.png --out a.png --steps 0", "at least 1"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(latente: Client, line: str, message: str) -> None:
    shown = latente(line)
    assert (shown.code, shown.err.count("\n")) == (2, 1), shown.err
    assert message in shown.err
    assert not Path("a.png").exists()
    assert not Path("runs").exists() or not any(Path("runs").iterdir())
