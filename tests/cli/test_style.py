"""`latente style` paints a picture, or all of a folder in every style, and never over what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from latente import FastStyleTransfer
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


def test_of_several_scales_the_finest_one_s_loss_is_told(latente: Client) -> None:
    shown = latente(f"style photos/a.png paintings/red.png --out painted.png --scales 2 {QUICK}")
    assert shown.code == 0, shown.err
    assert "last        loss " in shown.out


def test_a_stopped_run_goes_on_by_resume(latente: Client) -> None:
    assert latente(f"style photos/a.png paintings/red.png --out a.png --run mine {QUICK}").code == 0
    shown = latente("resume mine")
    assert shown.code == 0, shown.err
    assert "picture     mine/picture.png" in shown.out
    assert Path("mine/picture.png").read_bytes()


def test_what_resume_paints_is_written_where_it_was_to_be(latente: Client) -> None:
    line = f"style photos/a.png paintings/red.png --out made/a.png --run mine {QUICK}"
    assert latente(line).code == 0
    painted = Path("made/a.png").read_bytes()
    Path("made/a.png").unlink()
    assert latente("resume mine").code == 0
    assert Path("made/a.png").read_bytes() == painted


def test_transparency_and_exif_are_those_of_the_photograph(latente: Client) -> None:
    pixels = np.zeros((36, 32, 4), np.uint8)
    pixels[:, 16:] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "somebody"
    Image.fromarray(pixels).save("photos/clear.png", exif=exif)
    assert latente(f"style photos/clear.png paintings/red.png --out a.png {QUICK}").code == 0
    with Image.open("a.png") as picture:
        assert (picture.size, picture.mode) == ((28, 32), "RGBA")
        assert np.asarray(picture)[:, [0, -1], 3].tolist() == [[0, 255]] * 32
        assert picture.getexif()[ExifTags.Base.Artist] == "somebody"


def test_a_damaged_picture_is_named_and_the_others_are_painted(latente: Client) -> None:
    whole = Path("photos/a.png").read_bytes()
    Path("photos/cut.png").write_bytes(whole[: len(whole) // 2])
    shown = latente(f"style photos paintings --out out {QUICK} --json")
    assert shown.code == 1
    assert shown.err.count("left out") == 1
    assert "cut.png" in shown.err
    assert "2 of 6 pictures could not be painted" in shown.err
    results = json.loads(shown.out)
    assert sorted(Path(one["out"]).name for one in results if "lost" in one) == ["cut-blue.png", "cut-red.png"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["a-blue.png", "a-red.png", "b-blue.png", "b-red.png"]


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of fast style that knows next to nothing."""
    folder = tmp_path_factory.mktemp("painter")
    options = {"width": 2, "depth": 1, "augmentation": "crop:16", "network": "pyramid"}
    images = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3), dtype=np.uint8)
    FastStyleTransfer(**options, random_state=0, device="cpu").initialise(images).save(folder)
    return folder


def test_a_run_that_learned_to_paint_does_so_at_once(latente: Client, painter: Path) -> None:
    shown = latente(f"style photos/a.png paintings/red.png --fast {painter} --out a.jpg")
    assert shown.code == 0, shown.err
    assert "wrote" in shown.out
    assert not Path("runs").exists()
    with Image.open("a.jpg") as picture:
        assert picture.size == (32, 36)
    shown = latente(f"style photos paintings --fast {painter} --alpha 0.5 --blend 1,3 --out out --json")
    assert shown.code == 0, shown.err
    assert [Path(one["out"]).name for one in json.loads(shown.out)] == ["a-blue-red.png", "b-blue-red.png"]


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
        ("style photos/a.png paintings/red.png --out a.png --alpha 0.5", "--alpha is of --fast RUN"),
        ("style photos/a.png paintings/red.png --out a.png --fast mine --steps 3", "--steps goes with no --fast"),
        ("style photos/a.png paintings/red.png --out a.png --fast mine --dry-run", "--dry-run goes with no --fast"),
        ("style photos/a.png paintings/red.png --out a.png --fast mine", "mine"),
        ("style photos/a.png notes.txt --out a.png --network pyramid", "notes.txt is a text file; name a picture"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(latente: Client, line: str, message: str) -> None:
    Path("notes.txt").write_text("no picture")
    shown = latente(line)
    assert (shown.code, shown.err.count("\n")) == (2, 1), shown.err
    assert message in shown.err
    assert not Path("a.png").exists()
    assert not Path("runs").exists() or not any(Path("runs").iterdir())
