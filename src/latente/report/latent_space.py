"""What a report finds in the latent space: maps, traversals, attributes, and whether samples are copies."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from latente.errors import InputError
from latente.estimators.autoencoders import BaseAutoencoder
from latente.images import Images
from latente.latents import (
    Direction,
    LatentMap,
    edit_codes,
    knn_accuracy,
    learn_direction,
    map_codes,
    nearest,
    traverse,
    trustworthiness,
)
from latente.report.evidence import draw
from latente.report.inspection import Inspection, as_pictures, plain, scaled, wanted

__all__ = [
    "MOST_LEARNED_FROM",
    "MOST_TRUSTED",
    "NEIGHBOURS",
    "SPAN",
    "STEPS",
    "STRENGTHS",
    "Edit",
    "LatentSpace",
    "Maps",
    "Novelty",
    "Traversal",
    "explore_latents",
    "lacking",
]

NEIGHBOURS = 15  # in both figures of a map
MOST_TRUSTED = 1_000  # images whose neighbours are looked up for the trustworthiness
TRAVERSED = 8
STEPS, SPAN = 7, 3.0  # of a traversal; the span in standard deviations
MOST_SEARCHED = 20_000
MOST_SEARCHED_VALUES = 250_000_000  # about 20,000 colour pictures of 64 x 64
YARDSTICKS = 100
MOST_LEARNED_FROM = 2_000
EDITED, SHOWN = 6, 2  # attributes shown, and images of each
FEWEST = 10  # images on either side without which nothing is learned of an attribute
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


@dataclasses.dataclass(frozen=True)
class Maps:
    """The map of the codes, and that of the raw values by PCA, of the same images.

    faithful: trustworthiness, towards the raw values, of either map and of all latent dimensions; empty for fewer
    than four images. accuracy: of k nearest neighbours among all latent dimensions; None without classes.
    """

    codes: LatentMap
    raw: LatentMap
    faithful: list[float]
    accuracy: float | None


@dataclasses.dataclass(frozen=True)
class Traversal:
    """The latent dimensions that move the image most; images: (D, STEPS, C, H, W), scaled.

    effects: (D,) root mean square change of a value from one standard deviation below the mean to one above.
    """

    dimensions: np.ndarray
    effects: np.ndarray
    images: np.ndarray


@dataclasses.dataclass(frozen=True)
class Novelty:
    """How far new samples lie from the training images.

    distances: (n,) from each sample to its nearest training image, root mean square per value of the range.
    nearest: (n, C, H, W) those images, scaled. held_out: (m,) the same distance of held-out images; None where
    there are none. searched, learned: among how many of how many training images was searched.
    """

    distances: np.ndarray
    nearest: np.ndarray
    held_out: np.ndarray | None
    searched: int
    learned: int


@dataclasses.dataclass(frozen=True)
class Edit:
    """Held-out images (n, C, H, W) without an attribute, and (n, STRENGTHS, C, H, W) moved along its direction."""

    direction: Direction
    originals: np.ndarray
    moved: np.ndarray


@dataclasses.dataclass(frozen=True)
class LatentSpace:
    """All that was found; None, or nothing, where the model or the images do not have it."""

    maps: Maps | None
    traversal: Traversal | None
    novelty: Novelty | None
    edits: list[Edit]


def explore_latents(model: BaseAutoencoder, seen: Inspection) -> LatentSpace:
    """Look around in the latent space of `model`, with the codes that `seen` holds of the judged images."""
    return LatentSpace(
        maps=_maps(seen),
        traversal=_traversal(model, seen),
        novelty=_novelty(model, seen),
        edits=_edits(model, seen),
    )


def _maps(seen: Inspection) -> Maps | None:
    """The maps of all the judged images, measured on a draw of them; None for less than three."""
    count = len(seen.codes)
    if count < 3:
        return None
    raw, labels = seen.originals.reshape(count, -1), seen.labels
    if labels is not None and (labels >= 0).sum() < 2:
        labels = None
    codes = map_codes(seen.codes, labels, k=NEIGHBOURS)
    pixels = map_codes(raw, labels, method="pca", k=NEIGHBOURS)
    faithful = [
        trustworthiness(raw, points, k=NEIGHBOURS, most=MOST_TRUSTED)
        for points in (codes.points, pixels.points, seen.codes)
        if count >= 4
    ]
    accuracy = None if labels is None else knn_accuracy(seen.codes, labels, k=NEIGHBOURS)
    return Maps(codes, pixels, faithful, accuracy)


def _traversal(model: BaseAutoencoder, seen: Inspection) -> Traversal | None:
    """None for tables, single images and spatial codes, of which one value is one spot of the picture."""
    if seen.is_table or len(model.code_shape_) > 1 or not seen.codes.std(axis=0).any():
        return None
    ends = as_pictures(model, traverse(model, seen.codes, steps=2, span=1.0))
    effects = np.sqrt(((ends[:, 1] - ends[:, 0]) ** 2).mean(axis=(1, 2, 3)))
    chosen = np.argsort(-effects, kind="stable")[:TRAVERSED]
    images = as_pictures(model, traverse(model, seen.codes, steps=STEPS, span=SPAN, dimensions=chosen.tolist()))
    return Traversal(chosen, effects[chosen], images)


def _novelty(model: BaseAutoencoder, seen: Inspection) -> Novelty | None:
    """None without samples, or where the training images are out of reach."""
    evidence = seen.evidence
    learned, rows = evidence.learned, evidence.learned_rows
    if seen.samples is None or learned is None or rows is None:
        return None
    searched = draw(rows, min(MOST_SEARCHED, max(1, MOST_SEARCHED_VALUES // seen.samples[0].size)), seed=2)
    known = wanted(learned)[searched]
    unseen = draw(seen.rows, YARDSTICKS, seed=3) if evidence.unseen is not False else seen.rows[:0]
    samples = model.scaling_.invert(torch.from_numpy(seen.samples))
    found = nearest(np.concatenate([samples, wanted(evidence.judged)[unseen]]), known, scale=model.scaling_.scale)
    distances, count = found.distances[:, 0], len(samples)
    return Novelty(
        distances=distances[:count],
        nearest=scaled(known[found.indices[:count, 0]], model.scaling_),
        held_out=distances[count:] if len(unseen) else None,
        searched=len(searched),
        learned=len(rows),
    )


def _edits(model: BaseAutoencoder, seen: Inspection) -> list[Edit]:
    """The attributes that the codes tell best, each learned on training images and shown on held-out ones."""
    judged, learned, rows = seen.evidence.judged, seen.evidence.learned, seen.evidence.learned_rows
    if learned is None or rows is None or seen.is_table:
        return []
    if "attributes" not in judged.columns or judged.attribute_names != learned.attribute_names:
        return []
    few = draw(rows, MOST_LEARNED_FROM, seed=4)
    directions = _directions(model, plain(learned, few))
    found = []
    for direction in sorted(directions, key=lambda direction: -direction.accuracy):
        column = judged.attribute_names.index(direction.attribute)
        without = np.flatnonzero(lacking(judged.columns["attributes"][seen.rows, column]))
        chosen = draw(without, SHOWN, seed=column)
        if len(chosen):
            codes = edit_codes(seen.codes[chosen], direction, STRENGTHS)
            made = model.decode(codes.reshape(-1, codes.shape[-1]))
            moved = as_pictures(model, made).reshape(len(chosen), len(STRENGTHS), *model.image_shape_)
            found.append(Edit(direction, seen.originals[chosen], moved))
    return found[:EDITED]


def lacking(values: np.ndarray) -> np.ndarray:
    """Return which of an attribute's values (N,) mean that an image lacks it: the lower half of their range."""
    return values < (float(values.min()) + float(values.max())) / 2


def _directions(model: BaseAutoencoder, images: Images) -> list[Direction]:
    """The directions of all attributes of which there are enough images with and without."""
    codes, found = model.transform(images), []
    for name, values in zip(images.attribute_names, images.columns["attributes"].T, strict=True):
        without = lacking(values).sum()
        if min(without, len(values) - without) < FEWEST:
            continue
        try:
            found.append(learn_direction(codes, values, attribute=name))
        except InputError:  # the codes show nothing of it
            continue
    return found
