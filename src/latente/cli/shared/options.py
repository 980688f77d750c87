"""Arguments and options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latente.cli.shared.readers import crop, number, option_parser, seed, size, whole

__all__ = [
    "BudgetOption",
    "ChannelsOption",
    "CountOption",
    "CropOption",
    "ForceFlag",
    "ImagesArgument",
    "JsonFlag",
    "LabelsOption",
    "NoReportFlag",
    "OptionalImagesArgument",
    "PictureOption",
    "PlanFlag",
    "RunArgument",
    "SeedOption",
    "SizeOption",
    "SplitOption",
    "door_options",
]

_PANEL = "Images"
_SOURCE = "Folder, zip, .npy, .npz, idx or CSV file, or a named set (see `latente data list`)."

ImagesArgument = Annotated[str, typer.Argument(metavar="IMAGES", help=_SOURCE, show_default=False)]
OptionalImagesArgument = Annotated[
    str | None, typer.Argument(metavar="[IMAGES]", help="Images, if not those of the training.")
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training, as `latente fit` made it.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and everything else on stderr.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Replace what --out holds already.")]
PlanFlag = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and write nothing.")]
NoReportFlag = Annotated[bool, typer.Option("--no-report", help="Leave out report.html.")]
PictureOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The .png file to write.")]
SeedOption = Annotated[
    int | None,
    typer.Option(parser=option_parser(seed), metavar="N", help="Seed of the draw: same seed, same images."),
]
SplitOption = Annotated[
    str | None,
    typer.Option(metavar="PART", help="Part of the set, such as train, val or test.", rich_help_panel=_PANEL),
]
CountOption = Annotated[
    int | None,
    typer.Option(parser=option_parser(whole), metavar="N", help="At most this many images.", rich_help_panel=_PANEL),
]
SizeOption = Annotated[
    Any,
    typer.Option(
        parser=option_parser(size),
        metavar="N|HxW|keep",
        help="Scale to this size, or keep each picture's.",
        rich_help_panel=_PANEL,
    ),
]
CropOption = Annotated[
    Any,
    typer.Option(
        parser=option_parser(crop),
        metavar="N|HxW",
        help="Cut this much out of the centre first.",
        rich_help_panel=_PANEL,
    ),
]
ChannelsOption = Annotated[
    int | None,
    typer.Option(
        parser=option_parser(whole),
        metavar="1..4",
        help="1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.",
        rich_help_panel=_PANEL,
    ),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(
        parser=option_parser(number),
        metavar="SHARE",
        help="Share of damaged files to leave out [dim](default: 0.05)[/dim]",
        rich_help_panel=_PANEL,
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(metavar="CSV", help="Table of labels or attributes for a folder.", rich_help_panel=_PANEL),
]


def door_options(**options: Any) -> dict[str, Any]:
    """Return those of the options of `open_images` that the command line names."""
    return {name: value for name, value in options.items() if value is not None}
