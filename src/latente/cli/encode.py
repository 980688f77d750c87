"""`latente encode`: the codes of images as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
from latente.cli.shared.outputs import print_output, refuse_used, save_arrays
from latente.errors import InputError
from latente.words import count as counted

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
    import numpy as np

    if out.suffix.lower() != ".npz":
        raise InputError(f"--out {out}: codes, files and labels go together into one .npz file")
    refuse_used(out, force)
    model = model_for("encode", run)
    source = images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    codes = model.transform(source)
    labels = np.full(len(source), -1) if source.labels is None else source.labels
    save_arrays(out, {"codes": codes, "files": np.array(source.files or [""] * len(source)), "labels": labels})
    print_output(out, f"{counted(len(codes), 'code')} of {counted(codes.shape[1], 'number')}")
