"""How good something simple is on the same images: the yardsticks by which a report judges a model."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from latente.estimators.abilities import Classifies, Reconstructs
from latente.evidence import MOST_VALUES, Evidence, draw

__all__ = ["LARGEST", "NEAREST", "Baseline", "Yardstick", "find_yardstick"]

LARGEST, NEAREST = "always the largest class", "the nearest class mean"  # what simple classifiers are called


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The error that something simple reaches."""

    name: str
    error: float


@dataclasses.dataclass(frozen=True)
class Yardstick:
    """measure: what the error is, in words. error: the model's. baselines: those of simpler methods, if any."""

    measure: str
    error: float
    baselines: list[Baseline]

    def baseline(self, start: str) -> Baseline | None:
        """The baseline whose name starts so, where it could be had."""
        return next((baseline for baseline in self.baselines if baseline.name.startswith(start)), None)


def find_yardstick(model: object, evidence: Evidence) -> Yardstick | None:
    """Return the model's error beside that of simpler methods; None for a model of which no error is known.

    A classifier's is the share of wrong classes, beside those of always answering the largest one and of answering the
    one whose mean image is nearest, both learned from training images. That of a model which
    reconstructs is the mean squared error, beside that of its input where this was worsened, else beside those of the
    mean image and of PCA with as many numbers, fitted on training images.
    """
    if isinstance(model, Classifies) and "accuracy" in evidence.metrics:
        return Yardstick("Share of wrong classes", 1 - evidence.metrics["accuracy"], _simple_classifiers(evidence))
    if isinstance(model, Reconstructs) and "reconstructions" in evidence.outputs:
        measure = "Mean squared error per value, in units of the range"
        return Yardstick(measure, evidence.metrics["mse"], _simple_reconstructions(evidence))
    return None


def _simple_classifiers(evidence: Evidence) -> list[Baseline]:
    """Always the class of which there are most training images, and the class whose mean image is nearest.

    Where the training images are out of reach, the largest class is that of the judged ones.
    """
    labels, learned = evidence.labels, evidence.learned
    if labels is None:
        return []
    judged, known = labels[labels >= 0], None if learned is None else learned.column("label")
    if learned is None or known is None or not (known >= 0).any():
        return [Baseline(LARGEST, float((judged != _commonest(judged)).mean()))]
    baselines = [Baseline(LARGEST, float((judged != _commonest(known[known >= 0])).mean()))]
    if learned.images.image_shape != evidence.outputs["images"].shape[1:]:
        return baselines
    values = math.prod(learned.images.image_shape)
    rows = draw(learned.rows[known >= 0], max(len(np.unique(known)), MOST_VALUES // values), seed=1)
    pixels = evidence.model.scaling_.to_range(learned.images.pixels[rows]).reshape(len(rows), values)
    of_rows = np.asarray(learned.images.columns["label"][rows])
    classes = np.unique(of_rows)
    means = np.stack([pixels[of_rows == label].mean(axis=0) for label in classes])
    images = evidence.outputs["images"].reshape(len(labels), values)[labels >= 0]
    distances = (means**2).sum(axis=1) - 2 * images @ means.T
    answers = classes[distances.argmin(axis=1)]
    return [*baselines, Baseline(NEAREST, float((judged != answers).mean()))]


def _commonest(labels: np.ndarray) -> int:
    classes, counts = np.unique(labels, return_counts=True)
    return int(classes[counts.argmax()])


def _simple_reconstructions(evidence: Evidence) -> list[Baseline]:
    originals, inputs, learned = evidence.originals, evidence.inputs, evidence.learned
    if inputs is not None:
        return [Baseline("the input as it is", float(((originals - inputs) ** 2).mean()))]
    if learned is None or learned.images.image_shape != originals.shape[1:] or len(learned) < 3:
        return []
    dimensions, values = evidence.outputs["codes"].shape[1], math.prod(originals.shape[1:])
    rows = draw(learned.rows, min(max(2_000, 10 * dimensions), max(3, MOST_VALUES // values)), seed=1)
    known = evidence.model.scaling_.to_range(learned.images.pixels[rows]).reshape(len(rows), values)
    flat = originals.reshape(len(originals), values)
    name = "the mean row" if evidence.is_table else "the mean image"
    baselines = [Baseline(name, float(((flat - known.mean(axis=0)) ** 2).mean()))]
    # with more dimensions PCA would copy its input, or know these few images by heart
    if dimensions < min(values, len(rows) // 2) and np.ptp(known, axis=0).any():
        from sklearn.decomposition import PCA

        pca = PCA(dimensions, svd_solver="randomized" if values > 500 else "auto", random_state=0).fit(known)
        errors = (flat - pca.inverse_transform(pca.transform(flat))) ** 2
        baselines.append(Baseline(f"PCA with {dimensions:,} numbers", float(errors.mean())))
    return baselines
