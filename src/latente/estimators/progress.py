"""What a training shows while it runs: a progress bar, in a terminal, a notebook or a log file."""

from __future__ import annotations

import contextlib
import itertools
import math
import multiprocessing
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar as Bar
from rich.table import Table
from rich.text import Text

from latente.screens import Screen, is_told, telling
from latente.training import TrainingState
from latente.training.listeners import Listener
from latente.training.state import judgement
from latente.words import clock

__all__ = ["CellBar", "ProgressBar", "TerminalBar", "bars"]


def bars(verbose: bool | None, stage: str = "") -> list[Listener]:
    """Return the progress bar of a training in a list, or none where it is not to be seen; stage: see `ProgressBar`.

    verbose: yes or no; None is where somebody looks: in a terminal or a notebook, by the program that they started and
    not by one of its threads, processes or searches, of which there are many at once or in a row.
    """
    if verbose is None:
        verbose = _is_looked_at()
    return [ProgressBar(stage)] if verbose and not is_told() else []


def _is_looked_at() -> bool:
    if threading.current_thread() is not threading.main_thread() or multiprocessing.parent_process() is not None:
        return False
    if sys.stderr is None or _is_one_of_many():
        return False
    screen = Screen(file=sys.stderr)
    return screen.is_jupyter or (screen.is_terminal and not screen.is_dumb_terminal)


def _is_one_of_many() -> bool:
    """Whether joblib calls, as scikit-learn's searches and cross-validations do, with one process as with many."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "joblib":
            return True
        frame = frame.f_back
    return False


class ProgressBar:
    """A line that shows epoch, all losses, images/s and time left; in a log file, one plain line now and then.

    At the end it says which epoch was the best, and how good that is.
    """

    SECONDS_BETWEEN_LINES = 10.0

    def __init__(self, stage: str = "") -> None:
        """stage: what is trained, where a model is trained in several ones ("layer 2 of 3")."""
        self.console = Screen(file=sys.stderr)
        self._stage = f"{stage}, " if stage else ""
        self._bar: CellBar | TerminalBar | None = None
        self._last_line = 0.0
        self._told = contextlib.ExitStack()

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None:
        self._told.enter_context(telling())
        self._state = state
        self._per_epoch, self._epochs = steps_per_epoch, math.ceil(steps / steps_per_epoch)
        self._texts = {"loss": "", "judged": "", "speed": ""}
        if self.console.is_jupyter:
            self._bar = CellBar(steps, state.step)
        elif self.console.is_interactive:
            self._bar = TerminalBar(self.console, steps, state.step)
        self._show(state)

    def stepped(self, state: TrainingState) -> None:
        self._show(state)

    def logged(self, line: Mapping[str, Any]) -> None:
        if line["part"] == "budget":
            self.console.print(f"{line['steps']:,} steps fit into {line['minutes']:g} minutes", soft_wrap=True)
            return
        if line["part"] == "trouble":
            self.console.print(line["trouble"], soft_wrap=True, markup=False)
            return
        if line["part"] == "validation":
            self._texts["judged"] = f"validation {line.get('objective', float('nan')):.5g}"
        else:
            losses = [f"{name.replace('_', ' ')} {line[name]:.5g}" for name in line if name.endswith("loss")]
            self._texts["loss"] = " · ".join(losses)
            self._texts["speed"] = f"{line['images_per_second']:,.0f} images/s"
        # an epoch's last line is printed by epoch_ended, with the validation that follows it
        if self._bar is None and line["step"] % self._per_epoch and self._is_time():
            self._print(line["epoch"], line["step"])

    def epoch_ended(self, state: TrainingState, is_best: bool) -> None:
        if self._bar is None:
            self._print(state.epoch, state.step)
        self._show(state)

    def stopped(self) -> None:
        self._told.close()
        if self._bar is not None:
            self._bar.stop(self._best_in_words() or self._words())

    def _show(self, state: TrainingState) -> None:
        if self._bar is not None:
            self._bar.show(state.step, self._epoch_in_words(state.epoch), self._words())

    def _words(self) -> list[str]:
        """Return what there is to say, the most important first."""
        return [text for text in self._texts.values() if text]

    def _best_in_words(self) -> list[str]:
        """Return which epoch was the best, its objective, and the terms of that; nothing where nothing was judged."""
        best = self._state.best_epoch
        terms = judgement(self._state.history, best)
        if not terms:
            return []
        when = f"best epoch {best}" if best else "best at the start"
        named = {"validation": terms.pop("objective", math.nan), **terms}
        return [when, *(f"{name.replace('_', ' ')} {value:.5g}" for name, value in named.items())]

    def _epoch_in_words(self, done: int) -> str:
        return f"{self._stage}epoch {min(done + 1, self._epochs)}/{self._epochs}"

    def _print(self, epoch: int, step: int) -> None:
        words = " · ".join(self._words())
        self.console.print(f"{self._stage}epoch {epoch}/{self._epochs}, step {step:,}: {words}", soft_wrap=True)

    def _is_time(self) -> bool:
        if (now := time.monotonic()) - self._last_line < self.SECONDS_BETWEEN_LINES:
            return False
        self._last_line = now
        return True


class _Bar:
    """A bar of steps, and the time left at the speed so far."""

    def __init__(self, total: int, done: int) -> None:
        """A bar of `total` steps, of which `done` were done before."""
        self._total, self._before, self._start = total, done, time.monotonic()
        self._done, self._epoch = done, ""

    def show(self, done: int, epoch: str, words: Sequence[str]) -> None:
        """Redraw the bar with so many steps done; words: what else there is to say, the most important first."""
        self._done, self._epoch = done, epoch
        if steps := done - self._before:
            self._draw(words, f"{clock((time.monotonic() - self._start) * (self._total - done) / steps)} left")
        else:
            self._draw(words, "starting")

    def stop(self, words: Sequence[str]) -> None:
        """Leave the bar with these words, and the time that it took."""
        self._draw(words, f"{clock(time.monotonic() - self._start)} in all")

    def _draw(self, words: Sequence[str], when: str) -> None:
        raise NotImplementedError


class TerminalBar(_Bar):
    """The line of a terminal, as wide as that is: in a narrow one the most important stays."""

    SHORTEST = 8  # letters of a bar that still shows something

    def __init__(self, console: Console, total: int, done: int) -> None:
        super().__init__(total, done)
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()
        self._before_bar = 1  # so many words are more important than the bar

    def stop(self, words: Sequence[str]) -> None:
        self._before_bar = 2
        super().stop(words)
        self._live.stop()

    def _draw(self, words: Sequence[str], when: str) -> None:
        """Draw epoch and time, and what there is room for of first words, bar, steps and other words."""
        steps = f"{self._done:,}/{self._total:,}".rjust(2 * len(f"{self._total:,}") + 1)
        first = min(self._before_bar, len(words))
        lengths = [len(f"{word} · ") for word in words]
        lengths[first:first] = [self.SHORTEST + 1, len(f"{steps} ")]
        room = self._live.console.width - len(f"{self._epoch} {when}")
        count = sum(length <= room for length in itertools.accumulate(lengths))
        line: list[RenderableType] = [Text(self._epoch, no_wrap=True)]
        if count > first:
            line.append(Bar(self._total, self._done, width=self.SHORTEST + room - sum(lengths[:count])))
        if count > first + 1:
            line.append(Text(steps, style="progress.download", no_wrap=True))
        shown = words[: count if count <= first else max(first, count - 2)]
        text = Text(" · ".join([*shown, when]), no_wrap=True)
        text.stylize("progress.remaining", len(text) - len(when))
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(*line, text)
        self._live.update(grid, refresh=True)


class CellBar(_Bar):
    """A progress bar below a notebook's cell: one line of text, redrawn in place.

    rich would draw with widgets, which few notebooks have, and shows nothing without them.
    """

    WIDTH = 24  # letters

    def __init__(self, total: int, done: int) -> None:
        super().__init__(total, done)
        from IPython.display import display  # there is one where there is a notebook

        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def _draw(self, words: Sequence[str], when: str) -> None:
        filled = self.WIDTH * self._done // self._total
        bar = "━" * filled + "╌" * (self.WIDTH - filled)
        text = f"{self._epoch} {bar} {self._done:,}/{self._total:,} " + " · ".join([*words, when])
        self._handle.update({"text/plain": text}, raw=True)
