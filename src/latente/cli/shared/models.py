"""Trained models, and what each of them can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["model_for", "refuse_kind"]


def model_for(verb: str, run: Path) -> Any:
    """Return the trained model of a run folder; raises InputError, with what works, where it cannot serve the verb."""
    from latente.estimators import load
    from latente.estimators.abilities import require
    from latente.estimators.kinds import kind_of_run

    model = load(run)
    require(model, verb, kind_of_run(model.kind).title)
    return model


def refuse_kind(verb: str, run: Path) -> None:
    """Raise InputError where the kind of the run's model cannot serve the verb; the model itself is left alone."""
    from latente.estimators.abilities import require
    from latente.estimators.kinds import RUNS
    from latente.training import Run

    name = Run.open(run).options().get("model")
    if isinstance(name, str) and name in RUNS:
        require(RUNS[name].load_class()(), verb, RUNS[name].title)
