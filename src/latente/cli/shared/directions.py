"""The directions of attributes that are kept with a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.errors import InputError

if TYPE_CHECKING:
    from latente.latents import Direction

__all__ = ["AttributeOption", "direction_of", "facts_of"]

AttributeOption = Annotated[
    str, typer.Option("--attribute", metavar="NAME", help="An attribute or class of the images.")
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
