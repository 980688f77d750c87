"""An option is declared once, and everything that is asked of it follows from that."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np
import pytest

from latente import InputError
from latente.checks import (
    Choice,
    Every,
    Flag,
    Number,
    Numbers,
    Own,
    Text,
    Whole,
    check_options,
    is_own,
    option,
    options_of,
    saved_value,
    with_default,
)


@dataclasses.dataclass(kw_only=True)
class Bread:
    panel: ClassVar[str] = "Dough"

    minutes: int = option(40, "Time in the oven.", Whole())
    salt: float | None = option(None, "Grams of it.", Number(above=0, or_none=True), shown="to taste")


@dataclasses.dataclass(kw_only=True)
class Baguette(Bread):
    panel: ClassVar[str] = "Shape"

    minutes: int = with_default(Bread, "minutes", 20)
    cuts: tuple[int, ...] = option((3, 2), "Cuts on top.", Numbers(), flag="--slashes")


def test_what_is_declared_comes_with_what_is_inherited_and_a_family_s_own_default() -> None:
    options = options_of(Baguette)
    assert {name: o.default for name, o in options.items()} == {"minutes": 20, "salt": None, "cuts": (3, 2)}
    assert [o.panel for o in options.values()] == ["Dough", "Dough", "Shape"]
    assert [o.flag for o in options.values()] == ["--minutes", "--salt", "--slashes"]
    assert [o.shown for o in options.values()] == ["20", "to taste", "3,2"]
    assert Baguette().minutes == 20
    assert Bread().minutes == 40


def test_a_value_out_of_range_is_one_line_that_names_the_option() -> None:
    check_options(Baguette(salt=2.5))
    with pytest.raises(InputError, match=r"^salt must be a number above 0, not -1$"):
        check_options(Baguette(salt=-1))
    with pytest.raises(InputError, match=r"^minutes cannot be None; leave it out for 20$"):
        check_options(Baguette(minutes=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "text", "value"),
    [
        (Whole(), "7", 7),
        (Number(), "1e-3", 0.001),
        (Numbers(), "512, 256", (512, 256)),
        (Numbers(), "", ()),
        (Choice(("a", "b")), "b", "b"),
        (Flag(), "True", True),
        (Every(), "500", 500),
        (Every(), "10min", "10min"),
        (Text(), "x:1", "x:1"),
        (Own(Whole()), "3", 3),
        (Own(Number(), is_path_too=True), "some/folder", "some/folder"),
        (Own(Number(), is_path_too=True), "0.2", 0.2),
    ],
)
def test_a_value_is_read_as_it_is_typed(check: Any, text: str, value: object) -> None:
    assert check.read(text) == value
    check.check("option", value)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (Whole(), "7.5"),
        (Number(), "one"),
        (Numbers(), "512,x"),
        (Choice(("alpha", "beta")), "betta"),
        (Flag(), "maybe"),
        (Every(), "now and then"),
        (Own(Whole()), "x"),
    ],
)
def test_text_that_cannot_be_read_is_refused(check: Any, text: str) -> None:
    with pytest.raises(InputError):
        check.read(text)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (Whole(), 0),
        (Whole(), True),
        (Whole(), 2.0),
        (Whole(least=0, most=3), 4),
        (Number(least=0, below=1), 1),
        (Number(), math.nan),
        (Number(), math.inf),
        (Number(), True),
        (Number(), "1"),
        (Choice(("a",)), 3),
        (Numbers(), "12"),
        (Numbers(), 12),
        (Numbers(count=2), (1,)),
        (Numbers(), (1, 0)),
        (Flag(), 2),
        (Every(), "0s"),
        (Every(), 0),
        (Text(), 3),
        (Own(Number(above=0)), -1),
        (Own(Choice(("a",))), "b"),
    ],
)
def test_a_value_of_the_wrong_kind_or_range_is_refused_by_name(check: Any, value: object) -> None:
    with pytest.raises(InputError, match="amount"):
        check.check("amount", value)


def test_numbers_of_numpy_are_numbers() -> None:
    Whole().check("n", np.int64(3))
    Number().check("x", np.float32(0.5))
    assert saved_value(np.int64(3)) == 3
    assert type(saved_value(np.float64(0.5))) is float


def test_none_is_typed_where_it_is_a_value() -> None:
    salt, minutes = options_of(Bread)["salt"], options_of(Bread)["minutes"]
    assert salt.read("none") is None
    with pytest.raises(InputError, match="not a whole number"):
        minutes.read("none")


def test_json_holds_plain_values_and_the_names_of_what_is_a_caller_s_own() -> None:
    def darken() -> None: ...

    class Net: ...

    class Typed:
        is_typed = True

        def __str__(self) -> str:
            return "mask:0.2"

    assert saved_value((512, 256)) == [512, 256]
    assert saved_value(Typed()) == "mask:0.2"
    for value, names in ((darken, "darken"), ((Net(), Net()), ["Net", "Net"])):
        assert saved_value(value) == {"own": names}
        assert is_own(saved_value(value))
    assert not is_own(saved_value("darken"))
    assert options_of(Baguette)["cuts"].from_saved([3, 2]) == (3, 2)
