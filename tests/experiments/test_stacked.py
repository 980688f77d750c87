"""Stacked autoencoders as classifiers in their tiny variant, on digits drawn by code, and what is said of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latente import Images, load, open_images
from latente.experiments import Request, Result, reproduce, stacked
from latente.experiments.recorded import recorded
from latente.experiments.side_by_side import FINE_TUNED, FROZEN, SIDE, STACK
from latente.experiments.stacked import CASES, labelled


def digits(train: int, test: int) -> Callable[..., tuple[Images, Images, str]]:
    """What opens drawn digits, whatever set is asked for."""
    drawn = open_images("glyphs", size=28, count=8 * (train + test))
    own = drawn.take(np.flatnonzero(drawn.labels < 10))
    own = dataclasses.replace(own, label_names=drawn.label_names[:10])
    return lambda *_: (own.take(slice(train)), own.take(slice(train, train + test)), "drawn")


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacked, "open_parts", digits(400, 200))
        return reproduce("stacked-mnist", seeds=2, tiny=True, out=folder)


def test_the_worst_seed_stands_beside_the_claim(result: Result) -> None:
    chosen, augmented, reported, *_ = result.claims
    _, errors, *_ = result.tables.values()
    assert chosen.measured == pytest.approx(max(line["error"] for line in errors))
    assert augmented.measured == pytest.approx(max(line["with augmentation"] for line in errors))
    assert (chosen.target, chosen.higher_is_better) == (1.28, False)
    assert (augmented.target, reported.target) == (None, None)
    assert len(errors) == 2


def test_every_number_of_labels_is_there_with_and_without_pre_training(result: Result) -> None:
    lines = result.extra["errors"]
    assert sorted((line["labels"], line["pre-training"], line["seed"]) for line in lines) == [
        (count, said, seed) for count in (100, 400) for said in ("no", "yes") for seed in (0, 1)
    ]
    summary = next(iter(result.tables.values()))
    for line in summary:
        key = (int(line["labels"]), line["pre-training"])
        own = [other["error"] for other in lines if (other["labels"], other["pre-training"]) == key]
        assert line["mean"] == pytest.approx(np.mean(own))
        assert line["sd"] == pytest.approx(np.std(own, ddof=1))
        assert line["worst"] == max(own)


def test_both_readings_stand_beside_each_other_and_the_stack_is_that_of_the_study(result: Result) -> None:
    lines = result.tables["test error in %, two readings of [UAO], 512-256-64, all labels"]
    assert [(line["autoencoders"], line["encoders"]) for line in lines] == [
        (reading, encoders) for reading in (STACK, SIDE) for encoders in (FROZEN, FINE_TUNED)
    ]
    stack = next(line for line in next(iter(result.tables.values())) if line["labels"] == "400")
    assert {name: lines[1][name] for name in ("mean", "sd", "worst")} == pytest.approx(
        {name: stack[name] for name in ("mean", "sd", "worst")}
    )
    others = [line["worst"] for line in (lines[0], *lines[2:])]
    assert [claim.measured for claim in result.claims[3:]] == pytest.approx(others)
    assert any("by fine-tuning the encoders" in note for note in result.notes)


def test_figures_and_pages_are_written_and_no_run_is_left(result: Result, folder: Path) -> None:
    assert set(result.pictures()) == {
        "error by labels",
        "confusion matrix",
        "most confident mistakes",
        "confusion of both readings",
    }
    assert all((folder / file).is_file() for file in result.pictures().values())
    assert np.sum(result.extra["confusion"]) == 200
    assert not (folder / "runs").exists()


def test_one_seed_is_enough_and_accuracy_counts_for_clothes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked, "open_parts", digits(90, 60))
    result = reproduce("stacked-fashion", tiny=True)
    (line,) = result.tables["test error in %, 1024-512-256, all labels"]
    assert result.claims[0].measured == pytest.approx(1 - line["error"] / 100)
    assert result.claims[0].higher_is_better


def test_labelled_images_are_spread_over_the_classes_and_fewer_are_among_more() -> None:
    labels = np.repeat([0, 1, 2], [30, 50, 40])
    images = open_images(np.arange(120.0)[:, None], labels=labels)
    few, more = (labelled(images, count, seed=3) for count in (9, 60))
    assert np.bincount(few.labels).tolist() == [3, 3, 3]
    assert np.bincount(more.labels).tolist() == [20, 20, 20]
    assert set(few.pixels[:, 0]) < set(more.pixels[:, 0])
    assert set(few.pixels[:, 0]) != set(labelled(images, 9, seed=4).pixels[:, 0])


def test_a_study_that_was_broken_off_goes_on_from_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked, "EPOCHS", {40: 2, 80: 2})
    monkeypatch.setattr(stacked, "LEAST_IN_RUN", 80)
    train, test, _ = digits(120, 60)()
    study = (train, test, CASES["stacked-mnist"], 0, Request(out=tmp_path / "out"))
    first = stacked._study(*study, tiny=True)
    runs = sorted(path.name for path in (tmp_path / "out/runs").iterdir())
    assert runs == [f"seed-0-labels-{count}{kind}" for count in (120, 80) for kind in ("", "-pretrained")]
    logs = {path: path.read_text() for path in (tmp_path / "out").rglob("metrics.jsonl")}  # seconds and all
    assert stacked._study(*study, tiny=True) == first
    assert {path: path.read_text() for path in (tmp_path / "out").rglob("metrics.jsonl")} == logs
    few = load(tmp_path / "out/runs/seed-0-labels-80-pretrained")
    assert few.init.endswith("seed-0-labels-120-pretrained/pretraining")


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
