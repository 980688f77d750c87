"""The estimators, and the two ways back to a training on disk: `load` its model, or `resume` it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from torch import nn

from latente.errors import InputError, ModelError, did_you_mean
from latente.estimators import saving
from latente.estimators.autoencoder import Autoencoder
from latente.estimators.base import ImageEstimator
from latente.estimators.variational import VariationalAutoencoder
from latente.images import open_images
from latente.training import Run

__all__ = ["ESTIMATORS", "Autoencoder", "ImageEstimator", "VariationalAutoencoder", "load", "resume"]

ESTIMATORS: dict[str, type[ImageEstimator]] = {kind.model: kind for kind in (Autoencoder, VariationalAutoencoder)}


def load(
    path: str | os.PathLike[str], network: Sequence[nn.Module] | None = None, corruption: Any = None
) -> ImageEstimator:
    """Return the model, of whichever kind, in a run folder or in what `save` wrote.

    network, corruption: give back the (encoder, decoder) and the callable that a caller trained with; only their names
    are saved. Raises ModelError, with the reason, where the folder is damaged or foreign.
    """
    folder = saving.model_folder(path)
    kinds = {kind.__name__: kind for kind in ESTIMATORS.values()}
    name = saving.read_model(folder)["estimator"]
    if name not in kinds:
        raise ModelError(f"{folder} holds a {name!r}, which this version of latente does not know")
    return kinds[name].load(path, network, corruption)


def resume(
    path: str | os.PathLike[str],
    X: Any = None,
    *,
    epochs: int | None = None,
    network: Sequence[nn.Module] | None = None,
    corruption: Any = None,
    validation: Any = None,
    verbose: bool = False,
) -> ImageEstimator:
    """Go on with the training in a run folder, bit for bit as if it had never stopped, and return the fitted model.

    X: the training images, where the run cannot open them again by itself (arrays in memory). epochs: extends a run
    beyond the number it was started with. network, corruption, validation: a caller's own modules, callable and set,
    which a run does not keep.
    Raises InputError where the images are not those that the run was trained on.
    """
    run = Run.open(path)
    saved = run.options()
    if saved.get("model") not in ESTIMATORS:
        raise did_you_mean("model", saved.get("model"), ESTIMATORS)
    options = dict(saved["options"])
    if epochs is not None:
        if epochs < options["epochs"]:
            raise InputError(f"epochs={epochs}: this run was started with {options['epochs']}; give at least as many")
        options["epochs"] = epochs
    if not isinstance(options["network"], str):
        if network is None:
            raise InputError(
                f"{path} was trained with networks of its own; give resume(..., network=(encoder, decoder))"
            )
        options["network"] = tuple(network)
    if corruption is not None:
        options["corruption"] = corruption
    elif str(options["corruption"]).startswith("own:"):
        raise InputError(f"{path} was trained with a corruption of its own; give resume(..., corruption=...)")
    if isinstance(options["validation"], str):
        if validation is None:
            raise InputError(f"{path} was validated on a set of its own; give resume(..., validation=that set)")
        options["validation"] = validation
    options["hidden"] = None if options["hidden"] is None else tuple(options["hidden"])
    estimator = ESTIMATORS[saved["model"]](**{**options, "out": str(path), "verbose": verbose})
    images = estimator._open_for_fit(_images_of(run, saved, X), reset=True)
    if images.fingerprint != saved["data"]["fingerprint"]:
        raise InputError(f"{images.name} is not the set that {path} was trained on (its fingerprint differs)")
    if epochs is not None:
        run.write_options(saved | {"options": saved["options"] | {"epochs": epochs}})
    return estimator._train(images, resumed=run)


def _images_of(run: Run, saved: dict[str, Any], X: Any) -> Any:
    if X is not None:
        return X
    source = saved["data"]["source"]
    if not source:
        raise InputError(f"{run.path} was trained on an array in memory; give the same array: resume(path, X)")
    return open_images(**source)
