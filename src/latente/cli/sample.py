"""`latente sample`: new images."""

from __future__ import annotations

from typing import Annotated

import typer

from latente.checks import Whole
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import model_for
from latente.cli.shared.options import ForceFlag, RunArgument, SeedOption
from latente.cli.shared.outputs import ImagesOutOption, refuse_used_for_images, save_model_images
from latente.cli.shared.readers import checked

__all__ = ["verb"]

verb = typer.Typer()

NumberOption = Annotated[int, typer.Option("-n", parser=checked(Whole()), metavar="N", help="How many images.")]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente sample runs/digits --out samples.png",
        "latente sample runs/digits -n 100 --seed 7 --out samples/",
    ),
)
def sample(
    run: RunArgument,
    out: ImagesOutOption,
    n: NumberOption = 64,
    seed: SeedOption = None,
    force: ForceFlag = False,
) -> None:
    """Draw new images from the model."""
    refuse_used_for_images(out, force)
    model = model_for("sample", run)
    save_model_images(out, model, model.sample(n, random_state=seed))
