"""What the error of reconstructions means to the eye: how much of the small things in pictures comes back."""

from __future__ import annotations

import numpy as np

from latente.evidence import Evidence
from latente.languages import say
from latente.words import percent

__all__ = ["detail_kept", "look"]

PATCHES = 8  # along the shorter side: what is smaller than a patch is detail
SMALLEST_SIDE = 8  # pixels, below which a picture has no such detail
LEAST = 0.01  # a share below which nothing is left

# of the detail, from how much on, and what the eye then finds; the words are part of a sentence
_WORDS = (
    (0.95, say("small things are as they were")),
    (0.8, say("small things are there, but softer")),
    (0.5, say("images are soft, and small things, such as eyes in a face, may be missing")),
    (-np.inf, say("only coarse shapes come through")),
)


def look(evidence: Evidence) -> str | None:
    """Say how much detail the reconstructions keep and what that looks like; None for tables and tiny pictures."""
    originals = evidence.originals
    if evidence.is_table or min(originals.shape[2:]) < SMALLEST_SIDE:
        return None
    kept = detail_kept(originals, evidence.outputs["reconstructions"])
    if kept is None:
        return None
    words = next(words for least, words in _WORDS if kept >= least)
    share = percent(kept) if kept >= LEAST else say("nothing")
    template = "Of what is smaller than {side} × {side} pixels it keeps {share}: {words}."
    return say(template, side=_patch(originals), share=share, words=words)


def detail_kept(originals: np.ndarray, reconstructions: np.ndarray) -> float | None:
    """Return the share of the detail of images (N, C, H, W) that comes back, at most 1; None where they have none.

    Detail is what the mean of each patch, an eighth of the shorter side wide, leaves of an image; the share is 1 less
    the sum of its squared errors over the sum of its squares. It is 0 of patches that come back even, and negative
    where they come back with detail that is wrong.
    """
    side = _patch(originals)
    whole = float(_beside_means(originals, side))
    return None if whole == 0 else 1 - float(_beside_means(originals - reconstructions, side)) / whole


def _patch(images: np.ndarray) -> int:
    return max(2, int(min(images.shape[2:])) // PATCHES)


def _beside_means(images: np.ndarray, side: int) -> np.floating:
    """The sum of squares of what the patches' means leave; rows and columns beyond the last patch are left out."""
    count, channels, height, width = images.shape
    rows, columns = height // side, width // side
    patches = images[:, :, : rows * side, : columns * side].reshape(count, channels, rows, side, columns, side)
    return ((patches - patches.mean(axis=(3, 5), keepdims=True)) ** 2).sum(dtype=np.float64)
