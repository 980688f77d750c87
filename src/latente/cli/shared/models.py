"""Trained models, and what each of them can do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from latente.errors import InputError

__all__ = ["asked_of", "model_for", "refuse_kind"]


def model_for(verb: str, run: Path) -> Any:
    """Return the trained model of a run folder; raises InputError, with what works, where it cannot serve the verb."""
    from latente.estimators import load
    from latente.estimators.abilities import require
    from latente.estimators.kinds import kind_of_run

    model = load(run)
    require(model, verb, kind_of_run(model.kind).title)
    return model


def asked_of(method: Callable[..., Any], model: Any, asked: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """Return the arguments of a model's method that were asked for; raises InputError where it knows nothing of one.

    asked: by the argument's name its option and its value, None where nobody asked.
    """
    known = inspect.signature(method).parameters
    for name, (flag, value) in asked.items():
        if value is not None and name not in known:
            raise InputError(f"{flag} has no meaning for a {type(model).__name__}; leave it out")
    return {name: value for name, (_, value) in asked.items() if value is not None}


def refuse_kind(verb: str, run: Path) -> None:
    """Raise InputError where the kind of the run's model cannot serve the verb; the model itself is left alone."""
    from latente.estimators.abilities import require
    from latente.estimators.kinds import RUNS
    from latente.training import Run

    name = Run.open(run).options().get("model")
    if isinstance(name, str) and name in RUNS:
        require(RUNS[name].load_class()(), verb, RUNS[name].title)
