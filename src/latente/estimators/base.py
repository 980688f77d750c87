"""scikit-learn's contract over objective, loop and run folder: what all estimators of images have in common."""

from __future__ import annotations

import copy
import dataclasses
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from latente import corruptions, networks
from latente.errors import InputError, ModelError
from latente.estimators import fitting, planning, saving
from latente.estimators.previews import Keeper, ProgressBar
from latente.images import Images, Scaling, open_images, to_layout
from latente.metrics import evaluate_images
from latente.objectives import ReconstructionObjective
from latente.training import Batches, Listener, Run, TrainingOptions, TrainingState, evaluate, isolated_rng, train
from latente.training.devices import resolve_device

__all__ = ["ImageEstimator"]

_TRAINING = tuple(field.name for field in dataclasses.fields(TrainingOptions) if field.name != "seed")
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
_PICTURES = 8


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class ImageEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the estimators: the options that all share, and everything but the objective, which a subclass builds.

    A dataclass, because scikit-learn's constructors do nothing but store their arguments. latent_dim: values in a code;
    None keeps a convolutional bottleneck spatial. network: "auto" (dense for tables and sides under 8, else
    convolutional), "dense", "conv", or a pair of modules (encoder, decoder). hidden: widths or channels of the encoder,
    mirrored in the decoder; None is chosen by the network. activation, normalization, dropout, kernel_size, stride,
    depth (convolutions per level): see `latente.networks`. corruption: a name such as "gaussian:0.2", or a callable
    (x, generator, shared=False) -> worse x. batch_size: None is 128, or for small sets as much less (down to 16) as
    gives an epoch 20 steps. validation: share of the images held out to choose the best epoch, a set, or None.
    random_state: None, an integer or a RandomState. out: folder for the run; None writes nothing. init: a run whose
    weights to start from. verbose: show a progress bar. The others are those of `TrainingOptions`.

    X is an array (N, F), (N, H, W), (N, H, W, C) or (N, C, H, W), a path, a named set, or `Images`; what comes out
    has the layout, units and dtype that went in. Every method but `fit` raises NotFittedError before `fit`, and
    InputError where X does not match the images that were trained on.
    """

    model: ClassVar[str]  # the name on the command line
    code_multiplier: ClassVar[int] = 1  # encoder outputs per latent dimension

    latent_dim: int | None = 32
    network: Any = "auto"
    hidden: tuple[int, ...] | None = None
    activation: str = "relu"
    normalization: str | None = None
    dropout: float = 0.0
    kernel_size: int = 3
    stride: int = 2
    depth: int = 1
    corruption: Any = None
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
    checkpoint_every: int | None = None
    log_every: int = 50
    verbose: bool = False

    def _objective(
        self, encoder: nn.Module, decoder: nn.Module, output: str, is_binary: Callable[[], bool]
    ) -> ReconstructionObjective:
        """Build the objective; `output` is the decoder's natural end ("sigmoid" or "linear") for this data."""
        raise NotImplementedError

    # -- fitting

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on X, from scratch, and keep the weights of the best epoch; y is ignored.

        With `out` the whole training is written to that folder and can be resumed from there.
        """
        images = self._open_for_fit(X, reset=True)
        return self._train(images, resumed=None)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Train one epoch on X, going on from where the last call ended; y is ignored.

        The first call settles scaling and shapes on its X. Nothing is written, and nothing is held out.
        """
        state: TrainingState | None = getattr(self, "_state", None)
        fitted = hasattr(self, "objective_")
        images = self._open_for_fit(X, reset=not fitted)
        if not fitted:
            self.seed_ = fitting.settle_seed(self.random_state)
            self._settle(images, np.arange(len(images)))
            self.history_, self.best_epoch_ = [], 0
        epoch = state.epoch if state else 0
        options = self._training_options(epochs=epoch + 1, schedule="constant", patience=None)
        self._state = train(self.objective_, images, self.scaling_, options, state=state)
        self.history_ = self._state.history
        return self

    def _open_for_fit(self, X: Any, reset: bool) -> Images:
        if isinstance(X, Images) or fitting.is_source(X) or getattr(X, "ndim", 2) != 2:
            images = open_images(X)
        else:
            images = open_images(validate_data(self, X, reset=reset))
        if not reset:
            self._check_match(images)
        elif not len(images):
            raise InputError("there are no images to fit on")
        return images

    def _train(self, images: Images, resumed: Run | None) -> Self:
        self.seed_ = fitting.settle_seed(self.random_state)
        parts = fitting.split(images, self.validation, self.seed_)
        self._settle(images, parts.rows)
        if self.init is not None and resumed is None:
            self._start_from(self.init)
        options = self._training_options()  # out of range, they must leave no run folder behind
        run = resumed or self._new_run(parts)
        listeners: list[Listener] = [ProgressBar()] if self.verbose else []
        if run is not None:
            listeners.append(self._keeper(run, parts))
        state = train(
            self.objective_,
            images,
            self.scaling_,
            options,
            rows=parts.rows,
            validation=parts.validation,
            run=run,
            listeners=listeners,
        )
        if state.best_weights is not None:
            self.objective_.load_state_dict(state.best_weights)
        self.history_, self.best_epoch_ = state.history, state.best_epoch
        self._after_training(images, parts.rows)
        if run is not None and fitting.leads():
            self._write(run.model, self.objective_.state_dict())
        self.__dict__.pop("_state", None)
        return self

    def _settle(self, images: Images, rows: np.ndarray) -> None:
        """Set everything that follows from the options and the training images, up to the initialised objective."""
        self.scaling_ = Scaling.fit(images.pixels, rows)
        self.image_shape_, self.layout_, self.name_ = images.shape, images.layout, images.name
        self.label_names_, self.crop_ = images.label_names, images.source.get("crop")
        self.n_features_in_ = math.prod(images.shape)
        self.batch_size_ = fitting.usual_batch_size(len(rows)) if self.batch_size is None else self.batch_size
        with isolated_rng(self.seed_):
            self._build(lambda: fitting.is_binary(images))
        if (target := images.columns.get("target")) is not None:
            if target.shape != images.pixels.shape or target.dtype != images.dtype:
                raise InputError(
                    f"the targets of {images.name} are {target.shape[1:]} {target.dtype}, but the images are "
                    f"{images.shape} {images.dtype}; both must be alike"
                )
            self.objective_.columns = ("target",)

    def _build(self, is_binary: Callable[[], bool]) -> None:
        """Make networks and objective for `image_shape_` and `scaling_`."""
        own = fitting.own_networks(self.network)
        shape = self.image_shape_
        if own is not None:
            encoder, decoder = copy.deepcopy(own)
            self.code_shape_ = fitting.code_shape(encoder, shape, self.code_multiplier)
            output = "linear"  # a caller's own decoder ends as its author wants it
        else:
            encoder, decoder = networks.build_pair(
                self.network,
                shape,
                self.latent_dim,
                hidden=self.hidden,
                activation=self.activation,
                normalization=self.normalization,
                dropout=self.dropout,
                kernel_size=self.kernel_size,
                stride=self.stride,
                depth=self.depth,
                code_multiplier=self.code_multiplier,
                latent_activation=self._latent_activation(),
            )
            self.code_shape_ = fitting.code_shape(encoder, shape, self.code_multiplier)
            output = "sigmoid" if self.scaling_.bounded and len(shape) == 3 else "linear"
        self.objective_: ReconstructionObjective = self._objective(encoder, decoder, output, is_binary)
        self.device_ = resolve_device(self.device)

    def _latent_activation(self) -> str | None:
        """Hook: the name of the activation of the code, None for none."""
        return None

    def _after_training(self, images: Images, rows: np.ndarray) -> None:
        """Hook: what a family derives from the trained model and its training images."""

    def _training_options(self, **changed: Any) -> TrainingOptions:
        options = {name: getattr(self, name) for name in _TRAINING}
        return TrainingOptions(**{**options, "batch_size": self.batch_size_, "seed": self.seed_, **changed})

    def _start_from(self, run: str | os.PathLike[str]) -> None:
        folder = saving.model_folder(run)
        weights = saving.read_weights(folder, saving.read_model(folder)["weights"])
        own = {name: value for name, value in weights.items() if not name.startswith(saving.EXTRA)}
        saving.load_weights(self.objective_, own, folder)

    # -- the run folder

    def _new_run(self, parts: fitting.Split) -> Run | None:
        if self.out is None:
            return None
        return Run.create(self.out, fitting.run_options(self, parts)) if fitting.leads() else Run(self.out)

    def _keeper(self, run: Run, parts: fitting.Split) -> Keeper:
        source, rows = (parts.held_out, parts.held_out_rows) if parts.validation else (parts.images, parts.rows)
        if source.is_table:
            return Keeper(run, lambda weights: self._write(run.model, weights), None)
        few = source.take(rows[:_PICTURES])

        def rows_of_picture() -> list[np.ndarray]:
            return self._preview(Batches(few, self.scaling_, self.device_).batch(torch.arange(len(few))), few.pixels)

        return Keeper(run, lambda weights: self._write(run.model, weights), rows_of_picture)

    def _preview(self, batch: Mapping[str, Tensor], pixels: np.ndarray) -> list[np.ndarray]:
        """Return lines of pictures: originals, what the model saw of them (where corrupted), what it made of that."""
        shown = batch["images"]
        lines = [pixels]
        corruption = self._corruption()
        if corruption is not None:
            shown = corruption(shown, torch.Generator(shown.device).manual_seed(0))
            lines.append(self.scaling_.invert(shown))
        lines.append(self.scaling_.invert(self.objective_.reconstruct(shown)))
        return lines

    def _corruption(self) -> Any:
        if isinstance(self.corruption, str):
            return corruptions.from_name(self.corruption)
        if self.corruption is not None and not callable(self.corruption):
            raise InputError(f"corruption is a name such as 'gaussian:0.2' or a callable, not {self.corruption!r}")
        return self.corruption

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

    def decode(self, codes: Any) -> np.ndarray:
        """Return the images that codes (as `encode` returns them, or flattened) stand for, in the training's layout."""
        check_is_fitted(self, "objective_")
        codes = np.asarray(codes, dtype=np.float32)
        if codes.size != len(codes) * math.prod(self.code_shape_):
            raise InputError(f"codes have shape {codes.shape}, but this model decodes (N, *{self.code_shape_})")
        return to_layout(self._decode(codes), self.layout_)

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes of X as (N, K) float32, K the number of values in one code."""
        codes = self.encode(X)
        return codes.reshape(len(codes), -1)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the images that the codes X (N, K) stand for."""
        return self.decode(X)

    def reconstruct(self, X: Any) -> np.ndarray:
        """Return what the model makes of X, which it takes as it is (give a denoiser the noisy images)."""
        images = self._open(X)
        rebuilt = self._apply(images, lambda x: self.scaling_.invert(self.objective_.reconstruct(x)))
        return images.as_given(rebuilt)

    def sample(self, n: int = 16, random_state: Any = None) -> np.ndarray:
        """Return n new images in the training's layout, decoded from codes that `random_state` draws."""
        check_is_fitted(self, "objective_")
        if n < 1:
            raise InputError(f"n must be at least 1, not {n}")
        return self.decode(self._draw_codes(n, np.random.default_rng(fitting.settle_seed(random_state))))

    def interpolate(self, a: Any, b: Any, steps: int = 8) -> np.ndarray:
        """Return (N, steps, ...) images decoded from the straight line between the codes of a and b (N each)."""
        start, end = self.encode(a), self.encode(b)
        if len(start) != len(end):
            raise InputError(f"interpolate needs as many images in a as in b, not {len(start)} and {len(end)}")
        if steps < 2:
            raise InputError(f"steps must be at least 2, not {steps}")
        weights = np.linspace(0, 1, steps, dtype=np.float32).reshape(1, steps, *([1] * (start.ndim - 1)))
        path = start[:, None] * (1 - weights) + end[:, None] * weights
        images = self.decode(path.reshape(-1, *start.shape[1:]))
        return images.reshape(len(start), steps, *images.shape[1:])

    def score_samples(self, X: Any) -> np.ndarray:
        """Return each image's score (N,), lower is more abnormal; what it is in which unit, the class says."""
        return self._scores(self._terms(self._open(X))).astype(np.float32)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def evaluate(self, X: Any) -> dict[str, Any]:
        """Return the means over X of the objective's terms and of the image metrics (protocols: `latente.metrics`).

        The image metrics are those of values in the network's range, so that the data range is 1 whatever the units.
        Where there is a corruption, the same draw of it meets every image, and the result is compared with the clean
        one (with the column "target" where X has it).
        """
        images = self._open(X)
        means = {name: float(values.mean(dtype=np.float64)) for name, values in self._terms(images).items()}
        return {"count": len(images), **means, **self._image_metrics(images)}

    def _image_metrics(self, images: Images) -> dict[str, float]:
        columns = ("target",) if "target" in images.columns else ()
        batches = Batches(images, self.scaling_, self.device_, columns)
        corruption, generator = self._corruption(), torch.Generator(self.device_)
        sums: dict[str, float] = {}
        for batch in batches.in_order(torch.arange(len(images)), self._chunk()):
            seen, truth = batch["images"], batch.get("target", batch["images"])
            if corruption is not None:
                seen = corruption(seen, generator.manual_seed(self.seed_), shared=True)
            with torch.no_grad():
                rebuilt = self.objective_.reconstruct(seen)
            for name, mean in evaluate_images(truth.cpu().numpy(), rebuilt.cpu().numpy(), 1.0).items():
                sums[name] = sums.get(name, 0.0) + mean * len(seen)
        return {name: total / len(images) for name, total in sums.items()}

    def plan(self, X: Any, steps: int = 5) -> dict[str, Any]:
        """Return what `fit` would do with X, without doing it: options, data, layers, estimated seconds and memory."""
        return planning.plan(self, X, steps)

    # -- for subclasses

    def _scores(self, terms: Mapping[str, np.ndarray]) -> np.ndarray:
        raise NotImplementedError

    def _draw_codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError

    def _terms(self, images: Images) -> dict[str, np.ndarray]:
        columns = ("target",) if "target" in images.columns else ()
        batches = Batches(images, self.scaling_, self.device_, columns)
        terms = evaluate(self.objective_, batches, self._rows(images), self._chunk(), seed=self.seed_)
        return {name: values[: len(images)].numpy() for name, values in terms.items()}

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        tensor = torch.from_numpy(np.ascontiguousarray(codes)).reshape(len(codes), *self.code_shape_)
        with torch.no_grad():
            parts = [
                self.scaling_.invert(self.objective_.decode(part.to(self.device_)))
                for part in tensor.split(self._chunk())
            ]
        return np.concatenate(parts)

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
        elif fitting.is_source(X):
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

    def __getstate__(self) -> dict[str, Any]:
        # a training in progress holds generators, which cannot be pickled; its weights are in objective_
        return {name: value for name, value in super().__getstate__().items() if name != "_state"}

    # -- on disk

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted model to `path`/model as JSON and safetensors; a run folder may take it too."""
        check_is_fitted(self, "objective_")
        self._write(Path(path) / "model", self.objective_.state_dict())
        return Path(path)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], network: Sequence[nn.Module] | None = None, corruption: Any = None
    ) -> Self:
        """Return the model in a run folder or in what `save` wrote.

        network, corruption: give back a caller's own modules and callable, of which only the names are saved; without
        the callable, a warning says that the model takes images as they are. Raises ModelError, with the reason, where
        the folder holds another kind of model, or is damaged or foreign.
        """
        folder = saving.model_folder(path)
        model = saving.read_model(folder)
        if model["estimator"] != cls.__name__:
            raise ModelError(f"{folder} holds a {model['estimator']}, not a {cls.__name__}; use latente.load()")
        return cls._from_model(folder, model, network, corruption)

    @classmethod
    def _from_model(
        cls, folder: Path, model: Mapping[str, Any], network: Sequence[nn.Module] | None, corruption: Any
    ) -> Self:
        try:
            options, fitted = dict(model["options"]), model["fitted"]
            options["network"] = saving.networks_of(options["network"], network, fitted, folder)
            options["hidden"] = None if options["hidden"] is None else tuple(options["hidden"])
            options["corruption"] = saving.corruption_of(options["corruption"], corruption, folder)
            estimator = cls(**{**options, "device": "auto"})
            for name in _FITTED:
                value = fitted[name]
                setattr(estimator, name, tuple(value) if isinstance(value, list) else value)
            estimator.scaling_ = Scaling.from_json(fitted["scaling_"])
            estimator.n_features_in_ = math.prod(estimator.image_shape_)
            if "feature_names_in_" in fitted:
                estimator.feature_names_in_ = np.asarray(fitted["feature_names_in_"], dtype=object)
            estimator.history_ = []
            # without memory of their own until the weights, whose shapes are checked, give them theirs
            with torch.device("meta" if network is None else "cpu"):
                estimator._build(lambda: bool(fitted["is_binary_"]))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"{folder / 'model.json'} does not describe a model: {error}") from error
        weights = saving.read_weights(folder, model["weights"])
        for name in [name for name in weights if name.startswith(saving.EXTRA)]:
            setattr(estimator, name.removeprefix(saving.EXTRA), weights.pop(name).numpy())
        saving.load_weights(estimator.objective_, weights, folder)
        estimator.objective_.to(estimator.device_).eval()
        return estimator

    def _write(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        fitted = {name: getattr(self, name, None) for name in _FITTED}
        fitted["scaling_"] = self.scaling_.to_json()
        if hasattr(self, "feature_names_in_"):
            fitted["feature_names_in_"] = [str(name) for name in self.feature_names_in_]
        description = {"estimator": type(self).__name__, "options": fitting.resolved_options(self), "fitted": fitted}
        extra = {saving.EXTRA + name: torch.from_numpy(value) for name, value in self._extra().items()}
        saving.write_model(folder, description, {**weights, **extra})

    def _extra(self) -> dict[str, np.ndarray]:
        """Return the fitted arrays that a family keeps beside the weights, by attribute name."""
        return {}
