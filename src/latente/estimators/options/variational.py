"""The options of the variational autoencoder."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from latente.checks import Choice, Number, Whole, option
from latente.estimators.options.autoencoders import ReconstructionOptions

__all__ = ["BINARIZATIONS", "CONDITIONS", "LIKELIHOODS", "VariationalOptions"]

LIKELIHOODS = ("auto", "bernoulli", "gaussian")
BINARIZATIONS = ("dynamic",)
CONDITIONS = ("joint", "given")


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class VariationalOptions(ReconstructionOptions):
    """What the variational autoencoder is asked for."""

    panel: ClassVar[str] = "Objective"

    likelihood: str = option(
        "auto",
        "Density of the values: bernoulli, gaussian, or auto, which is bernoulli for pictures of 8 bits or fewer.",
        Choice(LIKELIHOODS),
    )
    beta: float = option(1.0, "Weight of the KL divergence.", Number(least=0))
    beta_warmup: int = option(0, "Steps in which beta grows from 0.", Whole(least=0, metavar="STEPS"))
    free_bits: float = option(0.0, "KL per latent dimension that costs nothing.", Number(least=0, metavar="NATS"))
    samples: int = option(1, "Codes drawn for each image in a step, whose losses are averaged.", Whole(metavar="L"))
    importance_samples: int = option(1, "Samples of the bound that is trained.", Whole(metavar="K"))
    binarization: str | None = option(
        None, "Pixels as draws of 0 or 1: dynamic or none.", Choice(BINARIZATIONS, or_none=True)
    )
    condition: str | None = option(
        None,
        "Numbers beside each image: joint, encoded and decoded with it; given, what both networks are told; or none.",
        Choice(CONDITIONS, or_none=True),
    )
    condition_weight: float = option(
        1.0, "Nats of the image that one nat of a joint condition counts for.", Number(above=0)
    )
