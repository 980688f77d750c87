"""The door itself: which source is which, and options out of range."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import InputError
from latente.images import open_images
from latente.images.generated import GENERATED


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("size", 0),
        ("size", -3),
        ("size", 2.5),
        ("size", "64"),
        ("size", (1, 2, 3)),
        ("size", True),
        ("crop", (0, 4)),
        ("channels", 0),
        ("channels", "middle"),
        ("channels", 1.5),
        ("count", 0),
        ("count", 2.5),
        ("seed", -1),
        ("seed", 0.5),
        ("budget", -0.1),
        ("budget", 1.1),
        ("budget", "5%"),
        ("seed", "1"),
        ("budget", float("nan")),
    ],
)
def test_an_option_out_of_range_is_one_line_that_names_it(option: str, value: Any) -> None:
    with pytest.raises(InputError, match=option) as caught:
        open_images(np.zeros((4, 8, 8)), **{option: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"), [("mnits", "mnist"), ("Digits", "digits"), ("glyph", "glyphs"), ("cifar", "cifar10")]
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean '{meant}'"):
        open_images(name)


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"/nowhere/at/all cannot be opened: No such file"):
        open_images("/nowhere/at/all")


def test_a_set_wins_over_a_folder_of_its_name_unless_a_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("digits", "own"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "x.npy", np.zeros((1, 8, 8)))
    assert len(open_images("digits", count=3)) == 3
    for source in ("./digits", Path("digits"), "own"):
        with pytest.raises(InputError, match="holds no pictures"):
            open_images(source)


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_every_drawn_set_opens_again_from_its_source(name: str) -> None:
    seed = 0 if name == "flow" else 3  # of which others take a minute
    images = open_images(name, count=4, seed=seed)
    assert len(images) == 4
    assert "train" in images.parts
    assert all(len(open_images(name, count=2, split=part)) == 2 for part in images.parts)
    assert images.scan.count == 4
    again = open_images(**json.loads(json.dumps(dict(images.source))))
    assert again.fingerprint == images.fingerprint


def test_drawn_sets_come_in_the_size_that_is_asked_for() -> None:
    assert open_images("digits", count=2, size=28).image_shape == (1, 28, 28)
    assert open_images("glyphs", count=2, size=(20, 32)).image_shape == (1, 20, 32)
    with pytest.raises(InputError, match="no axis of 3 channels"):
        open_images("digits", count=2, channels=3)


def test_a_source_is_json_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).random((9, 8, 8)))
    images = open_images("x.npy", count=3, size=(4, 6), seed=1)
    monkeypatch.chdir("/")
    source = json.loads(json.dumps(dict(images.source)))
    assert source == {"source": str(tmp_path / "x.npy"), "size": [4, 6], "count": 3, "seed": 1}
    assert open_images(**source).fingerprint == images.fingerprint


def test_a_table_of_numbers_is_opened_as_such(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    images = open_images(tmp_path / "t.csv")
    np.testing.assert_array_equal(images.pixels, [[1, 2], [3, 4], [5, 6]])
    assert (images.layout, images.name) == ("NF", "t")
    assert images.source["source"] == str(tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.zip", "train-images-idx3-ubyte", "x.csv", "x.png", "x.bin"])
@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"PK\x03\x04", bytes(100), b"hello, world\n"])
def test_rubbish_under_any_name_is_one_line_that_names_the_file(tmp_path: Path, name: str, data: bytes) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_bytes(data)
    with pytest.raises(InputError, match=r"x|folder|train") as caught:
        open_images(folder / name)
    assert "\n" not in str(caught.value)
