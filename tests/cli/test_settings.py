"""The options of `fit` against the constructors, so that the two cannot drift apart."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import typer
from latente.cli.settings import MODELS, SETTINGS, Setting, estimator_of

from latente.errors import InputError

NOT_OPTIONS = {"out", "verbose"}  # --out is where fit writes, and fit always shows its progress
WORDS_FOR_NONE = {"none", "all", "128, less for small sets", "by the images", "drawn anew", "each epoch"}


def constructors() -> dict[str, dict[str, inspect.Parameter]]:
    from latente.estimators.loading import ESTIMATORS

    assert set(MODELS) == set(ESTIMATORS)
    return {name: dict(inspect.signature(kind).parameters) for name, kind in ESTIMATORS.items()}


def setting(name: str) -> Setting:
    return next(setting for setting in SETTINGS if setting.name == name)


def test_every_constructor_argument_is_an_option_and_the_other_way_round() -> None:
    arguments = {name for parameters in constructors().values() for name in parameters}
    assert {setting.name for setting in SETTINGS} == arguments - NOT_OPTIONS


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_help_states_the_constructors_default(setting: Setting) -> None:
    for parameters in constructors().values():
        if setting.name in parameters:
            default = parameters[setting.name].default
            if default is None:
                assert setting.default in WORDS_FOR_NONE
            else:
                assert setting.value(setting.default) == default


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.choices], ids=lambda setting: setting.name)
def test_the_names_on_offer_are_those_the_library_takes(setting: Setting) -> None:
    """The library lists what it knows where it meets a name that it does not know."""
    import numpy as np

    images = np.zeros((8, 16, 16), np.uint8)
    model = next(name for name, parameters in constructors().items() if setting.name in parameters)
    estimator = estimator_of(model, {setting.name: "no such name"})
    with pytest.raises(InputError, match="unknown") as caught:
        estimator.fit(images)
    known = str(caught.value).partition("known: ")[2].split(", ")
    assert sorted(known) == sorted(setting.choices)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hidden", "512, 256", (512, 256)),
        ("hidden", "none", None),
        ("latent_dim", "none", None),
        ("validation", "none", None),
        ("validation", "0.25", 0.25),
        ("learning_rate", "3e-4", 3e-4),
        ("corruption", "gaussian:0.2", "gaussian:0.2"),
        ("random_state", "7", 7),
        ("normalization", "none", None),
    ],
)
def test_text_becomes_the_constructors_value(name: str, text: str, value: Any) -> None:
    assert setting(name).value(text) == value


@pytest.mark.parametrize(("name", "text"), [("hidden", "512;256"), ("epochs", "2.5"), ("beta", "much"), ("hidden", "")])
def test_text_that_is_no_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a"):
        setting(name).value(text)


def test_only_what_was_given_reaches_the_constructor() -> None:
    parameters = estimator_of("vae", {"beta": 2.0, "epochs": None}).get_params()
    untouched = estimator_of("vae", {}).get_params()
    assert {name for name in parameters if parameters[name] != untouched[name]} == {"beta"}


def test_an_option_of_another_model_is_refused_with_its_owner() -> None:
    with pytest.raises(InputError, match="--beta has no meaning for --model autoencoder; it belongs to vae"):
        estimator_of("autoencoder", {"beta": 2.0})


def test_the_seed_is_the_constructors_random_state() -> None:
    assert setting("random_state").option == "--seed"
    assert estimator_of("autoencoder", {"random_state": 3}).random_state == 3
