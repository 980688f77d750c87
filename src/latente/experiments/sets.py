"""The sets of more than one experiment, and what of them is held out."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.errors import InputError

if TYPE_CHECKING:
    from latente import Images

__all__ = ["held_out", "open_letters", "open_parts"]

FEW = 400  # images of either part for a tiny variant
HELD_OUT = 10_000


@functools.lru_cache(maxsize=1)  # a study opens them for each of its trials
def open_parts(name: str, tiny: bool = False) -> tuple[Images, Images, str]:
    """Return the training and the test images of a set, and a line on them; drawn characters where it is missing.

    name: of a set of 28x28 pixels, such as "mnist". tiny: a few hundred of each. Raises InputError where it is there
    and damaged.
    """
    from latente import open_images
    from latente.images.catalog import locate

    count = FEW if tiny else None
    try:
        locate(name)
    except InputError as missing:
        sizes = {"train": count or 60_000, "test": count or 10_000}
        train, test = (open_images("glyphs", split=split, size=28, count=size) for split, size in sizes.items())
        return (
            train,
            test,
            f"glyphs, {len(train):,} + {len(test):,} drawn by code, which stand in for {name} ({missing})",
        )
    train, test = (open_images(name, split=split, count=count) for split in ("train", "test"))
    return train, test, f"{name}, {len(train):,} images to train and {len(test):,} to test"


def open_letters(font: str | Path | None = None) -> Images:
    """Return the 32 characters, or those of a C header, which must be two at least."""
    from latente import open_images
    from latente.images.generated.letters import read_font_header

    letters = open_images("letters") if font is None else read_font_header(font)
    if len(letters) < 2:
        raise InputError(f"{font} holds one character, which needs no code; give two at least")
    return letters


def held_out(train: Images) -> tuple[Images, Images]:
    """Return the images to train on and those to choose by: 10,000 of 60,000, or of fewer as large a share."""
    order = np.random.default_rng(0).permutation(len(train))
    count = min(HELD_OUT, len(train) // 6)
    return train.take(np.sort(order[count:])), train.take(np.sort(order[:count]))
