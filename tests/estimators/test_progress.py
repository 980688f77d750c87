"""What a training shows while it runs: how far it is, at what stage, and all losses; and where it shows it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from latente import Autoencoder, StackedAutoencoderClassifier, resume
from latente.estimators.progress import ProgressBar
from latente.sweeps import Sweep
from latente.training import TrainingState
from toys import Linear

ROWS = np.random.default_rng(0).random((40, 6))
FEW = {"network": "dense", "hidden": (4,), "latent_dim": 2, "epochs": 2, "batch_size": 10, "random_state": 0}


def test_the_line_shows_the_losses_of_all_players(capsys: pytest.CaptureFixture[str]):
    bar = ProgressBar()
    state = TrainingState(Linear(), {}, torch.Generator(), epoch=1, step=6)
    bar.started(state, 6, 9)
    bar.logged({"part": "budget", "minutes": 2.0, "steps": 9})
    bar.logged(
        {"part": "train", "epoch": 1, "step": 6, "critic_loss": 1.25, "generator_loss": 0.5, "images_per_second": 10.0}
    )
    bar.logged({"part": "trouble", "trouble": "[it] has won: try another"})
    bar.epoch_ended(state, is_best=True)
    bar.stopped()
    shown = capsys.readouterr().err
    assert "9 steps fit into 2 minutes" in shown
    assert "\n[it] has won: try another\n" in shown
    assert "epoch 1/2, step 6: critic loss 1.25 · generator loss 0.5 · 10 images/s" in shown


def test_the_line_names_the_stage_of_a_training_in_several_ones(capsys: pytest.CaptureFixture[str]):
    bar = ProgressBar("layer 2 of 3")
    bar.started(TrainingState(Linear(), {}, torch.Generator()), 6, 6)
    bar.epoch_ended(TrainingState(Linear(), {}, torch.Generator(), epoch=1, step=6), is_best=True)
    bar.stopped()
    assert "layer 2 of 3, epoch 1/1, step 6" in capsys.readouterr().err


def drawn_lines(text: str) -> list[str]:
    """The lines that a terminal showed one after the other, without its control codes."""
    return [line.strip() for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)) if line.strip()]


def shown_at(width: int) -> list[str]:
    """What a bar of 43 epochs shows in a terminal of so many columns: before a log, within, and at the end."""
    bar = ProgressBar("layer 1 of 2")
    bar.console = Console(file=io.StringIO(), force_terminal=True, width=width, force_jupyter=False)
    state = TrainingState(Linear(), {}, torch.Generator())
    bar.started(state, 200, 8600)
    state.epoch, state.step = 3, 600
    bar.logged({"part": "train", "epoch": 3, "step": 600, "loss": 0.5, "images_per_second": 123456.0})
    bar.logged({"part": "validation", "epoch": 3, "step": 600, "objective": 0.25})
    bar.epoch_ended(state, is_best=True)
    state.history, state.best_epoch = [{"part": "validation", "epoch": 3, "step": 600, "objective": 0.25, "kl": 1.0}], 3
    bar.stopped()
    return drawn_lines(bar.console.file.getvalue())


STAGE = "layer 1 of 2, epoch 4/43"


@pytest.mark.parametrize(
    ("width", "parts"),
    [
        (36, [STAGE, ""]),
        (50, [STAGE, "loss 0.5 · "]),
        (60, [STAGE, "━{8,}", "loss 0.5 · "]),
        (80, [STAGE, "━{8,}", "600/8,600", "loss 0.5 · "]),
        (90, [STAGE, "━{8,}", "600/8,600", "loss 0.5 · validation 0.25 · "]),
        (120, [STAGE, "━{8,}", "600/8,600", "loss 0.5 · validation 0.25 · 123,456 images/s · "]),
    ],
)
def test_a_narrow_terminal_keeps_epoch_loss_and_time_left_before_all_else(width: int, parts: list[str]):
    line = next(line for line in reversed(shown_at(width)) if line.endswith("left"))
    assert re.fullmatch(rf"{' +'.join(parts)}\d+:\d\d left", line.replace("╺", "━").replace("╸", "━")), line
    assert len(line) <= width


@pytest.mark.parametrize("width", [1, 10, 20])
def test_no_terminal_is_too_narrow(width: int):
    assert all(len(line) <= width for line in shown_at(width))


@pytest.mark.parametrize(
    ("width", "end"),
    [
        (52, "4/43 best epoch 3 · "),
        (75, "4/43 best epoch 3 · validation 0.25 · "),
        (120, "━ 600/8,600 best epoch 3 · validation 0.25 · kl 1 · "),
    ],
)
def test_the_bar_ends_with_the_best_epoch_and_how_good_it_is(width: int, end: str):
    assert re.search(rf"{end}\d:\d\d in all$", re.sub(" +", " ", shown_at(width)[-1]))


# -- where it shows


@contextlib.contextmanager
def terminal(kind: str = "xterm") -> Iterator[Callable[[], list[str]]]:
    """Make stderr a terminal of 100 columns; the function returns the lines that it has shown since the last call."""
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)

    def shown() -> list[str]:
        pieces = []
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        return drawn_lines(b"".join(pieces).decode())

    with open(theirs, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        patch.setenv("TERM", kind)
        patch.setattr(sys, "stderr", stream)
        yield shown
    os.close(ours)


def ends(lines: list[str]) -> list[str]:
    """The stages and epochs with which bars ended; the last line of one may be drawn twice."""
    return [re.split(r" +━", line)[0] for line in dict.fromkeys(lines) if line.endswith("in all")]


def test_fit_and_resume_show_a_bar_in_a_terminal_without_being_asked(tmp_path: Path):
    with terminal() as shown:
        model = Autoencoder(**FEW, out=str(tmp_path / "run")).fit(ROWS)
        last = shown()[-1]
        resume(tmp_path / "run", ROWS, epochs=3)
        assert ends(shown()) == ["epoch 3/3"]
    [objective] = [
        line["objective"]
        for line in model.history_
        if line["part"] == "validation" and line["epoch"] == model.best_epoch_
    ]
    assert re.match(r"epoch 2/2 ━+ 8/8 best ", last)
    assert f"validation {objective:.5g}" in last


def test_a_pipeline_shows_it_too_and_each_layer_that_is_pretrained():
    model = StackedAutoencoderClassifier(hidden=(4, 3), pretrain_epochs=1, epochs=2, random_state=0)
    with terminal() as shown:
        make_pipeline(MinMaxScaler(), model).fit(ROWS, np.arange(40) % 2)
        assert ends(shown()) == ["layer 1 of 2, epoch 1/1", "layer 2 of 2, epoch 1/1", "epoch 2/2"]


@pytest.mark.parametrize("verbose", [False, 0])
def test_verbose_false_silences_it(verbose: int, tmp_path: Path):
    with terminal() as shown:
        Autoencoder(**FEW, verbose=verbose, out=str(tmp_path / "run")).fit(ROWS)
        resume(tmp_path / "run", ROWS, epochs=3, verbose=False)
        assert shown() == []


def test_nothing_is_shown_where_nobody_looks(capfd: pytest.CaptureFixture[str]):
    Autoencoder(**FEW).fit(ROWS)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_that_cannot_redraw_a_line_gets_one_for_each_epoch_where_asked():
    with terminal("dumb") as shown:
        Autoencoder(**FEW).fit(ROWS)
        assert shown() == []
        Autoencoder(**FEW, verbose=True).fit(ROWS)
        assert [line.partition(":")[0] for line in shown()] == ["epoch 1/2, step 4", "epoch 2/2, step 8"]


def test_verbose_true_writes_a_line_for_each_epoch_into_a_log_file(capsys: pytest.CaptureFixture[str]):
    Autoencoder(**FEW, verbose=True).fit(ROWS)
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert [line.partition(":")[0] for line in shown.splitlines()] == ["epoch 1/2, step 4", "epoch 2/2, step 8"]


def test_the_trainings_of_a_search_and_of_a_cross_validation_are_silent_but_for_the_last():
    search = GridSearchCV(Autoencoder(**FEW), {"latent_dim": [1, 2]}, cv=2, refit=False)
    with terminal() as shown:
        search.fit(ROWS)
        cross_val_score(Autoencoder(**FEW), ROWS, cv=2)
        assert shown() == []
        search.set_params(refit=True).fit(ROWS)
        assert ends(shown()) == ["epoch 2/2"]


def test_the_trainings_of_threads_and_of_a_sweep_are_silent():
    def trial(latent_dim: int, seed: int) -> dict[str, float]:
        options = FEW | {"latent_dim": latent_dim, "random_state": seed}
        return {"score": Autoencoder(**options).fit(ROWS).score(ROWS)}

    thread = threading.Thread(target=trial, args=(1, 0))
    with terminal() as shown:
        thread.start()
        thread.join()
        Sweep(grid={"latent_dim": [1, 2]}, metric="score").run(trial)
        assert shown() == []


def test_a_training_within_a_training_leaves_the_line_to_it():
    state = TrainingState(Linear(), {}, torch.Generator())
    bar = ProgressBar()
    with terminal() as shown:
        bar.console = Console(file=io.StringIO())
        bar.started(state, 1, 1)
        Autoencoder(**FEW, verbose=True).fit(ROWS)
        assert shown() == []
        bar.stopped()
        Autoencoder(**FEW, verbose=True).fit(ROWS)
        assert ends(shown()) == ["epoch 2/2"]
