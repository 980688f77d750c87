"""`latente vary`: new images out of codes: near each, between two, with more or less of what others have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.checks import Number, Whole
from latente.cli.shared.codes import CodesArgument, CodesFileOption, read_codes, refuse_used_codes, save_codes
from latente.cli.shared.directions import StrengthOption
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import model_for
from latente.cli.shared.options import ForceFlag, RunArgument, SeedOption
from latente.cli.shared.outputs import ImagesOutOption, refuse_used_for_images, save_model_images
from latente.cli.shared.readers import checked
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from latente.latents import Direction

__all__ = ["verb"]

verb = typer.Typer()

NumberOption = Annotated[int, typer.Option("-n", parser=checked(Whole()), metavar="N", help="How many near each code.")]
ShareOption = Annotated[
    float,
    typer.Option(
        "--share",
        parser=checked(Number(above=0, most=1)),
        metavar="X",
        help="How far towards new codes: near 0 hardly differs, 1 is a new image.",
    ),
]
BetweenOption = Annotated[
    int | None,
    typer.Option(
        "--between",
        parser=checked(Whole(least=2)),
        metavar="N",
        help="Instead N images on the way from each code to the next, both among them.",
    ),
]
MoreOption = Annotated[
    Path | None,
    typer.Option("--more", metavar="CODES", help="Instead more and less of what the images of these codes have ..."),
]
LessOption = Annotated[
    Path | None, typer.Option("--less", metavar="CODES", help="... and those of these lack; see --strength.")
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente vary runs/digits samples.npz -n 6 --share 0.3 --out near.png --codes near.npz",
        "latente vary runs/digits samples.npz --between 5 --out between/ --codes between.npz",
        "latente vary runs/digits samples.npz --more near.npz --less samples.npz --strength -1,0,1 --out more.png",
    ),
)
def vary(
    run: RunArgument,
    codes: CodesArgument,
    out: ImagesOutOption,
    n: NumberOption = 12,
    share: ShareOption = 0.4,
    seed: SeedOption = None,
    between: BetweenOption = None,
    more: MoreOption = None,
    less: LessOption = None,
    strength: StrengthOption = "-1.5:1.5:7",
    codes_out: CodesFileOption = None,
    force: ForceFlag = False,
) -> None:
    """Make new images out of codes: near each of them.

    Or between each and the next, along the arc that keeps the length of normal codes; or with more and less of what
    sets the codes of --more apart from those of --less, as `edit` does with images.
    """
    refuse_used_for_images(out, force)
    refuse_used_codes(codes_out, force)
    if (more is None) != (less is None):
        raise InputError("--more and --less belong together: what some images have, and others lack")
    if more is not None and between is not None:
        raise InputError("--between and --more are two ways to vary: choose one")
    array, _ = read_codes(codes)
    model = model_for("vary", run)
    if more is not None and less is not None:
        from latente.latents import edit_codes

        made = edit_codes(array, _direction(more, less), strength)
    elif between is not None:
        from latente.latents import interpolate_codes

        if len(array) < 2:
            raise InputError(f"{codes} holds one code; there is something between two")
        made = interpolate_codes(array[:-1], array[1:], between, "spherical")
    else:
        made = _near(model, array, n, share, seed)
    made = made.reshape(-1, *array.shape[1:])
    save_model_images(out, model, model.decode(made))
    if codes_out is not None:
        save_codes(codes_out, made)


def _near(model: Any, codes: np.ndarray, n: int, share: float, seed: int | None) -> np.ndarray:
    """Return codes (N, n, D) near each of codes (N, D), in the directions of as many new ones."""
    import numpy as np

    from latente.latents import nearby_codes

    draws = model.draw_codes(n * len(codes), seed).reshape(len(codes), n, -1)
    if draws.shape[2] != codes.shape[1]:
        raise InputError(f"the codes have {codes.shape[1]} numbers each, and those of this model {draws.shape[2]}")
    return nearby_codes(np.asarray(codes, np.float32), draws, share)


def _direction(more: Path, less: Path) -> Direction:
    """Return the direction from the codes of one file to those of another."""
    import numpy as np

    from latente.latents import learn_direction

    having, lacking = read_codes(more)[0], read_codes(less)[0]
    if having.shape[1] != lacking.shape[1]:
        raise InputError(f"the codes of {more} have {having.shape[1]} numbers each, those of {less} {lacking.shape[1]}")
    return learn_direction(
        np.concatenate([having, lacking]),
        np.repeat([True, False], [len(having), len(lacking)]),
        attribute=f"what {more.name} has and {less.name} lacks",
    )
