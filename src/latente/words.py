"""Numbers, durations, sizes and shapes for people, each written one way wherever it is read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from unicodedata import category

from latente.errors import InputError
from latente.languages import Figure, say

__all__ = [
    "brief",
    "clock",
    "compact",
    "count",
    "decibels",
    "duration",
    "figure",
    "memory",
    "percent",
    "printable",
    "seconds_of",
    "shape",
    "typed",
]

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h)")

_LONGEST = 100  # letters of a name in a line


def figure(value: object) -> str:
    """Write a number with four significant digits and its thousands set apart; anything else as `str` does."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞" if value < 0 else say("not a number")
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return Figure(f"{int(value):,}")
    if abs(value) >= 1000:
        return Figure(f"{value:,.0f}")
    return Figure(f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.2e}")


def compact(value: float) -> str:
    """Write a large count in few letters: 9,500, 12.3 k, 4.56 M, 1.2 G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return Figure(f"{value / (1e3 if letter == 'k' else size):.3g} {letter}")
    return Figure(f"{value:,.0f}")


def count(number: int, noun: str) -> str:
    """Write how many there are of something: 1 picture, 1,200 pictures."""
    return say("{number} " + noun + ("" if number == 1 else "s"), number=number)


def percent(part: float) -> str:
    """Write a part of one as a percentage, with a decimal where the whole number would say too little."""
    digits = 1 if abs(part) < 0.1 or 0.99 < part < 1 else 0
    return Figure(f"{100 * part:.{digits}f}\N{NO-BREAK SPACE}%")


def decibels(value: float) -> str:
    """Write a PSNR with its unit."""
    return Figure(f"{value:.1f}\N{NO-BREAK SPACE}dB" if math.isfinite(value) else "∞\N{NO-BREAK SPACE}dB")


def duration(seconds: float) -> str:
    """Write a time as 4.2 s, 45 s, 3 min 20 s or 2 h 5 min."""
    if seconds < 9.95:
        return Figure(f"{seconds:.1f} s")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def clock(seconds: float) -> str:
    """Write a time as a progress bar does: 0:07, 12:30, 1:02:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def seconds_of(text: str) -> float:
    """Return the seconds that "90s", "10min", "1.5h" or "1h 30min" stand for; raises InputError for anything else."""
    parts = _DURATION.findall(text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not seconds or _DURATION.sub("", text).strip():
        raise InputError(f"{text!r} is no duration; write it as 90s, 10min or 1.5h")
    return seconds


def memory(size: float) -> str:
    """Write a number of bytes as 512 B, 1.5 MiB or 2.3 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return Figure(f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}")
        size /= 1024
    return Figure(f"{size:.1f} TiB")


def shape(sides: Sequence[int]) -> str:
    """Write a shape as it is typed: 3x64x64."""
    return "x".join(map(str, sides))


def typed(value: object) -> str:
    """Write an option's value as it is typed: none, 512,256, 0.001234; several by name as "a 1, b none"."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {typed(one)}" for name, one in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ",".join(map(typed, value))
    return str(value)


def printable(name: str) -> str:
    """Return a file's name fit for a terminal, a JSON file and a web page: control characters are escaped."""
    if name.isprintable():
        return name
    # spaces that break no line, as between a number and its unit, are no danger either
    return "".join(c if c.isprintable() or category(c) == "Zs" else c.encode("unicode_escape").decode() for c in name)


def brief(name: str) -> str:
    """Return a name fit for a line of text: printable, and with its middle left out where it is very long."""
    name = printable(name)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}…{name[-_LONGEST // 2 :]}"
