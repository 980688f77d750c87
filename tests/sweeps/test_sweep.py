"""Sweeps: what is tried, what is kept, and how they go on after anything."""

from __future__ import annotations

import functools
import itertools
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trying
from latente.errors import InputError
from latente.sweeps import Range, Results, Search, Sweep

PROGRAM = Path(trying.__file__)


def run_elsewhere(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def without_times(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def found(results: Results) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.options, trial.seed, trial.metrics, trial.error) for trial in results.trials]


# -- what is tried


def test_a_grid_tries_every_combination_with_every_seed() -> None:
    results = trying.GRID.run(trying.bowl)
    tried = [(t.options["x"], t.options["name"], t.seed) for t in results.trials]
    assert tried == list(itertools.product([0.0, 1.0, 2.0], ["a", "b"], [0, 1]))
    assert all(t.options["shift"] == 0.5 for t in results.trials)
    assert [t.metrics for t in results.trials] == [trying.bowl(**t.options, seed=t.seed) for t in results.trials]
    assert (trying.GRID.combinations, trying.GRID.total, results.factors) == (6, 12, ("x", "name"))


def test_a_grid_of_nothing_repeats_one_trial_over_its_seeds() -> None:
    results = Sweep(grid={}, seeds=[3, 5], options={"x": 1.0, "name": "a", "shift": 0.0}).run(trying.bowl)
    assert [trial.seed for trial in results.trials] == [3, 5]


def test_numbers_of_numpy_and_tuples_are_plain_values_to_a_trial() -> None:
    import numpy as np

    given: list[Any] = []

    def note(*, seed: int, rate: float, widths: list[int]) -> dict[str, float]:
        given.append((rate, widths))
        return {"loss": rate}

    Sweep(grid={"rate": np.array([0.1, 0.25]), "widths": [(3, 2)]}).run(note)
    assert given == [(0.1, [3, 2]), (0.25, [3, 2])]
    assert {type(rate) for rate, _ in given} == {float}


def test_a_search_finds_what_is_good_and_stays_in_its_space() -> None:
    results = Sweep(search=Search(trying.SPACE, trials=40), metric="loss", options={"shift": 0.5}, seeds=1).run(
        trying.bowl
    )
    assert len(results.trials) == 40
    assert len({json.dumps(trial.options) for trial in results.trials}) == 40
    for trial in results.trials:
        assert all(trial.options[name] in values for name, values in trying.SPACE.items())
        assert isinstance(trial.options["width"], int)
    first = min(trial.metrics["loss"] for trial in results.trials[:10])
    assert results.best().metrics["loss"].mean < first
    rates = [trial.options["rate"] for trial in results.trials[:10]]
    assert min(rates) < 3e-3  # drawn evenly in the logarithm


def test_a_search_can_be_for_the_largest() -> None:
    sweep = Sweep(search=Search({"x": Range(0.0, 1.0)}, trials=25), metric="gain", direction="maximize")
    results = sweep.run(lambda *, seed, x: {"gain": -((x - 0.7) ** 2)})
    assert abs(results.best().options["x"] - 0.7) < 0.1


def test_a_search_depends_on_its_seed_alone() -> None:
    def points(seed: int) -> list[Any]:
        sweep = Sweep(search=Search(trying.SPACE, trials=12, seed=seed), metric="loss", options={"shift": 0.0})
        return [trial.options for trial in sweep.run(trying.bowl).trials]

    assert points(0) == points(0) != points(1)


def test_a_search_tries_nothing_twice_and_ends_when_all_is_tried() -> None:
    sweep = Sweep(search=Search({"x": [[1], [2]], "y": Range(1, 3)}, trials=50), metric="loss")
    results = sweep.run(lambda *, seed, x, y: {"loss": float(x[0] * y)})
    assert sorted((t.options["x"][0], t.options["y"]) for t in results.trials) == list(
        itertools.product([1, 2], [1, 2, 3])
    )


def test_a_search_goes_by_the_mean_over_the_seeds() -> None:
    """With seeds whose noise cancels in the mean alone, the best is found all the same."""
    sweep = Sweep(search=Search({"x": Range(0.0, 1.0)}, trials=20), metric="loss", seeds=2)
    results = sweep.run(lambda *, seed, x: {"loss": (x - 0.4) ** 2 + (100 * x if seed else -100 * x)})
    assert abs(results.best().options["x"] - 0.4) < 0.15


# -- what fails


def test_a_trial_that_fails_is_noted_in_one_line_and_the_sweep_goes_on() -> None:
    results = Sweep(grid={"x": [0.0, 1.0, 3.0]}).run(trying.picky)
    assert [trial.status for trial in results.trials] == ["done", "failed", "done"]
    line = trying.picky.__code__.co_firstlineno + 3
    assert results.trials[1].error == f"ValueError: one is not possible (trying.py:{line})"
    assert [trial.options["x"] for trial in results.failed] == [1.0]


def test_an_error_worded_for_users_is_noted_as_it_is() -> None:
    def refuse(*, seed: int) -> dict[str, float]:
        raise InputError("epochs must be at least 1, not 0")

    assert Sweep(grid={}).run(refuse).trials[0].error == "epochs must be at least 1, not 0"


@pytest.mark.parametrize("returned", [None, 3.0, {"loss": "low"}])
def test_a_trial_that_returns_no_numbers_has_failed(returned: Any) -> None:
    results = Sweep(grid={}).run(lambda *, seed: returned)
    assert [trial.status for trial in results.trials] == ["failed"]


def test_a_search_goes_on_past_failures_and_what_is_no_number() -> None:
    results = Sweep(search=Search({"x": [0, 1, 2, 3]}, trials=4), metric="loss").run(trying.picky)
    assert sorted(trial.options["x"] for trial in results.trials) == [0, 1, 2, 3]
    assert results.best().options == {"x": 0}


def test_an_unknown_metric_ends_the_sweep_at_the_first_trial_with_the_nearest() -> None:
    made: list[int] = []
    with pytest.raises(InputError, match="unknown metric 'los'; did you mean 'loss'"):
        Sweep(grid={"x": [1, 2, 3]}, metric="los").run(lambda *, seed, x: (made.append(x), {"loss": x})[1])
    assert made == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either a grid or a search"),
        ({"grid": {}, "search": Search({"x": [1]}), "metric": "loss"}, "either a grid or a search"),
        ({"search": Search({"x": [1]})}, "give metric="),
        ({"grid": {"x": "relu"}}, "x: 'relu' is no list"),
        ({"grid": {"x": 3}}, "x: 3 is no list"),
        ({"grid": {"x": []}}, "x has no value"),
        ({"grid": {"x": [1, 2, 1]}}, "x has the value 1 twice"),
        ({"grid": {"x": [print]}}, "is no plain value"),
        ({"grid": {"x": [math.nan]}}, "is no plain value"),
        ({"grid": {"x": [1]}, "options": {"x": 2}}, "x cannot be both fixed and varied"),
        ({"grid": {"seed": [1]}}, "say by seeds="),
        ({"grid": {}, "seeds": 0}, "seeds=0 is neither"),
        ({"grid": {}, "seeds": [1, 1]}, "different ones"),
        ({"grid": {}, "seeds": [-1]}, "from 0 up"),
        ({"grid": {}, "seeds": "3"}, "seeds='3' is neither"),
        ({"grid": {}, "direction": "minimise"}, "did you mean 'minimize'"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Sweep(**arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Range(2, 1), "from 2 to 1 is empty"),
        (lambda: Range(0.0, 1.0, log=True), "cannot start at 0.0"),
        (lambda: Range("1", 2), "'1' of a range is no number"),
        (lambda: Range(1, math.inf), "inf of a range is no number"),
        (lambda: Search({}), "needs a space"),
        (lambda: Search({"x": [1]}, trials=0), "trials=0"),
        (lambda: Search({"x": [1]}, seed=-1), "seed=-1"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_without_optuna_a_search_says_what_to_install_and_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install 'latente\[sweep\]'"):
        trying.SEARCH.run(trying.bowl, out=tmp_path / "study")
    assert not list(tmp_path.iterdir())


# -- what is kept


def test_a_second_run_takes_everything_from_the_folder(tmp_path: Path) -> None:
    first = Sweep(grid={}, seeds=3).run(functools.partial(trying.surroundings), out=tmp_path / "study")
    os.rename(tmp_path / "study", tmp_path / "elsewhere")
    again = Sweep(grid={}, seeds=3).run(trying.surroundings, out=tmp_path / "elsewhere")
    assert found(first) == found(again)
    assert len(without_times(tmp_path / "elsewhere")) == 3


@pytest.mark.parametrize("kind", ["grid", "search"])
@pytest.mark.parametrize("how", ["kill", "half"])
def test_killed_again_and_again_a_sweep_ends_as_one_that_never_was(kind: str, how: str, tmp_path: Path) -> None:
    trying.SWEEPS[kind].run(trying.bowl, out=tmp_path / "whole")
    for count in (3, 4):
        assert run_elsewhere(tmp_path / "parts", kind, 1, count, how).returncode == -signal.SIGKILL
    assert len(without_times(tmp_path / "parts")) == 7 if how == "kill" else True
    parts = trying.SWEEPS[kind].run(trying.bowl, out=tmp_path / "parts")
    assert without_times(tmp_path / "parts") == without_times(tmp_path / "whole")
    assert found(parts) == found(trying.SWEEPS[kind].run(trying.bowl))


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_sweep_says_how_to_go_on_and_leaves_no_process(how: str, jobs: int, tmp_path: Path) -> None:
    stopped = run_elsewhere(tmp_path / "study", "grid", jobs, 3, how)
    assert (stopped.returncode, stopped.stderr) == (130, "")
    assert stopped.stdout == f"the sweep was stopped; run it again to go on in {tmp_path / 'study'}\n"
    assert 3 <= len(without_times(tmp_path / "study")) < 12
    results = trying.GRID.run(trying.bowl, out=tmp_path / "study")
    assert found(results) == found(trying.GRID.run(trying.bowl))


def test_a_folder_with_another_sweep_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    Sweep(grid={"x": [1.0]}).run(trying.picky, out=tmp_path / "study")
    before = (tmp_path / "study" / "sweep.json").read_bytes()
    with pytest.raises(InputError, match=r"another sweep \(it differs in seeds, grid\).*force"):
        Sweep(grid={"x": [1.0, 2.0]}, seeds=2).run(trying.picky, out=tmp_path / "study")
    with pytest.raises(InputError, match=r"differs in trial"):
        Sweep(grid={"x": [1.0]}).run(trying.deadly, out=tmp_path / "study")
    assert (tmp_path / "study" / "sweep.json").read_bytes() == before


def test_a_grid_may_be_judged_by_another_metric_later(tmp_path: Path) -> None:
    trying.GRID.run(trying.bowl, out=tmp_path / "study")
    other = Sweep(grid=trying.GRID.grid, options=trying.GRID.options, seeds=2, metric="accuracy", direction="maximize")
    assert other.count_finished(trying.bowl, tmp_path / "study") == 12
    assert other.run(trying.bowl, out=tmp_path / "study").best().options["name"] == "b"


def test_force_keeps_what_fits_and_tries_again_what_failed(tmp_path: Path) -> None:
    study = tmp_path / "study"
    Sweep(grid={"x": [0.0, 1.0, 2.0]}).run(trying.picky, out=study)
    wider = Sweep(grid={"x": [3.0, 1.0, 0.0]})
    assert wider.count_finished(trying.picky, study, force=True) == 1
    tried: list[float] = []
    results = wider.run(
        trying.picky, out=study, force=True, progress=lambda d, t, trial: tried.append(trial.options["x"])
    )
    assert tried == [3.0, 1.0]
    assert [trial.options["x"] for trial in results.trials] == [3.0, 1.0, 0.0]
    assert len(without_times(study)) == 5
    assert wider.count_finished(trying.picky, study) == 3


def test_a_longer_search_goes_on_from_a_shorter_one(tmp_path: Path) -> None:
    def search(trials: int, seeds: int = 1) -> Sweep:
        return Sweep(search=Search(trying.SPACE, trials), metric="loss", seeds=seeds, options={"shift": 0.5})

    search(6).run(trying.bowl, out=tmp_path / "study")
    longer = search(12).run(trying.bowl, out=tmp_path / "study", force=True)
    assert found(longer) == found(search(12).run(trying.bowl))
    assert len(without_times(tmp_path / "study")) == 12
    more_seeds = search(12, seeds=2).run(trying.bowl, out=tmp_path / "study", force=True)
    assert len(more_seeds.trials) == len(without_times(tmp_path / "study")) == 24


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    (tmp_path / "file").touch()
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / ".download.part").write_text("half of mine")
    for place in (tmp_path, tmp_path / "file", tmp_path / "others"):
        with pytest.raises(InputError, match="exists and holds no sweep"):
            trying.GRID.run(trying.bowl, out=place, force=True)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert sorted(names) == ["file", "others", "others/.download.part", "thesis.tex"]


def test_what_a_kill_in_the_first_moment_leaves_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "trials.jsonl").write_bytes(b'{"numb')
    (tmp_path / ".sweep.json.latente-0123456789ab.part").write_bytes(b"{")
    trying.GRID.run(trying.bowl, out=tmp_path)
    assert len(without_times(tmp_path)) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep.json", "trials.jsonl"]


DEEP, EMPTY = "[" * 10**5, '{"number": 1, "options": 3, "seed": 0}'
HUGE = '{"number": 1e999, "options": {}, "seed": 0, "metrics": {}, "seconds": 1, "error": null}'


@pytest.mark.parametrize("line", ["nonsense", "[]", DEEP, HUGE, EMPTY, '{"number": 1}'])
def test_a_damaged_line_is_named(line: str, tmp_path: Path) -> None:
    trying.GRID.run(trying.bowl, out=tmp_path)
    lines = (tmp_path / "trials.jsonl").read_text().splitlines()
    (tmp_path / "trials.jsonl").write_text("\n".join([*lines[:3], line, *lines[3:]]) + "\n")
    with pytest.raises(InputError, match=r"line 4 of .*trials.jsonl is no finished trial"):
        trying.GRID.run(trying.bowl, out=tmp_path)


def test_a_folder_whose_files_are_links_to_elsewhere_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("half a line")
    trying.GRID.run(trying.bowl, out=tmp_path / "sweep")
    (tmp_path / "sweep" / "trials.jsonl").unlink()
    (tmp_path / "sweep" / "trials.jsonl").symlink_to(mine)
    with pytest.raises(InputError, match=r"trials.jsonl is a link to somewhere else"):
        trying.GRID.run(trying.bowl, out=tmp_path / "sweep", force=True)
    assert mine.read_text() == "half a line"


@pytest.mark.parametrize("content", ["", "[]", "[" * 10**5, '{"trial": '])
def test_a_damaged_plan_is_named(content: str, tmp_path: Path) -> None:
    trying.GRID.run(trying.bowl, out=tmp_path)
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(InputError, match=r"sweep.json cannot be read: "):
        trying.GRID.run(trying.bowl, out=tmp_path)


def test_two_sweeps_cannot_run_in_one_folder(tmp_path: Path) -> None:
    def nested(*, seed: int) -> dict[str, float]:
        with pytest.raises(InputError, match=rf"{tmp_path} is being written by process {os.getpid()} on .* since 20"):
            sweep.run(nested, out=tmp_path)
        return {"loss": 0.0}

    sweep = Sweep(grid={})
    assert sweep.run(nested, out=tmp_path).trials[0].error is None


def test_a_metric_that_is_no_number_comes_back_from_the_folder_as_such(tmp_path: Path) -> None:
    for _ in range(2):
        [trial] = Sweep(grid={"x": [2.0]}).run(trying.picky, out=tmp_path).trials
        assert math.isnan(trial.metrics["loss"])
    assert '"loss": null' in (tmp_path / "trials.jsonl").read_text()
