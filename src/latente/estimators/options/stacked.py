"""The options of the stacked autoencoder as a classifier."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Number, Numbers, Own, Text, Whole, option
from latente.estimators.options.common import LoopOptions
from latente.networks.options import LayerOptions

__all__ = ["StackedOptions"]


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class StackedOptions(LayerOptions, LoopOptions):
    """What the stacked autoencoder is asked for; epochs and learning rate are those of fine-tuning."""

    panel: ClassVar[str] = "Pre-training and corruption"

    hidden: tuple[int, ...] = option((512, 256, 64), "Widths of the layers, from the first.", Numbers())
    corruption: Any = option(
        "mask:0.25",
        "What pre-training does to the input of each layer, such as gaussian:0.2, or none.",
        Own(Text("KIND:X", or_none=True), ("callable",), role="input"),
    )
    input_corruption: Any = option(
        None,
        "What fine-tuning sees of the images: a regulariser.",
        Own(Text("KIND:X", or_none=True), ("callable",), role="input"),
    )
    pretrain_epochs: int = option(10, "Passes over the images for each layer; 0 leaves it out.", Whole(least=0))
    pretrain_learning_rate: float = option(1e-3, "Length of a step of pre-training.", Number(above=0), shown="0.001")
