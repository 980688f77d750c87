"""The stacked autoencoder as a classifier: layers learn to denoise, one after the other, then all learn the labels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from torch import nn

from latente import corruptions
from latente.corruptions import GaussianNoise
from latente.errors import InputError
from latente.estimators import data
from latente.estimators.encoding import Encoder
from latente.estimators.options.stacked import StackedOptions
from latente.estimators.progress import bars
from latente.images import Images, Openable, Scaling, open_images
from latente.networks.dense import DenseDecoder
from latente.networks.layers import Finish, initialise, share, widths
from latente.objectives import AutoencoderObjective, ClassificationObjective
from latente.training.batches import Batches
from latente.training.launch import leads
from latente.training.loop import train
from latente.training.options import TrainingOptions, usual_batch_size
from latente.training.passes import over
from latente.training.randomness import isolated_rng
from latente.training.runs import Run

__all__ = ["StackedAutoencoderClassifier"]

_ROWS_AT_ONCE = 1024


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class StackedAutoencoderClassifier(StackedOptions, ClassifierMixin, Encoder):
    """Classify images by a stack of denoising autoencoders, pre-trained one by one (Vincent et al. 2010).

    Dense layers of the widths in `hidden` learn without labels, from the first to the last: each as the encoder of a
    denoising autoencoder of one layer on the clean codes of those below (section 3.5, figure 3). Then the stack and a
    linear softmax layer on top learn the labels by cross-entropy. Departures from the paper: a decoder has weights of
    its own, and the losses are means per value.

    activation, normalization: of each layer, see `latente.networks`. corruption: what pre-training does to the input of
    each layer, a name such as "mask:0.25" or "gaussian:0.2" (on codes without bounds it is not clipped), a callable
    (x, generator, shared=False) -> worse x, or None. pre-training minimises the cross-entropy of values within [0, 1]
    (pictures, codes of a sigmoid), else the squared error; by the options of the training below, in batches of at least
    128 (less for small sets), for `pretrain_epochs` at `pretrain_learning_rate`; 0 epochs, or `init`, leave it out.
    dropout: share of each layer's values that fine-tuning drops. input_corruption: what fine-tuning sees of the images,
    a name or callable as above: a regulariser or, say, random shifts. The other options are those of `Estimator`, and
    `epochs` and `learning_rate` those of fine-tuning; a `validation` set is `Images` with labels, or a pair (X, y).

    `transform` returns the codes of the last layer. Fitted: `classes_`, `history_`, and `pretraining_history_`, the
    lines of the log layer by layer. `resume` goes on exactly from any checkpoint, of a layer or of the whole. A run
    keeps the pre-trained stack before fine-tuning in its folder "pretraining": as `init` it serves any number of fits.
    """

    kind = "stacked"

    # -- fitting

    def check(self) -> None:
        super().check()
        if not widths(self.hidden):
            raise InputError("hidden must name the width of at least one layer, such as (512, 256)")
        self._corruption_of(0)
        self._input_corruption()

    def fit(self, X: Openable, y: ArrayLike | None = None) -> Self:
        """Pre-train on X, then learn the labels y (N,), and keep the weights of the best epoch.

        y: integers or strings; None takes the label column of X. -1 is unknown (in y, where at least two other classes
        stand beside it): such images take part in pre-training alone.
        With `out` the whole training is written to that folder and can be resumed from there.
        """
        return super().fit(X, y)

    def _open_for_fit(self, X: Openable, y: ArrayLike | None = None, *, reset: bool = True) -> Images:
        images = super()._open_for_fit(X, reset=reset)
        if y is not None:
            data.refuse_images_as_labels(y)
            y = _checked(y, len(images))
            self.classes_ = np.unique(y)
            if len(self.classes_) > 2 and self.classes_.dtype.kind in "if" and self.classes_[0] == -1:
                self.classes_ = self.classes_[1:]  # as everywhere in scikit-learn's semi-supervised learning
        elif images.labels is not None:
            self.classes_ = np.unique(images.labels[images.labels >= 0])
        else:
            raise InputError(
                f"{type(self).__name__} requires y to be passed, but the target y is None and {images.name} has no "
                "labels of its own"
            )
        if len(self.classes_) < 2:
            found = f"only one class, {self.classes_[0]}" if len(self.classes_) else "no class at all"
            raise InputError(f"the labels of {images.name} hold {found}; a classifier needs two or more")
        return self._with_positions(images, y)

    def _with_positions(self, images: Images, y: np.ndarray | None) -> Images:
        """Return the images with their labels (y, or their own) as positions in `classes_`, -1 where unknown."""
        labels = _own_labels(images) if y is None else y
        positions = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        unknown = _unknown(labels, None if y is None else self.classes_)
        if (strange := (self.classes_[positions] != labels) & ~unknown).any():
            raise InputError(f"{images.name} holds the class {labels[strange][0]}, which the training images lack")
        positions[unknown] = -1
        if y is None and np.array_equal(positions, labels):
            return images
        changed: dict[str, Any] = {"columns": {**images.columns, "label": positions}, "content_hash": None}
        if y is not None:  # which no source could give again
            changed |= {"source": {}, "parts": (), "label_names": ()}
        return dataclasses.replace(images, **changed)

    def _split(self, images: Images) -> data.Split:
        validation, y = self.validation, None
        if isinstance(validation, tuple | list) and len(validation) == 2:
            X, y = validation
            validation = open_images(X)
            y = _checked(y, len(validation))
        parts = data.split(images, validation, self.seed_, images.labels)
        if parts.held_out is images:
            return parts
        if y is None and parts.held_out.labels is None:
            raise InputError(f"validation: {parts.held_out!r} has no labels; give (X, y)")
        held_out = self._with_positions(parts.held_out, y)
        return dataclasses.replace(parts, held_out=held_out, held_out_rows=np.flatnonzero(_own_labels(held_out) >= 0))

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        self._check_corruptions()

    def _build(self) -> None:
        hidden = widths(self.hidden)
        finish, dropout = Finish(self.activation, self.normalization), share("dropout", self.dropout)
        modules: list[nn.Module] = []
        for inputs, outputs in pairwise([math.prod(self.image_shape_), *hidden]):
            modules.append(nn.Sequential(nn.Flatten(), *finish.after(nn.Linear(inputs, outputs))))
            modules.append(nn.Dropout(dropout))
        head = initialise(nn.Linear(hidden[-1], len(self.classes_)))
        self.objective_: ClassificationObjective = ClassificationObjective(
            nn.Sequential(*modules), head, corruption=self._input_corruption()
        )
        self.code_shape_ = (hidden[-1],)

    # -- pre-training

    def _before_training(self, parts: data.Split, run: Run | None) -> None:
        """Pre-train the layers from the first to the last, unless the run has come to fine-tuning before."""
        self.pretraining_history_: list[list[dict[str, Any]]] = []
        if self.pretrain_epochs == 0 or self.init is not None:
            return
        layers = [module for module in self._encoder if isinstance(module, nn.Sequential)]
        runs = [None if run is None else Run(run.path / f"pretraining/layer-{n + 1}") for n in range(len(layers))]
        if run is not None and not run.starts_anew():
            self.pretraining_history_ = [layer_run.lines() for layer_run in runs if layer_run is not None]
            return
        below, scaling = dataclasses.replace(parts, rows=parts.visible_rows), self.scaling_
        for number, (layer, layer_run) in enumerate(zip(layers, runs, strict=True)):
            self.pretraining_history_.append(self._pretrain(number, layer, below, scaling, layer_run))
            if number < len(layers) - 1:
                below, scaling = self._codes(number, layer, below, scaling), self._scaling_of_codes()
        if run is not None and leads():
            self._write(run.path / "pretraining" / "model", self.objective_.weights())

    def _pretrain(
        self, number: int, layer: nn.Module, below: data.Split, scaling: Scaling, run: Run | None
    ) -> list[dict[str, Any]]:
        """Train a layer as the encoder of a denoising autoencoder and return the lines of its log."""
        options = self._pretraining_options(len(below.rows))
        seed = int(np.random.SeedSequence([self.seed_, 3, number]).generate_state(1)[0])
        with isolated_rng(seed):
            shape = self.image_shape_ if number == 0 else below.images.image_shape
            decoder = DenseDecoder(self.hidden[number], shape, ())
        loss = "bce" if scaling.bounded else "mse"
        corruption = self._corruption_of(number)
        objective = AutoencoderObjective(layer, decoder, loss=loss, output="linear", corruption=corruption)
        if run is not None and leads() and not run.options_file.exists():
            Run.create(run.path, {"format": 1, "model": "layer", "options": dataclasses.asdict(options)})
        state = train(
            objective,
            below.images,
            scaling,
            options,
            seed=seed,
            rows=below.rows,
            validation=below.validation,
            augmentation=self._augmentation() if number == 0 else None,
            run=run,
            listeners=bars(self.verbose, f"layer {number + 1} of {len(self.hidden)}"),
        )
        if state.best_weights is not None:
            objective.load_weights(state.best_weights)
        return state.history

    def _pretraining_options(self, count: int) -> TrainingOptions:
        assert self.batch_size_ is not None
        return self._training_options(
            epochs=self.pretrain_epochs,
            minutes=None,
            learning_rate=self.pretrain_learning_rate,
            batch_size=max(self.batch_size_, usual_batch_size(count)),
        )

    def _check_corruptions(self) -> None:
        """Raise InputError for corruptions that pre-training would stumble over, before it or a run folder is begun."""
        if self.pretrain_epochs == 0:
            return
        shapes = [self.image_shape_, *((width,) for width in self.hidden[:-1])]
        with isolated_rng(self.seed_):
            for number, shape in enumerate(shapes):
                if (corruption := self._corruption_of(number)) is not None:
                    corruption(torch.zeros(1, *shape), torch.Generator())

    def _corruption_of(self, number: int) -> Any:
        """Return the corruption of the input of layer `number`, which gets images (0) or codes."""
        corruption = corruptions.from_option("corruption", self.corruption)
        if number and isinstance(corruption, GaussianNoise) and not self._scaling_of_codes().bounded:
            return dataclasses.replace(corruption, clip=False)
        return corruption

    def _input_corruption(self) -> Any:
        return corruptions.from_option("input_corruption", self.input_corruption)

    def _scaling_of_codes(self) -> Scaling:
        return Scaling((0.0,), (1.0,), "float32", bounded=self.activation == "sigmoid")

    def _codes(self, number: int, layer: nn.Module, below: data.Split, scaling: Scaling) -> data.Split:
        """Return what a layer makes of all its inputs, float32 (N, width)."""

        def encoded(images: Images) -> Images:
            batches = Batches(images, scaling, self.device_, crop=self.window_ if number == 0 else None)
            rows = torch.arange(len(images))
            codes = over(batches, rows, _ROWS_AT_ONCE, lambda batch: {"codes": layer(batch["images"])})["codes"]
            return Images(codes, name=f"codes of {images.name}")

        images = encoded(below.images)
        alone = below.held_out is below.images
        return dataclasses.replace(below, images=images, held_out=images if alone else encoded(below.held_out))

    @property
    def _encoder(self) -> nn.Sequential:
        encoder = self.objective_.encoder
        assert isinstance(encoder, nn.Sequential)
        return encoder

    # -- using

    def predict(self, X: Openable) -> np.ndarray:
        """Return the most probable class of each image, (N,), one of `classes_`."""
        best = self._logits(X).argmax(axis=1)
        classes: np.ndarray = self.classes_[best]
        return classes

    def predict_proba(self, X: Openable) -> np.ndarray:
        """Return the probability of each class, (N, classes) float64, in the order of `classes_`."""
        return softmax(self._logits(X), axis=1)

    def decision_function(self, X: Openable) -> np.ndarray:
        """Return the logits (N, classes) float64; of two classes the second's minus the first's, (N,)."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def score(self, X: Openable, y: ArrayLike | None = None, sample_weight: Any = None) -> float:
        """Return the share of the images whose class is found; without y, of those whose label X knows."""
        if y is not None:
            return float(super().score(X, y, sample_weight))
        images = self._with_known_labels(self._open(X), None)
        positions = _own_labels(images)
        known = positions >= 0
        weights = None if sample_weight is None else np.asarray(sample_weight)[known]
        return float(accuracy_score(positions[known], self._logits(images)[known].argmax(1), sample_weight=weights))

    def evaluate(self, X: Openable, y: ArrayLike | None = None) -> dict[str, Any]:
        """Return count, accuracy, error and cross-entropy in nats over the images of X whose label is known.

        y: their labels, where X does not bring them. Raises InputError where nobody knows a label.
        """
        images = self._with_known_labels(self._open(X), y)
        figures = super().evaluate(images.take(np.flatnonzero(_own_labels(images) >= 0)))
        return figures | {"error": 1 - figures["accuracy"]}

    def _judged(self, images: Images) -> Images:
        return images if images.labels is None else self._with_known_labels(images, None)

    def _with_known_labels(self, images: Images, y: Any) -> Images:
        """Return the images with labels (y, or their own, by name where both sets name them) as positions."""
        if y is not None:
            return self._with_positions(images, _checked(y, len(images)))
        if images.labels is None:
            raise InputError(f"{images.name} has no labels of its own; give them as y, or images that bring theirs")
        if self.label_names_ and images.label_names and images.label_names != self.label_names_:
            strange = set(images.label_names) - set(self.label_names_)
            if strange:
                raise InputError(f"{images.name} holds the class {min(strange)!r}, which the training images lack")
            table = np.array([self.label_names_.index(name) for name in images.label_names])
            labels = np.where(images.labels < 0, -1, table[images.labels])
            images = dataclasses.replace(images, columns={**images.columns, "label": labels}, content_hash=None)
        images = self._with_positions(images, None)
        if not (_own_labels(images) >= 0).any():
            raise InputError(f"{images.name} has no image whose label is known")
        return images

    def _logits(self, X: Openable) -> np.ndarray:
        images = self._open(X)

        return self._apply(images, self.objective_.logits).astype(np.float64)

    def _networks(self) -> dict[str, tuple[int, ...]]:
        return {"encoder": self.image_shape_, "head": self.code_shape_}

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "classes_": {"dtype": self.classes_.dtype.str, "values": self.classes_.tolist()}}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        values, dtype = facts["classes_"]["values"], np.dtype(facts["classes_"]["dtype"])
        if dtype.kind not in "biufUO" or dtype.itemsize * len(values) > 100 * len(str(values)):
            raise ValueError(f"its classes cannot be {dtype}")
        self.classes_ = np.array(values, dtype=dtype)
        if self.classes_.ndim != 1 or len(values) < 2 or not np.array_equal(np.unique(self.classes_), self.classes_):
            raise ValueError("its classes are not in order")
        self.pretraining_history_ = []


def _unknown(labels: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """Which labels say that nothing is known; classes: those of a y, in which -1 may be one; None for a column."""
    if classes is None:
        return np.asarray(labels < 0)
    has_numbers = labels.dtype.kind in "if"
    return (labels == -1) & ~np.isin(-1, classes) if has_numbers else np.zeros(len(labels), bool)


def _own_labels(images: Images) -> np.ndarray:
    assert images.labels is not None
    return images.labels


def _checked(y: Any, count: int) -> np.ndarray:
    """Return y as an array of one label for each image; raises ValueError, some of it scikit-learn's, for others."""
    labels = column_or_1d(y, warn=True)
    if len(labels) != count:
        raise InputError(f"y holds {len(labels)} labels for {count} images; give one for each")
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return np.asarray(labels)
