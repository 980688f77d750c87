"""Ways to change a batch's images without changing what they show: `augmentation(batch, generator) -> batch`.

Each is a frozen value: what it does to a batch depends on its constants and the generator alone, so that a training
that is gone on with draws what it would have drawn. An image and what is a picture beside it, its target and its mask,
meet the same draw; a target may be k times as large, and is then cut or moved k times as far. Other columns pass as
they are. The results have the dtype, device and memory format of what came in. `str(augmentation)` is the spelling
that `from_name` reads.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor
from torch.nn import functional

from latente import formulas
from latente.checks import Number, Whole
from latente.errors import InputError, did_you_mean

__all__ = [
    "Affine",
    "Augmentation",
    "Chain",
    "Crop",
    "Cutout",
    "Flips",
    "Shift",
    "Tones",
    "Turns",
    "from_name",
    "from_option",
    "window_of",
]

Batch = Mapping[str, Tensor]

_PICTURES = ("images", "target", "mask")  # what of a batch is moved; the images lead


class Augmentation(ABC):
    """The common face; anything else callable in the same way serves as well."""

    name: ClassVar[str]
    is_typed: ClassVar[bool] = True

    @abstractmethod
    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Return the batch with its pictures changed; raises InputError where they do not allow it."""

    def __str__(self) -> str:
        return ":".join([self.name, *map(str, vars(self).values())])


@dataclass(frozen=True)
class Crop(Augmentation):
    """Cut a random window of `height` x `width` pixels out of each image ("crop:64", "crop:48x64").

    width: None is the height's. Images of that size pass as they are, and nothing is drawn. Of photographs, which have
    many sizes, the window is cut before there is a batch: see `window_of`.
    """

    height: int
    width: int | None = None
    name: ClassVar[str] = "crop"

    def __post_init__(self) -> None:
        _check(self, Whole(), "height", *(["width"] if self.width is not None else []))

    def __str__(self) -> str:
        return f"{self.name}:{self.height}" + (f"x{self.width}" if self.width not in (None, self.height) else "")

    @property
    def window(self) -> tuple[int, int]:
        """The (height, width) of what is cut out."""
        return self.height, self.height if self.width is None else self.width

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        images = _images(self, batch)
        sides, window = images.shape[-2:], self.window
        if sides == window:
            return dict(batch)
        if window[0] > sides[0] or window[1] > sides[1]:
            raise InputError(f"augmentation {self}: images of {sides[0]} x {sides[1]} are smaller than the crop")
        room = torch.tensor([side - cut for side, cut in zip(sides, window, strict=True)], device=images.device)
        unit = torch.rand(2, len(images), generator=generator, device=images.device)
        # rounding may bring a number just below one up to the next whole one
        corners = torch.minimum((unit * (room[:, None] + 1)).long(), room[:, None])
        return _moved(batch, lambda x, k: _windows(x, corners * k, (window[0] * k, window[1] * k)))


@dataclass(frozen=True)
class Flips(Augmentation):
    """Mirror each image, left for right, with probability one half ("flips")."""

    name: ClassVar[str] = "flips"

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        chosen = _coins(_images(self, batch), generator)
        return _moved(batch, lambda x, k: torch.where(chosen, x.flip(-1), x))


@dataclass(frozen=True)
class Turns(Augmentation):
    """Turn each image by 0, 1, 2 or 3 quarters, each as often; one that is no square by 0 or 2 ("turns")."""

    name: ClassVar[str] = "turns"

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        images = _images(self, batch)
        halves = _coins(images, generator)
        batch = _moved(batch, lambda x, k: torch.where(halves, x.flip(-2, -1), x))
        if images.shape[-2] != images.shape[-1]:
            return batch
        quarters = _coins(images, generator)
        return _moved(batch, lambda x, k: torch.where(quarters, x.transpose(-2, -1).flip(-1), x))


@dataclass(frozen=True)
class Shift(Augmentation):
    """Move each image by up to `pixels` whole pixels along each axis; its edge fills what becomes free ("shift:4")."""

    pixels: int
    name: ClassVar[str] = "shift"

    def __post_init__(self) -> None:
        _check(self, Whole(), "pixels")

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        images = _images(self, batch)
        steps = 2 * self.pixels + 1
        unit = torch.rand(2, len(images), generator=generator, device=images.device)
        offsets = (unit * steps).long().clamp_(max=steps - 1) - self.pixels
        return _moved(batch, lambda x, k: _windows(x, offsets * k, (x.shape[-2], x.shape[-1])))


@dataclass(frozen=True)
class Affine(Augmentation):
    """Move each image by an affine map of its own, black around the edges ("affine:shift=2:turn=10:flip").

    shift: at most so many pixels along each axis. turn: degrees to either side. scale: the sides' factors lie within
    exp(-scale) and exp(scale). flip: whether every other image is mirrored, left for right. noise: standard deviation
    of what is added to the images alone. A target is interpolated between its pixels as the image is, a mask is not.
    """

    shift: int | float = 0.0
    turn: int | float = 0.0
    scale: int | float = 0.0
    flip: bool = False
    noise: int | float = 0.0
    name: ClassVar[str] = "affine"

    def __post_init__(self) -> None:
        _check(self, Number(least=0), "shift", "turn", "scale", "noise")
        if not isinstance(self.flip, bool):
            raise InputError(f"augmentation {self.name}: flip must be True or False, not {self.flip!r}")

    def __str__(self) -> str:
        numbers = [f"{name}={getattr(self, name):g}" for name in ("shift", "turn", "scale") if getattr(self, name)]
        noise = [f"noise={self.noise:g}"] if self.noise else []
        return ":".join([self.name, *numbers, *["flip"] * self.flip, *noise])

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        images = _images(self, batch)
        maps = self._maps(images, len(images), generator)
        changed = _moved(batch, lambda x, k: _mapped(x, maps))
        changed["images"] = self._noisy(changed["images"], len(images), generator)
        return changed

    def move(self, x: Tensor, generator: Generator, shared: bool = False) -> Tensor:
        """Return moved and noisy copies of images (B, C, H, W), as a corruption does; with `shared` all alike."""
        count = 1 if shared else len(x)
        return self._noisy(_mapped(x, self._maps(x, count, generator).expand(len(x), -1, -1)), count, generator)

    def _maps(self, x: Tensor, count: int, generator: Generator) -> Tensor:
        """Draw maps (count, 2, 3) from the result's coordinates, -1 to 1 along each axis, to those of `x`."""
        draws = 2 * torch.rand(6, count, generator=generator, dtype=x.dtype, device=x.device) - 1
        angle, (across, down) = math.radians(self.turn) * draws[0], torch.exp(self.scale * draws[1:3])
        mirror = torch.sign(draws[3]) if self.flip else torch.ones_like(draws[3])
        cos, sin = torch.cos(angle), torch.sin(angle)
        rows, columns = x.shape[-2:]
        shift = 2 * self.shift * draws[4:] / torch.tensor([[columns], [rows]], dtype=x.dtype, device=x.device)
        first = torch.stack([cos * across * mirror, -sin * down, shift[0]], dim=1)
        second = torch.stack([sin * across * mirror, cos * down, shift[1]], dim=1)
        return torch.stack([first, second], dim=1)

    def _noisy(self, x: Tensor, count: int, generator: Generator) -> Tensor:
        if not self.noise:
            return x
        noise = torch.randn(count, *x.shape[1:], generator=generator, dtype=x.dtype, device=x.device)
        return x + self.noise * noise


@dataclass(frozen=True)
class Cutout(Augmentation):
    """Hide a window of each image in grey, with sides of `share` of the image's ("cutout:0.5").

    Its centre lies anywhere, so that a part of it may lie outside (DeVries & Taylor 2017). Of targets and masks nothing
    is hidden.
    """

    share: float
    name: ClassVar[str] = "cutout"

    def __post_init__(self) -> None:
        _check(self, Number(above=0, most=1), "share")

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        images = _images(self, batch)
        unit = torch.rand(2, len(images), generator=generator, device=images.device)
        outside = []
        for centre, side in zip(unit, images.shape[-2:], strict=True):
            away = (torch.arange(side, device=images.device) + 0.5 - side * centre[:, None]).abs()
            outside.append(away > self.share * side / 2)
        kept = outside[0][:, None, :, None] | outside[1][:, None, None, :]
        return {**batch, "images": torch.where(kept, images, images.new_tensor(0.5))}


@dataclass(frozen=True)
class Tones(Augmentation):
    """Change how bright, colourful and contrasty each image is ("tones"), as Zhao et al. 2020 do (arXiv 2006.10738).

    Brightness moves by up to a quarter of the range; colours keep 0 to 2 times their difference from grey, and all
    values 0.5 to 1.5 times theirs from the image's mean. What leaves [0, 1] is cut. Targets and masks stay.
    """

    name: ClassVar[str] = "tones"

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        images = _images(self, batch)
        draws = torch.rand(3, len(images), 1, 1, 1, generator=generator, device=images.device)
        x = images + (draws[0] - 0.5) / 2
        grey = x.mean(1, keepdim=True)
        x = grey + 2 * draws[1] * (x - grey)
        mean = x.mean((1, 2, 3), keepdim=True)
        return {**batch, "images": formulas.cut(mean + (0.5 + draws[2]) * (x - mean)).to(images.dtype)}


@dataclass(frozen=True)
class Chain(Augmentation):
    """Several augmentations, one after the other ("crop:64,flips,turns")."""

    parts: tuple[Augmentation, ...]
    name: ClassVar[str] = "chain"

    def __str__(self) -> str:
        return ",".join(map(str, self.parts))

    def __call__(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        changed = dict(batch)
        for part in self.parts:
            changed = part(changed, generator)
        return changed


def from_name(spelling: str) -> Augmentation:
    """Return the augmentation spelt "crop:64", "flips", "shift:4", "affine:turn=10" ..., or several with commas.

    Raises InputError for an unknown name, a missing or malformed number, and one out of range.
    """
    parts = tuple(_part(part.strip()) for part in spelling.split(","))
    return parts[0] if len(parts) == 1 else Chain(parts)


def from_option(value: str | Callable[..., dict[str, Tensor]] | None) -> Callable[..., dict[str, Tensor]] | None:
    """Return the augmentation that an option's value names, or the caller's callable or None as it is."""
    if isinstance(value, str):
        return from_name(value)
    if value is not None and not callable(value):
        raise InputError(f"augmentation is a name such as 'crop:64,flips' or a callable, not {value!r}")
    return value


def window_of(augmentation: object) -> tuple[int, int] | None:
    """Return the (height, width) of the first crop in an augmentation, None where it, or what is none, has no crop.

    It is what `Batches` cuts out of photographs; the crop itself then passes the batch as it is.
    """
    parts = augmentation.parts if isinstance(augmentation, Chain) else (augmentation,)
    return next((part.window for part in parts if isinstance(part, Crop)), None)


def _part(spelling: str) -> Augmentation:
    name, *values = spelling.split(":")
    if name not in _READERS:
        raise did_you_mean("augmentation", name, _READERS)
    read, usual = _READERS[name]
    try:
        return read(*values)
    except InputError:
        raise
    except (TypeError, ValueError):
        raise InputError(f"augmentation {spelling!r} must be spelt {usual}") from None


def _read_affine(*values: str) -> Affine:
    numbers = {key: float(value) for key, value in (text.split("=") for text in values if text != "flip")}
    if not numbers.keys() <= {"shift", "turn", "scale", "noise"}:
        raise ValueError
    shift, turn, scale, noise = (numbers.get(key, 0.0) for key in ("shift", "turn", "scale", "noise"))
    return Affine(shift, turn, scale, "flip" in values, noise)


# name -> what reads the values behind it, and an example
_READERS: dict[str, tuple[Callable[..., Augmentation], str]] = {
    "crop": (lambda sides: Crop(*map(int, sides.split("x"))), "crop:64 or crop:48x64"),
    "flips": (Flips, "flips"),
    "turns": (Turns, "turns"),
    "shift": (lambda pixels: Shift(int(pixels)), "shift:4"),
    "cutout": (lambda share: Cutout(float(share)), "cutout:0.5"),
    "tones": (Tones, "tones"),
    "affine": (_read_affine, "affine:shift=2:turn=10:scale=0.1:flip:noise=0.1"),
}


def _check(augmentation: Augmentation, check: Whole | Number, *options: str) -> None:
    for option in options:
        check.check(f"augmentation {augmentation.name}: {option}", getattr(augmentation, option))


def _images(augmentation: Augmentation, batch: Batch) -> Tensor:
    images = batch["images"]
    if images.ndim != 4:
        raise InputError(f"augmentation {augmentation} needs images (B, C, H, W); rows of a table have no neighbours")
    return images


def _coins(images: Tensor, generator: Generator) -> Tensor:
    """Draw yes or no, each as often, for each image: (B, 1, 1, 1)."""
    return torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5


def _moved(batch: Batch, move: Callable[[Tensor, int], Tensor]) -> dict[str, Tensor]:
    """Return the batch with `move(picture, k)` in place of each picture, k how much larger it is than the image."""
    height, width = batch["images"].shape[-2:]
    changed = dict(batch)
    for name in _PICTURES:
        if name not in batch:
            continue
        picture = batch[name]
        k = picture.shape[-2] // height
        if picture.shape[-2:] != (k * height, k * width) or k < 1:
            sides = " x ".join(map(str, picture.shape[-2:]))
            raise InputError(f"the {name} of {sides} is no whole multiple of the image of {height} x {width}")
        is_last = not picture.is_contiguous() and picture.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if is_last else torch.contiguous_format
        changed[name] = move(picture, k).contiguous(memory_format=layout)
    return changed


def _windows(x: Tensor, corners: Tensor, window: tuple[int, int]) -> Tensor:
    """Return the window of each image whose upper left corner is at `corners` (2, B); edges go on outside."""
    rows, columns = (
        (corner[:, None] + torch.arange(cut, device=x.device)).clamp_(0, side - 1)
        for corner, cut, side in zip(corners, window, x.shape[-2:], strict=True)
    )
    images = torch.arange(len(x), device=x.device)[:, None, None]
    return x.permute(0, 2, 3, 1)[images, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _mapped(x: Tensor, maps: Tensor) -> Tensor:
    """Return images whose pixels are taken where `maps` (B, 2, 3) lead; a mask's are taken from the nearest."""
    is_mask = not x.is_floating_point()
    wide = x.float() if is_mask else x
    grid = functional.affine_grid(maps.to(wide.dtype), list(x.shape), False)
    moved = functional.grid_sample(wide, grid, mode="nearest" if is_mask else "bilinear", align_corners=False)
    return moved.to(x.dtype)
