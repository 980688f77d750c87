"""The options of the translators."""

from __future__ import annotations

import dataclasses
from typing import Any

from latente.checks import with_default
from latente.estimators.options.common import LoopOptions
from latente.estimators.options.restoration import RestorationOptions, UNetOptions
from latente.training.options import TrainingOptions

__all__ = ["TranslationOptions"]


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class TranslationOptions(RestorationOptions):
    """What a translator is asked for: a restorer that makes other pictures than it is given, and has a critic."""

    network: Any = with_default(RestorationOptions, "network", "unet")
    adversarial: float = with_default(RestorationOptions, "adversarial", 0.01)
    residual: bool = with_default(UNetOptions, "residual", False)
    activation: str = with_default(UNetOptions, "activation", "leaky_relu")
    normalization: str | None = with_default(UNetOptions, "normalization", "batch")
    betas: tuple[float, float] = with_default(TrainingOptions, "betas", (0.5, 0.999))
    augmentation: Any = with_default(LoopOptions, "augmentation", None, shown="crops of 64 pixels, and flips")
