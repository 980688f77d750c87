"""Where a model fails: the kinds of images that it rebuilds worst, and those that it draws too rarely or too often."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.estimators.abilities import Samples
from latente.images import Images, from_layout, images_in
from latente.metrics import (
    AttributeClassifier,
    AttributeShare,
    Group,
    attribute_shares,
    by_attribute,
    by_class,
    lacking,
)

__all__ = [
    "Examples",
    "SampleShares",
    "examples_of",
    "groups_of",
    "halves_of",
    "has_attributes",
    "shares_among_samples",
]

MOST_SAMPLES = 10_000
MOST_DRAWN_VALUES = 125_000_000  # in all samples together: 10,000 colour pictures of 64 x 64
MOST_EXAMPLES = 5_000  # that a classifier learns from or is tried on
VALUES_AT_ONCE = 4_000_000
FEWEST = 20  # examples without which nothing is said of samples


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Images (N, C, H, W) in the model's units, and which attributes (N, A) each of them has."""

    pixels: np.ndarray
    having: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)


@dataclasses.dataclass(frozen=True)
class SampleShares:
    """The share of each attribute among so many samples, as a classifier sees them.

    count: samples. learned, tried: real images that the classifier learned from, and others that it was tried on.
    """

    count: int
    learned: int
    tried: int
    shares: list[AttributeShare]


def groups_of(errors: np.ndarray, images: Images) -> dict[str, list[Group]]:
    """Return the errors (N,) of images "by attribute" and "by class", as far as the images have such, hardest first."""
    groups = {}
    if has_attributes(images):
        groups["by attribute"] = by_attribute(errors, _having(images), images.attribute_names)
    if images.labels is not None:
        groups["by class"] = by_class(errors, np.asarray(images.labels), images.label_names)
    return {title: lines for title, lines in groups.items() if lines}


def has_attributes(images: Images) -> bool:
    """Say whether images have attributes, each with a name."""
    values = images.columns.get("attributes")
    return values is not None and values.shape[1:] == (len(images.attribute_names),) and values.size > 0


def examples_of(images: Images) -> Examples:
    """Return images that have attributes as a classifier learns from them: their targets, where they have some."""
    return Examples(np.asarray(images.columns.get("target", images.pixels)), _having(images))


def halves_of(images: Images) -> tuple[Examples, Examples]:
    """Return images that have attributes in two halves, drawn evenly with a fixed seed; of many at most 5,000 each."""
    order = np.random.default_rng(0).permutation(len(images))[: 2 * MOST_EXAMPLES]
    pixels, having = images.columns.get("target", images.pixels), _having(images)
    learned, tried = (np.sort(half) for half in np.array_split(order, 2))
    return Examples(pixels[learned], having[learned]), Examples(pixels[tried], having[tried])


def shares_among_samples(
    model: Any,
    learned: Examples,
    tried: Examples,
    names: tuple[str, ...],
    *,
    in_data: np.ndarray | None = None,
    most: int = MOST_SAMPLES,
    count: int | None = None,
) -> SampleShares | None:
    """Return the share of each attribute among samples of a model, as a classifier of real images sees them.

    learned: what the classifier learns from. tried: other real images, on which it is tried. names: of the attributes.
    in_data: the share of each in the data (default: among all these examples). most: how many samples, and fewer of
    pictures above 64 by 64 in colour, so that it takes seconds; `count`, where it is given, is how many in any case.
    None where the model draws nothing, where there are fewer than 20 examples of either kind, or where no attribute
    has two kinds of images.
    """
    if not isinstance(model, Samples) or min(len(learned), len(tried)) < FEWEST:
        return None
    classifier = AttributeClassifier(learned.pixels, learned.having, names)
    if not classifier.names:
        return None
    if in_data is None:
        in_data = np.concatenate([learned.having, tried.having]).mean(axis=0)
    kept = [names.index(name) for name in classifier.names]
    size = math.prod(learned.pixels.shape[1:])
    total = min(most, max(1, MOST_DRAWN_VALUES // size)) if count is None else count
    try:
        drawn = _told_of_samples(model, classifier, total, max(1, VALUES_AT_ONCE // size))
    except InputError:  # there is no density of its codes
        return None
    answers = classifier.tell(tried.pixels)
    shares = attribute_shares(classifier.names, tried.having[:, kept], answers, drawn, in_data[kept])
    return SampleShares(total, len(learned), len(tried), shares)


def _having(images: Images) -> np.ndarray:
    return ~lacking(np.asarray(images.columns["attributes"]))


def _told_of_samples(model: Any, classifier: AttributeClassifier, total: int, at_once: int) -> np.ndarray:
    """Say of so many samples which attributes they seem to have, a part at a time, each with a seed of its own."""
    parts = []
    for seed, start in enumerate(range(0, total, at_once)):
        samples = model.sample(min(at_once, total - start), random_state=seed)
        parts.append(classifier.tell(from_layout(images_in(samples), model.layout_)))
    return np.concatenate(parts)
