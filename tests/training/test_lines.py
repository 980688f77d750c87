"""The lines of the log: each says where and when it was written, and holds numbers alone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from latente.training import Run, TrainingOptions, train
from latente.training.lines import figures_of, read_line
from toys import UNIT, Linear, table


def test_every_line_says_when_it_was_written_and_how_many_steps_there_are(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {"options": {}})
    options = TrainingOptions(epochs=3, batch_size=16, device="cpu", log_every=2)
    before = time.time()
    state = train(Linear(), table(100), UNIT, options, validation=(table(20), np.arange(20)), run=run)
    lines = run.lines()
    assert {line["steps"] for line in lines} == {21} == {state.step}
    times = [before, *(line["time"] for line in lines), time.time()]
    assert np.all(np.diff(times) >= -0.001)  # a millisecond is what a line tells
    assert [line["step"] for line in lines if line["part"] == "validation"] == [7, 14, 21]


def test_an_extended_training_says_how_many_steps_it_has_from_there_on(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {"options": {}})
    for epochs in (1, 3):
        train(Linear(), table(64), UNIT, TrainingOptions(epochs=epochs, batch_size=16, device="cpu"), run=run)
    assert [line["steps"] for line in run.lines()] == [4, 12, 12]


def test_the_figures_of_a_line_are_what_is_not_its_place() -> None:
    line = {"part": "train", "epoch": 1, "step": 2, "steps": 4, "loss": 0.5, "seconds": 1.5, "time": 1.0e9}
    assert figures_of(line) == {"loss": 0.5, "seconds": 1.5}
    assert figures_of({}) == {}


@pytest.mark.parametrize(
    "line",
    [
        b'{"step": 1}',
        b"half\n",
        b"[1]\n",
        b'{"step": -1}\n',
        b'{"step": 1.5}\n',
        b'{"loss": NaN}\n',
        b'{"loss": "x"}\n',
    ],
)
def test_what_is_no_line_of_a_log_is_told_from_one(line: bytes) -> None:
    assert read_line(line) is None
    assert read_line(b'{"part": "train", "step": 1, "loss": 0.5}\n') == {"part": "train", "step": 1, "loss": 0.5}
