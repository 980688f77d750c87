"""How well a detector tells odd images from normal ones: what verdict, figures and section of a report say of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from latente.estimators.abilities import Detects
from latente.evidence import Evidence, Selection
from latente.images import Images
from latente.languages import say
from latente.metrics import IntervalEstimate, auroc, with_interval
from latente.normality import Nearest, Normality, Residual

__all__ = ["Kind", "Oddness", "oddness_of", "simple_aurocs"]

MOST_LEARNED = 1_000  # training images that simple methods learn from
SIDE = 32  # pixels, to which simple methods reduce pictures


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of odd images. missed: the share of them that is taken for normal."""

    name: str
    count: int
    auroc: float
    missed: float


@dataclasses.dataclass(frozen=True)
class Oddness:
    """The measured images of which it is known whether they are odd.

    places: theirs among the measured ones. odd: whether they are. scores: their oddness, higher is odder. threshold:
    above which an image is taken for odd; promised: the false alarms that it was set for, where it was.
    """

    places: np.ndarray
    odd: np.ndarray
    scores: np.ndarray
    threshold: float
    promised: float | None
    labels: np.ndarray | None
    names: tuple[str, ...]

    @property
    def alarms(self) -> float | None:
        """The share of the normal ones that is taken for odd."""
        normal = self.scores[~self.odd]
        return float((normal > self.threshold).mean()) if len(normal) else None

    @property
    def missed(self) -> float | None:
        """The share of the odd ones that is taken for normal."""
        odd = self.scores[self.odd]
        return float((odd <= self.threshold).mean()) if len(odd) else None

    @property
    def has_both(self) -> bool:
        return bool(self.odd.any() and not self.odd.all())

    def estimate(self, name: str) -> IntervalEstimate:
        """Return "auroc" or "average_precision" with its interval; there must be odd and normal images."""
        return with_interval(name, self.odd, self.scores)

    def kinds(self) -> list[Kind]:
        """Return the kinds of odd images that labels tell apart, the worst found first; there must be normal ones."""
        if self.labels is None:
            return []
        kinds = []
        for label in np.unique(self.labels[self.odd]).tolist():
            own = self.odd & (self.labels == label)
            both = own | ~self.odd
            name = self.names[label] if 0 <= label < len(self.names) else say("class {label}", label=str(label))
            missed = float((self.scores[own] <= self.threshold).mean())
            kinds.append(Kind(name, int(own.sum()), auroc(own[both], self.scores[both]), missed))
        return sorted(kinds, key=lambda kind: kind.auroc)


def oddness_of(model: object, evidence: Evidence) -> Oddness | None:
    """Return how odd the measured images are found; None of another model, or where nobody knows which are odd."""
    if not isinstance(model, Detects) or evidence.measured is None or "scores" not in evidence.outputs:
        return None
    if evidence.known_odd is None or not len(evidence.known_odd[0]):
        return None
    places, odd = evidence.known_odd
    labels, names = evidence.measured.column("label"), evidence.measured.images.label_names
    labels = None if labels is None else labels[places]
    scores = -evidence.outputs["scores"][places].astype(np.float64)
    return Oddness(places, odd, scores, model.threshold_, model.promised_alarms(), labels, names)


def simple_aurocs(evidence: Evidence, oddness: Oddness) -> list[tuple[str, float]]:
    """Return the AUROC of methods that need no training, by name, from the same training images.

    An image is as odd as its brightness, contrast or size lies from the middle of the training images', or as 30
    principal components or the nearest training image leave of it, reduced to at most 32x32 pixels.
    """
    assert evidence.measured is not None
    if evidence.learned is None or not oddness.has_both:
        return []
    learned, judged = evidence.learned.drawn(MOST_LEARNED, seed=1), evidence.measured
    judged = dataclasses.replace(judged, rows=judged.rows[oddness.places])
    scaling = evidence.model.scaling_.to_range
    normal, others = _reduced(learned, scaling), _reduced(judged, scaling)
    measures: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        say("mean brightness"): _mean,
        say("contrast"): _deviation,
    }
    found = {name: (of(normal), of(others)) for name, of in measures.items()}
    if learned.images.is_photographs:
        found[say("picture size")] = (_sizes(learned), _sizes(judged))
    scores = {name: np.abs(other - np.median(own)) for name, (own, other) in found.items()}
    learners: dict[str, Normality] = {say("PCA residual"): Residual(), say("nearest pixels"): Nearest()}
    for name, normality in learners.items():
        normality.learn(torch.from_numpy(normal), np.arange(len(normal)))
        scores[name] = normality(torch.from_numpy(others)).numpy()
    return [(name, auroc(oddness.odd, values)) for name, values in scores.items()]


def _mean(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.mean(axis=1))


def _deviation(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.std(axis=1))


def _sizes(selection: Selection) -> np.ndarray:
    sizes = [math.log(picture.shape[1] * picture.shape[2]) for picture in _pictures(selection.images, selection.rows)]
    return np.array(sizes)


def _pictures(images: Images, rows: np.ndarray) -> list[np.ndarray]:
    return [images.content[int(row)] for row in rows]


def _reduced(selection: Selection, scaling: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return images in the network's range as rows of a table, pictures reduced by averages."""
    if selection.images.is_table:
        return np.ascontiguousarray(scaling(selection.images.pixels[selection.rows]), np.float32)
    sides = (SIDE, SIDE)
    if not selection.images.is_photographs:
        height, width = selection.images.image_shape[1:]
        sides = (min(SIDE, height), min(SIDE, width))
    rows = []
    for picture in _pictures(selection.images, selection.rows):
        values = torch.from_numpy(np.ascontiguousarray(scaling(picture[None]), np.float32))
        rows.append(functional.adaptive_avg_pool2d(values, sides).flatten(1).numpy())
    return np.concatenate(rows)
