"""Readers that turn the text of an option into a value; they raise InputError, which does not name the option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer

from latente.checks import Check, Number, Numbers, Whole
from latente.errors import InputError

__all__ = ["checked", "number", "option_parser", "region", "seed", "values", "whole", "widths"]

Value = TypeVar("Value")

whole = Whole().read
number = Number().read
widths = Numbers().read


def option_parser(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a reader as typer takes it: what is amiss becomes a usage error, to which typer adds the option's name."""

    def parse(text: str) -> Value:
        try:
            return read(text)
        except InputError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def checked(check: Check) -> Callable[[str], Any]:
    """Return a parser for typer that refuses what is out of range, too: before a model is loaded and any work done."""

    def read(text: str) -> Any:
        value = check.read(text)
        check.check("it", value)
        return value

    return option_parser(read)


def values(text: str) -> tuple[float, ...]:
    """Read numbers with commas between them."""
    return tuple(number(part.strip()) for part in text.split(","))


def region(text: str) -> tuple[str, tuple[float | None, float | None]]:
    """Read a name with the lowest and the highest value of what it names, as in mass=6.9..7.1; ..7.1 has no lowest."""
    name, equals, bounds = text.partition("=")
    low, dots, high = (part.strip() for part in bounds.partition(".."))
    if not (name.strip() and equals and dots and (low or high)):
        raise InputError(f"{text!r} is no name with bounds, such as mass=6.9..7.1, mass=6.9.. or mass=..7.1")
    ends = (number(low) if low else None, number(high) if high else None)
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise InputError(f"{text!r}: {low} is above {high}")
    return name.strip(), ends


def seed(text: str) -> int:
    """Read the seed of a draw."""
    value = whole(text)
    if not 0 <= value < 2**32:
        raise InputError(f"{text!r} is not between 0 and {2**32 - 1}")
    return value
