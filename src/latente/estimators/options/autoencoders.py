"""The options of the autoencoders."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Own, Text, option, with_default
from latente.estimators.options.common import LoopOptions
from latente.networks.options import ACTIVATIONS, PairOptions

__all__ = ["LOSSES", "PRIORS", "SHORTCUTS", "AutoencoderOptions", "ReconstructionOptions"]

LOSSES = ("mse", "bce", "l1")
PRIORS = ("auto", "normal", "mixture", "flow")
SHORTCUTS = ("auto", "pca", "mean")


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class ReconstructionOptions(PairOptions, LoopOptions):
    """What all autoencoders are asked for."""

    panel: ClassVar[str] = "Objective"

    corruption: Any = option(
        None,
        "Worsen the input, such as gaussian:0.2, and want the clean image back: a denoiser.",
        Own(Text("KIND:X", or_none=True), ("callable",), role="input"),
    )
    prior: str = option(
        "auto",
        f"Density from which the codes of samples are drawn: {', '.join(PRIORS)}; auto goes by what they look like.",
        Choice(PRIORS),
    )


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class AutoencoderOptions(ReconstructionOptions):
    """What the plain autoencoder is asked for."""

    panel: ClassVar[str] = "Objective"

    schedule: str = with_default(LoopOptions, "schedule", "cosine")
    loss: str = option("mse", f"Distance to the image, per value: {', '.join(LOSSES)}.", Choice(LOSSES))
    shortcut: str | None = option(
        "auto",
        "What the networks start from: pca, to which they add; the mean image; none; auto is pca where it can be.",
        Choice(SHORTCUTS, or_none=True),
    )
    latent_activation: str | None = option(
        None,
        f"Last step of the encoder: {', '.join(ACTIVATIONS)} or none.",
        Choice(ACTIVATIONS, kind="activation", or_none=True),
    )
