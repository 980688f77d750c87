"""Options that several verbs share, and the readers that turn text into values or into one clear line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from latente.errors import did_you_mean

__all__ = [
    "Budget",
    "Channels",
    "Count",
    "Crop",
    "Force",
    "Json",
    "Labels",
    "Run",
    "Size",
    "Source",
    "Split",
    "choice",
    "examples",
    "given",
    "number",
    "or_none",
    "seed",
    "size",
    "whole",
    "widths",
]

# The value of an option whose text is "none"; None itself stands for an option that was not given.
_NONE = object()


def examples(*lines: str) -> str:
    """Return the panel at the end of a verb's help; the tests run every line of it."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{line}[/cyan]" for line in lines)])


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a whole number") from None


def seed(text: str) -> int:
    """Read the seed of a draw."""
    value = whole(text)
    if not 0 <= value < 2**32:
        raise typer.BadParameter(f"{text!r} is not between 0 and {2**32 - 1}")
    return value


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number") from None


def widths(text: str) -> tuple[int, ...]:
    """Read whole numbers with commas between them, such as 512,256."""
    return tuple(whole(part.strip()) for part in text.split(","))


def size(text: str) -> int | tuple[int, int]:
    """Read 64 (both sides), or 48x64 (height x width)."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise typer.BadParameter(f"{text!r} is neither a side, such as 64, nor height x width, such as 48x64")
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def choice(kind: str, names: Sequence[str]) -> Callable[[str], str]:
    """Return the reader that takes one of `names`, and for any other text proposes the nearest."""

    def read(text: str) -> str:
        if text not in names:
            raise typer.BadParameter(str(did_you_mean(kind, text, names)))
        return text

    return read


def or_none(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return the reader that takes the word "none" as well."""
    return lambda text: _NONE if text == "none" else read(text)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given; one that was given as "none" has the value None."""
    return {name: None if value is _NONE else value for name, value in values.items() if value is not None}


_SOURCE_HELP = "Folder, zip, .npy, .npz, idx or CSV file, or a named set (see `latente data list`)."
_PANEL = "Images"

Source = Annotated[str, typer.Argument(metavar="IMAGES", help=_SOURCE_HELP, show_default=False)]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training, as `latente fit --out` made it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and everything else on stderr.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what --out holds already.")]
Split = Annotated[
    str | None,
    typer.Option(metavar="PART", help="Part of the set, such as train, val or test.", rich_help_panel=_PANEL),
]
Count = Annotated[
    int | None,
    typer.Option(parser=whole, metavar="N", help="At most this many images.", rich_help_panel=_PANEL),
]
Size = Annotated[Any, typer.Option(parser=size, metavar="N|HxW", help="Scale to this size.", rich_help_panel=_PANEL)]
Crop = Annotated[
    Any,
    typer.Option(parser=size, metavar="N|HxW", help="Cut this much out of the centre first.", rich_help_panel=_PANEL),
]
Channels = Annotated[
    int | None,
    typer.Option(parser=whole, metavar="1..4", help="1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.", rich_help_panel=_PANEL),
]
Budget = Annotated[
    float | None,
    typer.Option(
        parser=number,
        metavar="SHARE",
        help="Share of damaged files to leave out (default 0.05).",
        rich_help_panel=_PANEL,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(metavar="CSV", help="Table of labels or attributes for a folder.", rich_help_panel=_PANEL),
]
