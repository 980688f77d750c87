"""The door's options as they are declared: typed, checked, and named in a source."""

from __future__ import annotations

import inspect

import pytest

from latente.checks import options_of
from latente.errors import InputError
from latente.images import DoorOptions, open_images


def test_they_are_the_keyword_arguments_of_the_door_with_the_same_defaults() -> None:
    parameters = inspect.signature(open_images).parameters
    declared = options_of(DoorOptions)
    assert {*declared, "source", "progress"} == {*parameters}
    assert all(parameters[name].default == option.default for name, option in declared.items())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("size", "64", 64),
        ("size", "48x64", (48, 64)),
        ("size", "48X64", (48, 64)),
        ("size", "keep", "keep"),
        ("crop", "96", 96),
        ("channels", "3", 3),
        ("channels", "last", "last"),
        ("count", "10", 10),
        ("labels", "t.csv", "t.csv"),
        ("pairs", "noisy, clean", ("noisy", "clean")),
        ("budget", "0.2", 0.2),
    ],
)
def test_what_is_typed_is_what_is_given(name: str, text: str, value: object) -> None:
    option = options_of(DoorOptions)[name]
    assert option.read(text) == value
    option.validate(value)


@pytest.mark.parametrize(
    ("name", "text"), [*(("size", text) for text in ("big", "0", "x", "1x2x3", "-1", "keeps", "")), ("crop", "keep")]
)
def test_a_malformed_size_is_refused(name: str, text: str) -> None:
    with pytest.raises(InputError, match="is neither a side"):
        options_of(DoorOptions)[name].read(text)


@pytest.mark.parametrize("text", ["noisy", "noisy,", "a,b,c", "a,a", ""])
def test_pairs_are_two_words(text: str) -> None:
    with pytest.raises(InputError, match="two different folders or ends of names"):
        options_of(DoorOptions)["pairs"].read(text)


def test_a_size_and_a_crop_are_squares_or_height_and_width() -> None:
    options = DoorOptions(size=[48, 64], crop=96)
    assert (options.sides, options.window, options.keeps) == ((48, 64), (96, 96), False)
    options = DoorOptions(size="keep")
    assert (options.sides, options.window, options.keeps) == (None, None, True)
    with pytest.raises(InputError, match="crop"):
        DoorOptions(crop="keep")


def test_a_source_names_what_differs_from_the_defaults() -> None:
    assert DoorOptions().source("x") == {"source": "x"}
    assert DoorOptions(size=64, seed=3, budget=0.1).source("x") == {
        "source": "x",
        "size": [64, 64],
        "seed": 3,
        "budget": 0.1,
    }
    assert DoorOptions(pairs=("a", "b"), target="y").source("x") == {"source": "x", "pairs": ["a", "b"], "target": "y"}
    assert DoorOptions(labels=[1, 2]).source("x") == DoorOptions(target=[1, 2]).source("x") == {}
