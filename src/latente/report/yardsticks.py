"""How good something simple is on the same images: the yardsticks by which a report judges a model."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from latente.estimators.abilities import Classifies, Reconstructs, Restores
from latente.estimators.data import draw
from latente.estimators.resemblance import Resemblance
from latente.evidence import MOST_VALUES, Evidence
from latente.languages import say
from latente.metrics import auroc
from latente.report.oddness import oddness_of, simple_aurocs

__all__ = ["FLOOR", "LARGEST", "NEAREST", "NORMAL", "PAIRS", "Baseline", "Yardstick", "find_yardstick"]

PAIRS = say("Pairs of an odd and a normal image in the wrong order (1 - AUROC)")
LARGEST, NEAREST = say("always the largest class"), say("the nearest class mean")  # what simple classifiers are called
FLOOR, NORMAL = say("training images"), say("a normal density of pixels")  # beside what a model makes of nothing
CROWDS = say("Frechet distance of new images to real ones, by edges and tones of their cells")
_PCA = "PCA"
NORMAL_NUMBERS, NORMAL_NEEDS = 64, 20  # directions of the density, beside equal noise; images that it takes
_SQUARED = say("Mean squared error per value, in units of the range")


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

    @property
    def pca(self) -> Baseline | None:
        """Principal component analysis with as many numbers per image."""
        return self.baseline(_PCA)

    @property
    def simple(self) -> Baseline | None:
        """The better of those that look at no image: the mean image, or leaving a worsened input as it is."""
        simple = [baseline for baseline in self.baselines if not baseline.name.startswith(_PCA)]
        return min(simple, key=lambda baseline: baseline.error, default=None)


def find_yardstick(model: object, evidence: Evidence) -> Yardstick | None:
    """Return the model's error beside that of simpler methods; None for a model of which no error is known.

    A classifier's is the share of wrong classes, beside those of always answering the largest one and of answering the
    one whose mean image is nearest, both learned from training images. A detector's is the share of pairs in the wrong
    order, beside those of brightness, contrast, size, principal components and the nearest image. That of a model which
    reconstructs is the mean squared error, beside those of its input where this was worsened, of the mean image and,
    unless there are targets, of PCA with as many numbers, which sees what the model sees: the components that the model
    started from, where it did, else such as are fitted on training images. A restorer's is that of what it is given
    alone, which it enlarges bicubically where the result is larger. Of a model that only makes new images it is the
    Frechet distance, beside that of training images in their place, which is the floor, and of draws from a normal
    density of the pixels.
    """
    if isinstance(model, Classifies) and "accuracy" in evidence.metrics:
        return Yardstick(say("Share of wrong classes"), 1 - evidence.metrics["accuracy"], _simple_classifiers(evidence))
    oddness = oddness_of(model, evidence)
    if oddness is not None and oddness.has_both:
        others = [Baseline(name, 1 - area) for name, area in simple_aurocs(evidence, oddness)]
        return Yardstick(PAIRS, 1 - auroc(oddness.odd, oddness.scores), others)
    if isinstance(model, Reconstructs) and "reconstructions" in evidence.outputs:
        return Yardstick(_SQUARED, evidence.metrics["mse"], _simple_reconstructions(evidence))
    if isinstance(model, Restores) and "reconstructions" in evidence.outputs:
        return Yardstick(_SQUARED, evidence.metrics["mse"], _unrestored(evidence))
    if "frechet_distance" in evidence.metrics:
        return Yardstick(CROWDS, evidence.metrics["frechet_distance"], _simple_crowds(evidence))
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


def _simple_crowds(evidence: Evidence) -> list[Baseline]:
    """As many training images as are judged, and draws from a normal density of their pixels, shrunk to be regular."""
    judged, learned = evidence.outputs["images"], evidence.learned
    if learned is None or learned.images.image_shape != judged.shape[1:]:
        return []
    few = learned.drawn(len(judged), seed=2)
    known = evidence.model.scaling_.to_range(few.targets).astype(np.float32)
    resemblance = Resemblance([torch.from_numpy(judged).float()])
    baselines = [Baseline(FLOOR, resemblance.frechet([torch.from_numpy(known)]))]
    rows = known.reshape(len(known), -1)
    if len(rows) <= NORMAL_NEEDS:
        return baselines
    from sklearn.decomposition import PCA

    solver = "randomized" if rows.shape[1] > 500 else "full"
    density = PCA(min(NORMAL_NUMBERS, len(rows) - 1, rows.shape[1]), svd_solver=solver, random_state=0).fit(rows)
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((len(judged), density.n_components_)) * np.sqrt(density.explained_variance_)
    drawn = density.inverse_transform(codes)
    drawn += np.sqrt(max(density.noise_variance_, 0.0)) * rng.standard_normal(drawn.shape)
    drawn = drawn.clip(0, 1) if evidence.model.scaling_.bounded else drawn
    made = torch.from_numpy(drawn.astype(np.float32).reshape(judged.shape))
    return [*baselines, Baseline(NORMAL, resemblance.frechet([made]))]


def _commonest(labels: np.ndarray) -> int:
    classes, counts = np.unique(labels, return_counts=True)
    return int(classes[counts.argmax()])


def _unrestored(evidence: Evidence) -> list[Baseline]:
    """What a restorer is given, brought to the size of its results."""
    inputs, originals = evidence.inputs, evidence.originals
    if inputs is None or inputs.shape != originals.shape:
        return []
    is_larger = getattr(evidence.model, "factor_", 1) > 1
    name = say("bicubic enlargement" if is_larger else "the input as it is")
    return [Baseline(name, _error(originals, inputs))]


def _simple_reconstructions(evidence: Evidence) -> list[Baseline]:
    """The input as it is, where it was worsened; the mean image; and PCA."""
    inputs, learned = evidence.inputs, evidence.learned
    originals = evidence.originals.reshape(len(evidence.originals), -1)
    baselines = []
    if inputs is not None and inputs.shape == evidence.originals.shape:
        baselines.append(Baseline(say("the input as it is"), _error(originals, inputs.reshape(originals.shape))))
    known = None
    if learned is not None and learned.images.image_shape == evidence.originals.shape[1:] and len(learned) >= 3:
        most = max(2_000, 10 * evidence.outputs["codes"].shape[1])
        few = learned.drawn(min(most, max(3, MOST_VALUES // originals.shape[1])), seed=1)
        known = evidence.model.scaling_.to_range(few.targets).reshape(len(few), -1)
        name = say("the mean row" if evidence.is_table else "the mean image")
        baselines.append(Baseline(name, _error(originals, known.mean(axis=0))))
    if (pca := _pca(evidence, known)) is not None:
        baselines.append(pca)
    return baselines


def _pca(evidence: Evidence, known: np.ndarray | None) -> Baseline | None:
    """Principal component analysis of what the model sees, by its own start or of the training images `known`."""
    originals = evidence.originals.reshape(len(evidence.originals), -1)
    dimensions, values = evidence.outputs["codes"].shape[1], originals.shape[1]
    if "targets" in evidence.outputs or dimensions >= values:  # where it would copy its input
        return None
    seen = originals if evidence.inputs is None else evidence.inputs.reshape(originals.shape)
    if (principal := getattr(evidence.model, "principal_", None)) is not None:
        rebuilt = principal.rebuild(torch.from_numpy(seen)).numpy()
        if evidence.model.scaling_.bounded:
            rebuilt = rebuilt.clip(0, 1)  # as the model's own images are
    # with more dimensions it would know these few images by heart
    elif known is not None and dimensions < len(known) // 2 and np.ptp(known, axis=0).any():
        from sklearn.decomposition import PCA

        pca = PCA(dimensions, svd_solver="randomized" if values > 500 else "auto", random_state=0).fit(known)
        rebuilt = pca.inverse_transform(pca.transform(seen))
    else:
        return None
    return Baseline(say("PCA with {numbers} numbers", numbers=dimensions), _error(originals, rebuilt))


def _error(originals: np.ndarray, others: np.ndarray) -> float:
    return float(((originals - others) ** 2).mean())
