"""Whoever watches a training, and how: without a trace in it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from latente.training.devices import alone
from latente.training.randomness import undisturbed_rng
from latente.training.state import TrainingState

__all__ = ["Audience", "Listener"]


class Listener(Protocol):
    """Whoever watches a training: a progress bar, or the maker of sample pictures. Called in the leading process.

    `stepped` is called after a step, ten times a second at most. `logged` gets every line of the log, and before the
    first one, where the training has a budget of `minutes`, the part "budget" with "minutes" and the "steps" that fit;
    and where something goes wrong, the part "trouble" with what it is and what to try, under the same name.
    """

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None: ...
    def stepped(self, state: TrainingState) -> None: ...
    def logged(self, line: Mapping[str, Any]) -> None: ...
    def epoch_ended(self, state: TrainingState, is_best: bool) -> None: ...
    def stopped(self) -> None: ...


class Audience:
    """The listeners of a training, each told of everything; random numbers that they draw are not missed by it."""

    SECONDS_BETWEEN_STEPS = 0.1  # putting the generators back takes a tenth of a millisecond

    def __init__(self, listeners: Sequence[Listener], state: TrainingState) -> None:
        self._listeners = listeners
        self._state = state
        self._last_step = float("-inf")

    def started(self, steps_per_epoch: int, steps: int) -> None:
        with self._undisturbed():
            for listener in self._listeners:
                listener.started(self._state, steps_per_epoch, steps)

    def stepped(self) -> None:
        if not self._listeners or (now := time.monotonic()) - self._last_step < self.SECONDS_BETWEEN_STEPS:
            return
        self._last_step = now
        with self._undisturbed():
            for listener in self._listeners:
                listener.stepped(self._state)

    def logged(self, line: Mapping[str, Any]) -> None:
        with self._undisturbed():
            for listener in self._listeners:
                listener.logged(line)

    def epoch_ended(self, is_best: bool) -> None:
        with self._undisturbed():
            for listener in self._listeners:
                listener.epoch_ended(self._state, is_best)

    def stopped(self) -> None:
        with self._undisturbed():
            for listener in self._listeners:
                listener.stopped()

    @contextlib.contextmanager
    def _undisturbed(self) -> Iterator[None]:
        if not self._listeners:
            yield
            return
        with undisturbed_rng(self._state.generator), alone():
            yield
