"""`latente traverse`: which dimensions move, and how far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import load, open_images

Client = Callable[..., Any]
LESS = "\N{MINUS SIGN}"


@pytest.fixture
def run(digits_autoencoder: Path) -> Path:
    return digits_autoencoder


def test_a_traversal_moves_the_dimensions_that_change_the_image_most(
    latente: Client, run: Path, strips: list[Any]
) -> None:
    told = latente("traverse", run, "--json").json
    lines = told["dimensions"]
    assert (told["images"], told["count"], told["steps"], told["picture"]) == ("digits", 1298, 7, "traverse.png")
    changes = [line["change"] for line in lines]
    assert len(lines) == 8
    assert changes == sorted(changes, reverse=True)
    images, rows, columns = strips
    assert images.shape == (8, 7, 1, 8, 8)
    assert rows == [f"dimension {line['dimension']}" for line in lines]
    assert columns == [f"{LESS}3 σ", f"{LESS}2 σ", f"{LESS}1 σ", "mean", "+1 σ", "+2 σ", "+3 σ"]
    with Image.open("traverse.png") as picture:
        assert picture.mode == "RGB"


def test_a_traversal_is_that_of_the_images_and_dimensions_asked_for(
    latente: Client, run: Path, strips: list[Any]
) -> None:
    line = ("traverse", run, "digits", "--split", "test", "--dimensions", "4,1", "--span", 2, "--steps", 5, "--json")
    told = latente(*line).json
    codes = load(run).transform(open_images("digits", split="test"))
    assert [row["dimension"] for row in told["dimensions"]] == [4, 1]
    assert told["dimensions"][0]["mean"] == pytest.approx(codes[:, 4].mean(), rel=1e-4)
    assert told["dimensions"][1]["spread"] == pytest.approx(codes[:, 1].std(), rel=1e-4)
    place = codes.mean(axis=0)
    place[1] += 2 * codes[:, 1].std()
    np.testing.assert_allclose(strips[0][1, -1], load(run).decode(place[None])[0] / 255, atol=1.01 / 255)
    assert strips[2] == [f"{LESS}2 σ", f"{LESS}1 σ", "mean", "+1 σ", "+2 σ"]


def test_the_table_for_people_has_a_line_for_each_dimension(latente: Client, run: Path) -> None:
    lines = latente("traverse", run, "--dimensions", "3", "--out", "one.png").out.splitlines()
    assert lines[0].split() == ["dimension", "mean", "spread", "change"]
    assert lines[1].split()[0] == "3"
    assert lines[-1].split() == ["wrote", "one.png"]
