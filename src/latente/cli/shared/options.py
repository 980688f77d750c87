"""Arguments and options that several verbs have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from latente.checks import Choice, Option, options_of
from latente.cli.shared.readers import option_parser, seed, values
from latente.images.options import DoorOptions
from latente.languages import LANGUAGES

__all__ = [
    "BudgetOption",
    "ChannelsOption",
    "ConditionColumnsOption",
    "ConditionOption",
    "CountOption",
    "CropOption",
    "ExcludeOption",
    "ForceFlag",
    "FramesOption",
    "ImagesArgument",
    "JsonFlag",
    "LabelsOption",
    "LanguageOption",
    "NoReportFlag",
    "OptionalImagesArgument",
    "PairsOption",
    "PictureOption",
    "PlanFlag",
    "RunArgument",
    "SeedOption",
    "SizeOption",
    "SplitOption",
    "TargetOption",
    "WatchFlag",
    "door_options",
    "language_option",
]

_SOURCE = "Folder, zip, .npy, .npz, idx or CSV file, or a named set (see `latente data list`)."

ImagesArgument = Annotated[str, typer.Argument(metavar="IMAGES", help=_SOURCE, show_default=False)]
OptionalImagesArgument = Annotated[
    str | None, typer.Argument(metavar="IMAGES", help="Images, if not those of the training.")
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training, as `latente fit` made it.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and everything else on stderr.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Replace what --out holds already.")]
PlanFlag = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and write nothing.")]
NoReportFlag = Annotated[bool, typer.Option("--no-report", help="Leave out report.html.")]
WatchFlag = Annotated[bool, typer.Option("--watch", help="Serve the page of `latente watch` while it trains.")]
PictureOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .png file to write.")]
SeedOption = Annotated[
    int | None,
    typer.Option(parser=option_parser(seed), metavar="N", help="Seed of the draw: same seed, same images."),
]


ConditionOption = Annotated[
    Any,
    typer.Option(
        "--condition",
        parser=option_parser(values),
        metavar="X,Y",
        help="By these numbers (vae with condition given).",
    ),
]


def _door_option(name: str) -> Any:
    """Return an option of the image door as one of the command line, as it is declared there."""
    option = options_of(DoorOptions)[name]
    default = "" if option.default is None else f" [dim](default: {option.shown})[/dim]"
    return typer.Option(
        parser=option_parser(_checked(option)),
        metavar=option.check.metavar,
        help=option.help + default,
        rich_help_panel=option.panel,
    )


def _checked(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = option.read(text)
        dataclasses.replace(option, name="it").validate(value)
        return value

    return read


def language_option(default: str) -> Any:
    """Return the option of the language of a page; default: which one it is else, in words."""
    return typer.Option(
        "--lang",
        parser=option_parser(Choice(LANGUAGES, kind="language").read),
        metavar="|".join(LANGUAGES),
        help=f"Language of the page [dim](default: {default})[/dim]",
        show_default=False,
    )


LanguageOption = Annotated[str | None, language_option("that of LATENTE_LANG, else en")]
FramesOption = Annotated[str | None, _door_option("frames")]
SplitOption = Annotated[str | None, _door_option("split")]
CountOption = Annotated[int | None, _door_option("count")]
SizeOption = Annotated[Any, _door_option("size")]
CropOption = Annotated[Any, _door_option("crop")]
ChannelsOption = Annotated[Any, _door_option("channels")]
BudgetOption = Annotated[float | None, _door_option("budget")]
LabelsOption = Annotated[str | None, _door_option("labels")]
PairsOption = Annotated[Any, _door_option("pairs")]
ExcludeOption = Annotated[str | None, _door_option("exclude")]
ConditionColumnsOption = Annotated[Any, _door_option("condition")]
TargetOption = Annotated[str | None, _door_option("target")]


def door_options(**options: Any) -> dict[str, Any]:
    """Return those of the options of `open_images` that the command line names."""
    return {name: value for name, value in options.items() if value is not None}
