"""Several processes: the same results, a fair share of the threads, and no harm from one that dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import trying
from latente.errors import InputError, TrainingError
from latente.sweeps import Results, Sweep, threads_for


def by_options(results: Results) -> list[tuple[object, ...]]:
    return [(trial.number, trial.options, trial.seed, trial.metrics) for trial in results.trials]


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS")


def test_a_grid_in_two_processes_gives_what_one_gives(tmp_path: Path) -> None:
    shown: list[tuple[int, int]] = []
    spread = trying.GRID.run(
        trying.bowl, out=tmp_path, jobs=2, progress=lambda done, total, _: shown.append((done, total))
    )
    assert by_options(spread) == by_options(trying.GRID.run(trying.bowl))
    assert shown == [(done, 12) for done in range(1, 13)]


def test_a_search_in_two_processes_makes_all_its_trials(tmp_path: Path) -> None:
    results = trying.SEARCH.run(trying.bowl, out=tmp_path, jobs=2)
    assert [(trial.number, trial.seed) for trial in results.trials] == [(n, s) for n in range(14) for s in (0, 1)]
    assert by_options(trying.SEARCH.run(trying.refusing, out=tmp_path, force=True)) == by_options(results)


@pytest.mark.usefixtures("eight_cores")
def test_the_cores_are_divided_fairly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [threads_for(jobs) for jobs in (1, 2, 3, 8, 20)] == [8, 4, 2, 1, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert [threads_for(jobs) for jobs in (1, 2, 3, 8)] == [3, 3, 2, 1]


@pytest.mark.usefixtures("eight_cores")
def test_each_process_has_its_share_of_threads_before_it_imports_anything() -> None:
    results = Sweep(grid={}, seeds=2).run(trying.surroundings, jobs=2)
    assert [trial.metrics for trial in results.trials] == [{"threads": 4.0, "torch": 0.0}] * 2
    assert "OMP_NUM_THREADS" not in os.environ


def test_a_trial_that_takes_its_process_with_it_has_failed_and_the_others_go_on() -> None:
    results = Sweep(grid={"x": [0.0, 1.0, 2.0, 3.0]}).run(trying.deadly, jobs=2)
    assert [trial.error for trial in results.trials] == [
        None,
        f"its process ended by {signal.SIGKILL.name}, perhaps for want of memory",
        None,
        None,
    ]
    assert all(trial.metrics["process"] != os.getpid() for trial in results.done)


def test_a_trial_that_raises_in_another_process_is_noted_in_one_line() -> None:
    results = Sweep(grid={"x": [0.0, 1.0]}).run(trying.picky, jobs=2)
    assert str(results.trials[1].error).startswith("ValueError: one is not possible (trying.py:")


def test_what_cannot_be_sent_to_another_process_is_refused_before_any_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="jobs=2: the trial cannot be sent to other processes"):
        Sweep(grid={}, seeds=2).run(lambda *, seed: {}, jobs=2)


def test_a_process_that_cannot_start_ends_the_sweep_with_the_reason(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match="ended with exit code 3 before it had started"):
        Sweep(grid={}, seeds=2).run(trying.Broken(), jobs=2)


@pytest.mark.parametrize("jobs", [0, 1.5, True])
def test_jobs_is_a_whole_number_above_zero(jobs: int) -> None:
    with pytest.raises(InputError, match="is not a whole number above zero"):
        Sweep(grid={}).run(trying.surroundings, jobs=jobs)
