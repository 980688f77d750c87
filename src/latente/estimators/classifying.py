"""What all classifiers of images have in common: labels, probabilities, and how right they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor

from latente.errors import InputError
from latente.estimators import data
from latente.estimators.encoding import Encoder
from latente.images import Images, Openable, open_images

__all__ = ["BaseClassifier", "labels_of"]


class _Telling(Protocol):
    def logits(self, x: Tensor) -> Tensor: ...


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class BaseClassifier(ClassifierMixin, Encoder):
    """Base of the classifiers: everything but the networks, which a subclass builds.

    `_build` sets `objective_`, whose `logits` say how probable each of `classes_` is, and `code_shape_`.
    A `validation` set is `Images` with labels, or a pair (X, y).
    """

    # -- fitting

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
        labels = labels_of(images) if y is None else y
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
        return dataclasses.replace(parts, held_out=held_out, held_out_rows=np.flatnonzero(labels_of(held_out) >= 0))

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
        positions = labels_of(images)
        known = positions >= 0
        weights = None if sample_weight is None else np.asarray(sample_weight)[known]
        return float(accuracy_score(positions[known], self._logits(images)[known].argmax(1), sample_weight=weights))

    def evaluate(self, X: Openable, y: ArrayLike | None = None) -> dict[str, Any]:
        """Return count, accuracy, error and cross-entropy in nats over the images of X whose label is known.

        y: their labels, where X does not bring them. Raises InputError where nobody knows a label.
        """
        images = self._with_known_labels(self._open(X), y)
        figures = super().evaluate(images.take(np.flatnonzero(labels_of(images) >= 0)))
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
        if not (labels_of(images) >= 0).any():
            raise InputError(f"{images.name} has no image whose label is known")
        return images

    def _logits(self, X: Openable) -> np.ndarray:
        return self._apply(self._open(X), cast(_Telling, self.objective_).logits).astype(np.float64)

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


def _unknown(labels: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """Which labels say that nothing is known; classes: those of a y, in which -1 may be one; None for a column."""
    if classes is None:
        return np.asarray(labels < 0)
    has_numbers = labels.dtype.kind in "if"
    return (labels == -1) & ~np.isin(-1, classes) if has_numbers else np.zeros(len(labels), bool)


def labels_of(images: Images) -> np.ndarray:
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
