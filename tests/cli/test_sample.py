"""`latente sample`: new images, the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Client = Callable[..., Any]


@pytest.fixture
def run(small_vae: Path) -> Path:
    return small_vae


def test_a_sheet_of_samples_is_the_same_for_the_same_seed_only(latente: Client, run: Path) -> None:
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        shown = latente("sample", run, "-n", 9, "--seed", seed, "--out", f"{name}.png")
        assert shown.words == f"wrote {name}.png: 9 images on one sheet", shown.err
    a, b, c = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_samples_go_into_a_folder_or_an_array_too(latente: Client, run: Path) -> None:
    latente("sample", run, "-n", 12, "--seed", 0, "--out", "samples/")
    latente("sample", run, "-n", 12, "--seed", 0, "--out", "samples.npy")
    array = np.load("samples.npy")
    assert len(list(Path("samples").iterdir())) == len(array) == 12
    with Image.open("samples/03.png") as image:
        np.testing.assert_array_equal(np.asarray(image), array[2].squeeze())


def test_a_model_with_a_pickle_in_its_folder_is_refused(latente: Client, run: Path, tmp_path: Path) -> None:
    model = tmp_path / "stranger" / "model"
    model.mkdir(parents=True)
    (model / "model.json").write_text(json.dumps({}))
    (model / "weights.pkl").write_bytes(b"")
    shown = latente("sample stranger --out out.png")
    assert shown.code == 2
    assert "pickle" in shown.err
