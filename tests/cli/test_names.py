"""Files of any name: shown so that no terminal is harmed, and written under their own names."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import open_images

Client = Callable[..., Any]

LONG = "l" * 250
NAMES = [
    b"a/plain",
    b"b/plain",
    b"a/latin-\xe9",
    b"a/new\nline",
    b"a/esc\x1b[31mred",
    b"a/-rf",
    b"a/[red]markup[/red]",
    b"a/back\\slash",
    b"a/<b>&amp;",
    b"a/$x^2_$",
    b"b/" + LONG.encode(),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of all these names, in two classes, one of which is called as badly."""
    rng = np.random.default_rng(0)
    for name in NAMES:
        path = Path(os.fsdecode(os.fsencode(tmp_path / "set") + b"/" + name + b".png"))
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(path)
    (tmp_path / "set" / "b").rename(tmp_path / "set" / "b\x1b[0m")
    return tmp_path / "set"


OWN = sorted(os.fsdecode(name.replace(b"b/", b"b\x1b[0m/") + b".png") for name in NAMES)


def test_images_keep_the_own_names_of_their_files(folder: Path) -> None:
    images = open_images(folder)
    assert sorted(images.files) == OWN
    assert all((folder / name).is_file() for name in images.files)
    assert images.name_of(images.files.index("a/new\nline.png")) == r"a/new\nline.png"
    assert len(images.name_of(images.files.index(f"b\x1b[0m/{LONG}.png"))) < 120
    assert images.label_names == ("a", r"b\x1b[0m")


def test_what_is_printed_holds_no_control_characters_and_no_broken_text(latente: Client, folder: Path) -> None:
    for path in list(folder.rglob("*.png")):
        if "plain" not in path.name:
            path.write_bytes(b"")
    for line in (["data", "show", folder], ["data", "show", folder, "--json"], ["fit", folder, "--dry-run"]):
        outcome = latente(*line)
        text = (outcome.out + outcome.err).replace("\n", "")
        text.encode("utf-8")
        assert "\x1b" not in text
        if "show" in line:
            assert r"\x1b[31mred" in text.replace("\\\\", "\\")
            assert "[red]markup[/red]" in text


def test_reconstructions_are_called_as_their_files_are(latente: Client, small_vae: Path, folder: Path) -> None:
    assert latente("reconstruct", small_vae, folder, "--out", "out").code == 0
    written = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*.png"))
    assert [os.fsencode(name) for name in written] == [os.fsencode(name) for name in OWN]


def test_codes_and_the_table_of_a_map_name_files_to_the_byte(latente: Client, small_vae: Path, folder: Path) -> None:
    assert latente("encode", small_vae, folder, "--out", "codes.npz").code == 0
    with np.load("codes.npz") as arrays:
        assert sorted(arrays["files"].tolist()) == OWN
    assert latente("map", small_vae, folder, "--method", "pca", "--csv", "map.csv").code == 0
    with open("map.csv", encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["file"] for row in rows) == OWN
    assert {row["label"] for row in rows} == {"a", r"b\x1b[0m"}
    assert all(np.isfinite([float(row["x"]), float(row["y"])]).all() for row in rows)
    again = latente("map", small_vae, folder, "--out", "other.png", "--csv", "map.csv")
    assert (again.code, "map.csv exists already" in again.err) == (2, True)


def test_a_model_of_such_files_is_reported_explored_and_searched(latente: Client, folder: Path) -> None:
    fitted = ["--model", "vae", "--epochs", "1", "--hidden", "4", "--latent-dim", "2", "--network", "dense"]
    assert latente("fit", folder, *fitted, "--no-report", "--out", "run").code == 0
    assert latente("report", "run").code == 0
    assert latente("explore", "run", "--out", "explorer.html").code == 0
    for page in (Path("run/report.html"), Path("explorer.html")):
        text = page.read_bytes().decode("utf-8")
        assert "\x1b" not in text
    found = latente("nearest", "run", "--images", folder, "-n", "2", "--json").json
    assert all(line["file"] in OWN and line["training_file"] in OWN for line in found["distances"])
    assert "nearest" in latente("nearest", "run", "--images", folder, "-n", "2", "--force").words
    line = latente("interpolate", "run", folder, "--from", "a/$x^2_$.png", "--to", "a/-rf.png", "--out", "walk.png")
    assert line.code == 0, line.err


def test_two_files_whose_reconstructions_would_be_one_are_numbered_and_long_names_are_cut(tmp_path: Path) -> None:
    from latente.cli.shared.outputs import save_images

    names = ["x.jpg", "x.png", "x-2.gif", "é" * 127 + ".j", "é" * 127 + ".k", "x.png/y.gif"]
    save_images(tmp_path / "out", np.zeros((6, 1, 8, 8), np.uint8), names=names)
    written = {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert len(written) == 6
    assert {"x-2.png", "x-3.png", "x-2-2.png", "x.png/y.png"} <= written
    assert all(len(os.fsencode(name)) <= 255 for name in written)


def test_a_message_about_a_file_is_one_printable_line(latente: Client, tmp_path: Path) -> None:
    path = tmp_path / "esc\x1b[31m\nnew.npy"
    path.write_bytes(b"nothing")
    outcome = latente("data", "show", path)
    assert outcome.code == 2
    assert "\x1b" not in outcome.err
    assert outcome.err.count("\n") == 1
