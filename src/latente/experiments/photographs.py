"""The photographs of the experiments on restoring: what they learn from, and the five that they are judged by."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.record import Line
from latente.resampling import shrunk_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

    from latente import Images

__all__ = ["Pair", "beside", "folder_of", "grey", "means", "open_five", "open_t91", "scaled", "with_smaller"]

FEW, SMALL = 6, 48  # photographs of a tiny variant, and their sides
TINY_TESTS = 2


@dataclasses.dataclass(frozen=True)
class Pair:
    """A photograph (3, H, W) uint8, and what it is when it is shrunk."""

    name: str
    clean: np.ndarray
    small: np.ndarray


def open_t91(tiny: bool = False) -> tuple[Images, str]:
    """Return the 91 photographs that super-resolution is trained on, and a line on them; others where they are not."""
    from latente import open_images

    folder = folder_of("t91")
    if tiny or folder is None:
        few = open_images("photos", count=FEW if tiny else 500, size=SMALL if tiny else 128)
        return few, f"photos, {len(few):,} parts of scikit-image's pictures" + (
            "" if tiny else ", which stand in for t91 (it is not in LATENTE_DATA)"
        )
    images = open_images(folder, size="keep", channels=3)
    return images, f"t91, {len(images)} photographs"


def open_five(factor: int, tiny: bool = False) -> tuple[list[Pair], str]:
    """Return the five photographs of Set5 with the given small ones, and a line on them; others where they are not."""
    from latente import open_images

    folder = None if (found := folder_of("set5")) is None else found / f"x{max(factor, 2)}"
    if tiny or folder is None:
        parts = open_images("photos", split="test", count=TINY_TESTS if tiny else 5, size=SMALL if tiny else 128).pixels
        pairs = [Pair(f"part {number}", one, shrunk_picture(one, factor)) for number, one in enumerate(parts)]
        return pairs, f"{len(pairs)} parts of scikit-image's pictures"
    opened = open_images(folder, size="keep", channels=3)
    clean, small = opened.partners["target"], opened.content
    return [
        Pair(Path(name).stem.removesuffix("_LR"), np.asarray(clean[row]), np.asarray(small[row]))
        for row, name in enumerate(opened.files)
    ], "Set5"


def with_smaller(images: Images, scales: Sequence[float], least: int) -> Images:
    """Return photographs, and beside them the same at parts of their sides, where at least `least` pixels are left.

    They show other details at the size of a pixel, and are sharper.
    """
    from PIL import Image

    from latente import Images
    from latente.images import Photographs

    pictures = [np.asarray(picture) for picture in images.content]
    whole = [Image.fromarray(np.moveaxis(picture, 0, -1)) for picture in pictures]
    smaller = [scaled(picture, scale) for scale in scales for picture in whole]
    large = [picture for picture in smaller if min(picture.shape[1:]) >= least]
    return Images(Photographs.of([*pictures, *large]), name=f"{images.name}, and smaller")


def scaled(picture: Image.Image, scale: float) -> np.ndarray:
    """Return a picture at a part of its sides, (3, H, W) uint8."""
    from PIL import Image

    sides = round(scale * picture.width), round(scale * picture.height)
    return np.moveaxis(np.asarray(picture.resize(sides, Image.Resampling.BICUBIC)), 2, 0)


def grey(picture: np.ndarray) -> np.ndarray:
    """Return the luminance (1, H, W) uint8 of a picture (3, H, W), as the literature's grey pictures are made."""
    from latente.metrics import luminance

    levels: np.ndarray = luminance(picture)[None].astype(np.uint8)
    return levels


def means(lines: Sequence[Line], *by: str) -> list[Line]:
    """Return the means of all numbers over the lines that have the same words in the columns `by`."""
    groups: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line[name] for name in by), []).append(line)
    return [
        dict(zip(by, key, strict=True))
        | {
            name: float(np.mean([one[name] for one in group]))
            for name, value in group[0].items()
            if name not in by and isinstance(value, float)
        }
        for key, group in groups.items()
    ]


def beside(pictures: Mapping[str, Callable[[], np.ndarray] | np.ndarray], side: int = 96) -> Figure:
    """Draw the middle of pictures (3, H, W) of one size, which have these names, in a row."""
    from latente.figures import strips

    arrays = [one() if callable(one) else one for one in pictures.values()]
    height, width = arrays[0].shape[1:]
    side = min(side, height, width)
    top, left = (height - side) // 2, (width - side) // 2
    parts = [one[:, top : top + side, left : left + side] for one in arrays]
    return strips(np.stack(parts)[None], column_names=list(pictures))


def folder_of(name: str) -> Path | None:
    """Return the folder of a set that is for measuring alone, in LATENTE_DATA; None where it is not there."""
    data = os.environ.get("LATENTE_DATA")
    folder = Path(data) / name if data else None
    return folder if folder is not None and folder.is_dir() else None
