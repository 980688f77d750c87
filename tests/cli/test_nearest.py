"""`latente nearest`: samples beside their neighbours, and copies found out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from latente import load, open_images
from latente.cli import nearest

Client = Callable[..., Any]


@pytest.fixture
def run(digits_vae: Path) -> Path:
    return digits_vae


def columns(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def rows(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_nearest_shows_each_sample_above_its_neighbours_nearest_first(
    latente: Client, run: Path, drawn: list[Figure]
) -> None:
    told = latente("nearest", run, "-n", 15, "--seed", 3, "--json").json
    found = told["distances"]
    distances = [one["distance"] for one in found]
    assert distances == sorted(distances)
    assert sorted(one["sample"] for one in found) == list(range(15))
    sample = load(run).sample(15, random_state=3)[found[0]["sample"]] / 255
    known = open_images("digits").pixels / 255
    every = np.sqrt(((known - sample) ** 2).mean(axis=(1, 2, 3)))
    assert distances[0] == pytest.approx(every[found[0]["training_image"]], abs=2e-3)
    assert told["median"] == pytest.approx(np.median(distances))
    assert told["held_out"]["count"] == 256
    assert told["nearer"] == sum(distance < told["near"] for distance in distances)
    assert [len(columns(figure)) for figure in drawn] == [8, 7]
    assert rows(drawn[0]) == ["sample", "nearest", "second", "third"]
    assert columns(drawn[0])[0] == f"{distances[0]:.3f}"


def test_training_images_are_found_out_as_copies(latente: Client, run: Path) -> None:
    told = latente("nearest", run, "--images", "digits", "-n", 20, "--json").json
    copies = [one for one in told["distances"] if one["distance"] == 0]
    assert len(copies) >= 15
    assert told["nearer"] >= len(copies)
    assert "of 20 lie nearer than all but" in latente("nearest", run, "--images", "digits", "-n", 20, "--force").words


def test_images_that_were_held_out_are_not_among_the_neighbours(latente: Client, run: Path) -> None:
    from latente.estimators.data import split

    learned = set(split(open_images("digits"), 0.1, 0).rows.tolist())
    found = latente("nearest", run, "--images", "digits", "-n", 100, "--json").json["distances"]
    assert {one["training_image"] for one in found} <= learned


def test_a_search_in_parts_finds_the_same(latente: Client, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = latente("nearest", run, "--seed", 0, "--json").json
    monkeypatch.setattr(nearest, "VALUES_AT_ONCE", 64 * 100)
    parts = latente("nearest", run, "--seed", 0, "--json", "--force").json
    assert whole == parts
