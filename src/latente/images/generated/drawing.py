"""What the generated sets share: checks of a request, random numbers, and warped shapes of DejaVu's faces."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latente.errors import InputError

__all__ = ["PARTS", "Shapes", "affine", "between", "draws", "package_folder", "resolve_count"]

PARTS = ("train", "test", "val")  # each with random numbers of its own
BEYOND = -8.0  # distance given to what lies outside a field: far outside the shape, whatever the stroke


def resolve_count(
    name: str, count: int | None, split: str, seed: int, defaults: Mapping[str, int], *, finite: bool = False
) -> int:
    """Check a request for `count` images of a part and return the count, from `defaults` where it is None.

    finite: `defaults` are all there is, and a count above them gives all. Raises InputError where the split is unknown,
    the count below one, or the seed negative.
    """
    if split not in defaults:
        raise InputError(f"{name} has no part {split!r}; choose one of: {', '.join(defaults)}")
    if seed < 0:
        raise InputError(f"seed={seed} for {name} is negative; give 0 or more")
    if count is None:
        return defaults[split]
    if count < 1:
        raise InputError(f"count={count} for {name} is below 1; ask for at least one image")
    if finite:
        count = min(count, defaults[split])
    return int(count)  # JSON-able, also where it came as a NumPy integer


def draws(seed: int, split: str, count: int, columns: int) -> np.ndarray:
    """Uniform numbers in [0, 1), (count, columns); row k depends on seed, split and k, not on `count`."""
    return np.random.default_rng((seed, PARTS.index(split))).random((count, columns))


def between(unit: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map uniform numbers from [0, 1) to [low, high)."""
    return low + (high - low) * unit


@functools.cache
def package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"the package {package} is not installed; run: pip install {package}")
    return Path(spec.submodule_search_locations[0])


def affine(
    *, degrees: np.ndarray, shear: np.ndarray, width: np.ndarray, height: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Return N maps (N, 2, 3) of the plane: stretch, then shear along x, then rotate, then shift.

    Each argument has N values, shift (N, 2). y points down: positive `degrees` turn clockwise, and a positive
    `shear` leans to the left.
    """
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.empty((len(degrees), 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = cos * width, (cos * shear - sin) * height
    matrix[:, 1, 0], matrix[:, 1, 1] = sin * width, (sin * shear + cos) * height
    matrix[:, :, 2] = shift
    return matrix


class Shapes:
    """Characters of DejaVu's faces as distance fields, warped into anti-aliased grey pictures of side x side.

    A field holds, on a grid of `FINE` points per pixel of the picture, the distance to the outline in pixels
    (positive inside). Distances interpolate smoothly under any affine map, and a stroke grows or shrinks by
    adding a number to them; the coverage of a pixel is the distance at its centre plus a half, within [0, 1]:
    exact for a straight edge.
    """

    FINE = 4  # grid points of a field per pixel
    RENDER = 2  # the renderer's samples per grid point

    def __init__(self, side: int, em: float, longest: float) -> None:
        """em: the face's size in pixels; shapes whose longer side exceeds `longest` pixels shrink to that."""
        self.side = side
        self.em = em
        self.longest = longest

    def field(self, character: str, face: str) -> Any:
        """Return the field of one character, centred by its bounding box: a square PIL image of mode "F"."""
        from PIL import Image
        from scipy.ndimage import distance_transform_edt

        per_pixel = self.FINE * self.RENDER
        ink = _ink(character, face, self.em * per_pixel)
        excess = max(ink.size) / (self.longest * per_pixel)
        if excess > 1:
            ink = _ink(character, face, self.em * per_pixel / excess)
        size = self.side * per_pixel
        canvas = Image.new("L", (size, size))
        canvas.paste(ink, ((size - ink.width) // 2, (size - ink.height) // 2))
        inside = np.asarray(canvas) >= 128
        # distances run between sample centres; the outline lies half a sample before the nearest across it
        inward, outward = distance_transform_edt(inside), distance_transform_edt(~inside)
        distance = np.where(inside, inward - 0.5, 0.5 - outward)
        return Image.fromarray((distance / per_pixel).astype(np.float32)).reduce(self.RENDER)

    def draw(
        self, shapes: Sequence[tuple[str, str]], which: np.ndarray, maps: np.ndarray, stroke: np.ndarray
    ) -> np.ndarray:
        """Return pictures (N, 1, side, side) uint8, white on black: number k is `shapes[which[k]]`, mapped.

        shapes: pairs of character and face. maps: (N, 2, 3) from `affine`, in pixels about the centre.
        stroke: (N,) pixels to add to each side of every stroke, or to take away.
        """
        from PIL import Image

        fields = {int(k): self.field(*shapes[k]) for k in np.unique(which)}
        pixels = np.empty((len(which), 1, self.side, self.side), np.uint8)
        # PIL asks where in the source each pixel comes from, both counted from the upper left corner
        linear = np.linalg.inv(maps[:, :, :2]) * self.FINE
        middle = np.full(2, self.side / 2)
        offset = middle * self.FINE - (linear @ (middle + maps[:, :, 2])[:, :, None])[:, :, 0]
        coefficients = np.concatenate([linear, offset[:, :, None]], axis=2).reshape(-1, 6).tolist()
        growth = np.sqrt(np.abs(np.linalg.det(maps[:, :, :2])))  # of distances, on average over directions
        size, method, smooth = (self.side, self.side), Image.Transform.AFFINE, Image.Resampling.BILINEAR
        for k, shape in enumerate(which.tolist()):
            warped = fields[shape].transform(size, method, coefficients[k], smooth, fillcolor=BEYOND)
            coverage = (np.asarray(warped) + stroke[k]) * growth[k] + 0.5
            pixels[k, 0] = np.rint(np.clip(coverage, 0, 1) * 255)
        return pixels


def _ink(character: str, face: str, em: float) -> Any:
    """Return the character, white on black and cropped to what is drawn, as a PIL image of mode "L"."""
    from PIL import Image, ImageDraw, ImageFont

    path = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf"
    # the basic layout draws the same outlines with or without libraqm
    font = ImageFont.truetype(path, em, layout_engine=ImageFont.Layout.BASIC)
    canvas = Image.new("L", (int(em * 2), int(em * 2)))
    ImageDraw.Draw(canvas).text((em / 2, em / 2), character, fill=255, font=font)
    return canvas.crop(canvas.getbbox())
