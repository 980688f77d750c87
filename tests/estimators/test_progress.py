"""What a training shows while it runs: how far it is, at what stage, and all losses."""

from __future__ import annotations

import io
import re

import pytest
import torch
from rich.console import Console

from latente.estimators.progress import ProgressBar
from latente.training import TrainingState
from toys import Linear


def test_the_line_shows_the_losses_of_all_players(capsys: pytest.CaptureFixture[str]):
    bar = ProgressBar()
    state = TrainingState(Linear(), {}, torch.Generator(), epoch=1, step=6)
    bar.started(state, 6, 9)
    bar.logged({"part": "budget", "minutes": 2.0, "steps": 9})
    bar.logged(
        {"part": "train", "epoch": 1, "step": 6, "critic_loss": 1.25, "generator_loss": 0.5, "images_per_second": 10.0}
    )
    bar.epoch_ended(state, is_best=True)
    shown = capsys.readouterr().err
    assert "9 steps fit into 2 minutes" in shown
    assert "epoch 1/2, step 6: critic loss 1.25 · generator loss 0.5 · 10 images/s" in shown


def test_the_line_names_the_stage_of_a_training_in_several_ones(capsys: pytest.CaptureFixture[str]):
    bar = ProgressBar("layer 2 of 3")
    bar.started(TrainingState(Linear(), {}, torch.Generator()), 6, 6)
    bar.epoch_ended(TrainingState(Linear(), {}, torch.Generator(), epoch=1, step=6), is_best=True)
    assert "layer 2 of 3, epoch 1/1, step 6" in capsys.readouterr().err


@pytest.mark.parametrize(("width", "kept", "cut"), [(70, "loss 0.5", "images/s"), (120, "images/s", None)])
def test_a_narrow_terminal_keeps_epoch_bar_steps_and_time_left(width: int, kept: str, cut: str | None):
    bar = ProgressBar("layer 1 of 2")
    bar.console = Console(file=io.StringIO(), force_terminal=True, width=width, force_jupyter=False)
    state = TrainingState(Linear(), {}, torch.Generator(), epoch=3, step=600)
    bar.started(state, 200, 8600)
    bar.logged({"part": "train", "epoch": 3, "step": 600, "loss": 0.5, "images_per_second": 123456.0})
    bar.logged({"part": "validation", "epoch": 3, "step": 600, "objective": 0.25})
    bar.epoch_ended(state, is_best=True)
    bar.stopped()
    text = bar.console.file.getvalue()
    line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).strip().splitlines()[-1]
    assert re.match(r"layer 1 of 2, epoch 4/43 \S+ +600/8600 ", line)
    assert re.search(r"\d:\d\d:\d\d|-:--:--", line)
    assert kept in line
    assert cut is None or cut not in line
    assert len(line) <= width
