"""The two ways back to a training on disk: `load` its model, or `resume` it."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike

from latente.checks import options_of
from latente.errors import InputError, ModelError
from latente.estimators import persistence
from latente.estimators.kinds import RUNS, kind_of_run
from latente.images import Openable, open_images
from latente.training.runs import Run

__all__ = ["load", "resume"]


def load(path: str | os.PathLike[str], **own: Any) -> Any:
    """Return the model, of whichever kind, in a run folder or in what `save` wrote.

    own: give back what is a caller's own, of which only the names are saved, by the option's name: network=(encoder,
    decoder), corruption=(a callable). Raises ModelError, with the reason, where the folder is damaged or foreign.
    """
    folder = persistence.model_folder(path)
    name = persistence.read_model(folder)["model"]
    if name not in RUNS:
        raise persistence.unknown_model(folder, name)
    return RUNS[name].load_class().load(path, **own)


def resume(
    path: str | os.PathLike[str],
    X: Openable | None = None,
    y: ArrayLike | None = None,
    *,
    epochs: int | None = None,
    verbose: bool | None = None,
    **own: Any,
) -> Any:
    """Go on with the training in a run folder, bit for bit as if it had never stopped, and return the fitted model.

    X, y: the training images, and a classifier's labels, where the run cannot open them again by itself (arrays in
    memory). epochs: extends a run beyond the number it was started with. own: a caller's own modules, callables and
    validation set, which a run does not keep, by the option's name as for `load`.
    Raises InputError where the images are not those that the run was trained on.
    """
    run = Run.open(path)
    saved = run.options()
    if "fingerprint" not in saved.get("data", {}):
        raise ModelError(f"{run.options_file} does not say on what was trained: there is nothing to go on with")
    estimator_class = kind_of_run(saved.get("model")).load_class()
    options = persistence.own_options(saved["options"], options_of(estimator_class), own, run.path)
    if epochs is not None:
        if "epochs" not in options:
            raise InputError(f"epochs={epochs}: a model of the kind {saved['model']!r} does not learn in epochs")
        if epochs < options["epochs"]:
            raise InputError(f"epochs={epochs}: this run was started with {options['epochs']}; give at least as many")
        options["epochs"] = epochs
    estimator = estimator_class(**{**options, "out": str(path), "verbose": verbose})
    return estimator.resume_from(run, _source(run, X), y)


def _source(run: Run, X: Openable | None) -> Any:
    """Return the training images: those given, else those that the run opens again."""
    if X is not None:
        return X
    source = run.options()["data"].get("source")
    if not source:
        raise InputError(f"{run.path} was trained on an array in memory; give the same array: resume(path, X)")
    try:
        return open_images(**source)
    except TypeError as error:
        raise ModelError(f"{run.options_file} does not say how its images are opened: {error}") from error
