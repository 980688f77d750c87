"""Which size and which channels a set of pictures is brought to, and how arrays are."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from latente.errors import InputError
from latente.images.crops import centre_box, cropped
from latente.images.options import DoorOptions, Size

__all__ = ["Aim", "Header", "Target", "Values", "choose_targets", "cut_centre", "keeps_size", "resize_arrays"]

_SMALL = 128  # a set whose usual picture is no larger keep that size
_USUAL = 64  # all others are scaled to this side


@dataclasses.dataclass(frozen=True)
class Header:
    """What a picture's header says.

    size: (height, width), upright; dtype: of its values; depth: the bits of 16 that it states to use; frames: how many
    pages or frames its file has; odd: what is unusual about the file.
    """

    size: tuple[int, int]
    mode: str
    grey: bool
    dtype: str = "uint8"
    depth: int | None = None
    odd: str = ""
    frames: int = 1


@dataclasses.dataclass(frozen=True)
class Target:
    """What every picture is made into.

    The centre is cut out (first `crop` pixels where given, then the largest part of the aspect ratio of
    `size`) and scaled to `size` by Lanczos' filter; a picture of that size already stays as it is. channels:
    1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; with 1 or 3 a transparent picture is laid on white. dtype: that of the
    values; of pictures of 8 bits and of `depth` bits the ones are brought to the units of the others.
    """

    size: tuple[int, int]
    channels: int
    dtype: str = "uint8"
    depth: int = 16
    crop: tuple[int, int] | None = None


Aim = Callable[[Header], Target]  # what a picture with this header is made into


class Values(NamedTuple):
    """The dtype in which pictures are held, and of how many bits they are where that is known."""

    dtype: str = "uint8"
    depth: int | None = None

    def __str__(self) -> str:
        return f"{self.dtype} of {self.depth} bits" if self.depth and self.dtype == "uint16" else self.dtype


_Kind = tuple[int, Values]  # channels, and how their values are held


def choose_targets(
    inputs: Sequence[Header],
    partners: Sequence[tuple[Header, Header]],
    options: DoorOptions,
    values: Sequence[Values] = (Values(), Values()),
) -> tuple[Aim, Aim, str]:
    """Return what each picture, and each target of a pair, is made into, and that choice in words.

    Where no size is asked for, it is the most common one if its longer side is at most 128, else 64 x 64; targets of
    pairs keep the ratio of sizes that all pairs share, or else the usual one. Photographs all keep their own. Channels:
    1 where every picture is grey, else 3; transparent pictures are laid on white, unless 2 or 4 channels are asked for.
    values: how those of the pictures are held, and those of targets, whose channels are settled by themselves too.
    """
    small = (_channels(inputs, options), values[0])
    large = (_channels([partner for _, partner in partners], options), values[1])
    ratio = _ratio(partners)
    crop = options.window
    partner_crop = crop and _times(crop, ratio)

    def made(size: Size, kind: _Kind, crop: Size | None) -> Target:
        channels, values = kind
        return Target(size, channels, values.dtype, values.depth or 16, crop)

    def kept(kind: _Kind, crop: Size | None) -> Aim:
        return lambda header: made(cropped(header.size, crop), kind, crop)

    if options.keeps:
        cut = f", at most {_spelled(crop)} around their centre" if crop else ""
        words = f"each its own size{cut}, {_kind_in_words(small)}"
        if partners and large != small:
            words += f"; targets {_kind_in_words(large)}"
        return kept(small, crop), kept(large, partner_crop), words
    sizes = Counter(cropped(header.size, crop) for header in inputs)
    common = max(sizes, key=lambda size: (sizes[size], size))
    is_small = max(common) <= _SMALL
    size = options.sides or (common if is_small else (_USUAL, _USUAL))
    target, partner = made(size, small, crop), made(_times(size, ratio), large, partner_crop)
    why = "as asked" if options.sides else "the most common size" if is_small else "larger pictures, scaled down"
    how = "; pictures of other sizes are scaled and cut around their centre" if set(sizes) != {size} else ""
    words = f"{_spelled(size)} ({why}), {_kind_in_words(small)}{how}"
    if partners:
        words += f"; targets {_spelled(partner.size)}" + (f", {_kind_in_words(large)}" if large != small else "")
    return lambda header: target, lambda header: partner, words


def _channels(headers: Sequence[Header], options: DoorOptions) -> int:
    """Return how many channels these pictures are brought to."""
    channels = options.channels or (1 if all(header.grey for header in headers) else 3)
    assert isinstance(channels, int)
    return channels


def _kind_in_words(kind: _Kind) -> str:
    channels, values = kind
    return f"{channels} channel{'s' * (channels > 1)}, {values}"


def keeps_size(sides: Sequence[int], options: DoorOptions) -> bool:
    """Say whether arrays of this (height, width) stay as they are."""
    size = (sides[0], sides[1])
    return (options.sides or size) == size == cropped(size, options.window)


def resize_arrays(pixels: np.ndarray, options: DoorOptions) -> np.ndarray:
    """Bring (N, C, H, W) arrays to the options' size, as pictures are; the same array where they fit.

    Each plane stays within its own extremes. Raises InputError where the dtype is none of integers or floats.
    """
    height, width = pixels.shape[2:]
    if keeps_size((height, width), options):
        return pixels
    if pixels.dtype.kind not in "uif":
        raise InputError(f"images of dtype {pixels.dtype} cannot be scaled; leave size and crop out")
    from PIL import Image

    size = options.sides or cropped((height, width), options.window)
    box = centre_box((height, width), options.window, size)
    left, top, right, bottom = box
    if bottom - top == size[0] and right - left == size[1]:
        return cut_centre(pixels, size)
    scaled = np.empty((*pixels.shape[:2], *size), pixels.dtype)
    for index in np.ndindex(*pixels.shape[:2]):
        plane = pixels[index]
        image = Image.fromarray(plane.astype(np.float32)).resize(size[::-1], Image.Resampling.LANCZOS, box=box)
        values = np.asarray(image).clip(plane.min(), plane.max())
        scaled[index] = np.rint(values) if pixels.dtype.kind in "ui" else values
    return scaled


def cut_centre(pixels: np.ndarray, crop: Size | None) -> np.ndarray:
    """Return the view of the centre of images (N, C, H, W), at most as large as `crop`."""
    height, width = pixels.shape[2:]
    size = cropped((height, width), crop)
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    return pixels[:, :, top : top + size[0], left : left + size[1]]


def _ratio(pairs: Sequence[tuple[Header, Header]]) -> tuple[float, float]:
    """The ratio target / input of (heights, widths): a whole one that all pairs share, else the usual one."""
    if not pairs:
        return 1.0, 1.0
    ratios = np.array([np.divide(large.size, small.size) for small, large in pairs])
    usual = float(np.median(ratios[:, 0]))
    whole = round(usual) if usual > 1 else 1 / round(1 / usual)
    is_shared = all(
        abs(large.size[axis] - small.size[axis] * whole) <= max(1.0, whole) for small, large in pairs for axis in (0, 1)
    )
    down, across = (whole, whole) if is_shared else np.median(ratios, axis=0).tolist()
    return down, across


def _times(size: Size, ratio: tuple[float, float]) -> Size:
    return max(1, round(size[0] * ratio[0])), max(1, round(size[1] * ratio[1]))


def _spelled(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
