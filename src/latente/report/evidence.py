"""Which images a report judges by: those that training never saw, wherever they can still be had."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.estimators.data import split
from latente.images import Images, open_images

__all__ = ["Evidence", "draw", "open_evidence"]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The images that the report judges by, and those that the model learned from.

    rows: which of the judged images count. what: names them in a sentence ("test images"). unseen: whether
    training saw none of them; None where that is not known. learned, learned_rows: the training images, for
    whatever compares with them; None where they are out of reach.
    """

    judged: Images
    rows: np.ndarray
    what: str
    unseen: bool | None
    learned: Images | None = None
    learned_rows: np.ndarray | None = None


def open_evidence(
    options: Mapping[str, Any], images: Images | None, opening: Callable[..., Images] = open_images
) -> Evidence:
    """Return the images to judge by: those given, else the test part of the run's set, else what it held out.

    Images that are the very ones of the training (their fingerprint tells) count as the run's set, which is
    then not opened again. opening: what opens a set, `open_images` or something that remembers. Raises
    InputError, saying what to do, where the set cannot be opened again and no images are given either.
    """
    data = options.get("data", {})
    source = dict(data.get("source") or {})
    if images is not None and images.fingerprint == data.get("fingerprint"):
        own: Images | None = images
    else:
        own = _open_own(source, opening, is_needed=images is None)
    if own is None:
        if images is None:
            raise InputError("the model was trained on arrays in memory; give them again to see it at work on them")
        return Evidence(images, np.arange(len(images)), "images given", None)
    rows, held_out = _split_again(own, options["options"])
    if images is not None and images is not own:
        return Evidence(images, np.arange(len(images)), "images given", None, own, rows)
    if "test" in own.parts and source.get("split") != "test":
        test = _open_again({**source, "split": "test"}, opening)
        return Evidence(test, np.arange(len(test)), "test images", True, own, rows)
    if held_out is not None:
        return Evidence(*held_out, "validation images", True, own, rows)
    return Evidence(own, rows, "training images", False, own, rows)


def draw(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Return at most so many of the rows, in order, drawn evenly by `seed`."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _open_own(source: dict[str, Any], opening: Callable[..., Images], is_needed: bool) -> Images | None:
    """The set of the training; None where it lay in memory, or cannot be had and is not needed."""
    try:
        return _open_again(source, opening) if source else None
    except InputError:
        if is_needed:
            raise
        return None


def _open_again(source: dict[str, Any], opening: Callable[..., Images]) -> Images:
    try:
        return opening(**source)
    except (OSError, TypeError) as error:  # the disk is gone, or options.json is from elsewhere
        raise InputError(f"the images cannot be opened again: {error}") from error


def _split_again(images: Images, options: Mapping[str, Any]) -> tuple[np.ndarray, tuple[Images, np.ndarray] | None]:
    """Split the run's set as training did: its training rows, and what was held out."""
    share = options.get("validation")
    parts = split(images, share if isinstance(share, float) else None, int(options.get("random_state") or 0))
    return parts.rows, parts.validation
