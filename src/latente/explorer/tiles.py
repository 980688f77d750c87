"""Sheets of tiles: many small pictures in a few compressed ones, within a budget."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from latente.explorer.parts import Part
from latente.images.options import Progress

__all__ = ["Tiles", "tiles"]

LOSSLESS_SIDE = 32  # pixels: on larger tiles nobody sees what a good lossy compression takes away
QUALITY = 80  # of WebP
SHEET_SIDE = 512  # pixels: a sheet is unpacked in a few milliseconds when one of its tiles is looked at
TRIED = 1_500  # tiles from which the size of all is told
MARGIN = 1.03


@dataclasses.dataclass(frozen=True)
class Tiles:
    """Sheets as parts of a page, and `layout`: how the page finds the tile of an image on them."""

    parts: list[Part]
    layout: dict[str, Any]

    @property
    def every(self) -> int:
        """1 where each image has a tile, n where only every n-th has one."""
        return int(self.layout["every"])


def tiles(
    name: str,
    pictures: Callable[[np.ndarray], np.ndarray],
    count: int,
    budget: float = math.inf,
    progress: Progress | None = None,
) -> Tiles:
    """Return tiles of `count` pictures in at most `budget` characters.

    pictures: returns those with the numbers (n,) as uint8 (n, h, w, 1 or 3), all of one size. Small ones are PNG,
    exact; where these would not fit, and larger ones, are WebP; where even that would not fit, only every so many has a
    tile.
    """
    few = pictures(np.unique(np.linspace(0, count - 1, min(TRIED, count)).round().astype(int)))
    height, width = few.shape[1:3]
    lossless = max(height, width) <= LOSSLESS_SIDE
    size = _size(few, lossless)
    if lossless and size * count > budget:
        lossless, size = False, _size(few, False)
    every = max(1, math.ceil(size * count / budget))
    while True:
        parts = _parts(name, pictures, np.arange(0, count, every), (height, width), lossless, progress)
        if sum(part.size for part in parts) <= budget or every >= count:
            break
        every += 1
    columns, rows = _grid(height, width)
    layout = {
        "name": name,
        "type": "image/png" if lossless else "image/webp",
        "width": width,
        "height": height,
        "columns": columns,
        "perSheet": columns * rows,
        "count": len(range(0, count, every)),
        "every": every,
    }
    return Tiles(parts, layout)


def _grid(height: int, width: int) -> tuple[int, int]:
    return max(1, SHEET_SIDE // width), max(1, SHEET_SIDE // height)


def _size(pictures: np.ndarray, lossless: bool) -> float:
    """Characters that one of these pictures takes in base64, on average."""
    columns, rows = _grid(*pictures.shape[1:3])
    per_sheet = columns * rows
    sheets = [pictures[start : start + per_sheet] for start in range(0, len(pictures), per_sheet)]
    return MARGIN * sum(len(_sheet(sheet, lossless)) for sheet in sheets) / len(pictures) * 4 / 3


def _parts(
    name: str,
    pictures: Callable[[np.ndarray], np.ndarray],
    chosen: np.ndarray,
    size: tuple[int, int],
    lossless: bool,
    progress: Progress | None,
) -> list[Part]:
    columns, rows = _grid(*size)
    per_sheet = columns * rows
    sheets = []
    for start in range(0, len(chosen), per_sheet):
        sheet = _sheet(pictures(chosen[start : start + per_sheet]), lossless)
        sheets.append(Part.plain(f"{name}-{start // per_sheet}", sheet))
        if progress is not None:
            progress(min(start + per_sheet, len(chosen)), len(chosen), "packing pictures")
    return sheets


def _sheet(pictures: np.ndarray, lossless: bool) -> bytes:
    """Return pictures (n, h, w, 1 or 3) side by side as one compressed picture."""
    n, height, width, channels = pictures.shape
    columns, _ = _grid(height, width)
    rows = math.ceil(n / columns)
    if rows == 1:
        columns = n
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    grid[:n] = pictures
    whole = grid.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    whole = whole.reshape(rows * height, columns * width, channels)
    buffer = io.BytesIO()
    image = Image.fromarray(whole if channels == 3 else whole[..., 0])
    if lossless:
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()
