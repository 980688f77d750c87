"""Numbers, durations and shapes are written one way."""

from __future__ import annotations

import math

import pytest

from latente import InputError, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (85.75, "85.75"),
        (1234.6, "1,235"),
        (1234567, "1,234,567"),
        (3.0, "3"),
        (0.00001234, "1.23e-05"),
        (math.inf, "∞"),
        (math.nan, "not a number"),
        ("name", "name"),
        (True, "True"),
    ],
)
def test_a_figure_has_four_significant_digits(value: object, text: str) -> None:
    assert words.figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (4.2, "4.2 s"), (9.96, "10 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_duration_is_written_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (750, "12:30"), (3725, "1:02:05")])
def test_a_clock_counts_minutes_and_from_an_hour_on_hours(seconds: float, text: str) -> None:
    assert words.clock(seconds) == text


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400), ("1h 30min", 5400)])
def test_a_duration_is_read_as_it_is_typed(text: str, seconds: float) -> None:
    assert words.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "ten min", "10 parsecs", "10min or so"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no duration"):
        words.seconds_of(text)


@pytest.mark.parametrize(
    ("size", "text"), [(512, "512 B"), (1536, "1.5 KiB"), (2.3 * 2**30, "2.3 GiB"), (5 * 2**40, "5.0 TiB")]
)
def test_memory_is_written_in_binary_units(size: float, text: str) -> None:
    assert words.memory(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), ((512, 256), "512,256"), (1e-3, "0.001"), ({"a": 1, "b": None}, "a 1, b none"), ("relu", "relu")],
)
def test_an_option_s_value_is_written_as_it_is_typed(value: object, text: str) -> None:
    assert words.typed(value) == text


def test_counts_shares_and_shapes() -> None:
    assert words.count(1, "picture") == "1 picture"
    assert words.count(1200, "picture") == "1,200 pictures"
    assert words.compact(12_300) == "12.3 k"
    assert words.compact(950) == "950"
    assert words.percent(0.5) == "50\N{NO-BREAK SPACE}%"
    assert words.percent(0.051) == "5.1\N{NO-BREAK SPACE}%"
    assert words.decibels(math.inf) == "∞\N{NO-BREAK SPACE}dB"
    assert words.shape((3, 64, 48)) == "3x64x48"


def test_what_a_terminal_would_obey_is_escaped_and_spaces_are_not() -> None:
    assert words.printable("a\x1b[2J\nb\udcff") == "a\\x1b[2J\\nb\\udcff"
    assert words.printable("50\N{NO-BREAK SPACE}% 猫") == "50\N{NO-BREAK SPACE}% 猫"
