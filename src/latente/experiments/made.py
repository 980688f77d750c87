"""What experiments measure made images by: a small classifier of the very set, and what its features and answers say.

The classifier is two convolutions of 3x3, 32 and 64, each followed by the largest value of 2x2, then 128 values, which
are the features, and ten classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.record import Line
from latente.experiments.request import Request

if TYPE_CHECKING:
    from latente import ImageClassifier, Images

__all__ = ["COUNT", "FLOOR", "LABELS", "Measure", "measure_for", "sharpness", "worth_as_data"]

FLOOR = "training images (the floor)"
COUNT = 10_000  # images of either kind that are compared
SEED = 0
LABELS = (100, 1_000)  # real images whose classes are known, beside which made ones may help
STEPS, BATCH = 1_000, 128  # of a classifier that learns from few images, or from made ones


class Measure:
    """Compares made images with the test images of a set.

    classifier: a fitted one of that set. accuracy: its share of right answers on the test images.
    """

    def __init__(self, classifier: ImageClassifier, train: Images, test: Images) -> None:
        self.classifier, self.train, self.test = classifier, train, test
        self.accuracy = classifier.score(test)
        count = min(COUNT, len(test))
        self.count = count
        self._sharpness = sharpness(test.pixels[:count])

    @property
    def note(self) -> str:
        """By what the figures are told."""
        return (
            f"Distances, precision, recall, density and coverage: {self.count:,} made images beside as many test "
            "images, by the 128 values before the classes of a classifier of the training images, which is right in "
            f"{100 * self.accuracy:.2f} % of the test images. The floor: training images in the place of made ones. "
            "Sharpness: the mean length of the gradient, in that of test images."
        )

    def line(self, made: np.ndarray) -> Line:
        """Return the figures of made images in the layout of the training."""
        from latente.likeness import distances

        found = distances(self.test, made, features=self.classifier, count=self.count, seed=SEED)
        shares = np.bincount(self.classifier.predict(made), minlength=len(self.classifier.classes_)) / len(made)
        return {
            "Frechet distance": found.figures["frechet_distance"],
            **{name: found.figures[name] for name in ("precision", "recall", "density", "coverage")},
            "rarest class, %": 100 * float(shares.min()),
            "sharpness": sharpness(made) / self._sharpness,
        }

    def floor(self) -> Line:
        """Return the figures of training images in the place of made ones."""
        rows = np.random.default_rng(SEED).permutation(len(self.train))[: self.count]
        return self.line(self.train.as_given(self.train.pixels[np.sort(rows)]))


def measure_for(request: Request, train: Images, test: Images) -> Measure:
    """Train the classifier of a set's images, or take it from where results are kept, and return the measure by it."""
    classifier = _classifier(8, request.tiny)
    measure = Measure(request.fit("classifier", classifier, train), train, test)
    request.tell(f"classifier: right in {100 * measure.accuracy:.2f} % of {len(test):,} test images")
    return measure


def worth_as_data(made: np.ndarray, labels: np.ndarray, train: Images, test: Images, request: Request) -> list[Line]:
    """Return how many in 100 test images classifiers sort right that learned from few real ones, made ones, or both.

    made: images in the layout of the training; labels: the class that was asked for, of each. All take as many steps.
    """
    from latente import Images
    from latente.images import from_layout

    known = train.labels
    assert known is not None
    pixels, lines = from_layout(made, train.layout), list[Line]()
    for count in LABELS:
        rows = np.random.default_rng(SEED).permutation(len(train))[:count]
        sets = {
            "real": (train.pixels[rows], known[rows]),
            "made": (pixels, labels),
            "both": (np.concatenate([train.pixels[rows], pixels]), np.concatenate([known[rows], labels])),
        }
        line: Line = {"real images": count}
        for name, (learned, classes) in sets.items():
            epochs = 1 if request.tiny else max(1, round(STEPS * BATCH / len(learned)))
            model = _classifier(epochs, request.tiny, batch_size=BATCH, validation=None)
            line[name] = 100 * model.fit(Images(learned, {"label": classes})).score(test)
        request.tell(f"as data: {line}")
        lines.append(line)
    return lines


def _classifier(epochs: int, tiny: bool, **more: Any) -> ImageClassifier:
    from latente import ImageClassifier

    return ImageClassifier(
        hidden=(8, 8) if tiny else (32, 64),
        depth=1,
        pooling="max",
        dropout=0.0,  # in so short a training it costs more than it gives
        augmentation="shift:2",
        epochs=epochs,
        learning_rate=2e-3,
        random_state=SEED,
        **more,
    )


def sharpness(images: np.ndarray) -> float:
    """Return the mean length of the gradient of images (N, ..., H, W) in their units, by differences of neighbours."""
    pixels = images.reshape(-1, *images.shape[-2:]).astype(np.float32)
    down, right = np.diff(pixels, axis=1)[:, :, :-1], np.diff(pixels, axis=2)[:, :-1]
    return float(np.sqrt(down**2 + right**2).mean(dtype=np.float64))
