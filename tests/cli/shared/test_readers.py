"""Readers of options: text in, a value or one clear line out."""

from __future__ import annotations

import pytest
import typer

from latente.checks import Number, Whole
from latente.cli.shared.readers import checked, option_parser, seed, whole
from latente.errors import InputError


def test_seeds_fit_into_32_bits() -> None:
    assert seed(str(2**32 - 1)) == 2**32 - 1
    for text in ("-1", str(2**32)):
        with pytest.raises(InputError, match="is not between 0 and 4294967295"):
            seed(text)


def test_what_a_reader_refuses_is_a_usage_error_for_typer() -> None:
    assert option_parser(whole)("3") == 3
    with pytest.raises(typer.BadParameter, match="'many' is not a whole number"):
        option_parser(whole)("many")


def test_what_is_out_of_range_is_refused_as_soon_as_it_is_read() -> None:
    assert checked(Whole(least=2))("2") == 2
    with pytest.raises(typer.BadParameter, match="it must be a whole number of at least 2, not 1"):
        checked(Whole(least=2))("1")
    for text in ("nan", "inf", "-inf", "0"):
        with pytest.raises(typer.BadParameter, match="it must be a number above 0"):
            checked(Number(above=0))(text)
