"""Pictures left out by a list of names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente import Autoencoder, InputError, open_images
from latente.evidence import open_parts
from latente.training import Run

rng = np.random.default_rng(0)
NAMES = [f"{kind}/{n}.png" for kind in ("cat", "dog") for n in range(6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pets"
    for name in NAMES:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(place / name)
    return place


def test_what_a_list_names_is_left_out_and_said(folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "left-out.txt"
    listed.write_text("\ufeffcat/1.png\r\n\r\ndog/5.png\n", encoding="utf-8")
    images = open_images(folder, exclude=listed)
    assert images.files == tuple(name for name in NAMES if name not in ("cat/1.png", "dog/5.png"))
    assert images.scan is not None
    assert images.scan.aside == dict.fromkeys(("cat/1.png", "dog/5.png"), "to be left out")
    assert images.scan.total == 10
    assert images.label_names == ("cat", "dog")
    assert open_images(folder, exclude=["cat/1.png", "dog/5.png"]).fingerprint == images.fingerprint
    assert len(open_images(folder)) == 12
    assert len(open_images(folder, exclude=listed, count=3)) == 3


def test_damaged_pictures_that_are_left_out_do_not_count(folder: Path) -> None:
    for name in NAMES[:3]:
        (folder / name).write_bytes(b"")
    with pytest.raises(InputError, match="3 of 12 pictures"):
        open_images(folder)
    images = open_images(folder, exclude=NAMES[:3])
    assert images.scan is not None
    assert not images.scan.damaged
    assert len(images) == 9


def test_names_of_no_picture_are_said_unless_there_are_no_others(folder: Path) -> None:
    images = open_images(folder, exclude=["cat/0.png", "elk.png", "emu.png"])
    assert images.scan is not None
    assert "2 names to leave out are no picture's here" in images.scan.notes
    with pytest.raises(InputError, match=r"exclude names no picture of .+pets: elk\.png"):
        open_images(folder, exclude=["elk.png"])
    with pytest.raises(InputError, match="exclude names every picture of"):
        open_images(folder, exclude=NAMES)
    with pytest.raises(InputError, match=r"no-such\.txt' cannot be read: No such file or directory; give a text file"):
        open_images(folder, exclude="no-such.txt")


def test_one_frame_of_a_file_can_be_left_out(tmp_path: Path) -> None:
    first, *others = (Image.fromarray(np.full((8, 8), 60 * n, np.uint8)) for n in range(3))
    first.save(tmp_path / "film.tif", save_all=True, append_images=others)
    images = open_images(tmp_path, frames="all", exclude=["film#2.tif"])
    assert images.files == ("film#1.tif", "film#3.tif")


@pytest.mark.parametrize("source", [np.zeros((4, 8, 8), np.uint8), "digits"])
def test_images_without_files_cannot_be_left_out_by_name(source: np.ndarray | str) -> None:
    with pytest.raises(InputError, match="exclude leaves pictures of a folder or an archive out"):
        open_images(source, exclude=["0"])


def test_a_run_opens_its_images_without_those_again_although_the_list_has_changed(folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "left-out.txt"
    listed.write_text("cat/2.png\n", encoding="utf-8")
    images = open_images(folder, exclude=listed)
    run = tmp_path / "run"
    model = Autoencoder(latent_dim=2, network="dense", hidden=(4,), epochs=1, random_state=0, out=str(run))
    model.fit(images)
    listed.write_text("cat/3.png\n", encoding="utf-8")
    opened = {name for part in open_parts(Run.open(run), model) for name in part.images.files}
    assert opened == set(images.files)
