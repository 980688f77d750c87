"""`latente edit`: images gain an attribute step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import load, open_images
from latente.cli.shared.directions import strengths

Client = Callable[..., Any]


@pytest.fixture
def run(digits_autoencoder: Path) -> Path:
    return digits_autoencoder


def test_edited_images_gain_the_attribute_step_by_step(latente: Client, run: Path, strips: list[Any]) -> None:
    latente("direction", "learn", run, "digits", "--attribute", "0")
    line = ("edit", run, "digits", "--split", "test", "--attribute", "0", "--strength", "-1:2:7", "--json")
    told = latente(*line).json
    lines = told["strengths"]
    assert [line["strength"] for line in lines] == [-1, -0.5, 0, 0.5, 1, 1.5, 2]
    measured = [line["measured"] for line in lines]
    assert measured == sorted(measured)
    assert lines[2]["change"] == 0
    assert told["count"] == 8
    images, rows, columns = strips
    assert images.shape == (8, 8, 1, 8, 8)
    assert columns == ["original", "-1", "-0.5", "0", "+0.5", "+1", "+1.5", "+2"]
    test = open_images("digits", split="test").take([int(row) for row in rows])
    np.testing.assert_allclose(images[:, 0], test.pixels / 255, atol=1e-6)
    np.testing.assert_allclose(images[:, 3], load(run).reconstruct(test) / 255, atol=1e-6)


def test_an_edit_that_keeps_detail_starts_from_the_image_itself(latente: Client, run: Path, strips: list[Any]) -> None:
    latente("direction", "learn", run, "digits", "--attribute", "0")
    line = ("edit", run, "digits", "--attribute", "0", "--strength", "0,2", "--keep-detail", "--json")
    told = latente(*line).json
    assert told["strengths"][0]["change"] == 0
    images = strips[0]
    np.testing.assert_array_equal(images[:, 1], images[:, 0])
    assert told["strengths"][1]["change"] > 0.01
    assert told["strengths"][1]["measured"] > told["strengths"][0]["measured"]


def test_the_number_of_images_to_edit_is_the_users(latente: Client, run: Path, strips: list[Any]) -> None:
    latente("direction", "learn", run, "digits", "--attribute", "0")
    latente("edit", run, "digits", "--attribute", "0", "--strength", "1.5", "--count", 12)
    assert strips[0].shape == (12, 2, 1, 8, 8)
    assert strips[2] == ["original", "+1.5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-1:2:4", (-1, 0, 1, 2)), ("2:-2:2", (2, -2)), ("0.5", (0.5,)), ("-1, 0,3e0", (-1, 0, 3))],
)
def test_strengths_are_read_as_a_range_or_a_list(text: str, expected: tuple[float, ...]) -> None:
    assert strengths(text) == pytest.approx(expected)
