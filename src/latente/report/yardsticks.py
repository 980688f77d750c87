"""How good something simple is on the same images: the yardsticks by which a report judges a model."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from latente.estimators.abilities import Classifies, Reconstructs
from latente.evidence import MOST_VALUES, Evidence, draw, scaled

__all__ = ["Baseline", "Yardstick", "find_yardstick"]


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

    A classifier's is the share of wrong classes, beside that of always answering the largest one. That of a model which
    reconstructs is the mean squared error, beside that of its input where this was worsened, else beside those of the
    mean image and of PCA with as many numbers, fitted on training images.
    """
    if isinstance(model, Classifies) and "accuracy" in evidence.metrics:
        largest = _largest_class(evidence)
        return Yardstick("Share of wrong classes", 1 - evidence.metrics["accuracy"], [largest] if largest else [])
    if isinstance(model, Reconstructs) and "reconstructions" in evidence.outputs:
        measure = "Mean squared error per value, in units of the range"
        return Yardstick(measure, evidence.metrics["mse"], _simple_reconstructions(evidence))
    return None


def _largest_class(evidence: Evidence) -> Baseline | None:
    """Always the class of which there are most training images, or, where these are out of reach, judged ones."""
    labels = evidence.labels
    if labels is None:
        return None
    labels = labels[labels >= 0]
    known = None if evidence.learned is None else evidence.learned.column("label")
    known = labels if known is None or not (known >= 0).any() else known[known >= 0]
    classes, counts = np.unique(known, return_counts=True)
    return Baseline("always the largest class", float((labels != classes[counts.argmax()]).mean()))


def _simple_reconstructions(evidence: Evidence) -> list[Baseline]:
    originals, inputs, learned = evidence.originals, evidence.inputs, evidence.learned
    if inputs is not None:
        return [Baseline("the input as it is", float(((originals - inputs) ** 2).mean()))]
    if learned is None or learned.images.shape != originals.shape[1:] or len(learned) < 3:
        return []
    dimensions, values = evidence.outputs["codes"].shape[1], math.prod(originals.shape[1:])
    rows = draw(learned.rows, min(max(2_000, 10 * dimensions), max(3, MOST_VALUES // values)), seed=1)
    known = scaled(learned.images.pixels[rows], evidence.model.scaling_).reshape(len(rows), values)
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
