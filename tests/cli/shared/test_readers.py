"""Readers of options: text in, a value or one clear line out."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from latente.cli.shared.readers import crop, option_parser, seed, size, whole
from latente.errors import InputError


@pytest.mark.parametrize(("text", "value"), [("64", 64), ("48x64", (48, 64)), ("48X64", (48, 64)), ("keep", "keep")])
def test_sizes_are_a_side_two_sides_or_kept(text: str, value: Any) -> None:
    assert size(text) == value


@pytest.mark.parametrize("text", ["0", "x", "3x4x5", "-1", "keeps", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is neither a side"):
        size(text)


def test_a_crop_has_sides() -> None:
    assert crop("8x9") == (8, 9)
    with pytest.raises(InputError, match="'keep' is neither a side"):
        crop("keep")


def test_seeds_fit_into_32_bits() -> None:
    assert seed(str(2**32 - 1)) == 2**32 - 1
    for text in ("-1", str(2**32)):
        with pytest.raises(InputError, match="is not between 0 and 4294967295"):
            seed(text)


def test_what_a_reader_refuses_is_a_usage_error_for_typer() -> None:
    assert option_parser(whole)("3") == 3
    with pytest.raises(typer.BadParameter, match="'many' is not a whole number"):
        option_parser(whole)("many")
