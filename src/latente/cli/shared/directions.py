"""The directions of attributes that are kept with a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli.shared.readers import number, option_parser, whole
from latente.errors import InputError

if TYPE_CHECKING:
    from latente.latents import Direction

__all__ = ["AttributeOption", "StrengthOption", "direction_of", "facts_of", "strengths"]

AttributeOption = Annotated[
    str, typer.Option("--attribute", metavar="NAME", help="An attribute or class of the images.")
]


def strengths(text: str) -> tuple[float, ...]:
    """Read strengths: -1:2:7 for 7 of them evenly from -1 to 2, or numbers with commas between them."""
    ends = text.split(":")
    if len(ends) == 3 and (count := whole(ends[2])) >= 2:
        first, last = number(ends[0]), number(ends[1])
        values = tuple(round(first + (last - first) * i / (count - 1), 12) for i in range(count))
    elif len(ends) == 1:
        values = tuple(number(part) for part in text.split(","))
    else:
        raise InputError(f"{text!r} is neither start:stop:count, such as -1:2:7, nor numbers such as -1,0,2")
    if not all(map(math.isfinite, values)):
        raise InputError(f"{text!r} holds a number that is not finite")
    return values


StrengthOption = Annotated[
    Any,
    typer.Option(
        "--strength",
        parser=option_parser(strengths),
        metavar="A:B:N",
        help="start:stop:count, or numbers such as -1,0,2.",
    ),
]


def direction_of(run: Path, name: str) -> Direction:
    """Return the run's direction of an attribute; raises InputError, with the command that learns it, without one."""
    from latente.latents import saved_directions

    directions = saved_directions(run)
    exact = [direction for direction in directions if direction.attribute == name]
    for direction in exact or directions:
        if direction.attribute.lower() == name.lower():
            return direction
    names = ", ".join(direction.attribute for direction in directions)
    raise InputError(
        f"{run} has no direction of {name!r} yet{f' (learned so far: {names})' if names else ''}; learn it by "
        f"`latente direction learn {run} IMAGES --attribute {name}`"
    )


def facts_of(direction: Direction) -> dict[str, Any]:
    """Return what is known of a direction but for its numbers, as plain values."""
    without, having = direction.counts
    facts = {name: getattr(direction, name) for name in ("attribute", "method", "against", "accuracy")}
    return facts | {"with": having, "without": without}
