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

from latente.checks import options_of
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
        file = folder / "model.json"
        # models of before these were settled tell them among their options alone
        of_old = {f"{name}_": model["options"].get(name) for name in ("precision", "epochs")}
        facts = checked_facts({"any_size_": False, **of_old, **model["fitted"]}, file)
        options = persistence.options_from(model, options_of(cls), own, folder)
        weights, arrays = persistence.read_weights(folder, model["weights"])
        try:
            estimator = cls(**{**options, "device": "auto"})
            # so few that a file which asks for layers without end is refused soon, and a name too many is still told
            limits = None if own.get("network") is not None else Limits(tensors=2.0 * len(weights) + 64.0)
            estimator._restore(facts, arrays, limits, file)
        except ModelError:
            raise
        except TooLargeError as error:
            raise ModelError(
                f"{file} describes a larger network than {model['weights']['file']} has weights for"
            ) from error
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError, MemoryError) as error:
            raise ModelError(f"{file} does not describe a model: {error}") from error
        persistence.load_weights(estimator.objective_, weights, folder)
        lay_out(estimator.objective_, estimator.device_)
        estimator.objective_.eval()
        estimator.source_ = persistence.training_source(folder)
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

    def _write(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        fitted = {name: getattr(self, name) for name in FACTS}
        fitted |= {"scaling_": self.scaling_.to_json(), **self._facts()}
        fitted["column_scalings_"] = {name: scaling.to_json() for name, scaling in self.column_scalings_.items()}
        if hasattr(self, "feature_names_in_"):
            fitted["feature_names_in_"] = [str(name) for name in self.feature_names_in_]
        description = {"model": self.kind, "options": self.resolved_options(), "fitted": fitted}
        arrays = {name: array for name, array in self._arrays().items() if array is not None}
        persistence.write_model(folder, description, weights, arrays)
