"""`latente evaluate`: figures with their protocols."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import words

Client = Callable[..., Any]


@pytest.fixture
def run(small_vae: Path) -> Path:
    return small_vae


def test_evaluate_takes_the_test_part_unless_told_otherwise(latente: Client, run: Path) -> None:
    test = latente("evaluate", run, "digits", "--json").json
    assert (test["images"], test["part"]) == ("digits", "test")
    assert test["metrics"] == latente("evaluate", run, "digits", "--split", "test", "--json").json["metrics"]
    train = latente("evaluate", run, "digits", "--split", "train", "--json").json
    assert train["count"] + test["count"] == 1797
    assert train["metrics"] != test["metrics"]


def test_evaluate_for_people_shows_the_same_figures(latente: Client, run: Path) -> None:
    measured = latente("evaluate", run, "digits", "--json").json
    shown = latente("evaluate", run, "digits").words
    assert "digits: 355 of the test part" in shown
    assert measured["protocols"]["psnr"].endswith("data range: 0 to 255 (8 bits)")
    assert f"kl {words.figure(measured['metrics']['kl'])} {measured['protocols']['kl']}" in shown


def test_the_error_of_each_class_is_told(latente: Client, run: Path) -> None:
    measured = latente("evaluate", run, "digits", "--json").json
    groups = measured["errors"]["by class"]
    assert list(measured["errors"]) == ["by class"]
    assert sorted(group["key"] for group in groups) == list(range(10))
    counts = np.array([group["counts"] for group in groups])
    assert (counts.sum(axis=1) == 355).all()
    means = np.array([group["means"][0] for group in groups])
    assert (means * counts[:, 0]).sum() / 355 == pytest.approx(measured["metrics"]["mse"])
    assert "samples" not in measured  # classes are no attributes
    shown = latente("evaluate", run, "digits").words
    first = groups[0]
    assert f"{first['name']} {first['counts'][0]} {words.figure(first['means'][0])}" in shown
    refused = latente("evaluate", run, "digits", "--samples", 9)
    assert refused.code == 2
    assert "--samples counts attributes, of which digits has none" in refused.err


def test_attributes_are_counted_among_samples(latente: Client, people: Path) -> None:
    line = "fit people --model vae --hidden 8 --latent-dim 2 --network dense --epochs 1 --seed 0"
    assert latente(f"{line} --no-report --out run").code == 0
    arguments = ("evaluate", "run", "people")
    measured = latente(*arguments, "--samples", 50, "--json").json
    assert {group["name"] for group in measured["errors"]["by attribute"]} == {"bright", "round face"}
    samples = measured["samples"]
    assert (samples["count"], samples["learned"], samples["tried"]) == (50, 20, 20)
    bright, face = sorted(samples["shares"], key=lambda share: share["name"])
    assert (bright["accuracy"], bright["in_data"]) == (1.0, 0.5)
    low, high = bright["interval"]
    assert low <= bright["in_samples"] <= high
    assert (face["in_samples"], face["interval"]) == (None, None)
    shown = latente(*arguments, "--samples", 50)
    assert "among 50 samples" in shown.words
    assert "cannot be told" in shown.words
    assert any(line.startswith("Told by logistic regressions that learned from 20") for line in shown.out.splitlines())
    assert "samples" not in latente(*arguments, "--samples", 0, "--json").json


def test_the_bound_of_several_samples_is_measured_where_asked_for(latente: Client, run: Path) -> None:
    line = ("evaluate", run, "digits", "--count", 20, "--json")
    plain, more = latente(*line).json, latente(*line, "--bound-samples", 5).json
    assert set(more["metrics"]) - set(plain["metrics"]) == {"bound", "bound_samples"}
    assert more["metrics"]["bound_samples"] == 5
    assert more["metrics"]["bound"] > more["metrics"]["elbo"]


def test_a_classifiers_figures_have_their_protocols_too(latente: Client) -> None:
    assert latente("fit digits --model stacked --hidden 16 --epochs 1 --seed 0 --out run").code == 0
    measured = latente("evaluate run digits --json").json
    assert (measured["part"], measured["metrics"]["count"]) == ("test", 355)
    assert set(measured["protocols"]) == {"objective", "accuracy", "error", "cross_entropy"}
    assert measured["metrics"]["accuracy"] + measured["metrics"]["error"] == pytest.approx(1)
    shown = latente("evaluate run digits --bound-samples 5")
    assert (shown.code, shown.out) == (2, "")
    assert "--bound-samples has no meaning for this stacked autoencoder classifier" in shown.err
    np.save("plain.npy", np.zeros((9, 8, 8), np.uint8))
    assert "plain has no labels of its own" in latente("evaluate run plain.npy").err
