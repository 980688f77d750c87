"""How to minimise, whatever is minimised."""

from __future__ import annotations

import dataclasses
import math
import numbers

import torch
from torch import nn

from latente.errors import InputError, did_you_mean
from latente.training.adam import Adam
from latente.training.devices import PRECISIONS
from latente.training.state import Stepper

__all__ = ["TrainingOptions"]

OPTIMIZERS = ("adam", "adamw", "sgd", "lbfgs")
SCHEDULES = ("constant", "cosine")


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """How to minimise, whatever is minimised; raises InputError where a value is out of range.

    batch_size: images per step, over all processes and micro-batches. accumulate: micro-batches into which a step is
    cut to save memory. learning_rate: the peak, reached after `warmup` steps. gradient_clip: largest norm of a
    player's gradient. ema: decay of the averaged weights, per step. patience: epochs without a better validation
    objective before training stops. checkpoint_every: steps between checkpoints within an epoch (one is written at
    each epoch's end in any case). log_every: steps between log lines.
    """

    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 1e-3
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
    seed: int = 0
    checkpoint_every: int | None = None
    log_every: int = 50

    def __post_init__(self) -> None:
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise did_you_mean(name, getattr(self, name), known)
        optional = ("patience", "threads", "checkpoint_every")
        for name in ("epochs", "batch_size", "accumulate", "log_every", *optional):
            value = getattr(self, name)
            if not (_is_whole(value) and value >= 1) and not (value is None and name in optional):
                raise InputError(f"{name} must be a whole number of at least 1, not {value!r}")
        if not (_is_whole(self.warmup) and self.warmup >= 0):
            raise InputError(f"warmup must be a number of steps, at least 0, not {self.warmup!r}")
        for name in ("learning_rate", "gradient_clip"):
            value = getattr(self, name)
            if not (_is_real(value) and value > 0) and not (value is None and name == "gradient_clip"):
                raise InputError(f"{name} must be a number above 0, not {value!r}")
        if not (_is_real(self.weight_decay) and self.weight_decay >= 0):
            raise InputError(f"weight_decay must be a number of at least 0, not {self.weight_decay!r}")
        if self.ema is not None and not (_is_real(self.ema) and 0 < self.ema < 1):
            raise InputError(f"ema is the decay of an average, between 0 and 1 (say 0.999), not {self.ema!r}")

    def optimizer_for(self, parameters: list[nn.Parameter]) -> Stepper:
        """Return the optimiser of one player, in its fused form, which is the fastest on every device."""
        rate, decay = self.learning_rate, self.weight_decay
        if self.optimizer == "lbfgs":
            return torch.optim.LBFGS(parameters, lr=rate, line_search_fn="strong_wolfe")
        if self.optimizer == "sgd":
            return torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay, fused=True)
        return Adam(parameters, rate, decay, decoupled=self.optimizer == "adamw")

    def rate(self, step: int, steps: int) -> float:
        """Learning rate at `step` of `steps`: linear warm-up, then constant or half a cosine down to 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        done = (step - self.warmup) / max(1, steps - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    return isinstance(value, numbers.Real) and math.isfinite(value)
