"""The options of style transfer."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Number, Numbers, Own, Text, Whole, option, with_default
from latente.estimators.options.common import EstimatorOptions
from latente.training.options import LogOptions

__all__ = ["COLOURS", "NETWORKS", "PICTURE", "STARTS", "WRITTEN_SUFFIXES", "TransferOptions"]

PICTURE = "picture.png"  # in the run folder: what came of it
WRITTEN_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")  # of files that may be named for it
NETWORKS = ("auto", "vgg19", "vgg19-normalised", "vgg19-distilled", "squeezenet", "pyramid")
STARTS = ("content", "noise", "style")
COLOURS = ("style", "luminance", "histogram")
STEPPERS = ("lbfgs", "adam")


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class TransferOptions(LogOptions, EstimatorOptions):
    """What a style transfer is asked for."""

    panel: ClassVar[str] = "Style"

    styles: Any = option(
        None,
        "Picture in whose style it paints, or several.",
        Own(Text("FILE", or_none=True), ("path", "array", "tuple of these")),
    )
    blend: tuple[float, ...] | None = option(
        None,
        "Mix the styles, by these shares.",
        Numbers(each=Number(least=0), or_none=True, metavar="X,X"),
        shown="equal shares",
    )
    regions: Any = option(
        None,
        "Pictures, one for each style, that are white where it holds.",
        Own(Text("FILE", or_none=True), ("path", "array", "tuple of these")),
    )
    network: str = option(
        "auto",
        f"Network through which pictures are compared: {', '.join(NETWORKS)}; auto is the best one that is here.",
        Choice(NETWORKS),
    )
    weights: str | None = option(
        None, "File with the weights of one of these, in a layout that is known.", Text("FILE", or_none=True)
    )
    side: int | None = option(
        512, "Longest side of the result in pixels; none keeps the photograph's.", Whole(least=32, or_none=True)
    )
    style_scale: float = option(
        1.0, "How large the style's strokes are: its longest side, by that of the result.", Number(above=0)
    )
    colours: str = option(
        "style",
        f"Whose colours it has: those of the {COLOURS[0]}; the photograph's, by painting its {COLOURS[1]} alone, or by "
        f"bringing the style to its {COLOURS[2]} first.",
        Choice(COLOURS),
    )
    start: str = option("content", f"What is changed step by step: {', '.join(STARTS)}.", Choice(STARTS))
    content_layers: str | None = option(
        None,
        "Where the content is compared, such as 4_2, with weights: 3_1:0.5,4_2.",
        Text("LAYER,LAYER", or_none=True),
        shown="by the network",
    )
    style_layers: str | None = option(
        None,
        "Where the style is compared, such as 1_1:2,2_1,3_1.",
        Text("LAYER,LAYER", or_none=True),
        shown="by the network",
    )
    content_weight: float = option(1.0, "Weight of the content.", Number(least=0))
    style_weight: float | None = option(
        None,
        "Weight of the style; three times as much is strong.",
        Number(least=0, or_none=True),
        shown="300, of the pyramid 1500",
    )
    tv_weight: float = option(0.3, "Weight of the total variation, which smooths.", Number(least=0))
    octaves: int = option(
        3, "Pictures, each half as large as the one before, whose sum is painted; 1 is plain pixels.", Whole(most=8)
    )
    scales: int | None = option(
        None,
        "Sizes, each twice the one before, at which it paints one after the other.",
        Whole(most=8, or_none=True),
        shown="1, more for large pictures",
    )
    steps: int | None = option(None, "Steps.", Whole(or_none=True), shown="300, of the pyramid 140")
    preview_every: int = option(20, "Show the picture, and save the state, this often.", Whole(metavar="STEPS"))
    optimizer: str = option("lbfgs", f"Who takes the steps: {', '.join(STEPPERS)}.", Choice(STEPPERS))
    learning_rate: float | None = option(
        None, "Length of a step.", Number(above=0, or_none=True), shown="1, of adam 0.02"
    )
    ema: float | None = option(
        None,
        "Average the picture over the steps, with a decay such as 0.99.",
        Number(above=0, below=1, or_none=True, metavar="DECAY"),
    )
    file: str | None = option(
        None,
        "File for the picture, beside the run folder's own; it gets the photograph's transparency and EXIF.",
        Text("FILE", or_none=True),
    )
    log_every: int = with_default(LogOptions, "log_every", 10)
    validation: Any = with_default(EstimatorOptions, "validation", None)
