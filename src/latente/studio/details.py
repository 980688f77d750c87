"""The options behind a goal, for those who want them: those of the command line, from the same declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latente.checks import Flag, Option, options_of
from latente.errors import InputError
from latente.estimators.kinds import kind_named
from latente.estimators.options.style import TransferOptions
from latente.studio.problems import Problem

__all__ = ["as_arguments", "refuse_unknown", "shown"]

_PLACES = ("FILE", "RUN", "IMAGES")  # no request names places of this machine
_OTHERWISE = ("verbose", "tensorboard", "minutes")  # what the studio sees to itself


def shown(model: str) -> list[dict[str, Any]]:
    """Return the options of a model by its name, or of "style": flag, help and default in words, and the heading."""
    return [
        {
            "flag": flag,
            "help": option.help,
            "shown": option.shown,
            "panel": option.panel,
            "is_flag": isinstance(option.check, Flag),
        }
        for flag, option in _options(model).items()
    ]


def refuse_unknown(model: str, texts: Mapping[str, str]) -> None:
    """Raise Problem where the model has no such option, or a text is no value of it."""
    options = _options(model)
    for flag, text in texts.items():
        if flag not in options:
            raise Problem(404, "unknown", f"there is no option {flag} here", kind="options")
        try:
            options[flag].validate(options[flag].read(text))
        except InputError as error:
            raise Problem(400, "bad_option", f"{flag}: {error}", flag=flag, reason=str(error)) from error


def as_arguments(texts: Mapping[str, str], model: str) -> list[str]:
    """Return the words of the command line that stand for options; a text can be taken for no other option."""
    options = _options(model)
    words = []
    for flag, text in texts.items():
        if flag in options and isinstance(options[flag].check, Flag):
            words += [flag] if text.lower() == "true" else []
        else:
            words.append(f"{flag}={text}")
    return words


def _options(model: str) -> dict[str, Option]:
    declared = options_of(TransferOptions if model == "style" else kind_named(model).load_options())
    return {
        option.flag: option
        for name, option in declared.items()
        if name not in _OTHERWISE and not any(place in option.check.metavar for place in _PLACES)
    }
