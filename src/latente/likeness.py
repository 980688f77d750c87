"""How like real images a model's samples are, by features that are named beside the figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import nn

from latente import metrics, words
from latente.errors import InputError, did_you_mean
from latente.estimators.abilities import Encodes
from latente.images import Images, Openable, Scaling, open_images

__all__ = ["FEATURES", "FIGURES", "Distances", "distances"]

FEATURES = ("pixels", "pca")
FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "frechet_distance": metrics.frechet_distance,
    "kernel_distance": metrics.kernel_distance,
    "precision": metrics.precision,
    "recall": metrics.recall,
    "density": metrics.density,
    "coverage": metrics.coverage,
}
COMPONENTS = 64  # of PCA
_PIXELS_AT_ONCE = 2_000_000


@dataclasses.dataclass(frozen=True)
class Distances:
    """Figures of made images beside real ones, and by what they were told.

    figures: those of `FIGURES`, each as `metrics.PROTOCOLS` says. floor: the same of training images in the place of
    made ones, None where none were given. features: by which of them, with how many numbers an image. real, made: how
    many images were compared. seed: of their draw.
    """

    figures: dict[str, float]
    floor: dict[str, float] | None
    features: str
    real: int
    made: int
    seed: int

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {words.figure(value)}" for name, value in self.figures.items())
        return f"{figures}; {self.made:,} images beside {self.real:,} by {self.features}, seed {self.seed}"

    def to_json(self) -> dict[str, Any]:
        """Return them as plain values."""
        return dataclasses.asdict(self)


def distances(
    real: Openable,
    made: Openable,
    *,
    features: Any = "pca",
    learned: Openable | None = None,
    count: int | None = None,
    seed: int = 0,
) -> Distances:
    """Return how far made images are from real ones, and how far both overlap: the figures of `FIGURES`.

    real, made: images of one shape, in the same units; `real` best such as the model has not seen. features: "pixels",
    in the range of the real ones; "pca", their first 64 principal components (of `learned`, where it is there); a
    fitted model that encodes, such as an `ImageClassifier`, by its codes; a module that takes pictures in [0, 1], such
    as those of `latente.networks.features`, by the mean over the places of its map (N, h, w, D), or by its rows (N, D);
    or a callable, `Images` -> (N, D). learned: training images, of which
    as many as there are made ones give the floor of each figure. count: how many of each set are compared, drawn by
    `seed`; None is all. Figures by other features, or of other counts, are others.

    Raises InputError where the sets do not go together, or hold fewer than 7 images.
    """
    known = None if learned is None else _some(_opened(learned), None, seed)
    ours, theirs = (_some(_opened(one), count, seed) for one in (real, made))
    for one in (theirs, known):
        if one is not None and (one.image_shape, one.dtype) != (ours.image_shape, ours.dtype):
            raise InputError(
                f"{one.name} holds {words.shape(one.image_shape)} of {one.dtype} and {ours.name} "
                f"{words.shape(ours.image_shape)} of {ours.dtype}: give images of one shape and the same units"
            )
    if known is not None:
        known = _some(known, min(len(known), len(theirs)), seed)
    name, function = _features(features, ours if known is None else known, seed)
    numbers = function(ours)

    def figures(of: Images) -> dict[str, float]:
        others = function(of)
        return {figure: measure(numbers, others) for figure, measure in FIGURES.items()}

    return Distances(
        figures=figures(theirs),
        floor=None if known is None else figures(known),
        features=f"{words.count(numbers.shape[1], 'number')} of {name}",
        real=len(ours),
        made=len(theirs),
        seed=seed,
    )


def _opened(images: Openable) -> Images:
    return images if isinstance(images, Images) else open_images(images)


def _some(images: Images, count: int | None, seed: int) -> Images:
    """Return so many of the images, drawn by the seed."""
    if count is None or count == len(images):
        return images
    if not 0 < count < len(images):
        raise InputError(f"count={count}: {images.name} holds {len(images)} images, which are the most there can be")
    return images.take(np.sort(np.random.default_rng(seed).permutation(len(images))[:count]))


def _features(features: Any, known: Images, seed: int) -> tuple[str, Callable[[Images], np.ndarray]]:
    """Return what the features are called, and what makes them of images; known: what may be learned from."""
    scaling = Scaling.fit(known.pixels, depth=known.depth)

    def pixels(images: Images) -> np.ndarray:
        return scaling.to_range(images.pixels).reshape(len(images), -1)

    if isinstance(features, str):
        if features not in FEATURES:
            raise did_you_mean("features", features, FEATURES)
        if features == "pixels":
            return "pixels", pixels
        rows = pixels(known)
        components = PCA(min(COMPONENTS, *rows.shape), random_state=seed).fit(rows)
        return f"PCA of {known.name}", lambda images: components.transform(pixels(images))
    if isinstance(features, nn.Module):
        return type(features).__name__, lambda images: _by_network(features, images, scaling)
    if isinstance(features, Encodes):
        title = type(features).__name__
        if trained_on := getattr(features, "name_", None):
            title += f" on {trained_on}"
        return title, lambda images: np.asarray(features.encode(images)).reshape(len(images), -1)
    if callable(features):
        return getattr(features, "__qualname__", type(features).__name__), features
    raise InputError(f"features is {', '.join(FEATURES)}, a fitted model, a module or a callable, not {features!r}")


@torch.no_grad()
def _by_network(network: nn.Module, images: Images, scaling: Scaling) -> np.ndarray:
    """Return the mean over the places of a map (N, h, w, F), or the features as they are (N, F)."""
    step = max(1, _PIXELS_AT_ONCE // images.pixels[0].size)
    parts = []
    for start in range(0, len(images), step):
        values = network(torch.from_numpy(scaling.to_range(images.pixels[start : start + step])).float())
        parts.append(values.flatten(1, -2).mean(1) if values.ndim > 2 else values)
    return torch.cat(parts).numpy()
