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
from torch import nn

from latente import corruptions
from latente.corruptions import GaussianNoise
from latente.errors import InputError
from latente.estimators import data
from latente.estimators.classifying import BaseClassifier
from latente.estimators.options.stacked import StackedOptions
from latente.estimators.progress import bars
from latente.images import Images, Openable, Scaling
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
class StackedAutoencoderClassifier(StackedOptions, BaseClassifier):
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

    # -- on disk

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.pretraining_history_ = []
