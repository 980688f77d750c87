"""`data list|get|show`: which sets have a name, where they lie, and what the door finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import culling

Client = Callable[..., Any]


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which files called like those of MNIST lie."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (folder / f"{part}-{kind}-ubyte.gz").touch()
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path / "data"))
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATENTE_OFFLINE", "1")
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LATENTE_DATA", raising=False)


def test_list_names_every_set_and_where_it_is(latente: Client, offline: None, mnist: Path) -> None:
    from latente.images.catalog import entries
    from latente.images.generated import GENERATED

    rows = {row["name"]: row for row in latente("data list --json").json}
    assert set(rows) == {*GENERATED, *(entry.name for entry in entries())}
    places = {name: rows[name]["where"] for name in ("digits", "mnist", "kmnist", "celeba")}
    assert places == {"digits": "drawn", "mnist": "at hand", "kmnist": "to fetch", "celeba": "by hand"}
    assert rows["mnist"]["folder"] == str(mnist)
    assert rows["kmnist"]["licence"] == "CC BY-SA 4.0"
    assert all(row["title"] for row in rows.values())


def test_list_for_people_has_a_line_for_each_set(latente: Client, offline: None) -> None:
    lines = latente("data list").out.splitlines()
    assert lines[0].split() == ["set", "where", "what"]
    assert {line.split()[0] for line in lines[1:]} == {row["name"] for row in latente("data list --json").json}


def test_get_of_a_set_at_hand_tells_where_it_lies_and_under_which_licence(
    latente: Client, offline: None, mnist: Path
) -> None:
    assert latente("data get mnist --json").json["folder"] == str(mnist)
    shown = latente("data get mnist").words
    assert f"folder {mnist} licence CC BY-SA 3.0" in shown
    assert "cite LeCun" in shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("kmnist", "LATENTE_OFFLINE forbids fetching it: put train-images-idx3-ubyte.gz"),
        ("celeba", "is for you to get"),
        ("digits", "needs no fetching: `latente fit digits`"),
        ("kmnits", "did you mean 'kmnist'?"),
    ],
)
def test_what_cannot_be_fetched_is_explained_in_one_line(
    latente: Client, offline: None, name: str, message: str
) -> None:
    shown = latente(f"data get {name}")
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_show_names_damaged_files_and_what_a_training_would_get(latente: Client, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(30):
        Image.fromarray(np.full((20, 24, 3), 8 * number, np.uint8)).save(folder / f"{number:02d}.png")
    (folder / "07.png").write_bytes(b"no picture")
    shown = latente("data show ./photos --channels 1")
    assert shown.code == 0, shown.err
    assert "images 29 of 30" in shown.words
    assert "07.png" in shown.words
    told = latente("data show ./photos --channels 1 --json").json
    assert (told["count"], told["shape"], told["dtype"]) == (29, [1, 20, 24], "uint8")
    assert list(told["scan"]["damaged"]) == ["07.png"]


@pytest.mark.parametrize(
    ("options", "shape"),
    [("--size 16", [1, 16, 16]), ("--size 16x12", [1, 16, 12]), ("--crop 4", [1, 4, 4])],
)
def test_the_doors_options_decide_the_shape(latente: Client, options: str, shape: list[int]) -> None:
    assert latente(f"data show digits --count 5 {options} --json").json["shape"] == shape


def test_data_without_a_verb_shows_its_verbs(latente: Client) -> None:
    shown = latente("data")
    assert (shown.code, shown.err) == (0, "")
    assert all(f"│ {verb} " in shown.out for verb in ("list", "get", "show"))


def test_cache_lists_what_is_kept_and_clears_it(latente: Client, offline: None, tmp_path: Path) -> None:
    assert "kept 0 sets of images, 0 B" in latente("data cache").words
    folder = tmp_path / "[red]name"
    folder.mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "a.png")
    latente("data", "show", folder)
    [row] = latente("data cache --json").json["sets"]
    assert row["name"] == str(folder)
    assert row["size"] > 81
    assert row["state"] == "whole"
    assert "[red]name" in latente("data cache").words
    assert "removed 1 set of images" in latente("data cache --clear").words
    assert latente("data cache --json").json["sets"] == []


def test_what_was_made_of_a_folder_is_shown_before_any_training(latente: Client, tmp_path: Path) -> None:
    for name in ("in/0", "in/1", "in/2", "out/0", "out/1", "out/2", "stray"):
        path = tmp_path / "set" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(len(name)).integers(0, 256, (12, 12), np.uint8)).save(path)
    for line in ("data show set", "fit set --dry-run --network dense --hidden 4", "fit set --epochs 1 --network dense"):
        shown = latente(line).words
        assert "classes 2: in x 3, out x 3" in shown
        assert "set aside 1 beside the folders of the classes: stray.png" in shown
    assert "with targets (in -> out) x 3" in latente("data show set --pairs in,out").words
    refused = latente("fit set --pairs in,nowhere")
    assert refused.code == 2
    assert "pairs='in,nowhere'" in refused.err


def test_near_copies_across_the_parts_of_a_folder_are_warned_of_with_the_cure(
    latente: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = np.random.default_rng(0).integers(0, 256, (8, 6, 6), np.uint8)
    pictures = [Image.fromarray(one).resize((40, 40), Image.Resampling.BICUBIC) for one in coarse]
    for part, chosen in {"train": (0, 1, 2, 3, 3), "test": (4, 5, 6, 0)}.items():
        (tmp_path / "set" / part).mkdir(parents=True)
        for number, which in enumerate(chosen):
            picture = pictures[which].point(lambda level, lift=number: min(255, level + lift))
            picture.save(tmp_path / "set" / part / f"{number}.png")
    shown = latente("data show set/")
    assert shown.code == 0, shown.err
    assert "2 pictures like another, such as train/3.png and train/4.png: " in shown.words
    assert "--groups PATTERN" in shown.words
    assert "1 picture of test like one of train, such as test/3.png and train/0.png: " in shown.words
    with monkeypatch.context() as few:
        few.setattr(culling, "MOST_COMPARED", 8)
        shown = latente("data show set/")
    assert "near copies not looked for among more than 8 pictures; latente data clean set/ does" in shown.words
    told = latente("data show set/ --split test --json").json["near_copies"]
    assert told == [{"part": "train", "count": 1, "example": ["train/0.png", "test/3.png"]}]
