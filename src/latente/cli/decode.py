"""`latente decode`: codes as images again."""

from __future__ import annotations

import typer

from latente.cli.shared.codes import CodesArgument, read_codes
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import asked_of, model_for
from latente.cli.shared.options import ConditionOption, ForceFlag, RunArgument
from latente.cli.shared.outputs import ImagesOutOption, refuse_used_for_images, save_model_images

__all__ = ["verb"]

verb = typer.Typer()


@verb.command(rich_help_panel=USE, epilog=examples("latente decode runs/digits codes.npz --out decoded"))
def decode(
    run: RunArgument,
    codes: CodesArgument,
    out: ImagesOutOption,
    condition: ConditionOption = None,
    force: ForceFlag = False,
) -> None:
    """Turn codes back into images."""
    refuse_used_for_images(out, force)
    array, names = read_codes(codes)
    model = model_for("decode", run)
    told = asked_of(model.decode, model, {"conditions": ("--condition", condition)})
    save_model_images(out, model, model.decode(array, **told), names=names)
