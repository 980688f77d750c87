"""The classifier of images: a convolutional or dense net learns the labels that the images bring."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from latente import corruptions
from latente.errors import InputError
from latente.estimators.classifying import BaseClassifier
from latente.estimators.data import Split
from latente.estimators.encoding import code_shape
from latente.estimators.options.classifier import ClassifierOptions
from latente.networks.build import NETWORKS, own_module, resolve
from latente.networks.classifying import ConvClassifierEncoder, DenseClassifierEncoder
from latente.networks.layers import initialise
from latente.objectives import ClassificationObjective
from latente.training.randomness import isolated_rng

__all__ = ["ImageClassifier"]

_DENSE = (128,)  # after convolutions, where nothing else is said


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class ImageClassifier(ClassifierOptions, BaseClassifier):
    """Classify images by a network that learns their labels by cross-entropy.

    network: "auto", "dense", "conv", or a torch module of one's own that maps scaled images (B, C, H, W) to codes
    (B, K); a linear layer on top tells the classes apart by a softmax (of two classes the same as one sigmoid). "auto"
    is "dense" for tables and images with a side under 8, else "conv".

    conv: a level for each entry of `hidden`, of so many channels: `depth` - 1 convolutions that keep the sides, and one
    that divides them by `stride`, or keeps them and is pooled (`pooling`), with filters of `kernel_size`, one number
    for all levels or one for each; then layers of the widths in `dense`. dense: layers of the widths in `hidden`. What
    follows each layer: `normalization`, `activation`; and at the end of each level and after each dense layer
    `dropout`. hidden=None is (32, 64), or (32, 64, 128) where both sides are at least 48, and (512, 256) of dense ones.
    corruption: what training sees of the images, a name such as "gaussian:0.1", a callable (x, generator, shared=False)
    -> worse x, or None; what is judged is never corrupted. The other options are those of `Estimator`; a `validation`
    set is `Images` with labels, or a pair (X, y).

    `transform` returns the values of the last layer before the classes. Fitted: `classes_`, `history_`.
    """

    kind = "classifier"

    # -- fitting

    def check(self) -> None:
        super().check()
        if own_module(self.network, NETWORKS) is None and self.network == "dense" and self.dense is not None:
            raise InputError("dense has no meaning for network='dense', whose widths are `hidden`; leave it out")
        self._corruption()

    def _examine(self, parts: Split) -> None:
        super()._examine(parts)
        if (corruption := self._corruption()) is not None:  # before a run folder is begun
            with isolated_rng(self.seed_):
                corruption(torch.zeros(1, *self.image_shape_), torch.Generator())

    def _build(self) -> None:
        own = own_module(self.network, NETWORKS)
        encoder = copy.deepcopy(own) if own is not None else self._encoder()
        self.code_shape_ = code_shape(encoder, self.image_shape_, 1)
        if len(self.code_shape_) != 1:
            raise InputError(
                f"network: {type(encoder).__name__} returns {self.code_shape_} per image; end it with nn.Flatten()"
            )
        head = initialise(nn.Linear(self.code_shape_[0], len(self.classes_)))
        self.objective_: ClassificationObjective = ClassificationObjective(encoder, head, corruption=self._corruption())

    def _encoder(self) -> nn.Module:
        network, hidden = self._resolved()
        common: dict[str, Any] = {
            "activation": self.activation,
            "normalization": self.normalization,
            "dropout": self.dropout,
        }
        if network == "dense":
            return DenseClassifierEncoder(self.image_shape_, hidden, **common)
        return ConvClassifierEncoder(
            self.image_shape_,
            hidden,
            dense=_DENSE if self.dense is None else self.dense,
            kernel_size=self.kernel_size,
            stride=self.stride,
            depth=self.depth,
            pooling=self.pooling,
            **common,
        )

    def _resolved(self) -> tuple[str, Sequence[int]]:
        """Return the kind of network and the widths that are built, with every default decided."""
        network, hidden, _ = resolve(self.network, self.image_shape_, 1, self.hidden)
        return network, hidden

    def _corruption(self) -> Callable[..., Tensor] | None:
        return corruptions.from_option("corruption", self.corruption)

    def _settled(self) -> dict[str, Any]:
        settled = super()._settled()
        if own_module(self.network, NETWORKS) is None:
            network, hidden = self._resolved()
            settled |= {"network": network, "hidden": hidden}
            if network == "conv" and self.dense is None:
                settled["dense"] = _DENSE
        return settled
