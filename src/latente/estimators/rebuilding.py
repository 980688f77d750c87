"""The autoencoder that a detector looks through: whose it is, what it has seen, and what of it is saved."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from torch import Tensor, nn

from latente.errors import InputError, ModelError
from latente.estimators import data
from latente.estimators.autoencoders import Autoencoder, BaseAutoencoder
from latente.estimators.kinds import KINDS
from latente.estimators.loading import load
from latente.images import Images
from latente.networks.limits import Limits
from latente.objectives import ReconstructionObjective
from latente.training.runs import Run

__all__ = ["Codes", "Unrebuilt", "bare", "described", "is_fitted", "restored", "taken", "train", "unseen", "untrained"]


class Unrebuilt(nn.Module):
    """What of images an autoencoder does not draw again: their features less those of the reconstructions."""

    def __init__(self, describe: Callable[[Tensor], Tensor], autoencoder: ReconstructionObjective) -> None:
        super().__init__()
        self.describe, self.autoencoder = describe, autoencoder

    def forward(self, images: Tensor) -> Tensor:
        return self.describe(images) - self.describe(self.autoencoder.reconstruct(images))


class Codes(nn.Module):
    """The codes that an autoencoder gives images."""

    def __init__(self, autoencoder: ReconstructionObjective) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, images: Tensor) -> Tensor:
        return self.autoencoder.encode(images)


def is_fitted(autoencoder: Any) -> bool:
    """Whether an option's value stands for an autoencoder that has learned, and not for one to train, as None does.

    Raises InputError where it stands for something else.
    """
    if autoencoder is not None and not isinstance(autoencoder, str | os.PathLike | BaseAutoencoder):
        what = type(autoencoder).__name__
        raise InputError(f"autoencoder: {what} is none; give an Autoencoder, a VariationalAutoencoder, or its run")
    return autoencoder is not None and (data.is_source(autoencoder) or hasattr(autoencoder, "objective_"))


def taken(autoencoder: BaseAutoencoder | str | os.PathLike[str], images: Images) -> BaseAutoencoder:
    """Return a copy of a fitted autoencoder, given as such or by its run, once it has drawn the first image again.

    Raises InputError where a run holds none, or it does not take such images.
    """
    model = copy.deepcopy(autoencoder) if isinstance(autoencoder, BaseAutoencoder) else load(autoencoder)
    if not isinstance(model, BaseAutoencoder):
        raise InputError(f"autoencoder: {autoencoder} holds a {model.kind}; give the run of an autoencoder or a vae")
    if model.window_ is not None:
        raise InputError("autoencoder was trained on crops; give one that was trained on whole pictures of one size")
    try:
        model.reconstruct(images.take([0]))
    except InputError as error:
        raise InputError(f"autoencoder: {error}; open them in its size and channels") from None
    return model


def unseen(autoencoder: BaseAutoencoder, images: Images) -> np.ndarray | None:
    """Return which of the images the autoencoder has not learned from (N,), bool; None where nobody knows.

    It is known of sets that both were opened by name or path: of another set all, of the same one what was held out.
    """
    theirs, ours = dict(autoencoder.source_), dict(images.source)
    if not theirs or not ours:
        return None
    if any(theirs.get(name) != ours.get(name) for name in ("source", "split")):
        return np.ones(len(images), bool)
    if _plain(theirs) != _plain(ours):
        return None
    share = autoencoder.validation if isinstance(autoencoder.validation, float) else None
    learned = data.split(images, share, autoencoder.seed_).rows
    return ~np.isin(np.arange(len(images)), learned)


def untrained(autoencoder: BaseAutoencoder | None, **options: Any) -> BaseAutoencoder:
    """Return an unfitted autoencoder like this one, by default the plain one, with some options of its own."""
    model: BaseAutoencoder = Autoencoder() if autoencoder is None else clone(autoencoder)
    return model.set_params(**options)


def train(autoencoder: BaseAutoencoder, images: Images, run: Run | None) -> None:
    """Fit it; within a run in the folder "autoencoder", where an unfinished training is gone on with."""
    folder = None if run is None else run.path / "autoencoder"
    if folder is None or not (folder / "options.json").exists():
        autoencoder.set_params(out=folder, prior="normal").fit(images)  # it draws nothing
        return
    begun = Run.open(folder)
    autoencoder.set_params(out=folder, epochs=begun.options()["options"]["epochs"]).resume_from(begun, images)


def bare(images: Images) -> Images:
    """Return the images without any columns: targets, say, are not what an autoencoder shall draw here."""
    return dataclasses.replace(images, columns={}, partners={}, label_names=(), content_hash=None)


def described(autoencoder: BaseAutoencoder) -> dict[str, Any] | None:
    """Return what `restored` makes it of again, but for its weights; None where its networks are its caller's own."""
    description = autoencoder.description()
    if not isinstance(description["options"]["network"], str):
        return None
    # neither its folder nor what worsened its images, which may be a caller's own, is asked for any more
    options = {**description["options"], "corruption": None, "out": None}
    fitted = {**description["fitted"], "prior_": "normal", "prior_distances_": {}}  # nothing is drawn from it here
    return {**description, "options": options, "fitted": fitted, "source": dict(autoencoder.source_)}


def restored(description: Mapping[str, Any]) -> BaseAutoencoder:
    """Return the autoencoder that `described` describes, which waits for its weights; raises ModelError."""
    kind = KINDS.get(description["model"])
    owner = None if kind is None else kind.load_class()
    if owner is None or not issubclass(owner, BaseAutoencoder):
        raise ModelError(f"its autoencoder is a {description['model']!r}, which is none")
    model = owner.waiting(description, Path(), Limits())
    model.source_ = description["source"]
    return model


def _plain(value: Any) -> Any:
    """Return a value as JSON would bring it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value
