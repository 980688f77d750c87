"""`latente edit`: images with more or less of an attribute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente import words
from latente.cli.shared.directions import AttributeOption, StrengthOption, direction_of, facts_of
from latente.cli.shared.help import USE, examples
from latente.cli.shared.images import few_of, images_for, refuse_tables
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ForceFlag,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    PictureOption,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.pictures import print_lines, refuse_picture, save_figures

__all__ = ["verb"]

verb = typer.Typer()

ROWS = 8  # images in one picture, unless told otherwise

KeepDetailFlag = Annotated[
    bool, typer.Option("--keep-detail", help="Change the image itself, not its reconstruction: fine lines stay.")
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente direction learn runs/digits digits --attribute 3",
        "latente edit runs/digits digits --attribute 3 --strength -1:2:7 --out edited.png",
        "latente edit runs/digits digits --attribute 3 --strength 0,1,2 --keep-detail --out kept.png",
    ),
)
def edit(
    run: RunArgument,
    images: ImagesArgument,
    attribute: AttributeOption,
    strength: StrengthOption = "-1:2:7",
    keep_detail: KeepDetailFlag = False,
    out: PictureOption = Path("edit.png"),
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Give images more or less of an attribute.

    Strength 1 is the gap between images with it and those without, on the average; 0 is the reconstruction, or with
    --keep-detail the image itself.
    """
    import numpy as np

    from latente import figures
    from latente.evidence import as_pictures
    from latente.images import to_layout
    from latente.latents import edit as move

    refuse_picture(out, force)
    model = model_for("edit", run)
    refuse_tables(model)
    direction = direction_of(run, attribute)
    opened = images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    source, numbers = few_of(opened, count or ROWS)
    edited = move(model, to_layout(source.pixels, model.layout_), direction, strength, keep_detail=keep_detail)
    measured = [float(direction.strength_of(model.transform(edited[:, i])).mean()) for i in range(len(strength))]
    pictures, originals = as_pictures(model, edited), model.scaling_.to_range(source.pixels)
    plain = originals if keep_detail else as_pictures(model, model.decode(model.transform(source)))
    change = np.sqrt(((pictures - plain[:, None]) ** 2).mean(axis=(2, 3, 4))).mean(axis=0)
    lines = [
        {"strength": float(target), "measured": value, "change": float(difference)}
        for target, value, difference in zip(strength, measured, change, strict=True)
    ]
    names = [words.brief(Path(file).name) for file in source.files] or [str(i) for i in numbers]
    rows = np.concatenate([originals[:, None], pictures], axis=1)
    titles = ["original", *(f"{target:+.2g}" if target else "0" for target in strength)]
    save_figures(out, figures.strips(rows.clip(0, 1), names, titles))
    facts = {"run": run, "images": source.name, "count": len(source), **facts_of(direction)}
    print_lines(facts, "strengths", lines, out, as_json)
