"""What all estimators are asked for, and what those are asked for that learn by the loop."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Flag, Number, Own, Text, Whole, option
from latente.training.options import DeviceOptions, TrainingOptions

__all__ = ["EstimatorOptions", "LoopOptions"]


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class EstimatorOptions(DeviceOptions):
    """Which images judge, which seed, and where the run goes."""

    panel: ClassVar[str] = "Training"

    validation: Any = option(
        0.1,
        "Share of the images held out to judge by, a set of its own, or none.",
        Own(Number(above=0, below=1, or_none=True, metavar="SHARE|IMAGES"), ("path", "images"), is_path_too=True),
    )
    random_state: Any = option(
        None,
        "Seed of every draw: same seed, same result.",
        Own(Whole(least=0, most=2**32 - 1, or_none=True), ("generator",)),
        shown="drawn anew",
        flag="--seed",
    )
    out: Any = option(None, "Folder for the run; none writes nothing.", Own(Text("RUN", or_none=True), ("path",)))
    verbose: bool | None = option(
        None,
        "Show a progress bar; left out, where somebody looks: in a terminal or a notebook.",
        Flag(or_none=True),
        shown="in a terminal or a notebook",
    )


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class LoopOptions(EstimatorOptions, TrainingOptions):
    """An estimator whose networks learn by the training loop."""

    panel: ClassVar[str] = "Training"

    augmentation: Any = option(
        None,
        "Draw crops, flips, turns or shifts of the images anew at each step, such as crop:64,flips.",
        Own(Text("KIND:X,...", or_none=True), ("callable",)),
    )
    init: Any = option(None, "Start from the weights of this run.", Own(Text("RUN", or_none=True), ("path",)))
