"""`latente map`: the numbers that it prints, the picture that it writes, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from latente import load, open_images, words
from latente.cli import map as map_
from latente.latents import map_codes

Client = Callable[..., Any]


TINY = "--epochs 2 --hidden 8 --network dense --seed 0 --no-report"


@pytest.fixture
def run(digits_vae: Path) -> Path:
    return digits_vae


def test_the_map_is_that_of_the_codes_with_its_figures(latente: Client, run: Path, drawn: list[Figure]) -> None:
    told = latente("map", run, "digits", "--split", "test", "--json").json
    images = open_images("digits", split="test")
    expected = map_codes(load(run).transform(images), images.labels)
    assert (told["method"], told["count"], told["dimensions"], told["picture"]) == ("pca", 355, 3, "map.png")
    for name in ("trustworthiness", "knn_accuracy", "share"):
        assert told[name] == pytest.approx(getattr(expected, name))
    [figure] = drawn
    points = np.concatenate([np.asarray(cloud.get_offsets()) for cloud in figure.axes[0].collections])
    np.testing.assert_allclose(sorted(points.tolist()), sorted(expected.points.tolist()), atol=1e-6)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list("0123456789")
    with Image.open("map.png") as picture:
        assert (picture.mode, picture.getpixel((0, 0))) == ("RGB", (255, 255, 255))
        assert min(picture.size) > 400


def test_the_map_for_people_tells_the_same(latente: Client, run: Path) -> None:
    told = latente("map", run, "digits", "--json").json
    shown = latente("map", run, "digits", "--out", "again.png")
    assert "map 1,442 images of digits, 3 dimensions by pca" in shown.words
    assert f"knn_accuracy {words.figure(told['knn_accuracy'])} of 15 nearest" in shown.words
    assert "wrote again.png" in shown.words


def test_a_map_has_so_many_points_as_are_asked_for_but_not_too_many(
    latente: Client, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_, "MOST_MAPPED", 100)
    assert latente("map", run, "digits", "--json").json["count"] == 100
    assert latente("map", run, "digits", "--count", 300, "--json", "--force").json["count"] == 300


def test_a_map_can_be_coloured_by_one_class_or_a_continuous_attribute(
    latente: Client, run: Path, drawn: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    latente("map", run, "digits", "--attribute", "3")
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ["not 3", "3"]
    monkeypatch.setattr(map_, "values_of", lambda images, name: ("age", np.linspace(0, 9, len(images))))
    latente("map", run, "digits", "--attribute", "age", "--force")
    assert drawn[0].axes[1].get_ylabel() == "age"


def test_images_without_labels_and_rows_of_a_table_have_a_map_too(latente: Client, tmp_path: Path) -> None:
    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    assert latente(f"fit table.npy --latent-dim 2 --out run {TINY}").code == 0
    told = latente("map run table.npy --json")
    assert (told.json["method"], told.json["knn_accuracy"]) == ("identity", None)
