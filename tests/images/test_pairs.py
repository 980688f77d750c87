"""Inputs and their targets through the door: by signs in a folder, or with the targets in another place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images.corpus import picture
from latente.errors import InputError
from latente.images import Images, open_images


def save(folder: Path, count: int = 3, first: int = 0, **options: object) -> Path:
    folder.mkdir(parents=True)
    for k in range(count):
        picture(first + k, **options).save(folder / f"{k}.png")
    return folder


def test_signs_of_the_callers_own_make_pairs_and_come_back_with_the_source(tmp_path: Path) -> None:
    save(tmp_path / "set" / "in")
    save(tmp_path / "set" / "out", first=10)
    assert open_images(tmp_path / "set").label_names == ("in", "out")
    images = open_images(tmp_path / "set", pairs=("in", "out"))
    assert images.files == ("in/0.png", "in/1.png", "in/2.png")
    np.testing.assert_array_equal(images.columns["target"][1].transpose(1, 2, 0), np.asarray(picture(11)))
    assert images.scan.partners == {"targets (in -> out)": 3}
    again = open_images(**json.loads(json.dumps(images.source)))
    assert again.fingerprint == images.fingerprint


def test_targets_in_another_folder_go_with_the_images_that_are_called_like_them(tmp_path: Path) -> None:
    noisy = save(tmp_path / "set" / "x", 4)
    clean = save(tmp_path / "other" / "y", 5, first=10)
    (clean / "0.png").unlink()
    images = open_images(noisy, target=clean, budget=0.5)
    assert images.files == ("1.png", "2.png", "3.png")
    np.testing.assert_array_equal(images.columns["target"][0].transpose(1, 2, 0), np.asarray(picture(11)))
    assert images.scan.damaged == {"0.png": "has no target in y", "../y/4.png": "is the target of no image"}
    assert open_images(**json.loads(json.dumps(images.source))).fingerprint == images.fingerprint
    Image.new("RGB", (24, 24)).save(clean / "1.png")
    assert open_images(noisy, target=clean, budget=0.5).fingerprint != images.fingerprint


def test_targets_may_differ_in_size_channels_and_depth(tmp_path: Path) -> None:
    grey = save(tmp_path / "grey", mode="L", size=(20, 16))
    colour = save(tmp_path / "colour", first=5, size=(30, 24))
    images = open_images(grey, target=colour)
    assert (images.image_shape, images.columns["target"].shape) == ((1, 16, 20), (3, 3, 24, 30))
    np.testing.assert_array_equal(images.columns["target"][2].transpose(1, 2, 0), np.asarray(picture(7, size=(30, 24))))
    assert "targets 24x30, 3 channels" in images.scan.choice
    deep = tmp_path / "deep"
    deep.mkdir()
    for k in range(3):
        Image.fromarray(np.full((16, 20), 1000 * (k + 1), np.uint16)).save(deep / f"{k}.png")
    images = open_images(grey, target=deep)
    assert (images.dtype, images.columns["target"].dtype) == (np.uint8, np.uint16)
    assert images.columns["target"][:, 0, 0, 0].tolist() == [1000, 2000, 3000]
    kept = open_images(grey, target=colour, size="keep")
    assert (kept.channels, kept.partners["target"].channels) == (1, 3)


@pytest.mark.parametrize("target", ["nowhere", np.zeros((3, 8, 8))])
def test_the_targets_of_picture_files_are_picture_files(tmp_path: Path, target: object) -> None:
    with pytest.raises(InputError, match="target="):
        open_images(save(tmp_path / "x"), target=target)


def test_arrays_take_targets_by_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    small, large = rng.random((6, 8, 8)), rng.random((6, 16, 16, 3))
    images = open_images(small, target=large)
    np.testing.assert_array_equal(images.columns["target"], large.transpose(0, 3, 1, 2))
    assert images.scan.partners == {"targets": 6}
    few = open_images(small, target=large, count=3, seed=1)
    rows = [np.flatnonzero((small == one).all(axis=(1, 2)))[0] for one in few.pixels[:, 0]]
    np.testing.assert_array_equal(few.columns["target"], images.columns["target"][rows])
    assert open_images(open_images(small), target=large).fingerprint == images.fingerprint
    np.save(tmp_path / "small.npy", small)
    np.save(tmp_path / "large.npy", large)
    images = open_images(tmp_path / "small.npy", target=str(tmp_path / "large.npy"))
    assert open_images(**json.loads(json.dumps(images.source))).fingerprint == images.fingerprint
    np.testing.assert_array_equal(images.columns["target"], large.transpose(0, 3, 1, 2))


def test_lists_of_pictures_take_lists_of_targets() -> None:
    small = [np.zeros((8 + k, 9), np.uint8) for k in range(3)]
    images = open_images(small, size="keep", target=[np.kron(one, np.ones((2, 2), np.uint8)) for one in small])
    assert images.partners["target"].sizes.tolist() == [[16, 18], [18, 18], [20, 18]]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"target": np.zeros((5, 8, 8))}, "one for each"),
        ({"target": np.zeros((6, 8))}, "one for each"),
        ({"target": np.zeros((6, 8, 8)), "size": 4}, "leave size and crop out"),
        ({"pairs": ("a", "b")}, "pairs tells"),
        ({"pairs": "a,b"}, "pairs must be two"),
        ({"pairs": ("a", "a")}, "pairs must be two"),
    ],
)
def test_targets_that_do_not_fit_are_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        open_images(np.zeros((6, 8, 8)), **options)


def test_an_autoencoder_refuses_targets_that_are_not_like_its_images() -> None:
    from latente import Autoencoder

    images = open_images(np.zeros((6, 8, 8), np.uint8), target=np.zeros((6, 16, 16), np.uint8))
    assert isinstance(images, Images)
    with pytest.raises(InputError, match="both must be alike"):
        Autoencoder(epochs=1).fit(images)
