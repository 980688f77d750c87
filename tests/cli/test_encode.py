"""`latente encode`: codes, files and labels in one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import load, open_images

Client = Callable[..., Any]


@pytest.fixture
def run(small_vae: Path) -> Path:
    return small_vae


def test_encode_writes_codes_files_and_labels_of_one_length(latente: Client, run: Path, pictures: Path) -> None:
    shown = latente("encode", run, pictures, "--out", "codes.npz")
    assert (shown.code, shown.words) == (0, "wrote codes.npz: 4 codes of 3 numbers"), shown.err
    with np.load("codes.npz") as file:
        assert file["codes"].shape == (4, 3)
        assert [Path(name).name for name in file["files"]] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
        assert file["labels"].tolist() == [0, 0, 1, 1]


def test_encode_of_a_set_without_files_or_labels_says_so_in_the_arrays(latente: Client, run: Path) -> None:
    np.save("plain.npy", np.zeros((5, 8, 8), np.uint8))
    latente("encode", run, "plain.npy", "--out", "codes.npz")
    with np.load("codes.npz") as file:
        assert file["files"].tolist() == [""] * 5
        assert file["labels"].tolist() == [-1] * 5


def test_the_crop_of_the_training_is_the_crop_of_every_verb(latente: Client) -> None:
    """The digits fill all columns; a model of their middle must be shown the middle again, not the whole."""
    options = "--crop 4 --size 8 --count 32 --epochs 1 --network dense --hidden 4 --seed 0 --no-report"
    assert latente(f"fit digits --out cropped {options}").code == 0
    middle = latente("data show digits --crop 4 --size 8 --count 32 --json").json
    assert middle["shape"] == [1, 8, 8]
    latente("encode cropped digits --count 32 --split train --out codes.npz")

    expected = load("cropped").transform(open_images("digits", crop=4, size=8, count=32))
    with np.load("codes.npz") as file:
        np.testing.assert_array_equal(file["codes"], expected)


def test_of_animations_the_first_frame_is_encoded_and_said_or_every_one(
    latente: Client, small_vae: Path, tmp_path: Path
) -> None:
    frames = [Image.fromarray(np.full((8, 8), 60 * k, np.uint8)) for k in range(3)]
    (tmp_path / "set").mkdir()
    frames[0].save(tmp_path / "set" / "a.tif", save_all=True, append_images=frames[1:])
    first = latente("encode", small_vae, "set", "--out", "first.npz")
    assert first.code == 0
    assert "left out: set: 2 frames of 1 file left out" in first.err
    assert "--frames all" in first.err
    every = latente("encode", small_vae, "set", "--frames", "all", "--out", "all.npz")
    assert (every.code, every.err) == (0, "")
    with np.load("first.npz") as one, np.load("all.npz") as all_:
        assert one["files"].tolist() == ["a.tif"]
        assert all_["files"].tolist() == ["a#1.tif", "a#2.tif", "a#3.tif"]
        np.testing.assert_array_equal(one["codes"][0], all_["codes"][0])
