"""Readers of options: text in, a value or one clear line out."""

from __future__ import annotations

import pytest
import typer

from latente.cli.shared.readers import option_parser, seed, whole
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
