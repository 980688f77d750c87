"""The options of the restorers."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Flag, Number, Numbers, Own, Text, Whole, option, with_default
from latente.estimators.options.common import LoopOptions
from latente.networks.options import ACTIVATIONS, NORMALIZATIONS, POOLINGS

__all__ = ["LOSSES", "NETWORKS", "RestorationOptions", "UNetOptions"]

LOSSES = ("l1", "mse")
NETWORKS = ("auto", "residual", "shuffle", "unet")


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class UNetOptions:
    """A U-net, level by level."""

    panel: ClassVar[str] = "U-net"

    hidden: tuple[int, ...] = option((32, 64, 128), "Channels of its levels, such as 64,128.", Numbers())
    kernel_size: int = option(4, "Side of its filters.", Whole())
    stride: int = option(2, "By what each level divides the sides.", Whole())
    pooling: str | None = option(
        None, "Divide by pooling after the filter instead: max, average.", Choice(POOLINGS, or_none=True)
    )
    activation: str = option("relu", f"Between its layers: {', '.join(ACTIVATIONS)}.", Choice(ACTIVATIONS))
    normalization: str | None = option(
        None, f"After each of its layers: {', '.join(NORMALIZATIONS)} or none.", Choice(NORMALIZATIONS, or_none=True)
    )
    skips: bool = option(True, "Hand what the way down had over to the way up.", Flag())
    code: int | None = option(
        None, "Width of a dense layer in its middle, which makes it one for images of one size.", Whole(or_none=True)
    )
    residual: bool = option(True, "Add what it makes to the image itself.", Flag())
    output: str | None = option(
        None,
        f"Activation at its end: {', '.join(ACTIVATIONS)} or none.",
        Choice(ACTIVATIONS, kind="activation", or_none=True),
    )


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class RestorationOptions(UNetOptions, LoopOptions):
    """What a restorer is asked for."""

    panel: ClassVar[str] = "Network"

    corruption: Any = option(
        None,
        "What it shall undo, such as downscale:2, gaussian:0.1 or blur:1.5,jpeg:60; none where images come as pairs.",
        Own(Text("KIND:X,...", or_none=True), ("callable",), role="input"),
        shown="pairs",
    )
    network: Any = option(
        "auto",
        "Kind of network: residual, shuffle (works at half of the sides), unet; auto is residual where images are "
        "enlarged, else shuffle.",
        Own(Choice(NETWORKS), ("module",), role="network"),
    )
    width: int | None = option(
        None, "Channels of its layers (residual, shuffle).", Whole(or_none=True), shown="32, of shuffle 64"
    )
    depth: int | None = option(
        None,
        "Blocks of two layers (residual, shuffle).",
        Whole(most=1000, or_none=True),
        shown="5, of shuffle 4",
    )
    loss: str = option("l1", f"Distance to what the image should be, per value: {', '.join(LOSSES)}.", Choice(LOSSES))
    adversarial: float = option(
        0.0,
        "Weight of a critic that tells results from what they should be: sharper, with details that may be made up.",
        Number(least=0),
    )
    augmentation: Any = option(
        None,
        "Draw crops, flips or turns anew at each step, such as crop:64,flips,turns.",
        Own(Text("KIND:X,...", or_none=True), ("callable",)),
        shown="crops of 64 pixels, of 32 before they are enlarged, flips and turns",
    )
    epochs: int | None = option(30, "Rounds of 200 steps, each followed by a look at the validation part.", Whole())
    batch_size: int | None = with_default(LoopOptions, "batch_size", 16)
    schedule: str = with_default(LoopOptions, "schedule", "cosine")
    ema: float | None = with_default(LoopOptions, "ema", 0.999)
