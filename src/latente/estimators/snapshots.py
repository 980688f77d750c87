"""What a run keeps while it trains: sample pictures, which become a film, and the best model so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latente.sheets import film, save_png, sheet
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = ["Snapshots"]


class Snapshots:
    """Keeps what a run leaves on the way: sample pictures, and the model whenever it is the best so far.

    A picture is drawn at each epoch's end, and within long epochs a first one after a second of training; those
    after it are five seconds apart at least, take no more than 2% of the time, and come more and more rarely: each
    minute, and after three hours less often still, so that a long training leaves no thousands.
    """

    FIRST_AFTER = 1.0  # seconds: whoever waits for it sees early that something happens
    SHORTEST = 5.0  # seconds between two within an epoch
    SHARE_OF_TIME = 0.02
    GROWTH = 0.1  # of the time since the start, which passes at least from one to the next, up to a minute
    MINUTE, HOURS = 60.0, 3 * 3600.0  # seconds, and for how long the growth is held up there

    def __init__(
        self,
        run: Run,
        save_model: Callable[[Mapping[str, Tensor]], None],
        rows_of_picture: Callable[[], list[np.ndarray]] | None,
    ) -> None:
        """rows_of_picture: draws arrays (N, C, H, W) from the objective as it is, one a line; None for tables."""
        self.run, self.save_model, self.rows_of_picture = run, save_model, rows_of_picture

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None:
        self._start = time.monotonic()
        self._next_picture = self._start + self.FIRST_AFTER

    def stepped(self, state: TrainingState) -> None:
        if time.monotonic() >= self._next_picture:
            self._draw(state)

    def logged(self, line: Mapping[str, Any]) -> None: ...

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None:
        if is_best:
            self.save_model(state.weights())
        self._draw(state)

    def _draw(self, state: TrainingState) -> None:
        """Draw a picture, named so that names sort as the steps do."""
        if self.rows_of_picture is None:
            return
        begin = time.monotonic()
        state.objective.eval()
        with state.averaged(), torch.no_grad():
            picture = sheet(self.rows_of_picture())
        state.objective.train()
        save_png(picture, self.run.samples / f"step-{state.step:09d}.png")
        end = time.monotonic()
        trained = end - self._start
        growing = max(min(self.MINUTE, self.GROWTH * trained), self.MINUTE * trained / self.HOURS)
        pause = max(self.SHORTEST, (end - begin) / self.SHARE_OF_TIME, growing)
        self._next_picture = end + pause

    def stopped(self) -> None:
        film(self.run.samples, self.run.path / "progress.gif")
