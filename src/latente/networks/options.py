"""The options that say which networks are built; this file is light, so that help need not load torch."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Number, Numbers, Own, Whole, option

__all__ = ["ACTIVATIONS", "NETWORKS", "NORMALIZATIONS", "POOLINGS", "LayerOptions", "PairOptions"]

NETWORKS = ("auto", "dense", "conv")
ACTIVATIONS = (
    *("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"),
    *("prelu", "softplus", "hardtanh", "arctan", "linear"),
)
NORMALIZATIONS = ("batch", "layer", "group")
POOLINGS = ("max", "average")


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class LayerOptions:
    """The hidden layers of a network, whatever their kind."""

    panel: ClassVar[str] = "Network"

    hidden: tuple[int, ...] | None = option(
        None,
        "Widths, or channels (conv), of the encoder, such as 512,256; a decoder mirrors them.",
        Numbers(or_none=True),
        shown="by the images",
    )
    activation: str = option("relu", f"Between layers: {', '.join(ACTIVATIONS)}.", Choice(ACTIVATIONS))
    normalization: str | None = option(
        None, f"After each layer: {', '.join(NORMALIZATIONS)} or none.", Choice(NORMALIZATIONS, or_none=True)
    )
    dropout: float = option(0.0, "Share of the values that training drops.", Number(least=0, below=1, metavar="SHARE"))


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class PairOptions(LayerOptions):
    """An encoder and the decoder that mirrors it."""

    latent_dim: int | None = option(
        32, "Length of the code; none leaves a convolutional one spatial.", Whole(or_none=True)
    )
    network: Any = option(
        "auto",
        "Kind of network: dense, conv, or auto, which is conv for pictures of at least 8 pixels a side.",
        Own(Choice(NETWORKS), ("pair of modules",), role="network"),
    )
    kernel_size: int = option(3, "Side of a filter (conv).", Whole())
    stride: int = option(2, "Step of a filter where the image shrinks (conv).", Whole())
    depth: int = option(1, "Layers at each width (conv).", Whole(most=1000))
