"""What a contender hands back for a stretch of training, and how a stretch is cut into epochs."""

from __future__ import annotations

import dataclasses
import time
from typing import Protocol

__all__ = ["Contender", "Segment", "StepClock", "epochs_for"]


@dataclasses.dataclass(frozen=True)
class Segment:
    """Timed steps of one stretch of training; loss: at its end, as the contender states it."""

    seconds: float
    steps: int
    loss: float

    @property
    def milliseconds(self) -> float:
        """Milliseconds per step."""
        return 1e3 * self.seconds / self.steps


class Contender(Protocol):
    """Made once per process from (model, pixels, precision): builds its network, and trains it piece by piece."""

    parameters: int

    def train(self, steps: int) -> Segment:
        """Train about `steps` steps, and time those after the first few, without setting up and compiling."""
        ...


class StepClock:
    """Times steps by when they end, leaving out the first tenth: a library's `fit` has much to set up."""

    def __init__(self, steps: int) -> None:
        self._lead_in = max(1, steps // 10)
        self._count = 0
        self._start = self._end = 0.0

    def tick(self) -> None:
        """To be called at the end of every step."""
        self._count += 1
        self._end = time.perf_counter()
        if self._count == self._lead_in:
            self._start = self._end

    def segment(self, loss: float) -> Segment:
        return Segment(self._end - self._start, self._count - self._lead_in, loss)


def epochs_for(steps: int, batch: int, images: int) -> tuple[int, int]:
    """Return (images per epoch, epochs) that make about `steps` steps: part of the images, or several times all."""
    if steps * batch < images:
        return steps * batch, 1
    return images, max(1, round(steps * batch / images))
