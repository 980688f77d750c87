"""scikit-learn's contract over objective, loop and run folder: what all estimators of images have in common."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from latente.errors import InputError, ModelError
from latente.estimators import data, persistence
from latente.estimators.progress import Keeper, ProgressBar
from latente.images import Images, Scaling, open_images
from latente.training import Batches, Listener, Run, TrainingOptions, isolated_rng, train
from latente.training.devices import resolve_device
from latente.training.launch import leads
from latente.training.layouts import lay_out
from latente.training.options import usual_batch_size
from latente.training.randomness import settle_seed

__all__ = ["Estimator"]

_TRAINING = tuple(field.name for field in dataclasses.fields(TrainingOptions) if field.name not in ("betas", "minutes"))
_FITTED = (
    "image_shape_",
    "code_shape_",
    "layout_",
    "seed_",
    "name_",
    "label_names_",
    "best_epoch_",
    "is_binary_",
    "batch_size_",
    "crop_",
)


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Estimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What learns a code of images by the one loop: training, opening images, codes, and the model on disk.

    A dataclass, because scikit-learn's constructors do nothing but store their arguments. batch_size: None is 128, or
    for small sets as much less (down to 16) as gives an epoch 20 steps. validation: share of the images held out to
    choose the best epoch, a set, or None. random_state: None, an integer or a RandomState. out: folder for the run;
    None writes nothing. init: a run whose weights to start from. verbose: show a progress bar. The others are those of
    `TrainingOptions`.

    X is an array (N, F), (N, H, W), (N, H, W, C) or (N, C, H, W), a path, a named set, or `Images`. Every method but
    `fit` raises NotFittedError before `fit`, and InputError where X does not match the images that were trained on.
    """

    model: ClassVar[str]  # the name in a run's options

    batch_size: int | None = None
    epochs: int = 20
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup: int = 0
    gradient_clip: float | None = None
    accumulate: int = 1
    ema: float | None = None
    patience: int | None = None
    validation: Any = 0.1
    precision: str = "float32"
    device: str = "auto"
    threads: int | None = None
    random_state: Any = None
    out: Any = None
    init: Any = None
    checkpoint_every: int | str | None = None
    log_every: int = 50
    verbose: bool = False

    # -- for subclasses

    def _build(self, is_binary: Callable[[], bool]) -> None:
        """Set `objective_`, its weights drawn from torch's global generator, and `code_shape_` from the options.

        Only `image_shape_` and `scaling_` and, in a model from disk, other fitted facts are known of the images.
        """
        self.objective_: Any
        self.code_shape_: tuple[int, ...]
        raise NotImplementedError(f"{type(self).__name__} must define _build(is_binary)")

    def _split(self, images: Images) -> data.Split:
        """Hook: which rows train and which judge."""
        return data.split(images, self.validation, self.seed_)

    def _before_training(self, parts: data.Split, run: Run | None) -> None:
        """Hook: what happens between the first weights and the loop; `run` may hold a part of it already."""

    def _after_training(self, images: Images, rows: np.ndarray) -> None:
        """Hook: what a family derives from the trained model and its training images."""

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]] | None:
        """Hook: a function that draws the lines of an epoch's sample picture, or None where there is none."""
        return None

    def _facts(self) -> dict[str, Any]:
        """Hook: what else of the fitted state goes into model.json."""
        return {}

    def _take_facts(self, fitted: Mapping[str, Any]) -> None:
        """Hook: take over from model.json what `_facts` put there."""

    def _extra(self) -> dict[str, np.ndarray]:
        """Hook: the fitted arrays that a family keeps beside the weights, by attribute name."""
        return {}

    # -- fitting

    def _open_for_fit(self, X: Any, y: Any = None, *, reset: bool = True) -> Images:
        if isinstance(X, Images) or data.is_source(X) or getattr(X, "ndim", 2) != 2:
            images = open_images(X)
        else:
            images = open_images(validate_data(self, X, reset=reset))
        if not reset:
            self._check_match(images)
        elif not len(images):
            raise InputError("there are no images to fit on")
        return images

    def _train(self, images: Images, resumed: Run | None) -> Self:
        self.seed_ = settle_seed(self.random_state)
        parts = self._split(images)
        self._settle(images, parts.seen)
        if self.init is not None and resumed is None:
            self._start_from(self.init)
        options = self._training_options()  # out of range, they must leave no run folder behind
        run = resumed or self._new_run(parts)
        self._before_training(parts, run)
        listeners: list[Listener] = [ProgressBar()] if self.verbose else []
        if run is not None:
            listeners.append(Keeper(run, partial(self._write, run.model), self._pictures(parts)))
        state = train(
            self.objective_,
            images,
            self.scaling_,
            options,
            seed=self.seed_,
            rows=parts.rows,
            validation=parts.validation,
            run=run,
            listeners=listeners,
        )
        if state.best_weights is not None:
            self.objective_.load_weights(state.best_weights)
        self.history_, self.best_epoch_ = state.history, state.best_epoch
        self._after_training(images, parts.rows)
        if run is not None and leads():
            self._write(run.model, self.objective_.weights())
        return self

    def _settle(self, images: Images, rows: np.ndarray) -> None:
        """Set everything that follows from the options and the training images, up to the initialised objective."""
        self.scaling_ = Scaling.fit(images.pixels, rows)
        self.image_shape_, self.layout_, self.name_ = images.shape, images.layout, images.name
        self.label_names_, self.crop_ = images.label_names, images.source.get("crop")
        self.n_features_in_ = math.prod(images.shape)
        self.batch_size_ = usual_batch_size(len(rows)) if self.batch_size is None else self.batch_size
        self.device_ = resolve_device(self.device)
        with isolated_rng(self.seed_):
            self._build(lambda: data.is_binary(images))

    def _training_options(self, **changed: Any) -> TrainingOptions:
        options = {name: getattr(self, name) for name in _TRAINING}
        return TrainingOptions(**{**options, "batch_size": self.batch_size_, **changed})

    def _start_from(self, run: str | os.PathLike[str]) -> None:
        folder = persistence.model_folder(run)
        weights = persistence.read_weights(folder, persistence.read_model(folder)["weights"])
        own = {name: value for name, value in weights.items() if not name.startswith(persistence.EXTRA)}
        persistence.load_weights(self.objective_, own, folder)

    def _new_run(self, parts: data.Split) -> Run | None:
        if self.out is None:
            return None
        return Run.create(self.out, persistence.run_options(self, parts)) if leads() else Run(self.out)

    # -- using

    def open(self, source: Any, **door: Any) -> Images:
        """Open images behind a path or name as those of the training were: of their size, channels and crop.

        door: further options of `open_images`, such as split, count and progress.
        """
        check_is_fitted(self, "objective_")
        if len(self.image_shape_) == 3:
            channels, *size = self.image_shape_
            door |= {"channels": channels, "size": tuple(size), "crop": self.crop_}
        return open_images(source, **door)

    def encode(self, X: Any) -> np.ndarray:
        """Return the codes of X, float32: (N, latent_dim), or (N, C, H, W) where the bottleneck is spatial."""
        return self._apply(self._open(X), lambda x: self.objective_.encode(x).cpu().numpy())

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes of X as (N, K) float32, K the number of values in one code."""
        codes = self.encode(X)
        return codes.reshape(len(codes), -1)

    def _apply(self, images: Images, function: Callable[[Tensor], np.ndarray]) -> np.ndarray:
        """Apply a function of scaled images to all of them, batch by batch, without gradients."""
        batches = Batches(images, self.scaling_, self.device_)
        with torch.no_grad():
            parts = [function(b["images"]) for b in batches.in_order(self._rows(images), self._chunk())]
        return np.concatenate(parts)[: len(images)]

    def _rows(self, images: Images) -> Tensor:
        """Return all rows, those of a table filled up to whole chunks by its first row.

        Products of one shape are added up in one order: so a row's code is the same whatever else is in the call.
        """
        rows = torch.arange(len(images))
        missing = -len(rows) % self._chunk() if images.is_table else 0
        return torch.cat([rows, rows.new_zeros(missing)])

    def _chunk(self) -> int:
        """Images per forward pass: about 8 MB of input, so that the largest layers stay in moderate memory."""
        if len(self.image_shape_) == 1:
            return 256
        return int(min(2048, max(16, 2_000_000 // math.prod(self.image_shape_))))

    def _open(self, X: Any) -> Images:
        check_is_fitted(self, "objective_")
        if isinstance(X, Images):
            images = X
        elif data.is_source(X):
            images = self.open(X)
        elif len(self.image_shape_) == 1:
            images = open_images(validate_data(self, X, reset=False))
        else:
            images = open_images(X, channels="first" if self.layout_ == "NCHW" else "last")
        self._check_match(images)
        return images

    def _check_match(self, images: Images) -> None:
        if images.shape != self.image_shape_:
            given, trained = ("x".join(map(str, shape)) for shape in (images.shape, self.image_shape_))
            raise InputError(f"the images of {images.name} are {given}, but the model was trained on {trained}")
        trained_dtype = np.dtype(self.scaling_.dtype)
        if self.scaling_.bounded and images.dtype.kind != trained_dtype.kind:
            raise InputError(
                f"the images of {images.name} are {images.dtype}, but the model was trained on {trained_dtype}, "
                "another range of values; convert them to it"
            )

    @property
    def _n_features_out(self) -> int:
        return math.prod(self.code_shape_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]  # codes are float32 whatever went in
        return tags

    # -- on disk

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted model to `path`/model as JSON and safetensors; a run folder may take it too."""
        check_is_fitted(self, "objective_")
        self._write(Path(path) / "model", self.objective_.weights())
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **own: Any) -> Self:
        """Return the model in a run folder or in what `save` wrote.

        own: give back what is a caller's own and of which only the names are saved, by the option's name: network=(its
        modules), corruption=(a callable). Without a callable, a warning says that the model takes images as they are.
        Raises ModelError, with the reason, where the folder holds another kind of model, or is damaged or foreign.
        """
        folder = persistence.model_folder(path)
        model = persistence.read_model(folder)
        if model["estimator"] != cls.__name__:
            raise ModelError(f"{folder} holds a {model['estimator']}, not a {cls.__name__}; use latente.load()")
        return cls._from_model(folder, model, own)

    @classmethod
    def _from_model(cls, folder: Path, model: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        try:
            fitted = model["fitted"]
            estimator = cls(**{**persistence.options_of(model, own, folder), "device": "auto"})
            for name in _FITTED:
                value = fitted[name]
                setattr(estimator, name, tuple(value) if isinstance(value, list) else value)
            estimator.scaling_ = Scaling.from_json(fitted["scaling_"])
            estimator.n_features_in_ = math.prod(estimator.image_shape_)
            if "feature_names_in_" in fitted:
                estimator.feature_names_in_ = np.asarray(fitted["feature_names_in_"], dtype=object)
            estimator.history_ = []
            estimator._take_facts(fitted)
            estimator.device_ = resolve_device("auto")
            # without memory of their own until the weights, whose shapes are checked, give them theirs
            with torch.device("meta" if own.get("network") is None else "cpu"):
                estimator._build(lambda: bool(fitted["is_binary_"]))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"{folder / 'model.json'} does not describe a model: {error}") from error
        weights = persistence.read_weights(folder, model["weights"])
        for name in [name for name in weights if name.startswith(persistence.EXTRA)]:
            setattr(estimator, name.removeprefix(persistence.EXTRA), weights.pop(name).numpy())
        persistence.load_weights(estimator.objective_, weights, folder)
        lay_out(estimator.objective_, estimator.device_)
        estimator.objective_.eval()
        return estimator

    def _write(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        fitted = {name: getattr(self, name, None) for name in _FITTED}
        fitted |= {"scaling_": self.scaling_.to_json(), **self._facts()}
        if hasattr(self, "feature_names_in_"):
            fitted["feature_names_in_"] = [str(name) for name in self.feature_names_in_]
        description = {
            "estimator": type(self).__name__,
            "options": persistence.resolved_options(self),
            "fitted": fitted,
        }
        extra = {persistence.EXTRA + name: torch.from_numpy(value) for name, value in self._extra().items()}
        persistence.write_model(folder, description, {**weights, **extra})
