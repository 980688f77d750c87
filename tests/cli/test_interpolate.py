"""`latente interpolate`: between images and classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import load, open_images

Client = Callable[..., Any]


@pytest.fixture
def run(digits_autoencoder: Path) -> Path:
    return digits_autoencoder


def test_between_pairs_of_images_with_the_images_themselves_at_the_ends(
    latente: Client, run: Path, strips: list[Any]
) -> None:
    told = latente("interpolate", run, "digits", "--split", "test", "--steps", 5, "--json").json
    images, rows, columns = strips
    assert images.shape == (8, 7, 1, 8, 8)
    assert columns == ["from", "0", "0.25", "0.5", "0.75", "1", "to"]
    assert [told["pairs"][0][end] for end in ("from", "to")] == ["0", "23"]
    assert rows[0] == "0 to 23"
    test = open_images("digits", split="test").pixels
    np.testing.assert_allclose(images[0, 0], test[0] / 255, atol=1e-6)
    np.testing.assert_allclose(images[-1, -1], test[-1] / 255, atol=1e-6)
    rebuilt = load(run).reconstruct(test[:1])
    np.testing.assert_allclose(images[0, 1], rebuilt[0] / 255, atol=1e-6)


def test_from_an_image_to_the_mean_of_a_class(latente: Client, run: Path, strips: list[Any]) -> None:
    line = ("interpolate", run, "digits", "--from", 5, "--to", "class:7", "--how", "spherical", "--json")
    [pair] = latente(*line).json["pairs"]
    images, model = open_images("digits"), load(run)
    mean = model.transform(images.take(np.flatnonzero(images.labels == 7))).mean(axis=0)
    start = model.transform(images.take(slice(5, 6)))[0]
    assert (pair["from"], pair["to"]) == ("5", "7")
    assert pair["codes_apart"] == pytest.approx(np.linalg.norm(start - mean), rel=1e-4)
    assert strips[2][0] == "from"
    assert strips[2][-1] == "1"  # a mean of codes is no picture
    np.testing.assert_allclose(strips[0][0, -1], model.decode(mean[None])[0] / 255, atol=1.01 / 255)


def test_from_a_class_to_several_images_there_is_a_row_for_each(latente: Client, run: Path, strips: list[Any]) -> None:
    told = latente("interpolate", run, "digits", "--count", 60, "--from", "class:7", "--json").json
    assert [pair["from"] for pair in told["pairs"]] == ["7"] * 8
    assert strips[2][0] == "0"
    assert strips[2][-1] == "to"


def test_images_of_a_folder_go_by_their_files(latente: Client, people: Path, run: Path) -> None:
    told = latente("interpolate", run, people, "--from", "01.png", "--to", "30.png", "--json").json
    assert [(pair["from"], pair["to"]) for pair in told["pairs"]] == [("01.png", "30.png")]
