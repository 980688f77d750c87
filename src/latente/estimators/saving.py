"""A fitted model on disk: what of it is saved, and how it comes back."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from latente.checks import Own, options_of
from latente.errors import ModelError
from latente.estimators import persistence
from latente.estimators.facts import FACTS, checked_facts, checked_scaling
from latente.estimators.passing import ImageModel
from latente.networks.limits import Limits, TooLargeError
from latente.training.devices import resolve_device
from latente.training.layouts import lay_out
from latente.training.surroundings import own_surroundings

__all__ = ["SavedModel"]


class SavedModel(ImageModel):
    """The part of an estimator that lies on disk, as data: options, fitted facts, weights and arrays."""

    def resolved_options(self) -> dict[str, Any]:
        """Return every option as options.json holds it, with what was left open settled; only after `fit`."""
        check_is_fitted(self, "seed_")
        settled = {**self._settled(), "random_state": self.seed_, "verbose": False}
        if source := getattr(self, "_validation_source", None):
            settled["validation"] = source
        return persistence.options_json(self.get_params(deep=False), settled)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted model to `path`/model as JSON and safetensors; a run folder may take it too."""
        check_is_fitted(self, "objective_")
        self._write(Path(path) / "model", self.objective_.weights())
        return Path(path)

    @classmethod
    @own_surroundings()
    def load(cls, path: str | os.PathLike[str], **own: Any) -> Self:
        """Return the model in a run folder or in what `save` wrote.

        own: give back what is a caller's own and of which only the names are saved, by the option's name: network=(its
        modules), corruption=(a callable). Without a callable, a warning says that the model takes images as they are.
        Raises ModelError, with the reason, where the folder holds another kind of model, or is damaged or foreign.
        """
        folder = persistence.model_folder(path)
        model = persistence.read_model(folder)
        if model["model"] != cls.kind:
            raise ModelError(
                f"{folder} holds a model of the kind {model['model']!r}, not {cls.kind!r}; use latente.load()"
            )
        weights, arrays = persistence.read_weights(folder, model["weights"])
        # so few that a file which asks for layers without end is refused soon, and a name too many is still told
        limits = None if _has_own_network(cls, own) else Limits(tensors=2.0 * len(weights) + 64.0)
        try:
            estimator = cls.waiting(model, folder, limits, own, arrays)
        except TooLargeError as error:
            raise ModelError(
                f"{folder / 'model.json'} describes a larger network than {model['weights']['file']} has weights for"
            ) from error
        persistence.load_weights(estimator.objective_, weights, folder)
        lay_out(estimator.objective_, estimator.device_)
        estimator.objective_.eval()
        estimator.source_ = persistence.training_source(folder)
        return estimator

    @classmethod
    def waiting(
        cls,
        model: Mapping[str, Any],
        folder: Path,
        limits: Limits | None,
        own: Mapping[str, Any] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
    ) -> Self:
        """Return the model that model.json of a folder describes, up to an objective that waits for its weights.

        limits: of the networks that are built, which get no memory of their own; None builds a caller's own. arrays:
        what lies beside the weights. Raises ModelError where nothing can be so, and TooLargeError beyond the limits.
        """
        file = folder / "model.json"
        # models of before these were settled tell them among their options alone
        of_old = {f"{name}_": model["options"].get(name) for name in ("precision", "epochs")}
        facts = checked_facts({"any_size_": False, **of_old, **model["fitted"]}, file)
        options = persistence.options_from(model, options_of(cls), own or {}, folder)
        try:
            estimator = cls(**{**options, "device": "auto"})
            estimator._restore(facts, arrays or {}, limits, file)
        except ModelError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError, MemoryError) as error:
            raise ModelError(f"{file} does not describe a model: {error}") from error
        return estimator

    def _restore(
        self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], limits: Limits | None, file: Path
    ) -> None:
        """Set the fitted state that model.json, `file`, describes, up to an objective that waits for its weights.

        limits: of the networks that are built, which get no memory of their own; None builds a caller's own.
        """
        for name in FACTS:
            setattr(self, name, facts[name])
        self.scaling_ = checked_scaling(facts["scaling_"], self.image_shape_[0], file)
        scalings = facts["column_scalings_"].items()
        self.column_scalings_ = {str(name): checked_scaling(scaling, None, file) for name, scaling in scalings}
        self.n_features_in_ = math.prod(self.image_shape_)
        if "feature_names_in_" in facts:
            self.feature_names_in_ = np.asarray(facts["feature_names_in_"], dtype=object)
        self.history_ = []
        self.device_ = resolve_device("auto")
        self._take_facts(facts)
        # without memory of their own until the weights, whose shapes are checked, give them theirs
        with torch.device("meta" if limits else "cpu"), limits or contextlib.nullcontext():
            self._build()
        known = self._arrays()
        for name, array in arrays.items():
            if name not in known:
                raise ModelError(f"{file.parent} holds an array {name!r} that no model of the kind {self.kind!r} has")
            setattr(self, name, array)
        self._check_arrays()

    def description(self) -> dict[str, Any]:
        """Return what model.json says of the fitted model, beside its weights: kind, options and fitted facts."""
        fitted = {name: getattr(self, name) for name in FACTS}
        fitted |= {"scaling_": self.scaling_.to_json(), **self._facts()}
        fitted["column_scalings_"] = {name: scaling.to_json() for name, scaling in self.column_scalings_.items()}
        if hasattr(self, "feature_names_in_"):
            fitted["feature_names_in_"] = [str(name) for name in self.feature_names_in_]
        return {"model": self.kind, "options": self.resolved_options(), "fitted": fitted}

    def _write(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        arrays = {name: array for name, array in self._arrays().items() if array is not None}
        persistence.write_model(folder, self.description(), weights, arrays)


def _has_own_network(owner: type, own: Mapping[str, Any]) -> bool:
    """Whether modules of the caller's are given back, which make tensors as their author wants."""
    checks = {name: option.check for name, option in options_of(owner).items()}
    return any(
        value is not None and isinstance(check := checks.get(name), Own) and check.role == "network"
        for name, value in own.items()
    )
