"""How to minimise, whatever is minimised; this file is light, so that help need not load torch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from latente.checks import Choice, Every, Flag, Number, Numbers, Text, Whole, check_options, option
from latente.errors import did_you_mean

__all__ = [
    "OPTIMIZERS",
    "PLAYER_OPTIONS",
    "PRECISIONS",
    "SCHEDULES",
    "USUAL_STEPS",
    "DeviceOptions",
    "LogOptions",
    "TrainingOptions",
    "usual_batch_size",
    "usual_epochs",
    "usual_warmup",
]

USUAL_STEPS = 1_500  # that a training takes at least, where nobody chose its epochs
OPTIMIZERS = ("adam", "adamw", "sgd", "lbfgs")
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("auto", "float32", "bf16")
PLAYER_OPTIONS = ("learning_rate", "betas", "optimizer", "weight_decay", "gradient_clip")


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class DeviceOptions:
    """Where the numbers are worked out."""

    panel: ClassVar[str] = "Machine and run folder"

    device: str = option("auto", "auto, cpu, cuda, cuda:1 ... or mps.", Text("NAME"))
    threads: int | None = option(None, "Threads on the processor.", Whole(most=1024, or_none=True), shown="all")


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class LogOptions:
    """What is written while a training runs, and how exactly it computes."""

    panel: ClassVar[str] = "Machine and run folder"

    precision: str = option(
        "auto",
        "Precision of the products: float32, bf16, or auto, which is bf16 where that was measured to be faster.",
        Choice(PRECISIONS),
    )
    checkpoint_every: int | str | None = option(
        None,
        "Save the state this often within an epoch, in steps or in time (10min).",
        Every(or_none=True),
        shown="each epoch",
    )
    log_every: int = option(50, "Log the losses this often.", Whole(metavar="STEPS"))
    tensorboard: bool = option(False, "Write the log as TensorBoard events, too.", Flag())


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class TrainingOptions(LogOptions, DeviceOptions):
    """How to minimise, whatever is minimised: each field's meaning is its help, its range its check.

    Like scikit-learn's estimators, which inherit these fields, it stores what it is given; `check` says what is wrong.
    batch_size counts images over all processes and micro-batches; None leaves it to `usual_batch_size`, as epochs=None
    leaves their number to `usual_epochs`, and warmup=None that of its steps to `usual_warmup`. precision="auto" is
    settled by an estimator, which knows its networks; the loop by itself takes float32 for it.
    """

    panel: ClassVar[str] = "Training"

    epochs: int | None = option(None, "Passes over the images.", Whole(or_none=True), shown="20, more for small sets")
    minutes: float | None = option(
        None, "Train for so long instead: as many steps as fit are fixed at the start.", Number(above=0, or_none=True)
    )
    batch_size: int | None = option(None, "Images in a step.", Whole(or_none=True), shown="128, less for small sets")
    learning_rate: float = option(1e-3, "Length of a step, at its peak.", Number(above=0), shown="0.001")
    optimizer: str = option("adam", f"Who takes the steps: {', '.join(OPTIMIZERS)}.", Choice(OPTIMIZERS))
    betas: tuple[float, float] = option(
        (0.9, 0.999), "Memory of Adam's two averages.", Numbers(each=Number(least=0, below=1), count=2, metavar="X,X")
    )
    weight_decay: float = option(0.0, "Pull of the weights towards 0.", Number(least=0))
    schedule: str = option("constant", f"Course of the learning rate: {' or '.join(SCHEDULES)}.", Choice(SCHEDULES))
    warmup: int | None = option(
        None,
        "Steps in which the learning rate grows from 0.",
        Whole(least=0, or_none=True, metavar="STEPS"),
        shown="0, with cosine up to 200",
    )
    gradient_clip: float | None = option(None, "Largest norm of the gradient.", Number(above=0, or_none=True))
    accumulate: int = option(1, "Parts in which a step is worked out, to save memory.", Whole())
    ema: float | None = option(
        None,
        "Average the weights, with a decay such as 0.999.",
        Number(above=0, below=1, or_none=True, metavar="DECAY"),
    )
    patience: int | None = option(
        None, "Stop after so many epochs without gain.", Whole(or_none=True, metavar="EPOCHS")
    )

    def check(self) -> None:
        """Raise InputError, naming the option, where a value is out of its range."""
        check_options(self)

    def of(self, settings: Mapping[str, object]) -> Self:
        """Return these options with a player's own `settings` in place of some (`PLAYER_OPTIONS` may be).

        Raises InputError where one is unknown or out of range.
        """
        if not settings:
            return self
        for name in settings:
            if name not in PLAYER_OPTIONS:
                raise did_you_mean("setting of a player", name, PLAYER_OPTIONS)
        changes: dict[str, Any] = dict(settings)
        options = dataclasses.replace(self, **changes)
        options.check()
        return options

    def rate(self, step: int, steps: int) -> float:
        """Learning rate at `step` of `steps`: linear warm-up, then constant or half a cosine down to 0."""
        warmup = usual_warmup(self.schedule, steps) if self.warmup is None else self.warmup
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        if self.schedule == "constant":
            return self.learning_rate
        done = (step - warmup) / max(1, steps - warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def usual_batch_size(count: int) -> int:
    """Return 128, halved down to 16 until an epoch of `count` images has 20 steps: fewer teach a network little."""
    size = 128
    while size > 16 and count < 20 * size:
        size //= 2
    return size


def usual_epochs(count: int, batch_size: int) -> int:
    """Return 20, or as many passes over `count` images as `USUAL_STEPS` need: a network learns by the step."""
    return max(20, math.ceil(USUAL_STEPS / math.ceil(count / batch_size)))


def usual_warmup(schedule: str, steps: int) -> int:
    """Return 200 steps, a tenth of all at most, before a cosine; none before a constant rate.

    Adam's first steps move every weight by the whole rate, all in one direction: of a layer with thousands of inputs
    that is far, and its units may be dead before they have learned anything. A training at a constant rate stays the
    first part of a longer one.
    """
    return min(200, steps // 10) if schedule == "cosine" else 0
