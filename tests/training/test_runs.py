"""A run folder loses nothing: one writer, a log that is cut and never filled, and a status that tells how it stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from latente.errors import InputError, Interrupted, ModelError, TrainingError
from latente.files import load_tensors, save_tensors
from latente.training import Run, TrainingOptions, isolated_rng, runs, status, train
from latente.training.status import Status
from toys import UNIT, Linear, difference, table, without_timings


def go(run: Run, epochs: int = 3, kind: type = Linear, **more: Any):
    with isolated_rng(0):
        objective = kind()
    options = TrainingOptions(epochs=epochs, batch_size=16, device="cpu", log_every=4)
    return train(objective, table(), UNIT, options, run=run, validation=(table(16, seed=1), range(16)), **more)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", {"options": {}})
    go(run, epochs=2)
    return Run(run.path)


# -- checkpoints


@pytest.mark.parametrize(
    ("gone", "told"),
    [(["last"], "the checkpoint before it"), (["last", "last-previous"], "the checkpoint of the best epoch")],
)
def test_where_the_last_checkpoint_was_removed_another_is_gone_on_from_and_that_is_told(
    run: Run, gone: list[str], told: str, tmp_path: Path
):
    for name in gone:
        (run.checkpoints / f"{name}.safetensors").unlink()
    with pytest.warns(UserWarning, match=rf"last.safetensors does not exist; going on from {told}"):
        go(run)
    whole = Run.create(tmp_path / "whole", {"options": {}})
    go(whole)
    assert without_timings(run.lines(), "steps") == without_timings(whole.lines(), "steps")
    assert difference(run.checkpoint()["objective"], whole.checkpoint()["objective"]) is None


def test_a_trained_model_without_any_checkpoint_is_not_trained_anew(run: Run):
    run.model.mkdir()
    (run.model / "model.json").write_text("{}")
    for path in run.checkpoints.iterdir():
        path.unlink()
    log = run.metrics_file.read_bytes()
    with pytest.raises(ModelError, match=r"holds a trained model, but none of its checkpoints is left.*--init"):
        go(run)
    assert run.metrics_file.read_bytes() == log
    (run.model / "model.json").unlink()
    with pytest.warns(UserWarning, match="has lost its checkpoints, and its model: training starts anew"):
        go(run)


def test_a_lost_best_checkpoint_does_not_let_a_worse_epoch_take_the_model_s_place(run: Run):
    class Worsening(Linear):
        def evaluate(self, batch, generator):
            return {"objective": super().evaluate(batch, generator)["objective"] + 9}

    (run.checkpoints / "best.safetensors").unlink()
    tree = load_tensors(run.checkpoints / "last.safetensors")
    save_tensors(run.checkpoints / "last.safetensors", tree | {"counters": tree["counters"] | {"best_epoch": 1}})
    run.model.mkdir()
    (run.model / "model.json").write_text("{}")
    with pytest.warns(UserWarning, match="keeps the best epoch's model until a better one comes"):
        state = go(run, kind=Worsening)
    assert (state.epoch, state.best_epoch, state.best_weights) == (3, 1, None)


@pytest.mark.parametrize("name", ["metrics_size", "steps", "threads"])
def test_a_count_in_a_checkpoint_that_cannot_be_is_refused(run: Run, name: str):
    tree = load_tensors(run.checkpoints / "last.safetensors")
    for value in (-1, "9", None, 1.5):
        save_tensors(run.checkpoints / "last.safetensors", tree | {name: value})
        with pytest.raises(ModelError, match=f"holds no {name} that can be"):
            go(run)


# -- the log


def test_the_log_is_on_the_disk_before_the_checkpoint_that_counts_on_it(run: Run, monkeypatch: pytest.MonkeyPatch):
    synced: list[bool] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.path.samestat(os.fstat(handle), run.metrics_file.stat()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    go(run, epochs=3)
    assert synced == [True, False, False], "the log, the checkpoint, and the folder of that"


@pytest.mark.parametrize("size", [None, 10**13])
def test_a_log_shorter_than_its_checkpoint_remembers_is_cut_to_its_last_sound_line(run: Run, size: int | None):
    whole, content = run.lines(), run.metrics_file.read_bytes()
    if size is None:
        run.metrics_file.write_bytes(content[:-7])
    else:
        tree = load_tensors(run.checkpoints / "last.safetensors")
        save_tensors(run.checkpoints / "last.safetensors", tree | {"metrics_size": size})
    with pytest.warns(UserWarning, match=r"metrics.jsonl has lost lines that the checkpoint remembers"):
        state = go(run)
    assert run.metrics_size() < 2 * len(content)
    kept = whole[:-1] if size is None else whole
    assert run.lines()[: len(kept)] == kept
    assert state.history == run.lines()
    assert {line["epoch"] for line in run.lines()[len(kept) :]} == {3}


@pytest.mark.parametrize("odd", [b"\0" * 50 + b"\n", b"[1]\n", b"\xff\n", b"{\n", b"[" * 100_000 + b"\n", b"7\n"])
def test_odd_lines_leave_the_log_and_the_others_stay(run: Run, odd: bytes):
    lines = run.metrics_file.read_bytes().splitlines(keepends=True)
    run.metrics_file.write_bytes(b"".join([lines[0], odd, *lines[1:]]))
    with pytest.warns(UserWarning, match=r"metrics.jsonl: 1 line could not be read"):
        assert len(run.lines()) == len(lines)
    tree = load_tensors(run.checkpoints / "last.safetensors")
    save_tensors(run.checkpoints / "last.safetensors", tree | {"metrics_size": run.metrics_size()})
    with pytest.warns(UserWarning, match="its sound lines stay"):
        go(run)
    assert run.metrics_file.read_bytes().startswith(b"".join(lines))
    assert len(run.lines()) == 3 * len(lines) // 2


# -- one writer


def test_a_second_training_in_a_run_is_refused_and_the_first_one_goes_on(run: Run):
    refused: list[str] = []

    class Watched(Linear):
        def schedule(self, step: int, steps: int) -> None:
            if step == 13:
                with pytest.raises(InputError) as caught:
                    go(Run(run.path), epochs=9)
                refused.append(str(caught.value))

    state = go(run, kind=Watched)
    (told,) = refused
    assert f"{run.path} is being written by process {os.getpid()} on " in told
    assert (state.epoch, len(run.lines())) == (3, 9)


def test_a_folder_that_another_process_is_making_into_a_run_is_not_taken(tmp_path: Path):
    run = Run(tmp_path)
    with run.held(), pytest.raises(InputError, match="is being written by process"):
        Run.create(tmp_path, {"options": {}})
    assert list(tmp_path.iterdir()) == []


# -- its status


def test_status_tells_how_far_a_training_is_and_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Status, "SECONDS_BETWEEN", 0.0)
    met: list[dict[str, Any]] = []

    class Watched(Linear):
        def schedule(self, step: int, steps: int) -> None:
            met.append(Run(tmp_path / "run").status())
            if step == 7:
                os.kill(os.getpid(), signal.SIGINT)

    run = Run.create(tmp_path / "run", {"options": {}})
    assert run.status() is None
    with pytest.raises(Interrupted):
        go(run, kind=Watched)
    assert [status["step"] for status in met] == list(range(8))
    assert {(status["state"], status["steps"], status["pid"]) for status in met} == {("running", 18, os.getpid())}
    assert met[-1]["seconds_left"] >= 0
    ended = run.status()
    assert (ended["state"], ended["step"], ended["seconds_left"], ended["error"]) == ("interrupted", 8, None, None)
    go(run)
    assert (run.status()["state"], run.status()["step"]) == ("finished", 18)


def test_status_and_listeners_are_told_once_of_each_trouble_that_the_objective_sees(tmp_path: Path):
    class Troubled(Linear):
        def trouble(self, lines):
            return {1: "too slow", 2: "too slow", 3: "too fast"}.get(lines[-1]["epoch"])

    class Witness:
        def __init__(self) -> None:
            self.told: list[str] = []
            self.met: list[str | None] = []

        def logged(self, line: Mapping[str, Any]) -> None:
            if line["part"] == "trouble":
                self.told.append(line["trouble"])

        def epoch_ended(self, state: Any, is_best: bool) -> None:
            self.met.append(run.status()["trouble"])

        def started(self, *_: Any) -> None: ...
        def stepped(self, *_: Any) -> None: ...
        def stopped(self) -> None: ...

    run, witness = Run.create(tmp_path / "run", {"options": {}}), Witness()
    go(run, epochs=4, kind=Troubled, listeners=[witness])
    assert witness.told == ["too slow", "too fast"]
    assert witness.met[:4] == ["too slow", "too slow", "too fast", None]
    assert not any(line["part"] == "trouble" for line in run.lines())


def test_status_names_the_error_that_ended_a_training(tmp_path: Path):
    class Failing(Linear):
        def evaluate(self, batch, generator):
            raise ZeroDivisionError("no\nway")

    run = Run.create(tmp_path / "run", {"options": {}})
    with pytest.raises(ZeroDivisionError):
        go(run, kind=Failing)
    assert (run.status()["state"], run.status()["error"]) == ("failed", "ZeroDivisionError: no way")

    class Poisoned(Linear):
        def evaluate(self, batch, generator):
            return {"objective": super().evaluate(batch, generator)["objective"] * float("nan")}

    with pytest.raises(TrainingError) as caught:
        go(run, kind=Poisoned)
    assert run.status()["error"] == str(caught.value)


def test_who_was_killed_left_running_behind_and_is_read_as_interrupted(tmp_path: Path):
    program = (
        "import os, signal, sys\n"
        "from latente.training.runs import Run\n"
        "run = Run(sys.argv[1])\n"
        "with run.held():\n"
        "    run.tell(3, 10)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "running"
    assert Run(tmp_path).status()["state"] == "interrupted"
    for content in (b"{", b"[]", b"\xff"):
        (tmp_path / "status.json").write_bytes(content)
        assert Run(tmp_path).status() is None


def test_status_is_written_no_more_than_once_a_second_and_never_stands_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    now, written = 100.0, []
    monkeypatch.setattr(status, "time", SimpleNamespace(monotonic=lambda: now))

    def full(path: Path, values: dict[str, Any], *, synced: bool) -> None:
        assert not synced
        written.append((now, values["step"], values["seconds_left"]))
        raise OSError

    monkeypatch.setattr(status, "write_json", full)
    writer = Status(tmp_path / "status.json")
    for step in range(31):
        writer.at(step, 90)
        now += 0.125
    writer.end(None)
    left = [None, *(seconds * (90 - 8 * seconds) / (8 * seconds) for seconds in (1, 2, 3)), None]
    assert written == [
        (100.0 + seconds, step, None if rest is None else round(rest, 1))
        for seconds, step, rest in zip((0, 1, 2, 3, 3.875), (None, 8, 16, 24, 30), left, strict=True)
    ]


# -- files that were edited or damaged


@pytest.mark.parametrize("value", [[[]], {"a": {}}, "x", -1.5, True])
@pytest.mark.parametrize("name", [*runs._KINDS, *(f"data.{name}" for name in runs._DATA)])
def test_an_entry_of_the_options_that_cannot_be_is_named(name: str, value: object, tmp_path: Path):
    options: dict[str, Any] = {"options": {}, "data": {}}
    place, _, key = name.rpartition(".")
    kind = (runs._DATA if place else runs._KINDS)[key]
    if isinstance(value, kind) and not isinstance(value, bool):
        value = None if kind is not dict else 1
    (options[place] if place else options)[key] = value
    run = Run(tmp_path)
    run.options_file.write_text(json.dumps(options))
    if value is None:
        assert run.options()["options"] == {}
    else:
        with pytest.raises(ModelError, match=rf"does not hold the options of a run \({name}\)"):
            run.options()


@pytest.mark.parametrize(
    "odd",
    [
        *('{"part": 3}', '{"epoch": null}', '{"epoch": 1.5}', '{"step": -1}', '{"steps": 1e18}', '{"loss": "low"}'),
        *('{"loss": NaN}', '{"loss": [1]}', "[]", "{", "[" * 100_000),
    ],
)
def test_a_line_that_holds_other_than_numbers_is_left_out_and_counted(odd: str, tmp_path: Path):
    run = Run(tmp_path)
    sound = {"part": "train", "epoch": 1, "step": 4, "loss": 0.5}
    run.metrics_file.write_text(f"{json.dumps(sound)}\n{odd}\n{json.dumps(sound)}\n")
    with pytest.warns(UserWarning, match="1 line could not be read"):
        assert run.lines() == [sound, sound]
