"""`latente reconstruct`: images under their own names, in their own layout."""

from __future__ import annotations

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


def test_reconstructions_are_called_like_the_images(latente: Client, run: Path, pictures: Path) -> None:
    shown = latente("reconstruct", run, pictures, "--out", "out")
    assert shown.words.startswith("wrote out: 4 PNG files"), shown.err
    written = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*.png"))
    assert written == ["cats/0.png", "cats/1.png", "dogs/2.png", "dogs/3.png"]
    with Image.open("out/cats/0.png") as image:
        assert (image.size, image.mode) == ((8, 8), "L")


def test_what_comes_out_smaller_or_without_its_colours_is_told(latente: Client, run: Path, pictures: Path) -> None:
    shown = latente("reconstruct", run, pictures, "--out", "out")
    told = "of the originals 4 are larger (20x16 x 4) and 4 are in colour"
    assert f"smaller the model has pictures of 8x8 with 1 channel; {told}" in shown.words
    np.save("large.npy", np.zeros((5, 8, 12), np.uint8))
    shown = latente("reconstruct", run, "large.npy", "--out", "out.npy")
    assert shown.words.endswith("of the originals 5 are larger (8x12 x 5)")
    np.save("fitting.npy", np.zeros((5, 8, 8), np.uint8))
    assert "originals" not in latente("reconstruct", run, "fitting.npy", "--out", "fitted.npy").out


def test_a_sheet_puts_reconstructions_below_their_originals(latente: Client, run: Path) -> None:
    shown = latente("reconstruct", run, "digits", "--count", 20, "--out", "sheet.png")
    assert shown.words == "wrote sheet.png: 20 images on one sheet, each below its original", shown.err
    with Image.open("sheet.png") as image:
        assert image.size == (16 * (56 + 2) - 2, 4 * (56 + 2) - 2)


@pytest.mark.parametrize("shape", [(40, 8, 8), (40, 8, 8, 3), (40, 3, 8, 8), (40, 12)])
def test_arrays_come_back_in_the_layout_that_went_in(latente: Client, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).random(shape, np.float32)
    np.save("array.npy", array)
    options = "--epochs 1 --network dense --hidden 4 --latent-dim 2 --seed 0 --no-report"
    assert latente(f"fit array.npy --out run {options}").code == 0
    for line in ("reconstruct run array.npy", "sample run -n 40"):
        shown = latente(f"{line} --out out.npy --force")
        assert shown.code == 0, shown.err
        assert np.load("out.npy").shape == shape
        assert latente(f"{line} --out out --force").code == (0 if len(shape) > 2 else 2)
