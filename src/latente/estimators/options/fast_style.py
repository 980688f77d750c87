"""The options of fast style transfer."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Number, Own, Text, Whole, option, with_default
from latente.estimators.options.common import EstimatorOptions, LoopOptions
from latente.estimators.options.style import NETWORKS
from latente.training.options import TrainingOptions

__all__ = ["FastStyleOptions"]


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class FastStyleOptions(LoopOptions):
    """What a fast style transfer is asked for."""

    panel: ClassVar[str] = "Style"

    styles: Any = option(
        None,
        "Pictures in whose style it learns to paint, or a folder of them; it paints in others too. None are textures "
        "that are drawn.",
        Own(Text("FILE|FOLDER", or_none=True), ("path", "array", "tuple of these")),
        shown="drawn textures",
    )
    network: str = option(
        "auto",
        f"Network through which pictures are compared in training: {', '.join(NETWORKS)}; auto is the first of "
        "vgg19-distilled, vgg19 and pyramid that is here.",
        Choice(NETWORKS),
    )
    weights: str | None = option(
        None, "File with the weights of one of these, in a layout that is known.", Text("FILE", or_none=True)
    )
    width: int = option(
        16, "Channels of the finest level of what paints; coarser ones have 2 and 4 times as many.", Whole()
    )
    depth: int = option(3, "Pairs of layers at the coarsest level.", Whole(most=100))
    content_weight: float = option(1.0, "Weight of the content.", Number(least=0))
    style_weight: float = option(4.0, "Weight of the style.", Number(least=0))
    identity_weight: float = option(4.0, "Weight of leaving a photograph in its own style as it is.", Number(least=0))
    augmentation: Any = with_default(LoopOptions, "augmentation", None, shown="crops of 128 pixels, and flips")
    epochs: int | None = option(20, "Rounds of 200 steps, each followed by a look at the validation part.", Whole())
    batch_size: int | None = with_default(TrainingOptions, "batch_size", 4)
    learning_rate: float = with_default(TrainingOptions, "learning_rate", 2e-3)
    betas: tuple[float, float] = with_default(TrainingOptions, "betas", (0.9, 0.99))
    schedule: str = with_default(TrainingOptions, "schedule", "cosine")
    gradient_clip: float | None = with_default(TrainingOptions, "gradient_clip", 1.0)
    ema: float | None = with_default(TrainingOptions, "ema", 0.995)
    validation: Any = with_default(EstimatorOptions, "validation", 0.02)
