"""`latente compare-pca`: who judges, who learns, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from latente import load, open_images
from latente.latents import knn_accuracy

Client = Callable[..., Any]


TINY = "--epochs 2 --hidden 8 --network dense --seed 0 --no-report"


@pytest.fixture
def run(digits_vae: Path) -> Path:
    return digits_vae


def titles(figure: Figure) -> list[str]:
    return [panel.get_title(loc="left") for panel in figure.axes]


def columns(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def rows(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_compare_pca_judges_by_the_test_part_and_learns_from_the_training(
    latente: Client, run: Path, drawn: list[Figure]
) -> None:
    told = latente("compare-pca", run, "digits", "--json").json
    assert (told["judged"], told["test_count"], told["train_count"]) == ("test images", 355, 1298)
    assert told["contestants"]["autoencoder"]["mse"] == pytest.approx(
        latente("evaluate", run, "digits", "--json").json["metrics"]["mse"], rel=1e-5
    )
    model, test, train = load(run), open_images("digits", split="test"), open_images("digits")
    votes = knn_accuracy(model.transform(train), train.labels, model.transform(test), test.labels)
    assert told["contestants"]["autoencoder"]["knn_accuracy"] == pytest.approx(votes, abs=0.03)
    assert set(told["protocols"]) == {"mse", "psnr", "knn_accuracy", "trustworthiness"}
    assert told["protocols"]["psnr"].endswith("data range: 0 to 255 (8 bits)")
    assert told["protocols"]["mse"].endswith("counts as it is, while the report cuts it off")
    strips, maps, bars = drawn
    assert rows(strips) == ["original", "autoencoder", "PCA"]
    assert columns(strips) == list("0123456789")
    assert titles(maps) == ["autoencoder", "PCA"]
    assert [title.split()[0] for title in titles(bars)] == ["mse", "psnr", "knn_accuracy", "trustworthiness"]


def test_without_images_compare_pca_takes_the_runs_own(latente: Client, run: Path) -> None:
    own = latente("compare-pca", run, "--json").json
    named = latente("compare-pca", run, "digits", "--json", "--force").json
    assert own["contestants"] == named["contestants"]


def test_compare_pca_judges_by_another_part_where_asked(latente: Client, run: Path) -> None:
    told = latente("compare-pca", run, "digits", "--split", "train", "--count", 50, "--json").json
    assert (told["judged"], told["test_count"], told["train_count"]) == ("train images", 50, 1298)


def test_the_images_that_a_flat_set_held_out_are_the_judges(latente: Client, tmp_path: Path) -> None:
    np.save("flat.npy", np.random.default_rng(0).integers(0, 256, (100, 8, 8), np.uint8))
    latente(f"fit flat.npy --latent-dim 2 --out run {TINY}")
    for line in ("compare-pca run", "compare-pca run flat.npy"):
        told = latente(f"{line} --json --force").json
        assert (told["judged"], told["test_count"], told["train_count"]) == ("validation images", 10, 90)
        assert told["contestants"]["PCA"]["knn_accuracy"] is None


def test_the_table_has_a_column_for_each_contestant(latente: Client, run: Path, drawn: list[Figure]) -> None:
    shown = latente("compare-pca", run, "--equal-decoder")
    assert shown.code == 0, shown.err
    assert "images digits: 355 test images, 1,298 training images code 3 numbers" in shown.words
    assert "metric autoencoder PCA decoder on PCA codes protocol" in shown.words
    assert "wrote compare-pca.png" in shown.words
    assert rows(drawn[0]) == ["original", "autoencoder", "PCA", "decoder on PCA codes"]
    assert titles(drawn[1]) == ["autoencoder", "PCA"]


def test_rows_of_a_table_are_compared_without_pictures(latente: Client, drawn: list[Figure]) -> None:
    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    latente(f"fit table.npy --latent-dim 3 --out run {TINY}")
    assert latente("compare-pca run").code == 0
    assert len(drawn) == 2


def test_a_run_on_an_array_in_memory_is_compared_on_that_array_as_a_file(latente: Client) -> None:
    from latente import Autoencoder

    array = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    Autoencoder(latent_dim=2, hidden=(4,), network="dense", epochs=1, random_state=0, out="run").fit(array)
    assert "arrays in memory" in latente("compare-pca run").err
    np.save("other.npy", array[:20])
    assert "save it as a .npy file" in latente("compare-pca run other.npy").err
    np.save("same.npy", array)
    assert latente("compare-pca run same.npy --json").json["judged"] == "validation images"
