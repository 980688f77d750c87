"""`latente sample`: new images."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from latente.checks import Number, Whole
from latente.cli.shared.codes import CodesFileOption, refuse_used_codes, save_codes
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import asked_of, model_for
from latente.cli.shared.options import ConditionOption, ForceFlag, RunArgument, SeedOption
from latente.cli.shared.outputs import ImagesOutOption, refuse_used_for_images, save_model_images
from latente.cli.shared.readers import checked, option_parser, region
from latente.errors import InputError

__all__ = ["verb"]

verb = typer.Typer()

NumberOption = Annotated[int, typer.Option("-n", parser=checked(Whole()), metavar="N", help="How many images.")]
LabelOption = Annotated[
    str | None,
    typer.Option("--label", metavar="NAME", help="Of this class alone, by its name or number (conditional gan)."),
]
TruncationOption = Annotated[
    float | None,
    typer.Option(
        "--truncation",
        parser=checked(Number(least=0, most=1)),
        metavar="X",
        help="Factor of the latents, below 1 for more usual images and less varied ones (gan).",
    ),
]


WithinOption = Annotated[
    list[Any] | None,
    typer.Option(
        "--within",
        parser=option_parser(region),
        metavar="NAME=LOW..HIGH",
        help="Only images whose condition lies there, either end may be left out (vae, condition joint); repeatable.",
    ),
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples(
        "latente sample runs/digits --out samples.png",
        "latente sample runs/digits -n 100 --seed 7 --out samples/ --codes samples.npz",
        "latente fit digits --model gan --conditional --out runs/made",
        "latente sample runs/made --label 3 --truncation 0.7 --out threes.png",
    ),
)
def sample(
    run: RunArgument,
    out: ImagesOutOption,
    n: NumberOption = 64,
    seed: SeedOption = None,
    label: LabelOption = None,
    truncation: TruncationOption = None,
    condition: ConditionOption = None,
    within: WithinOption = None,
    codes: CodesFileOption = None,
    force: ForceFlag = False,
) -> None:
    """Draw new images from the model."""
    refuse_used_for_images(out, force)
    refuse_used_codes(codes, force)
    model = model_for("sample", run)
    asked = {
        "labels": ("--label", label),
        "truncation": ("--truncation", truncation),
        "conditions": ("--condition", condition),
        "within": ("--within", dict(within) if within else None),
    }
    how = asked_of(model.sample, model, asked)
    if codes is None:
        save_model_images(out, model, model.sample(n, random_state=seed, **how))
        return
    if how:
        raise InputError(f"--codes: with {asked[next(iter(how))][0]} the codes alone do not say it all; leave one out")
    drawn = model.draw_codes(n, seed)
    save_model_images(out, model, model.decode(drawn))
    save_codes(codes, drawn)
