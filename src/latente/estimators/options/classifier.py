"""The options of the classifier."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Numbers, Own, Text, Whole, option, with_default
from latente.estimators.options.common import LoopOptions
from latente.networks.options import NETWORKS, POOLINGS, LayerOptions

__all__ = ["ClassifierOptions"]


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class ClassifierOptions(LayerOptions, LoopOptions):
    """What the classifier is asked for."""

    panel: ClassVar[str] = "Network"

    hidden: tuple[int, ...] | None = option(
        None,
        "Channels of the levels (conv), or widths of the layers (dense), such as 32,64.",
        Numbers(or_none=True),
        shown="by the images",
    )
    normalization: str | None = with_default(LayerOptions, "normalization", "batch")
    dropout: float = with_default(LayerOptions, "dropout", 0.3)
    network: Any = option(
        "auto",
        "Kind of network: dense, conv, or auto, which is conv for pictures of at least 8 pixels a side.",
        Own(Choice(NETWORKS), ("module",), role="network"),
    )
    dense: tuple[int, ...] | None = option(
        None,
        "Widths of the dense layers after the convolutions (conv), 128 where nothing is said.",
        Numbers(or_none=True),
        shown="by the images",
    )
    kernel_size: tuple[int, ...] = option(
        (3,), "Side of a filter, one for each level or one for all, such as 7,5 (conv).", Numbers()
    )
    stride: int = option(2, "Step of the filter that ends a level (conv).", Whole())
    depth: int = option(2, "Convolutions in a level (conv).", Whole(most=1000))
    pooling: str | None = option(
        None, "End a level by pooling after the filter instead: max, average.", Choice(POOLINGS, or_none=True)
    )
    corruption: Any = option(
        None,
        "What training sees of the images, such as gaussian:0.1: a regulariser.",
        Own(Text("KIND:X", or_none=True), ("callable",), role="input"),
    )
    schedule: str = with_default(LoopOptions, "schedule", "cosine")
