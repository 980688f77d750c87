"""`latente reconstruct`: images as the model draws them again."""

from __future__ import annotations

from typing import Annotated

import typer

from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import USE, examples
from latente.cli.shared.images import images_for
from latente.cli.shared.models import asked_of, model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ForceFlag,
    FramesOption,
    ImagesArgument,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.outputs import ImagesOutOption, refuse_used_for_images, save_model_images
from latente.cli.shared.readers import checked
from latente.words import count as counted

__all__ = ["verb"]

SamplesOption = Annotated[
    int | None,
    typer.Option(
        "--samples",
        parser=checked(Whole()),
        metavar="L",
        help="The mean over so many draws of each code (vae) [dim](default: of its mean alone)[/dim]",
    ),
]

verb = typer.Typer()


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente reconstruct runs/digits digits --split test --out reconstructed",
        "latente reconstruct runs/digits digits --count 64 --out side-by-side.png",
    ),
)
def reconstruct(
    run: RunArgument,
    images: ImagesArgument,
    out: ImagesOutOption,
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    samples: SamplesOption = None,
    force: ForceFlag = False,
) -> None:
    """Pass images through the model.

    Each comes out under its own name and in its own units, as large and in as many channels as the model has it.
    """
    refuse_used_for_images(out, force)
    model = model_for("reconstruct", run)
    drawn = asked_of(model.reconstruct, model, {"samples": ("--samples", samples)})
    source = images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    save_model_images(
        out,
        model,
        model.reconstruct(source, **drawn),
        layout=source.layout,
        names=source.files,
        originals=source.pixels,
    )
    lost = "" if source.is_table or source.scan is None else source.scan.lost(source.image_shape)
    if lost:
        channels, height, width = source.image_shape
        size = f"{height}x{width} with {counted(channels, 'channel')}"
        show.console().print(show.pairs([("smaller", f"the model has pictures of {size}; of the originals {lost}")]))
