"""How a training went, read from its log."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["Training", "summarise"]

BY_HEART = 0.8  # of the error on held-out images: with less on those that it learned from, it knows these by heart


@dataclasses.dataclass(frozen=True)
class Training:
    """How a training went. drop: by which part the best objective fell in the last quarter; steps: how many it took.

    loss: the last one of the training images.
    """

    epochs: int
    best_epoch: int | None
    best: float | None
    last: float | None
    drop: float | None
    seconds: float | None
    speed: float | None
    steps: int = 0
    loss: float | None = None

    @property
    def is_still_improving(self) -> bool:
        """Whether the objective was falling when the training stopped."""
        return self.drop is not None and self.drop > 0.01 and self.best_epoch == self.epochs

    @property
    def learns_by_heart(self) -> bool:
        """Whether the training images come out much better than others, which get no better any more.

        Only of models whose objective is the loss that they learn by.
        """
        if self.loss is None or self.last is None or self.best_epoch is None or min(self.loss, self.last) <= 0:
            return False
        return self.best_epoch < 0.75 * self.epochs and self.loss < BY_HEART * self.last

    @property
    def has_turned(self) -> bool:
        """Whether the objective has risen again, long before the training stopped."""
        if self.best is None or self.last is None or self.best_epoch is None:
            return False
        return self.best_epoch < 0.75 * self.epochs and self.last > self.best + 0.01 * abs(self.best)


def summarise(lines: Sequence[Mapping[str, Any]]) -> Training:
    """Read from the metric lines how the training went."""
    judged = [(int(line["epoch"]), float(line["objective"])) for line in lines if line.get("objective") is not None]
    judged = [(epoch, value) for epoch, value in judged if math.isfinite(value)]
    epochs = max((int(line.get("epoch", 0)) for line in lines), default=0)
    steps = max((int(line.get("step", 0)) for line in lines), default=0)
    losses = [float(line["loss"]) for line in lines if isinstance(line.get("loss"), int | float)]
    loss = losses[-1] if losses and math.isfinite(losses[-1]) else None
    seconds = sum(float(line["seconds"]) for line in lines if "seconds" in line) or None
    speeds = [float(line["images_per_second"]) for line in lines if "images_per_second" in line]
    speed = float(np.median(speeds)) if speeds else None
    if not judged:
        return Training(epochs, None, None, None, None, seconds, speed, steps, loss)
    best_epoch, best = min(judged, key=lambda pair: pair[1])
    before = min((value for epoch, value in judged if epoch <= 0.75 * epochs), default=0.0)
    drop = (before - best) / abs(before) if before else None
    return Training(epochs, best_epoch, best, judged[-1][1], drop, seconds, speed, steps, loss)
