"""A budget in minutes becomes a number of steps, once, and training goes by that number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import ModelError
from latente.training import Run, TrainingOptions, budget, isolated_rng, train
from toys import UNIT, Linear, difference, table

STEPS = 15  # 6 an epoch: two epochs and a half


class Clock:
    """Stands for the module `time`: only who takes steps lets it go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(("duration", "budget_seconds"), [(0.25, 3600.0), (0.001, 60.0), (30.0, 60.0)])
def test_the_time_of_a_step_is_found_without_the_first_ones(
    duration: float, budget_seconds: float, monkeypatch: pytest.MonkeyPatch
):
    clock, taken = Clock(), 0
    monkeypatch.setattr(budget, "time", clock)

    def take(count: int) -> None:
        nonlocal taken
        for _ in range(count):
            clock.now += duration if taken >= 2 else 100 * duration
            taken += 1

    found = budget.seconds_per_step(budget_seconds, take, lambda: None, lambda seconds: seconds)
    assert found == pytest.approx(duration)
    limit = min(5.0, 0.02 * budget_seconds)
    assert (taken - 2) * duration <= max(duration, 2 * limit + 64 * duration)


def test_steps_fill_the_time_less_a_tenth_and_validations():
    assert budget.steps_that_fit(100.0, per_step=0.5, per_epoch=0.0, steps_per_epoch=7) == 180
    assert budget.steps_that_fit(100.0, per_step=0.5, per_epoch=5.0, steps_per_epoch=10) == 90
    assert budget.steps_that_fit(-3.0, per_step=0.5, per_epoch=0.0, steps_per_epoch=7) == 1


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def started(self, state, steps_per_epoch, steps) -> None:
        self.steps_per_epoch, self.steps = steps_per_epoch, steps

    def logged(self, line) -> None:
        self.lines.append(line)

    def stepped(self, state) -> None: ...
    def epoch_ended(self, state, is_best) -> None: ...
    def stopped(self) -> None: ...


def go(run: Run | None, **arguments: Any):
    with isolated_rng(0):
        objective = Linear(noise=0.1, dropout=0.2)
    options = TrainingOptions(minutes=0.001, batch_size=16, device="cpu", schedule="cosine", ema=0.9, log_every=4)
    held_out = (table(8, seed=1), np.arange(8))
    return train(objective, table(), UNIT, options, run=run, validation=held_out, **arguments)


def test_the_number_of_steps_is_told_and_kept_and_training_goes_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budget, "steps_that_fit", lambda *_: STEPS)
    run, listener = Run.create(tmp_path / "run", {"options": {"minutes": 0.001}}), Listener()
    state = go(run, listeners=[listener])
    assert run.options() == {"options": {"minutes": 0.001}, "steps": STEPS}
    assert (listener.steps_per_epoch, listener.steps) == (6, STEPS)
    assert listener.lines[0] == {"part": "budget", "minutes": 0.001, "steps": STEPS}
    assert state.history == run.lines() == listener.lines[1:]
    places = [(line["part"], line["epoch"], line["step"]) for line in state.history]
    assert places[-2:] == [("train", 3, 15), ("validation", 3, 15)]
    assert run.checkpoint()["counters"]["step"] == STEPS
    rates = [line["learning_rate"] for line in state.history if line["part"] == "train"]
    assert rates[-1] == pytest.approx(1e-3 * 0.5 * (1 + np.cos(np.pi * 13 / 14)))  # after one step of warm-up


def test_timing_the_first_steps_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budget, "steps_that_fit", lambda *_: STEPS)
    timed = go(Run.create(tmp_path / "timed", {"options": {}}))
    monkeypatch.setattr(budget, "seconds_per_step", None)  # would fail where it is asked
    kept = go(Run.create(tmp_path / "kept", {"options": {}, "steps": STEPS}))
    trees = [{**Run(tmp_path / name).checkpoint(), "metrics_size": 0} for name in ("timed", "kept")]
    assert difference(*trees) is None
    assert difference(timed.best_weights, kept.best_weights) is None


@pytest.mark.parametrize("steps", ["9", 0, 1.5, None, True])
def test_a_number_of_steps_that_is_none_is_refused_with_its_file(steps: object, tmp_path: Path):
    with pytest.raises(ModelError, match=r"options.json holds steps=.*, which is no number of steps"):
        go(Run.create(tmp_path / "run", {"options": {}, "steps": steps}))
