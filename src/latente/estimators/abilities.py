"""What a model can do, one protocol each: verbs, reports and pages ask for these and never for a class."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

__all__ = [
    "Classifies",
    "Decodes",
    "Encodes",
    "Evaluates",
    "Localises",
    "Reconstructs",
    "Restores",
    "Samples",
    "Scores",
    "Stylises",
]


@runtime_checkable
class Encodes(Protocol):
    """Gives each image a code: (N, ...) float32."""

    def encode(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Decodes(Protocol):
    """Makes the image that a code stands for."""

    def decode(self, codes: Any) -> np.ndarray: ...


@runtime_checkable
class Reconstructs(Protocol):
    """Makes images anew by way of their codes."""

    def reconstruct(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Samples(Protocol):
    """Draws new images."""

    def sample(self, n: int = 16, random_state: Any = None) -> np.ndarray: ...


@runtime_checkable
class Scores(Protocol):
    """Tells how normal each image is, (N,); lower is more abnormal."""

    def score_samples(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Classifies(Protocol):
    """Tells each image's class, and how probable each class is."""

    classes_: np.ndarray

    def predict(self, X: Any) -> np.ndarray: ...

    def predict_proba(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Restores(Protocol):
    """Makes better images of worse ones."""

    def restore(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Localises(Protocol):
    """Tells where in an image something is abnormal."""

    def anomaly_map(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Stylises(Protocol):
    """Paints an image in a style."""

    def stylise(self, X: Any) -> np.ndarray: ...


@runtime_checkable
class Evaluates(Protocol):
    """Measures itself on images: figures by name."""

    def evaluate(self, X: Any) -> dict[str, Any]: ...
