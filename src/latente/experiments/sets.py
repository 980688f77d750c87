"""The sets of more than one experiment, and what of them is held out."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.errors import InputError

if TYPE_CHECKING:
    from latente import Images

__all__ = ["ARCHIVE", "held_out", "open_letters", "open_parts", "split_families", "twemoji"]

FEW = 400  # images of either part for a tiny variant
HELD_OUT = 10_000
ARCHIVE = "twemoji/twemoji-72.zip"  # under LATENTE_DATA
FAMILIES_HELD_OUT = 0.2


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


def twemoji(side: int) -> Images | None:
    """Return LATENTE_DATA/twemoji, RGB on white of so many pixels a side, each once; None where it is not there."""
    data = os.environ.get("LATENTE_DATA")
    path = Path(data).expanduser() / ARCHIVE if data else None
    return _twemoji(path, side) if path is not None and path.is_file() else None


@functools.lru_cache(maxsize=1)  # several cases of an experiment take pictures out of it
def _twemoji(path: Path, side: int) -> Images:
    from latente import open_images

    pictures = open_images(path, size=side, channels=3)
    _, first = np.unique(pictures.pixels.reshape(len(pictures), -1), axis=0, return_index=True)
    return pictures.take(np.sort(first))


def split_families(pictures: Images, families: Sequence[str]) -> tuple[Images, Images]:
    """Return four fifths of the families' pictures and the other fifth's, drawn by chance, the same at every call."""
    names = sorted(set(families))
    order = np.random.default_rng(0).permutation(len(names))
    held_out = {names[i] for i in order[: round(FAMILIES_HELD_OUT * len(names))]}
    out = np.array([family in held_out for family in families])
    return pictures.take(np.flatnonzero(~out)), pictures.take(np.flatnonzero(out))
