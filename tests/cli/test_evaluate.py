"""`latente evaluate`: figures with their protocols."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    assert f"kl {words.figure(measured['metrics']['kl'])} {measured['protocols']['kl']}" in shown


def test_the_bound_of_several_samples_is_measured_where_asked_for(latente: Client, run: Path) -> None:
    line = ("evaluate", run, "digits", "--count", 20, "--json")
    plain, more = latente(*line).json, latente(*line, "--bound-samples", 5).json
    assert set(more["metrics"]) - set(plain["metrics"]) == {"bound", "bound_samples"}
    assert more["metrics"]["bound_samples"] == 5
    assert more["metrics"]["bound"] > more["metrics"]["elbo"]
