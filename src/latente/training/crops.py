"""Windows cut out of photographs: where each lies, and the cutting itself, on the host or on a GPU."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Generator, Tensor

from latente.errors import InputError
from latente.images import Images, Photographs
from latente.images.container import PARTNERS

_Numbers = TypeVar("_Numbers", np.ndarray, Tensor)

__all__ = ["Cropper", "Windows", "centres", "cut", "cut_on_device", "mirrored"]


@dataclasses.dataclass(frozen=True)
class Windows:
    """One window for each picture of a batch, all of one (height, width).

    rows: (B,) which pictures. sizes, corners: (2, B) int64, height and width of each, and where the window's upper left
    corner lies; it is negative where the picture is smaller than the window.
    """

    rows: Tensor
    sizes: Tensor
    corners: Tensor
    window: tuple[int, int]

    def times(self, factor: int) -> Windows:
        """Return the same windows of pictures that are `factor` times as large."""
        window = self.window[0] * factor, self.window[1] * factor
        return Windows(self.rows, self.sizes * factor, self.corners * factor, window)


class Cropper:
    """Says where to cut: at random by a generator, or around the centre without one.

    pictures: those of the images, and of the target and mask that go with them. factors: how much larger than the
    images each is. window: None takes each picture whole. Raises InputError where sizes are no whole multiples.
    """

    def __init__(self, name: str, pictures: Mapping[str, Photographs], window: tuple[int, int] | None) -> None:
        self.name, self.window = name, window
        sizes = pictures["images"].sizes
        self.factors = {key: _factor(name, key, sizes, partner.sizes) for key, partner in pictures.items()}
        # a target that lacks a few pixels of a whole multiple shortens what of its image can be used
        usable = [partner.sizes // self.factors[key] for key, partner in pictures.items()]
        self.sizes = torch.from_numpy(np.min(usable, axis=0))

    def windows(self, rows: Tensor | slice, generator: Generator | None) -> Windows:
        """Return where to cut the pictures at `rows`, on the generator's device.

        Raises InputError where whole pictures of several sizes are asked for at once.
        """
        rows = torch.arange(len(self.sizes))[rows] if isinstance(rows, slice) else rows.cpu()
        sizes = self.sizes[rows].T
        window = self.window or self._common(sizes)
        if generator is not None:
            sizes = sizes.to(generator.device, non_blocking=True)
        room = torch.stack([sizes[0] - window[0], sizes[1] - window[1]])
        corners = room.div(2, rounding_mode="floor")
        if generator is not None:
            unit = torch.rand(2, len(rows), generator=generator, device=generator.device)
            # rounding may bring a number just below one up to the next whole one
            corners = torch.where(room > 0, torch.minimum((unit * (room + 1)).long(), room), corners)
        return Windows(rows, sizes, corners, window)

    def _common(self, sizes: Tensor) -> tuple[int, int]:
        first = sizes[:, :1]
        if not torch.equal(sizes, first.expand_as(sizes)):
            raise InputError(f"the pictures of {self.name} have many sizes: give crop=64, so that a batch has one")
        height, width = first[:, 0].tolist()
        return height, width


def centres(images: Images, window: tuple[int, int]) -> Images:
    """Return images that are all of one size: of each the window around its centre, of its target and mask too."""
    content = images.content if isinstance(images.content, Photographs) else Photographs.of_array(images.content)
    others = {name: Photographs.of_array(images.columns[name]) for name in PARTNERS if name in images.columns}
    pictures = {"images": content, **images.partners, **others}
    cropper = Cropper(images.name, pictures, window)
    windows = cropper.windows(slice(None), None)
    arrays = {}
    for name, one in pictures.items():
        enlarged = windows.times(cropper.factors[name])
        arrays[name] = np.empty((len(images), one.channels, *enlarged.window), one.dtype)
        cut(one, enlarged, arrays[name])
    pixels = arrays.pop("images")
    columns = {**images.columns, **arrays}
    return dataclasses.replace(images, content=pixels, columns=columns, partners={}, content_hash=None)


def cut(pictures: Photographs, windows: Windows, out: np.ndarray) -> None:
    """Copy the windows into `out` (B, C, h, w), straight out of where the pictures lie."""
    height, width = windows.window
    places = np.concatenate([windows.sizes.cpu().numpy(), windows.corners.cpu().numpy()]).T.tolist()
    for index, (row, place) in enumerate(zip(windows.rows.tolist(), places, strict=True)):
        rows, columns, top, left = place
        picture = pictures[row]
        if top >= 0 and left >= 0 and top + height <= rows and left + width <= columns:
            out[index] = picture[:, top : top + height, left : left + width]
        else:
            down, across = np.arange(top, top + height), np.arange(left, left + width)
            out[index] = picture[:, mirrored(down, rows)[:, None], mirrored(across, columns)]


def cut_on_device(values: Tensor, places: Tensor, channels: int, windows: Windows) -> Tensor:
    """Return the windows (B, C, h, w) of pictures that rest on a GPU, as `cut` does, in one gather.

    values, places: as in `Photographs`, on the device.
    """
    device = values.device
    sizes, corners = (part.to(device, non_blocking=True) for part in (windows.sizes, windows.corners))
    start, rows, columns = places[windows.rows.to(device, non_blocking=True)].T[:, :, None, None, None]
    down, across = (
        mirrored(corner[:, None] + torch.arange(length, device=device), size[:, None])
        for corner, length, size in zip(corners, windows.window, sizes, strict=True)
    )
    channel = torch.arange(channels, device=device)[:, None, None]
    return values[start + (channel * rows + down[:, None, :, None]) * columns + across[:, None, None, :]]


def mirrored(index: _Numbers, size: _Numbers | int) -> _Numbers:
    """Return whole numbers brought into 0 ... size - 1 by mirrors at both edges, which repeat the edge itself.

    So what is k times as large mirrors to the same place; a mirror in the edge pixel's middle would move it.
    """
    last = 2 * size - 1
    return (last - abs(2 * (index % (2 * size)) - last)) // 2


def _factor(name: str, key: str, sizes: np.ndarray, partners: np.ndarray) -> int:
    factor = max(1, round(float(np.median(partners / sizes))))
    wrong = np.flatnonzero((np.abs(partners - factor * sizes) >= factor).any(axis=1))
    if len(wrong):
        first = wrong[0]
        partner, size = ("x".join(map(str, sides[first].tolist())) for sides in (partners, sizes))
        raise InputError(
            f"{name}: the {key} of picture {first} is {partner}, no whole multiple of its {size}; make pairs whose "
            "sizes have one ratio"
        )
    return factor
