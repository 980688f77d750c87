"""What a training shows while it runs: a progress bar, and sample pictures that become a film."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from latente.sheets import film, save_png, sheet
from latente.training import Run, TrainingState

__all__ = ["Keeper", "ProgressBar"]


class ProgressBar:
    """A line that shows epoch, loss, images/s and time left; in a log file, one plain line now and then."""

    SECONDS_BETWEEN_LINES = 10.0

    def __init__(self) -> None:
        self.console = Console(file=sys.stderr)
        self._bar: Progress | None = None
        self._last_line = 0.0
        self._last_move = 0.0

    def started(self, state: TrainingState, steps_per_epoch: int, epochs: int) -> None:
        self._per_epoch, self._epochs = steps_per_epoch, epochs
        self._texts: dict[str, Any] = {"loss": "", "speed": "", "judged": ""}
        if not (self.console.is_terminal or self.console.is_jupyter):
            return
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}{task.fields[judged]}{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=self.console,
            auto_refresh=False,
        )
        self._bar.start()
        self._task = self._bar.add_task(
            "", total=steps_per_epoch * epochs, completed=state.step, epoch=f"1/{epochs}", **self._texts
        )

    def stepped(self, state: TrainingState) -> None:
        if self._bar is None or (now := time.monotonic()) - self._last_move < 0.1:
            return
        self._last_move = now
        epoch = f"{min(state.epoch + 1, self._epochs)}/{self._epochs}"
        self._bar.update(self._task, completed=state.step, epoch=epoch, refresh=True, **self._texts)

    def logged(self, line: Mapping[str, Any]) -> None:
        if line["part"] == "validation":
            self._texts["judged"] = f" · validation {line.get('objective', float('nan')):.5g}"
        else:
            loss = next(float(value) for name, value in line.items() if name.endswith("loss"))
            self._texts["loss"] = f"loss {loss:.5g}"
            self._texts["speed"] = f" · {line['images_per_second']:,.0f} images/s"
        # an epoch's last line is printed by epoch_ended, with the validation that follows it
        if self._bar is None and line["step"] % self._per_epoch and self._is_time():
            self._print(line["epoch"], line["step"])

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None:
        if self._bar is None:
            self._print(state.epoch, state.step)
        else:
            self._bar.update(self._task, completed=state.step, refresh=True, **self._texts)

    def stopped(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.stop()

    def _print(self, epoch: int, step: int) -> None:
        text = "".join(self._texts.values())
        self.console.print(f"epoch {epoch}/{self._epochs}, step {step:,}: {text}", soft_wrap=True)

    def _is_time(self) -> bool:
        if (now := time.monotonic()) - self._last_line < self.SECONDS_BETWEEN_LINES:
            return False
        self._last_line = now
        return True


class Keeper:
    """Keeps what a run shows and leaves: a sample picture each epoch, and the model whenever it is the best so far."""

    def __init__(
        self,
        run: Run,
        save_model: Callable[[Mapping[str, Tensor]], None],
        rows_of_picture: Callable[[], list[np.ndarray]] | None,
    ) -> None:
        """rows_of_picture: draws arrays (N, C, H, W) from the objective as it is, one a line; None for tables."""
        self.run, self.save_model, self.rows_of_picture = run, save_model, rows_of_picture

    def started(self, state: TrainingState, steps_per_epoch: int, epochs: int) -> None: ...
    def stepped(self, state: TrainingState) -> None: ...
    def logged(self, line: Mapping[str, Any]) -> None: ...

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None:
        if is_best:
            self.save_model(state.weights())
        if self.rows_of_picture is None:
            return
        state.objective.eval()
        with state.averaged(), torch.no_grad():
            picture = sheet(self.rows_of_picture())
        state.objective.train()
        save_png(picture, self.run.samples / f"epoch-{state.epoch:04d}.png")

    def stopped(self) -> None:
        film(self.run.samples, self.run.path / "progress.gif")
