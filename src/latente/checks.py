"""How an option is declared, once: a dataclass field that carries its default, its help and its check.

Constructor, command line, help, sweeps, options.json and documentation are made from these declarations. The files that
hold them import neither torch nor scikit-learn, so that help and plans need not wait for either.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from latente.errors import InputError, did_you_mean
from latente.words import seconds_of, typed

__all__ = [
    "Check",
    "Choice",
    "Every",
    "Flag",
    "Number",
    "Numbers",
    "Option",
    "Own",
    "Text",
    "Whole",
    "check_options",
    "is_own",
    "option",
    "options_of",
    "saved_value",
    "with_default",
]

_OWN = "own"  # the key under which options.json names what is a caller's own


class Check(Protocol):
    """What an option's value has to be: read from text, checked, and brought back from JSON.

    metavar: what stands for the value in help. types: what it is in Python, in words, one or several. or_none: whether
    None, typed "none", is a value too.
    """

    @property
    def metavar(self) -> str: ...
    @property
    def types(self) -> tuple[str, ...]: ...
    @property
    def or_none(self) -> bool: ...
    def read(self, text: str) -> Any:
        """Return the value that `text` stands for; raises InputError, which does not name the option."""

    def check(self, name: str, value: Any) -> None:
        """Raise InputError, naming the option, where the value is none of the right ones; None is never asked."""


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Whole:
    """A whole number from `least` to `most`."""

    types: ClassVar[tuple[str, ...]] = ("int",)
    least: int = 1
    most: int | None = None
    or_none: bool = False
    metavar: str = "N"

    def read(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise InputError(f"{text!r} is not a whole number") from None

    def check(self, name: str, value: Any) -> None:
        is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not is_whole or value < self.least or (self.most is not None and value > self.most):
            above = f"of at least {self.least}" if self.most is None else f"from {self.least} to {self.most}"
            raise InputError(f"{name} must be a whole number {above}, not {value!r}")


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Number:
    """A finite number; above and below are bounds that it may not reach, least and most such that it may."""

    types: ClassVar[tuple[str, ...]] = ("float",)
    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None
    or_none: bool = False
    metavar: str = "X"

    def read(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{text!r} is not a number") from None

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not self._holds(float(value)):
            raise InputError(f"{name} must be a number{self._range()}, not {value!r}")

    def _holds(self, value: float) -> bool:
        return math.isfinite(value) and (
            (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.below is None or value < self.below)
            and (self.most is None or value <= self.most)
        )

    def _range(self) -> str:
        low = [f"above {self.above:g}"] if self.above is not None else []
        low += [f"of at least {self.least:g}"] if self.least is not None else []
        high = [f"below {self.below:g}"] if self.below is not None else []
        high += [f"of at most {self.most:g}"] if self.most is not None else []
        return " " + " and ".join(low + high) if low or high else ""


@dataclasses.dataclass(eq=False, repr=False)
class Choice:
    """One of some names; kind: what they are names of, in a message (default: the option's name)."""

    types: ClassVar[tuple[str, ...]] = ("str",)
    names: tuple[str, ...]
    kind: str = ""
    or_none: bool = False
    metavar: str = "NAME"

    def read(self, text: str) -> str:
        if text not in self.names:
            raise did_you_mean(self.kind or "name", text, self.names)
        return text

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in self.names:
            raise did_you_mean(self.kind or name.replace("_", " "), value, self.names)


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Numbers:
    """Several numbers with commas between them, each of which has to pass `each`; count: how many, None for any."""

    each: Whole | Number = dataclasses.field(default_factory=Whole)
    count: int | None = None
    or_none: bool = False
    metavar: str = "N,N"

    @property
    def types(self) -> tuple[str, ...]:
        return (f"tuple of {'' if self.count is None else f'{self.count} '}{self.each.types[0]}",)

    def read(self, text: str) -> tuple[float, ...]:
        return tuple(self.each.read(part.strip()) for part in text.split(",")) if text.strip() else ()

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise InputError(f"{name} must be several numbers such as (512, 256), not {value!r}")
        if self.count is not None and len(value) != self.count:
            raise InputError(f"{name} must be {self.count} numbers, not {value!r}")
        for one in value:
            self.each.check(f"every number in {name}", one)


@dataclasses.dataclass(eq=False, repr=False)
class Text:
    """Any text; what it means is checked where it is used."""

    types: ClassVar[tuple[str, ...]] = ("str",)
    metavar: str = "TEXT"
    or_none: bool = False

    def read(self, text: str) -> str:
        return text

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, str):
            raise InputError(f"{name} must be text, not {value!r}")


@dataclasses.dataclass(eq=False, repr=False)
class Flag:
    """Yes or no; 1 and 0, which other libraries write, are the same."""

    or_none: bool = False
    metavar: ClassVar[str] = "true|false"
    types: ClassVar[tuple[str, ...]] = ("bool",)

    def read(self, text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise InputError(f"{text!r} is neither true nor false")
        return text.lower() == "true"

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, bool | numbers.Integral) or value not in (0, 1):
            raise InputError(f"{name} must be True or False, not {value!r}")


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Every:
    """How often something happens: a number of steps, or a duration such as "10min"."""

    types: ClassVar[tuple[str, ...]] = ("int", "str")
    or_none: bool = False
    metavar: str = "STEPS|TIME"

    def read(self, text: str) -> int | str:
        if text.isdecimal():
            return int(text)
        seconds_of(text)
        return text

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str):
            try:
                seconds_of(value)
            except InputError as error:
                raise InputError(f"{name}: {error}") from None
        else:
            Whole().check(name, value)


@dataclasses.dataclass(eq=False, repr=False)
class Own:
    """Something of the caller's own beside what `plain` describes: modules, a callable, a set, a generator.

    Its value is checked where it is used. On disk it is only named, and `resume` asks for it. what: what it is, in
    words, one or several. role: what `load` does without it: nothing where it is a "network"; it warns where it is a
    part of the "input"; for "fit" it needs none. is_path_too: whether any other text is the path or the name of images.
    """

    plain: Check
    what: tuple[str, ...] = ("object",)
    role: Literal["network", "input", "fit"] = "fit"
    is_path_too: bool = False

    @property
    def metavar(self) -> str:
        return self.plain.metavar

    @property
    def types(self) -> tuple[str, ...]:
        return (*self.plain.types, *self.what)

    @property
    def or_none(self) -> bool:
        return self.plain.or_none

    def read(self, text: str) -> Any:
        try:
            return self.plain.read(text)
        except InputError:
            if not self.is_path_too:
                raise
            return text

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, numbers.Number) or (isinstance(value, str) and not self.is_path_too):
            self.plain.check(name, value)


@dataclasses.dataclass(eq=False, repr=False)
class Option:
    """One declared option. shown: the default in words; panel: the heading under which help lists it."""

    name: str
    default: Any
    help: str
    check: Check
    shown: str
    panel: str
    flag: str

    def read(self, text: str) -> Any:
        """Return the value that `text` stands for on the command line; raises InputError for a wrong one."""
        if text == "none" and self.check.or_none:
            return None
        return self.check.read(text)

    def validate(self, value: Any) -> None:
        """Raise InputError, naming the option, where `value` is out of its range."""
        if value is None:
            if not self.check.or_none and self.default is not None:
                raise InputError(f"{self.name} cannot be None; leave it out for {self.shown}")
            return
        self.check.check(self.name, value)

    def from_saved(self, value: Any) -> Any:
        """Return the value that JSON held, with its sequences as tuples again."""
        return tuple(value) if isinstance(value, list) else value


@dataclasses.dataclass(eq=False, repr=False)
class _Declaration:
    help: str
    check: Check
    shown: str | None
    flag: str | None


def option(default: Any, text: str, check: Check, *, shown: str | None = None, flag: str | None = None) -> Any:
    """Declare an option: the dataclass field with this default. `text` is its help, one short sentence for people.

    shown: the default in words, where its value does not say it. flag: its name on the command line, where that is
    not the field's with dashes.
    """
    return dataclasses.field(default=default, metadata={"option": _Declaration(text, check, shown, flag)})


def with_default(owner: type, name: str, default: Any, shown: str | None = None) -> Any:
    """Declare again, with another default, the option `name` of the options class `owner`."""
    declaration: _Declaration = _fields(owner)[name].metadata["option"]
    return dataclasses.field(default=default, metadata={"option": dataclasses.replace(declaration, shown=shown)})


def options_of(owner: type) -> dict[str, Option]:
    """Return the options that a dataclass declares and inherits, by name, in the order in which help lists them.

    The panel is the `panel` of the class that declares the option first.
    """
    options = {}
    for name, field in _fields(owner).items():
        if "option" not in field.metadata:
            continue
        declaration: _Declaration = field.metadata["option"]
        home = next(base for base in reversed(inspect.getmro(owner)) if name in getattr(base, "__annotations__", {}))
        options[name] = Option(
            name=name,
            default=field.default,
            help=declaration.help,
            check=_with_kind(declaration.check, name),
            shown=typed(field.default) if declaration.shown is None else declaration.shown,
            panel=getattr(home, "panel", ""),
            flag=declaration.flag or "--" + name.replace("_", "-"),
        )
    return options


def _with_kind(check: Check, name: str) -> Check:
    """Let a choice of names say, where nothing else is declared, that they are names of the option."""
    if isinstance(check, Own):
        return dataclasses.replace(check, plain=_with_kind(check.plain, name))
    if isinstance(check, Choice) and not check.kind:
        return dataclasses.replace(check, kind=name.replace("_", " "))
    return check


def check_options(options: Any, names: Iterable[str] | None = None) -> None:
    """Raise InputError, naming the option, for the first value of a dataclass's instance that is out of its range.

    names: those to look at; default all that are declared.
    """
    declared = options_of(type(options))
    for name in declared if names is None else names:
        declared[name].validate(getattr(options, name))


def saved_value(value: Any) -> Any:
    """Return an option's value as options.json holds it; what is a caller's own is only named, see `is_own`.

    An object whose `str` is how it is typed (a corruption) is held as that text.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, tuple | list) and all(isinstance(one, str | numbers.Number) for one in value):
        return [saved_value(one) for one in value]
    if getattr(type(value), "is_typed", False):
        return str(value)
    if isinstance(value, tuple | list):
        return {_OWN: [_name_of(one) for one in value]}
    return {_OWN: _name_of(value)}


def is_own(saved: Any) -> bool:
    """Whether what options.json holds only names something of the caller's own."""
    return isinstance(saved, Mapping) and _OWN in saved


def _name_of(value: Any) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


def _fields(owner: type) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(owner)}
