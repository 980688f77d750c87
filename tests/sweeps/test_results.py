"""What came out: means, spreads, order, files."""

from __future__ import annotations

import csv
import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest

import trying
from latente.errors import InputError
from latente.sweeps import Estimate, Range, Results, Search, Sweep, Trial


@pytest.fixture(scope="module")
def results() -> Results:
    return trying.GRID.run(trying.bowl)


def results_of(*rows: tuple[float, int, dict[str, float] | None], **more: Any) -> Results:
    """Return results of one factor x: (x, seed, metrics), without metrics a failure."""
    levels = list(dict.fromkeys(x for x, _, _ in rows))
    trials = [
        Trial(levels.index(x), {"x": x}, seed, metrics or {}, 1.0, None if metrics else "it failed")
        for x, seed, metrics in rows
    ]
    return Results(tuple(trials), {"x": levels}, {}, **{"metric": "loss", "direction": "minimize", **more})


def test_a_combination_has_mean_and_sample_standard_deviation_over_its_seeds(results: Results) -> None:
    for combination in results.combinations():
        losses = [trying.bowl(**combination.options, shift=0.5, seed=seed)["loss"] for seed in (0, 1)]
        found = combination.metrics["loss"]
        assert (found.mean, found.spread, found.count) == pytest.approx(
            (statistics.fmean(losses), statistics.stdev(losses), 2)
        )
        assert (combination.done, combination.failed) == (2, 0)
        assert set(combination.options) == {"x", "name"}


def test_combinations_come_best_first_in_either_direction(results: Results) -> None:
    losses = [combination.metrics["loss"].mean for combination in results.combinations()]
    assert losses == sorted(losses)
    assert results.best().options == {"x": 0.0, "name": "b"}
    high = results_of((1.0, 0, {"loss": 1.0}), (2.0, 0, {"loss": 2.0}), direction="maximize")
    assert high.best().options == {"x": 2.0}


def test_failures_and_what_is_no_number_come_last_and_are_in_no_mean() -> None:
    mixed = results_of(
        (0.0, 0, None), (1.0, 0, {"loss": math.nan}), (2.0, 0, {"loss": 5.0}), (2.0, 1, None), (3.0, 0, {"other": 1.0})
    )
    first, *others = mixed.combinations()
    assert (first.options["x"], first.metrics["loss"].mean, first.done, first.failed) == (2.0, 5.0, 1, 1)
    assert [combination.options["x"] for combination in others] == [0.0, 1.0, 3.0]
    with pytest.raises(InputError, match="no trial has a result 'loss'"):
        results_of((0.0, 0, None)).best()


def test_a_level_sums_up_all_trials_that_had_it(results: Results) -> None:
    for factor, levels in (("name", ["a", "b"]), ("x", [0.0, 1.0, 2.0])):
        found = results.levels(factor)
        assert [level for level, _ in found] == levels
        for level, estimate in found:
            own = [t.metrics["loss"] for t in results.trials if t.options[factor] == level]
            assert (estimate.mean, estimate.count) == (pytest.approx(statistics.fmean(own)), len(own))
    assert results.levels("name", "accuracy")[1][1].mean == pytest.approx(1.0)
    with pytest.raises(InputError, match="unknown factor 'nam'; did you mean 'name'"):
        results.levels("nam")


def test_levels_keep_the_order_of_their_list_and_ranges_ascend() -> None:
    grid = Sweep(grid={"x": [2.0, 0.0, 1.0]}).run(lambda *, seed, x: {"loss": x})
    assert [level for level, _ in grid.levels("x")] == [2.0, 0.0, 1.0]
    search = Sweep(search=Search({"x": Range(0.0, 1.0), "y": ["b", "a"]}, trials=8), metric="loss")
    found = search.run(lambda *, seed, x, y: {"loss": x})
    assert [level for level, _ in found.levels("y")] == ["b", "a"]
    ascending = [level for level, _ in found.effect("x")]
    assert ascending == sorted(ascending)


def test_the_summary_has_a_line_of_words_per_combination(results: Results) -> None:
    first = results.combinations()[0]
    line = results.summary()[0]
    assert list(line) == ["x", "name", "loss", "accuracy", "seconds"]
    assert (line["x"], line["name"], line["loss"]) == ("0", "b", str(first.metrics["loss"]))
    assert list(results.summary(["accuracy"])[0]) == ["x", "name", "accuracy", "seconds"]
    mixed = results_of((0.0, 0, {"loss": 1.0, "x": 2.0}), (0.0, 1, None), (1.0, 0, None))
    assert mixed.summary() == [
        {"x": "0", "loss": "1", "x found": "2", "seconds": "1", "failed": "1"},
        {"x": "1", "loss": "–", "x found": "–", "seconds": "–", "failed": "1"},
    ]


def test_the_sweeps_own_metric_and_those_of_its_kind_come_first() -> None:
    found = results_of((0.0, 0, {"a": 1.0, "test_a": 1.0, "test_loss": 1.0, "loss": 1.0}))
    assert found.metrics == ["loss", "test_loss", "a", "test_a"]


def test_the_files_hold_the_trials_and_the_combinations(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path, {"x": "x.png"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["summary.json", "summary.md", "table.csv"]
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["number", "x", "name", "seed", "status", "seconds", "loss", "accuracy", "error"]
    assert [float(row["loss"]) for row in rows] == [trial.metrics["loss"] for trial in results.trials]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["trials"], summary["failed"], summary["options"]) == (12, 0, {"shift": 0.5})
    assert summary["best"] == summary["combinations"][0]
    assert summary["best"]["metrics"]["loss"]["mean"] == results.best().metrics["loss"].mean
    text = (tmp_path / "summary.md").read_text()
    assert f"| 0 | b | {results.best().metrics['loss']} |" in text
    assert "![loss by x](x.png)" in text
    assert "shift 0.5" in text


def test_files_of_failures_say_what_failed(tmp_path: Path) -> None:
    results_of((0.0, 0, None), (1.0, 0, {"loss": math.nan, "x": 2.0})).write(tmp_path)
    text = (tmp_path / "summary.md").read_text()
    assert "- x 0, seed 0: it failed" in text
    assert "NaN" not in (tmp_path / "summary.json").read_text()
    header = (tmp_path / "table.csv").read_text().splitlines()[0]
    assert header == "number,x,seed,status,seconds,loss,x found,error"


@pytest.mark.parametrize(
    ("values", "words"),
    [([], "–"), ([math.nan], "–"), ([0.123456], "0.1235"), ([1.0, 2.0, math.inf], "1.5 ± 0.71")],
)
def test_an_estimate_in_words(values: list[float], words: str) -> None:
    assert str(Estimate.of(values)) == words
