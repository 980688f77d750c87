"""How to minimise, whatever is minimised."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any

from latente.errors import InputError, did_you_mean
from latente.training.durations import seconds_of

__all__ = ["PLAYER_OPTIONS", "TrainingOptions", "usual_batch_size"]

OPTIMIZERS = ("adam", "adamw", "sgd", "lbfgs")
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("float32", "bf16")
PLAYER_OPTIONS = ("learning_rate", "betas", "optimizer", "weight_decay", "gradient_clip")


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """How to minimise, whatever is minimised; raises InputError where a value is out of range.

    minutes: how long training may take, instead of epochs. batch_size: images per step, over all processes and
    micro-batches; None is what `usual_batch_size` says. accumulate: micro-batches into which a step is cut to save
    memory. learning_rate: the peak, reached after `warmup` steps. betas: decay of Adam's two moments. gradient_clip:
    largest norm of a player's gradient. ema: decay of the averaged weights, per step. patience: epochs without a better
    validation objective before training stops. checkpoint_every: steps, or a time such as "10min", between checkpoints
    within an epoch (one is written at each epoch's end in any case). log_every: steps between log lines.
    """

    epochs: int = 20
    minutes: float | None = None
    batch_size: int | None = None
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    optimizer: str = "adam"
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup: int = 0
    gradient_clip: float | None = None
    accumulate: int = 1
    ema: float | None = None
    patience: int | None = None
    precision: str = "float32"
    device: str = "auto"
    threads: int | None = None
    checkpoint_every: int | str | None = None
    log_every: int = 50

    def __post_init__(self) -> None:
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise did_you_mean(name, getattr(self, name), known)
        optional = ("patience", "threads", "batch_size", "checkpoint_every")
        for name in ("epochs", "batch_size", "accumulate", "log_every", *optional):
            value = getattr(self, name)
            if name == "checkpoint_every" and isinstance(value, str):
                seconds_of(value)
            elif not (_is_whole(value) and value >= 1) and not (value is None and name in optional):
                raise InputError(f"{name} must be a whole number of at least 1, not {value!r}")
        if not (_is_whole(self.warmup) and self.warmup >= 0):
            raise InputError(f"warmup must be a number of steps, at least 0, not {self.warmup!r}")
        for name in ("learning_rate", "gradient_clip", "minutes"):
            value = getattr(self, name)
            if not (_is_real(value) and value > 0) and not (value is None and name != "learning_rate"):
                raise InputError(f"{name} must be a number above 0, not {value!r}")
        if not (_is_real(self.weight_decay) and self.weight_decay >= 0):
            raise InputError(f"weight_decay must be a number of at least 0, not {self.weight_decay!r}")
        if not [_is_real(beta) and 0 <= beta < 1 for beta in self.betas] == [True, True]:
            raise InputError(f"betas are two numbers from 0 to below 1, not {self.betas!r}")
        if self.ema is not None and not (_is_real(self.ema) and 0 < self.ema < 1):
            raise InputError(f"ema is the decay of an average, between 0 and 1 (say 0.999), not {self.ema!r}")

    def of(self, settings: Mapping[str, object]) -> TrainingOptions:
        """Return these options with a player's own `settings` in place of some (`PLAYER_OPTIONS` may be)."""
        for name in settings:
            if name not in PLAYER_OPTIONS:
                raise did_you_mean("setting of a player", name, PLAYER_OPTIONS)
        changed: dict[str, Any] = dict(settings)
        return dataclasses.replace(self, **changed) if settings else self

    def rate(self, step: int, steps: int) -> float:
        """Learning rate at `step` of `steps`: linear warm-up, then constant or half a cosine down to 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        done = (step - self.warmup) / max(1, steps - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def usual_batch_size(count: int) -> int:
    """Return 128, halved down to 16 until an epoch of `count` images has 20 steps: fewer teach a network little."""
    size = 128
    while size > 16 and count < 20 * size:
        size //= 2
    return size


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    return isinstance(value, numbers.Real) and math.isfinite(value)
