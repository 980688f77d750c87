"""Checkpoints: whole or not at all, checked before use, and bit for bit what was saved."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from latente.errors import InputError, Interrupted, ModelError, TrainingError
from latente.images import Images
from latente.objectives import Objective
from latente.training import Run, TrainingOptions, isolated_rng, train
from latente.training.records import Records
from toys import UNIT, Linear, Pixels, TwoPlayers, difference, mixture, table, without_timings


def options(**changed: object) -> TrainingOptions:
    return TrainingOptions(**{"epochs": 3, "batch_size": 16, "device": "cpu", "log_every": 4, **changed})


FAMILIES = {
    "adam with dropout, noise and an average": (
        lambda: Linear(noise=0.1, dropout=0.2),
        table(100),
        {"ema": 0.9, "schedule": "cosine", "warmup": 3},
    ),
    "two players": (TwoPlayers, mixture(100), {}),
    "L-BFGS": (lambda: Pixels((5,)), table(100), {"optimizer": "lbfgs", "learning_rate": 0.1}),
    "momentum": (lambda: Linear(dropout=0.5), table(100), {"optimizer": "sgd", "accumulate": 2}),
}


class StopAt:
    """Asks for a stop, as Ctrl-C does, while the objective takes some step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def watch(self, objective: Objective) -> None:
        def schedule(step: int, steps: int) -> None:
            if step + 1 == self.step:
                os.kill(os.getpid(), signal.SIGINT)

        objective.schedule = schedule


def go(path: Path, family: str, stop: StopAt | None = None):
    build, images, changed = FAMILIES[family]
    with isolated_rng(0):
        objective = build()
    if stop is not None:
        stop.watch(objective)
    run = Run(path) if path.exists() else Run.create(path, {"options": {}})
    held_out = np.arange(0, 100, 10)
    rows = np.setdiff1d(np.arange(100), held_out)
    validation = images, held_out
    return train(objective, images, UNIT, options(**changed), seed=3, rows=rows, validation=validation, run=run)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("step", [1, 6, 11, 17])  # 6 steps an epoch: within, and at the end of, epochs
def test_stopped_and_resumed_is_bit_for_bit_the_same_as_never_stopped(tmp_path: Path, family: str, step: int):
    go(tmp_path / "whole", family)
    with pytest.raises(Interrupted, match=f"step {step}; go on with: latente resume"):
        go(tmp_path / "parts", family, StopAt(step))
    state = go(tmp_path / "parts", family)
    whole, parts = (Run(tmp_path / name) for name in ("whole", "parts"))
    assert without_timings(parts.lines()) == without_timings(whole.lines())
    assert state.history == parts.lines()
    trees = [{**run.checkpoint(), "metrics_size": 0} for run in (whole, parts)]
    assert difference(*trees) is None


def test_checkpoints_within_an_epoch_come_by_steps_or_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    saved: list[int] = []
    monkeypatch.setattr(Run, "save_checkpoint", lambda run, tree, is_best: saved.append(tree["counters"]["step"]))
    for every, expected in ((4, [4, 6, 8, 12, 12]), ("10min", [3, 6, 12]), (None, [6, 12])):
        saved.clear()
        seconds = iter([100.0, 599.0, 601.0, *[1.0] * 9])
        monkeypatch.setattr(Records, "seconds_since_checkpoint", lambda _, seconds=seconds: next(seconds))
        run = Run.create(tmp_path / str(every), {"options": {}})
        train(Linear(), table(), UNIT, options(epochs=2, checkpoint_every=every), run=run)
        assert saved == expected


def test_a_run_that_ended_can_be_extended(tmp_path: Path):
    build, images, _ = FAMILIES["two players"]
    states = []
    for epochs in (2, 4):
        with isolated_rng(0):
            objective = build()
        run = Run(tmp_path / "run") if epochs == 4 else Run.create(tmp_path / "run", {"options": {}})
        states.append(train(objective, images, UNIT, options(epochs=epochs), run=run))
    assert (states[1].epoch, states[1].step) == (4, 2 * states[0].step)
    assert [line["epoch"] for line in Run(tmp_path / "run").lines()][-1] == 4


def test_a_damaged_checkpoint_gives_way_to_the_one_before_it_with_a_warning(tmp_path: Path):
    go(tmp_path / "run", "two players")
    run = Run(tmp_path / "run")
    complete = run.checkpoint()
    (run.checkpoints / "last.safetensors").write_bytes(b"half")
    with pytest.warns(UserWarning, match=r"last.safetensors is damaged.*going on from the checkpoint before it"):
        before = run.checkpoint()
    assert before["counters"]["epoch"] == complete["counters"]["epoch"] - 1
    with pytest.warns(UserWarning, match="damaged"):
        go(tmp_path / "run", "two players")
    assert difference(run.checkpoint()["objective"], complete["objective"]) is None
    for path in run.checkpoints.glob("last*"):
        path.write_bytes(b"half")
    with pytest.raises(ModelError, match="no checkpoint can be used"):
        run.checkpoint()


def test_a_lost_best_checkpoint_is_told_and_does_not_end_the_run(tmp_path: Path):
    with pytest.raises(Interrupted):
        go(tmp_path / "run", "momentum", StopAt(14))
    run = Run(tmp_path / "run")
    (run.checkpoints / "best.safetensors").write_bytes(b"half")
    with pytest.warns(UserWarning, match="the best epoch is chosen among those to come"):
        state = go(tmp_path / "run", "momentum")
    assert state.best_epoch == 3


def test_a_checkpoint_of_another_objective_is_refused(tmp_path: Path):
    go(tmp_path / "run", "two players")
    with isolated_rng(0), pytest.raises(ModelError, match="does not fit"):
        train(TwoPlayers(width=8), mixture(100), UNIT, options(), run=Run(tmp_path / "run"))


def test_resuming_with_other_threads_says_that_it_is_not_exact(tmp_path: Path):
    go(tmp_path / "run", "two players")
    build, images, _ = FAMILIES["two players"]
    with pytest.warns(UserWarning, match="resumed with 2 threads instead of 1"):
        train(build(), images, UNIT, options(threads=2, epochs=4), run=Run(tmp_path / "run"))


def test_no_line_and_no_checkpoint_follow_a_loss_that_is_not_finite(tmp_path: Path):
    class Poisoned(Linear):
        def forward(self, turn, batch, generator):
            loss, terms = super().forward(turn, batch, generator)
            self.step = getattr(self, "step", 0) + 1
            return (loss * math.inf if self.step == 9 else loss), terms

    run = Run.create(tmp_path / "run", {"options": {}})
    with pytest.raises(TrainingError, match=r"at step 9: .* the last good checkpoint is .*last.safetensors"):
        train(Poisoned(), table(), UNIT, options(checkpoint_every=1), run=run)
    assert run.checkpoint()["counters"]["step"] == 8
    assert all(math.isfinite(line["loss"]) for line in run.lines())


def test_a_run_folder_is_never_written_over(tmp_path: Path):
    Run.create(tmp_path / "run", {"options": {}})
    with pytest.raises(InputError, match="latente resume"):
        Run.create(tmp_path / "run", {})
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="choose another"):
        Run.create(tmp_path / "file", {})
    with pytest.raises(InputError, match="no run folder"):
        Run.open(tmp_path)


def test_an_unfinished_last_line_of_the_log_is_left_out(tmp_path: Path):
    run = Run.create(tmp_path / "run", {"options": {}})
    run.log({"step": 1})
    with open(run.metrics_file, "a") as file:
        file.write(json.dumps({"step": 2})[:5])
    assert run.lines() == [{"step": 1}]


def test_no_pickle_is_ever_written(tmp_path: Path):
    go(tmp_path / "run", "L-BFGS")
    kinds = {path.suffix for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors"}


def test_images_larger_than_memory_are_read_row_by_row(tmp_path: Path):
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).random((64, 5), dtype=np.float32))
    mapped, held = (Images(np.load(path, mmap_mode=mode)) for mode in ("r", None))
    objectives = []
    for images in (mapped, held):
        with isolated_rng(0):
            objectives.append(Linear())
        train(objectives[-1], images, UNIT, options())
    assert difference(*(dict(o.state_dict()) for o in objectives)) is None
