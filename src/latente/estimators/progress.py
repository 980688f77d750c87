"""What a training shows while it runs: a progress bar, in a terminal, a notebook or a log file."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from latente.screens import Screen
from latente.training import TrainingState
from latente.words import clock

__all__ = ["CellBar", "ProgressBar"]


_BESIDES = 8 + len("0:00:00") + 5  # letters of a short bar, of the time left, and of the gaps between columns


class ProgressBar:
    """A line that shows epoch, all losses, images/s and time left; in a log file, one plain line now and then."""

    SECONDS_BETWEEN_LINES = 10.0

    def __init__(self, stage: str = "") -> None:
        """stage: what is trained, where a model is trained in several ones ("layer 2 of 3")."""
        self.console = Screen(file=sys.stderr)
        self._stage = f"{stage}, " if stage else ""
        self._bar: CellBar | _TerminalBar | None = None
        self._last_line = 0.0

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None:
        self._per_epoch, self._epochs = steps_per_epoch, math.ceil(steps / steps_per_epoch)
        self._texts = {"loss": "", "judged": "", "speed": ""}
        if self.console.is_jupyter:
            self._bar = CellBar(steps, state.step)
        elif self.console.is_terminal:
            longest = len(self._epoch_in_words(self._epochs - 1))
            self._bar = _TerminalBar(self.console, steps, state.step, longest)
        self._show(state)

    def stepped(self, state: TrainingState) -> None:
        self._show(state)

    def logged(self, line: Mapping[str, Any]) -> None:
        if line["part"] == "budget":
            self.console.print(f"{line['steps']:,} steps fit into {line['minutes']:g} minutes", soft_wrap=True)
            return
        if line["part"] == "validation":
            self._texts["judged"] = f" · validation {line.get('objective', float('nan')):.5g}"
        else:
            losses = [f"{name.replace('_', ' ')} {line[name]:.5g}" for name in line if name.endswith("loss")]
            self._texts["loss"] = " · ".join(losses)
            self._texts["speed"] = f" · {line['images_per_second']:,.0f} images/s"
        # an epoch's last line is printed by epoch_ended, with the validation that follows it
        if self._bar is None and line["step"] % self._per_epoch and self._is_time():
            self._print(line["epoch"], line["step"])

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None:
        if self._bar is None:
            self._print(state.epoch, state.step)
        self._show(state)

    def stopped(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _show(self, state: TrainingState) -> None:
        if self._bar is not None:
            self._bar.show(state.step, self._epoch_in_words(state.epoch), "".join(self._texts.values()))

    def _epoch_in_words(self, done: int) -> str:
        return f"{self._stage}epoch {min(done + 1, self._epochs)}/{self._epochs}"

    def _print(self, epoch: int, step: int) -> None:
        text = "".join(self._texts.values())
        self.console.print(f"{self._stage}epoch {epoch}/{self._epochs}, step {step:,}: {text}", soft_wrap=True)

    def _is_time(self) -> bool:
        if (now := time.monotonic()) - self._last_line < self.SECONDS_BETWEEN_LINES:
            return False
        self._last_line = now
        return True


class _TerminalBar:
    """The bar of a terminal, as wide as that is."""

    def __init__(self, console: Console, total: int, done: int, longest: int) -> None:
        """Start a bar of `total` steps, of which `done` were done before; longest: letters that the epoch takes."""
        self._room = console.width - longest - 2 * len(str(total)) - 1 - _BESIDES
        self._progress = Progress(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            TimeRemainingColumn(),
            console=console,
            auto_refresh=False,
        )
        self._progress.start()
        self._task = self._progress.add_task("", total=total, completed=done, epoch="", words="")

    def show(self, done: int, epoch: str, words: str) -> None:
        """Redraw the bar; of the words those stay, from the first, for which the terminal is wide enough."""
        parts = words.split(" · ")
        while parts and len(" · ".join(parts)) > self._room:
            parts.pop()
        self._progress.update(self._task, completed=done, epoch=epoch, words=" · ".join(parts), refresh=True)

    def stop(self) -> None:
        self._progress.refresh()
        self._progress.stop()


class CellBar:
    """A progress bar below a notebook's cell: one line of text, redrawn in place.

    rich would draw with widgets, which few notebooks have, and shows nothing without them.
    """

    WIDTH = 24  # letters

    def __init__(self, total: int, done: int) -> None:
        """Show a bar of `total` steps, of which `done` were done before."""
        from IPython.display import display  # there is one where there is a notebook

        self._total, self._before, self._start = total, done, time.monotonic()
        self._last = done, "", ""
        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, done: int, epoch: str, words: str) -> None:
        """Redraw the bar with so many steps done, and the time left at the speed so far."""
        self._last = done, epoch, words
        if steps := done - self._before:
            self._draw(f"{clock((time.monotonic() - self._start) * (self._total - done) / steps)} left")
        else:
            self._draw("starting")

    def stop(self) -> None:
        """Leave the bar as it is, with the time that it took."""
        self._draw(f"{clock(time.monotonic() - self._start)} in all")

    def _draw(self, when: str) -> None:
        done, epoch, words = self._last
        filled = self.WIDTH * done // self._total
        bar = "━" * filled + "╌" * (self.WIDTH - filled)
        text = f"{epoch} {bar} {done:,}/{self._total:,} " + " · ".join(filter(None, [words, when]))
        self._handle.update({"text/plain": text}, raw=True)
