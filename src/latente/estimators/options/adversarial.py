"""The options of generative adversarial networks."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Flag, Number, Numbers, Own, Text, Whole, option, with_default
from latente.estimators.options.common import LoopOptions
from latente.networks.options import ACTIVATIONS, NETWORKS, NORMALIZATIONS

__all__ = ["CRITIC_NORMALIZATIONS", "LOSSES", "AdversarialOptions"]

LOSSES = ("non-saturating", "relativistic", "least-squares", "hinge", "wasserstein")
CRITIC_NORMALIZATIONS = ("spectral", "layer", "group")  # batch would let images vouch for each other


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class AdversarialOptions(LoopOptions):
    """What a generator and its critic are asked for."""

    panel: ClassVar[str] = "Network"

    latent_dim: int = option(64, "Length of the latent that an image is made from.", Whole())
    conditional: bool = option(False, "Learn to make images of a class that is asked for, by their labels.", Flag())
    network: Any = option(
        "auto",
        "Kind of networks: dense, conv, or auto, which is conv for pictures of at least 8 pixels a side.",
        Own(Choice(NETWORKS), ("pair of modules",), role="network"),
    )
    hidden: tuple[int, ...] | None = option(
        None,
        "Channels (conv) or widths of the generator, from the image inwards, such as 64,128.",
        Numbers(or_none=True),
        shown="by the images",
    )
    critic_hidden: tuple[int, ...] | None = option(
        None, "Channels or widths of the critic.", Numbers(or_none=True), shown="the generator's"
    )
    kernel_size: int = option(4, "Side of a filter (conv).", Whole())
    stride: tuple[int, ...] = option(
        (2,), "Steps of the filters, one for each level from the image inwards, or one for all (conv).", Numbers()
    )
    activation: str = option("leaky_relu", f"Between layers: {', '.join(ACTIVATIONS)}.", Choice(ACTIVATIONS))
    slope: float = option(0.2, "Of leaky_relu below 0.", Number(least=0, below=1))
    normalization: str | None = option(
        None,
        f"After each layer of the generator: {', '.join(NORMALIZATIONS)} or none.",
        Choice(NORMALIZATIONS, or_none=True),
    )
    critic_normalization: str | None = option(
        None,
        f"Of the critic's layers: {', '.join(CRITIC_NORMALIZATIONS)} or none.",
        Choice(CRITIC_NORMALIZATIONS, or_none=True),
    )
    critic_dropout: float = option(
        0.0, "Share of the critic's values that training drops.", Number(least=0, below=1, metavar="SHARE")
    )
    loss: str = option("non-saturating", f"What the two want of each other: {', '.join(LOSSES)}.", Choice(LOSSES))
    r1: float | None = option(
        None,
        "Weight of the penalty on steep scores of real images.",
        Number(least=0, or_none=True),
        shown="1 for each 784 pixels, with wasserstein 0",
    )
    r2: float = option(0.0, "Weight of the penalty on steep scores of made images.", Number(least=0))
    penalty_every: int = option(8, "Steps from one such penalty to the next, which counts as much more.", Whole())
    gradient_penalty: float | None = option(
        None,
        "Weight of the penalty on scores between real and made images whose slope is not 1.",
        Number(least=0, or_none=True),
        shown="0, with wasserstein 10",
    )
    critic_steps: int | None = option(
        None, "Steps of the critic for each of the generator.", Whole(or_none=True), shown="1, with wasserstein 5"
    )
    critic_augmentation: Any = option(
        "auto",
        "Change real and made images alike before the critic sees them, such as shift:4,cutout:0.5; auto does where "
        "there are fewer than 2,000 images.",
        Own(Text("KIND:X,...", or_none=True), ("callable",)),
    )
    epochs: int | None = option(
        None,
        "Passes over the images, or rounds of 400 steps where a pass has fewer.",
        Whole(or_none=True),
        shown="20, more for small sets",
    )
    # many small and bold steps draw better in the same time (benchmarks/gan_presets.py)
    batch_size: int | None = with_default(LoopOptions, "batch_size", 16)
    learning_rate: float = with_default(LoopOptions, "learning_rate", 2e-3)
    betas: tuple[float, float] = with_default(LoopOptions, "betas", (0.0, 0.99))
    schedule: str = with_default(LoopOptions, "schedule", "cosine")
    ema: float | None = with_default(LoopOptions, "ema", 0.995)
