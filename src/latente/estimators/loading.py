"""The two ways back to a training on disk: `load` its model, or `resume` it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from latente.errors import InputError, ModelError, did_you_mean
from latente.estimators import persistence
from latente.estimators.autoencoders import Autoencoder, BaseAutoencoder
from latente.estimators.base import Estimator
from latente.estimators.stacked import StackedAutoencoderClassifier
from latente.estimators.variational import VariationalAutoencoder
from latente.images import open_images
from latente.training import Run

__all__ = ["ESTIMATORS", "load", "resume"]

ESTIMATORS: dict[str, type[BaseAutoencoder]] = {kind.model: kind for kind in (Autoencoder, VariationalAutoencoder)}
_KINDS: dict[str, type[Estimator]] = {**ESTIMATORS, StackedAutoencoderClassifier.model: StackedAutoencoderClassifier}


def load(path: str | os.PathLike[str], **own: Any) -> Any:
    """Return the model, of whichever kind, in a run folder or in what `save` wrote.

    own: give back what is a caller's own, of which only the names are saved, by the option's name: network=(encoder,
    decoder), corruption=(a callable). Raises ModelError, with the reason, where the folder is damaged or foreign.
    """
    folder = persistence.model_folder(path)
    kinds = {kind.__name__: kind for kind in _KINDS.values()}
    name = persistence.read_model(folder)["estimator"]
    if name not in kinds:
        raise ModelError(f"{folder} holds a {name!r}, which this version of latente does not know")
    return kinds[name].load(path, **own)


def resume(
    path: str | os.PathLike[str],
    X: Any = None,
    y: Any = None,
    *,
    epochs: int | None = None,
    validation: Any = None,
    verbose: bool = False,
    **own: Any,
) -> Any:
    """Go on with the training in a run folder, bit for bit as if it had never stopped, and return the fitted model.

    X, y: the training images, and a classifier's labels, where the run cannot open them again by itself (arrays in
    memory). epochs: extends a run beyond the number it was started with. validation: a caller's own set, and own: a
    caller's own modules and callables as for `load`, which a run does not keep.
    Raises InputError where the images are not those that the run was trained on.
    """
    run = Run.open(path)
    saved = run.options()
    if saved.get("model") not in _KINDS:
        raise did_you_mean("model", saved.get("model"), _KINDS)
    options = saved["options"] | _put_back(run, saved["options"], own | {"validation": validation})
    if epochs is not None:
        if epochs < options["epochs"]:
            raise InputError(f"epochs={epochs}: this run was started with {options['epochs']}; give at least as many")
        options["epochs"] = epochs
    options["hidden"] = None if options["hidden"] is None else tuple(options["hidden"])
    estimator = _KINDS[saved["model"]](**{**options, "out": str(path), "verbose": verbose})
    images = estimator._open_for_fit(_images_of(run, saved, X), y)
    if images.fingerprint != saved["data"]["fingerprint"]:
        raise InputError(f"{images.name} is not the set that {path} was trained on (its fingerprint differs)")
    if epochs is not None:
        run.write_options(saved | {"options": saved["options"] | {"epochs": epochs}})
    return estimator._train(images, resumed=run)


def _put_back(run: Run, options: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a caller's own among the options, given back; InputError where some of it is missing."""
    given = {name: value for name, value in own.items() if value is not None}
    if unknown := given.keys() - {"network", "validation", *persistence.CORRUPTIONS} | given.keys() - options.keys():
        raise InputError(
            f"{run.path} was trained without {unknown.pop()!r}: there is nothing of that name to give back"
        )
    if isinstance(options.get("network"), list):
        if "network" not in given:
            raise InputError(
                f"{run.path} was trained with networks of its own; give resume(..., network=(encoder, decoder))"
            )
        given["network"] = tuple(given["network"])
    else:
        given.pop("network", None)
    for name in persistence.CORRUPTIONS:
        if str(options.get(name)).startswith(persistence.OWN) and name not in given:
            raise InputError(f"{run.path} was trained with a {name} of its own; give resume(..., {name}=...)")
    if not isinstance(options["validation"], str):
        given.pop("validation", None)
    elif "validation" not in given:
        raise InputError(f"{run.path} was validated on a set of its own; give resume(..., validation=that set)")
    return given


def _images_of(run: Run, saved: dict[str, Any], X: Any) -> Any:
    if X is not None:
        return X
    source = saved["data"]["source"]
    if not source:
        raise InputError(f"{run.path} was trained on an array in memory; give the same array: resume(path, X)")
    return open_images(**source)
