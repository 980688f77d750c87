"""Near copies are found in what is learned from, and on both sides of a split."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from latente.culling import Copies, near_copies
from latente.images import Images


def smooth(count: int, side: int = 40, seed: int = 0) -> list[np.ndarray]:
    """Return pictures of soft blots (H, W), uint8, of which no two show the same."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6), np.uint8)
    return [np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in coarse]


def as_images(pictures: list[np.ndarray], part: str) -> Images:
    names = tuple(f"{part}/{number}.png" for number in range(len(pictures)))
    return Images(np.stack(pictures)[:, None], files=names)


def again(picture: np.ndarray) -> np.ndarray:
    """Return what a JPEG makes of a picture that was made brighter."""
    file = io.BytesIO()
    Image.fromarray((picture * 0.9 + 20).astype(np.uint8)).save(file, "JPEG", quality=70)
    return np.asarray(Image.open(file))


def test_copies_within_what_is_learned_from_and_across_the_parts_are_counted_and_named() -> None:
    pictures = smooth(12)
    train = as_images([*pictures[:6], again(pictures[0])], "train")
    test = as_images([*pictures[6:], again(pictures[4]), again(pictures[7])], "test")  # its own copies are no matter
    assert near_copies({"train": train, "test": test}) == [
        Copies("train", 2, ("train/0.png", "train/6.png")),
        Copies("test", 1, ("test/6.png", "train/4.png")),
    ]


@pytest.mark.parametrize("picture", [smooth(1)[0][:31, :31], np.full((40, 40), 9, np.uint8)])
def test_small_and_blank_pictures_are_no_copies_of_each_other(picture: np.ndarray) -> None:
    assert near_copies({"train": as_images([picture] * 3, "train")}) == []
