"""`latente encode`: the codes of images as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente.cli.shared.codes import refuse_used_codes, save_codes
from latente.cli.shared.help import USE, examples
from latente.cli.shared.images import images_for
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ForceFlag,
    FramesOption,
    ImagesArgument,
    RunArgument,
    SplitOption,
)

__all__ = ["verb"]

verb = typer.Typer()

CodesOutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .npz file to write.")]


@verb.command(rich_help_panel=USE, epilog=examples("latente encode runs/digits digits --out codes.npz"))
def encode(
    run: RunArgument,
    images: ImagesArgument,
    out: CodesOutOption,
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    force: ForceFlag = False,
) -> None:
    """Write the codes of images.

    The file holds the arrays codes (N, D), files and labels (-1 where unknown).
    """
    refuse_used_codes(out, force, "--out")
    model = model_for("encode", run)
    source = images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    save_codes(out, model.transform(source), source.files or [""] * len(source), source.labels)
