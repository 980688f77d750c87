"""What the page of a run is told: every line of the log once, also where the log is cut and written again."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from latente.errors import InputError
from latente.training import Run, TrainingOptions, train
from latente.watching import news
from latente.watching.news import log_of, read_after, state_of
from toys import UNIT, Linear, table


def line(step: int, time: float = 0.0) -> str:
    return json.dumps({"part": "train", "epoch": 1, "step": step, "loss": 1 / step, "time": time}) + "\n"


def steps(portion: news.Portion) -> list[int]:
    return [entry["step"] for entry in portion.lines]


def test_a_growing_log_is_read_line_by_line_and_no_line_twice(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    portion = read_after(log)
    assert (portion.lines, portion.is_cut, portion.is_all) == ([], False, True)
    log.write_text(line(1) + line(2) + line(3)[:20])  # the third is being written
    portion = read_after(log, portion.mark)
    assert (steps(portion), portion.is_cut, portion.is_all) == ([1, 2], False, True)
    assert steps(read_after(log, portion.mark)) == []
    log.write_text(line(1) + line(2) + line(3) + line(4))
    portion = read_after(log, portion.mark)
    assert (steps(portion), portion.is_cut) == ([3, 4], False)


@pytest.mark.parametrize("again", [0, 1, 3, 30])
def test_a_log_that_was_cut_is_told_from_the_first_line_on_however_long_it_is_by_now(
    tmp_path: Path, again: int
) -> None:
    log = tmp_path / "metrics.jsonl"
    log.write_text("".join(line(step, 1.0) for step in range(1, 9)))
    mark = read_after(log).mark
    steps_again = range(6, 6 + again)  # the same figures as before, at another time
    log.write_text("".join(line(step, 1.0) for step in range(1, 6)) + "".join(line(step, 2.0) for step in steps_again))
    portion = read_after(log, mark)
    assert portion.is_cut
    assert steps(portion) == [*range(1, 6), *steps_again]
    assert steps(read_after(log, portion.mark)) == []
    log.unlink()
    assert read_after(log, mark) == news.Portion([], "", True, True)


def test_a_long_log_comes_in_portions_of_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "_LARGEST_PORTION", 500)
    log = tmp_path / "metrics.jsonl"
    log.write_text("".join(map(line, range(1, 101))))
    read, mark = [], ""
    for _ in range(100):
        portion = read_after(log, mark)
        read += steps(portion)
        mark = portion.mark
        if portion.is_all:
            break
    assert read == list(range(1, 101))
    log.write_text("x" * 2000)  # which will never be a line
    assert read_after(log).is_all


def test_what_is_no_line_is_left_out_and_what_is_no_mark_is_none(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    log.write_text(line(1) + "nothing\n" + '{"step": 1e999}\n' + line(2))
    assert steps(read_after(log)) == [1, 2]
    noise = random.Random(0)
    marks = ["-", "1-", "x", "9" * 15 + "-0", "3-0", "-1-0", "0-1", "\u0663-0"]
    for mark in marks + ["".join(noise.choices("0123456789abcdef-", k=8)) for _ in range(50)]:
        assert steps(read_after(log, mark)) == [1, 2]


def test_the_logs_of_a_training_are_its_own_and_those_of_its_layers(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert log_of(run, "training") == tmp_path / "metrics.jsonl"
    assert log_of(run, "pretraining/layer-2") == tmp_path / "pretraining" / "layer-2" / "metrics.jsonl"
    for stage in ("", "..", "pretraining", "pretraining/layer-1/..", "pretraining/layer-x", "/etc", "training/"):
        with pytest.raises(InputError, match="no stage"):
            log_of(run, stage)


def test_the_state_is_that_of_the_run_before_while_and_after_it_trains(tmp_path: Path) -> None:
    run = Run(tmp_path / "a run")
    state = state_of(run)
    assert (state["state"], state["model"], state["pictures"], state["report"]) == (None, None, [], False)
    data = {"name": "toys", "train_count": 64}
    Run.create(run.path, {"model": "vae", "options": {"epochs": 2}, "data": data, "parameters": 7, "device": "cpu"})
    (run.samples / "step-000000004.png").touch()
    (run.samples / "step-000000012.png").touch()
    (run.samples / "step-4.png.part").touch()
    states = []

    class Looker:
        def __getattr__(self, name: str):
            return lambda *arguments: states.append(state_of(run))

    options = TrainingOptions(epochs=2, batch_size=16, device="cpu")
    train(Linear(), table(64), UNIT, options, run=run, listeners=[Looker()])
    assert states.pop(0)["state"] is None
    assert {(state["state"], state["trains_here"]) for state in states} == {("running", True)}
    state = state_of(run)
    assert (state["state"], state["error"], state["epochs"], state["images"]) == ("finished", None, 2, 64)
    assert (state["model"], state["set"], state["parameters"]) == ("variational autoencoder", "toys", 7)
    assert state["stages"] == [{"name": "training", "title": "", "step": 8, "steps": 8, "seconds_left": None}]
    assert state["pictures"] == [4, 12]
    assert state["resume"] == f"latente resume '{run.path}'"
    status = json.loads(run.status_file.read_text())
    run.status_file.write_text(json.dumps(status | {"pid": os.getpid() + 1, "state": "failed", "error": "the disk"}))
    state = state_of(run)
    assert (state["state"], state["error"], state["trains_here"]) == ("failed", "the disk", False)
    run.status_file.unlink()
    assert state_of(run)["state"] == "unknown"


def test_layers_that_are_trained_one_by_one_are_stages_with_names_of_their_own(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {"model": "stacked", "options": {"epochs": 1}})
    options = TrainingOptions(epochs=1, batch_size=16, device="cpu")

    def stages() -> list[tuple[str, str, int]]:
        return [(stage["name"], stage["title"], stage["step"]) for stage in state_of(run)["stages"]]

    for number in range(1, 11):
        layer = Run.create(run.path / f"pretraining/layer-{number}", {"model": "layer", "options": {}})
        train(Linear(), table(32), UNIT, options, run=layer)
    assert stages()[0] == ("pretraining/layer-1", "Pre-training, layer 1", 2)
    assert stages()[-1] == ("pretraining/layer-10", "Pre-training, layer 10", 2)
    train(Linear(), table(64), UNIT, options, run=run)
    assert stages()[-1] == ("training", "Fine-tuning", 4)
    assert len(stages()) == 11
