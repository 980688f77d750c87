"""digits: scikit-learn's 1,797 handwritten digits of 8x8 pixels, or enlarged."""

from __future__ import annotations

import numpy as np

from latente.errors import InputError
from latente.images.container import Images
from latente.images.generated.drawing import resolve_count

__all__ = ["digits"]

GREY_LEVELS = 16  # the set counts the ink in blocks of 4x4 binary pixels: 0 to 16
TEST_EVERY = 5


def digits(count: int | None = None, *, split: str = "train", seed: int = 0, size: int = 8) -> Images:
    """Return `count` (1,442; test: 355) labelled grey pictures (1, size, size) uint8 of handwritten digits.

    White on black; the set's values 0 to 16 become 0 to 255. size: 8 as they are, or the side to enlarge to
    (28 gives the shape of MNIST), by cubic interpolation. label: the digit. split: fixed and stratified: of
    each digit every fifth picture, in the set's same order, is in the test part. seed: the order of the
    pictures, so that a smaller count is a random sample, the same as the beginning of a larger one. Raises
    InputError for a count below 1, a size below 8, a negative seed or an unknown split; above what the part has,
    a count gives all of it.
    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, as shipped by
    scikit-learn.
    """
    from sklearn.datasets import load_digits

    if size < 8:
        raise InputError(f"size={size} for digits is below the 8 pixels they have; give 8 or more")
    bunch = load_digits()
    target = bunch.target.astype(np.int64)
    place = np.empty_like(target)  # how many pictures of the same digit come before each one
    for digit in range(10):
        same = np.flatnonzero(target == digit)
        place[same] = np.arange(len(same))
    in_test = place % TEST_EVERY == TEST_EVERY - 1
    parts = {"train": np.flatnonzero(~in_test), "test": np.flatnonzero(in_test)}
    defaults = {part: len(rows) for part, rows in parts.items()}
    count = resolve_count("digits", count, split, seed, defaults, finite=True)
    rows = np.random.default_rng(seed).permutation(parts[split])[:count]
    pixels = np.rint(bunch.images[rows] * (255 / GREY_LEVELS)).astype(np.uint8)
    return Images(
        _enlarged(pixels, size)[:, None],
        {"label": target[rows]},
        name="digits",
        label_names=tuple("0123456789"),
        source={"source": "digits", "split": split, "count": count, "seed": int(seed), "size": size},
        parts=tuple(parts),
    )


def _enlarged(pixels: np.ndarray, size: int) -> np.ndarray:
    """Enlarge (N, 8, 8) uint8 pictures to (N, size, size)."""
    from PIL import Image

    if size == pixels.shape[1]:
        return pixels
    cubic = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(picture).resize((size, size), cubic)) for picture in pixels])
