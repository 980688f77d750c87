"""Ways to make images worse: `corruption(x, generator, shared=False)`.

A denoiser, an inpainter and a super-resolver are one thing with three corruptions. Each is a frozen
value: what it does to a batch depends on its constants and the generator alone. `x` is scaled, (B, C, H, W)
or, where it makes sense, (B, F); the result has its shape, dtype and device. With `shared=True` one draw
serves all images of the batch, so that what happens to an image depends neither on the batch nor on the
order. A "pixel" is a position with all its channels, or one value of a row. `str(corruption)` is the spelling
that `from_name` reads. A restorer asks for `corruption.degrade`, which may be smaller than the images.
"""

from __future__ import annotations

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Generator, Tensor

from latente import resampling
from latente.errors import InputError, did_you_mean

__all__ = [
    "Blur",
    "BlurRange",
    "Chain",
    "Corruption",
    "Downscale",
    "Flips",
    "GaussianNoise",
    "Hiding",
    "Jpeg",
    "Masking",
    "NoiseRange",
    "Strokes",
    "from_name",
    "from_option",
]


class Corruption(ABC):
    """The common face; anything else callable in the same way serves as well."""

    name: ClassVar[str]
    is_typed: ClassVar[bool] = True  # its `str` is how it is typed as an option

    @property
    def shrinks_by(self) -> int:
        """By what `degrade` divides the sides of an image."""
        return 1

    @abstractmethod
    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        """Return a worse copy of `x`; raises InputError where `x` does not allow it."""

    def degrade(
        self, x: Float[Tensor, "b c h w"], generator: Generator, shared: bool = False, highest: int | None = None
    ) -> Float[Tensor, "b c p q"]:
        """Return what a restorer is given of `x`: the same, but where it is smaller not enlarged again.

        highest: whole steps from 0 to 1 in which pictures are stored, for corruptions that store them.
        """
        return self(x, generator, shared)

    def __str__(self) -> str:
        return f"{self.name}:{next(iter(vars(self).values()))}"  # a corruption's first field is its number


@dataclass(frozen=True)
class GaussianNoise(Corruption):
    """Add normal noise with standard deviation `amount` >= 0, in scaled units ("gaussian:0.2").

    The result is clipped to [0, 1], the range of scaled data, as a camera would; with clip=False
    ("gaussian:0.2:free") it is not.
    """

    amount: float
    clip: bool = True
    name: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        _check(self, "amount", 0.0, 1e6)

    def __str__(self) -> str:
        return super().__str__() + ("" if self.clip else ":free")

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        # Drawn contiguous whatever the layout of x: faster, and the same numbers for the same images
        draws = torch.empty(1 if shared else x.shape[0], *x.shape[1:], dtype=x.dtype, device=x.device)
        noise = draws.normal_(0.0, float(self.amount), generator=generator)
        worse = x + noise if shared else noise.add_(x)
        return worse.clamp_(0.0, 1.0) if self.clip else worse


@dataclass(frozen=True)
class NoiseRange(Corruption):
    """Add Gaussian noise of another strength to each image, from `low` > 0 to `high` ("gaussian:0.05:0.85").

    The strengths are drawn uniformly in their logarithm, so that weak noise, of which little error is left to learn
    from, is met as often as strong. The result is clipped to [0, 1]. A denoiser trained so needs not be told how
    strong the noise is ("blind", as in DnCNN-B, Zhang et al. 2017). With clip=False ("gaussian:0.05:0.85:free") it is
    not clipped.
    """

    low: float
    high: float
    clip: bool = True
    name: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        _check(self, "low", 1e-6, 1e6)
        _check(self, "high", self.low, 1e6)

    def __str__(self) -> str:
        return f"{super().__str__()}:{self.high}" + ("" if self.clip else ":free")

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        count = 1 if shared else x.shape[0]
        uniform = torch.rand(count, *[1] * (x.ndim - 1), generator=generator, dtype=x.dtype, device=x.device)
        strength = self.low * (self.high / self.low) ** uniform
        noise = torch.randn(count, *x.shape[1:], generator=generator, dtype=x.dtype, device=x.device)
        worse = x + strength * noise
        return worse.clamp_(0.0, 1.0) if self.clip else worse


@dataclass(frozen=True)
class Flips(Corruption):
    """Turn x into 1 - x at exactly `count` distinct pixels of each image ("flips:3")."""

    count: int
    name: ClassVar[str] = "flips"

    def __post_init__(self) -> None:
        _check(self, "count", 0.0, 1e6, whole=True)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        order = _uniform(x, generator, shared)
        flat = order.flatten(1)
        if self.count > flat.shape[1]:
            raise InputError(f"corruption {self}: an image of {flat.shape[1]} pixels has fewer than {self.count}")
        chosen = torch.zeros_like(flat, dtype=torch.bool).scatter_(1, flat.topk(self.count, dim=1).indices, True)
        return torch.where(chosen.view_as(order), 1 - x, x)


class Hiding(Corruption):
    """The common face of those that hide some pixels, which become 0, and leave all others as they are."""

    @abstractmethod
    def hidden(self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False) -> Bool[Tensor, "n ..."]:
        """Return which pixels are hidden, (1 or B, 1, H, W), or (1 or B, F) of rows."""

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        return x.masked_fill(self.hidden(x, generator, shared), 0.0)


@dataclass(frozen=True)
class Masking(Hiding):
    """Set each pixel to 0 independently with probability `share` in [0, 1] ("mask:0.5")."""

    share: float
    name: ClassVar[str] = "mask"

    def __post_init__(self) -> None:
        _check(self, "share", 0.0, 1.0)

    def hidden(self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False) -> Bool[Tensor, "n ..."]:
        return _uniform(x, generator, shared) < self.share


@dataclass(frozen=True)
class Strokes(Hiding):
    """Set the pixels under `count` straight strokes to 0, each at a random place, 1 to 7 pixels wide ("strokes:6").

    As scratches and writing hide them. A stroke is up to half as long as the shorter side. Images only.
    """

    count: int
    name: ClassVar[str] = "strokes"

    def __post_init__(self) -> None:
        _check(self, "count", 1.0, 1000.0, whole=True)

    def hidden(self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False) -> Bool[Tensor, "n ..."]:
        height, width = _sides(self, x)
        count = 1 if shared else x.shape[0]
        draws = torch.rand(5, count, self.count, 1, 1, generator=generator, device=x.device)
        top, left, turn, length, breadth = draws
        angle, half = 2 * math.pi * turn, length * min(height, width) / 4
        rows = torch.arange(height, device=x.device)[:, None] - top * (height - 1)
        columns = torch.arange(width, device=x.device) - left * (width - 1)
        along = rows * angle.sin() + columns * angle.cos()
        beyond = (along.abs() - half).clamp(min=0)
        aside = rows * angle.cos() - columns * angle.sin()
        return (torch.hypot(beyond, aside) < 0.5 + 3 * breadth).any(1, keepdim=True)


@dataclass(frozen=True)
class Downscale(Corruption):
    """Shrink images by the whole `factor` >= 2, as MATLAB's bicubic `imresize` does; enlarge them ("downscale:2").

    Sides that the factor does not divide are rounded up when shrunk. Both sizes are clipped to [0, 1], as pictures are.
    Not random; images only. A restorer is given the small ones, which `degrade` returns.
    """

    factor: int
    name: ClassVar[str] = "downscale"

    @property
    def shrinks_by(self) -> int:
        return self.factor

    def __post_init__(self) -> None:
        _check(self, "factor", 2.0, 1e6, whole=True)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        height, width = _sides(self, x)
        large = resampling.enlarged(_wide(self.degrade(x, generator)), self.factor)[..., :height, :width]
        return large.clamp(0, 1).to(x.dtype)

    def degrade(
        self, x: Float[Tensor, "b c h w"], generator: Generator, shared: bool = False, highest: int | None = None
    ) -> Float[Tensor, "b c p q"]:
        sides = _sides(self, x)
        if self.factor > min(sides):
            raise InputError(f"corruption {self}: images of {sides[0]} x {sides[1]} are too small for this factor")
        if highest is None:
            return resampling.shrunk(_wide(x), self.factor).clamp(0, 1).to(x.dtype)
        return (resampling.shrunk(_wide(x) * highest, self.factor, highest) / highest).to(x.dtype)


@dataclass(frozen=True)
class Blur(Corruption):
    """Blur images with a Gaussian of standard deviation `sigma`, 0.01 to 100 pixels ("blur:1.5").

    It is cut off at 4 sigma, and the edge pixels are taken to go on outside. Not random; images only.
    """

    sigma: float
    name: ClassVar[str] = "blur"

    def __post_init__(self) -> None:
        _check(self, "sigma", 0.01, 100.0)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        _sides(self, x)
        wide = _wide(x)
        return _blurred(wide, wide.new_full((1,), self.sigma), math.ceil(4 * self.sigma)).to(x.dtype)


@dataclass(frozen=True)
class BlurRange(Corruption):
    """Blur each image with a Gaussian of another standard deviation, from `low` >= 0.01 to `high` ("blur:0.5:2").

    They are drawn uniformly; each is cut off at 4 times `high`. Images only.
    """

    low: float
    high: float
    name: ClassVar[str] = "blur"

    def __post_init__(self) -> None:
        _check(self, "low", 0.01, 100.0)
        _check(self, "high", self.low, 100.0)

    def __str__(self) -> str:
        return f"{super().__str__()}:{self.high}"

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        _sides(self, x)
        wide = _wide(x)
        draws = torch.rand(1 if shared else len(x), generator=generator, dtype=wide.dtype, device=x.device)
        return _blurred(wide, self.low + (self.high - self.low) * draws, math.ceil(4 * self.high)).to(x.dtype)


@dataclass(frozen=True)
class Jpeg(Corruption):
    """Store images as JPEG of a `quality` from 1 to 95, as Pillow counts it, and read them again ("jpeg:30").

    Images of three channels are RGB; of any other number each channel is a grey picture. Not random; images only.
    """

    quality: int
    name: ClassVar[str] = "jpeg"

    def __post_init__(self) -> None:
        _check(self, "quality", 1.0, 95.0, whole=True)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        _sides(self, x)
        planes = (255 * x.float().clamp(0, 1)).round().byte().cpu().numpy()
        pictures = planes.transpose(0, 2, 3, 1) if x.shape[1] == 3 else planes.reshape(-1, *x.shape[2:])
        read = np.stack([self._stored(picture) for picture in pictures])
        stored = read.transpose(0, 3, 1, 2) if x.shape[1] == 3 else read.reshape(x.shape)
        return (torch.from_numpy(stored).float() / 255).to(x.device, x.dtype)

    def _stored(self, picture: np.ndarray) -> np.ndarray:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=int(self.quality))
        return np.asarray(Image.open(buffer))


@dataclass(frozen=True)
class Chain(Corruption):
    """Several corruptions, one after the other ("blur:1.5,gaussian:0.1")."""

    parts: tuple[Corruption, ...]
    name: ClassVar[str] = "chain"

    def __str__(self) -> str:
        return ",".join(map(str, self.parts))

    @property
    def shrinks_by(self) -> int:
        return math.prod(part.shrinks_by for part in self.parts)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        for part in self.parts:
            x = part(x, generator, shared)
        return x

    def degrade(
        self, x: Float[Tensor, "b c h w"], generator: Generator, shared: bool = False, highest: int | None = None
    ) -> Float[Tensor, "b c p q"]:
        for part in self.parts:
            x = part.degrade(x, generator, shared, highest)
        return x


_KNOWN: dict[str, Callable[..., Corruption]] = {
    kind.name: kind for kind in (GaussianNoise, Flips, Masking, Strokes, Downscale, Blur, Jpeg)
}
_RANGES: dict[str, Callable[..., Corruption]] = {kind.name: kind for kind in (NoiseRange, BlurRange)}
_WHOLE = (Flips, Strokes, Downscale, Jpeg)


def from_option(option: str, value: str | Callable[..., Tensor] | None) -> Callable[..., Tensor] | None:
    """Return the corruption that an option's value names, or the caller's callable or None as it is.

    Raises InputError, naming the option, for anything else.
    """
    if isinstance(value, str):
        return from_name(value)
    if value is not None and not callable(value):
        raise InputError(f"{option} is a name such as 'gaussian:0.2' or a callable, not {value!r}")
    return value


def from_name(spelling: str) -> Corruption:
    """Return the corruption spelt as each class says, such as "gaussian:0.2" or "downscale:2".

    "gaussian:0.2:free" is noise that is not clipped, "gaussian:0.05:0.85" a `NoiseRange`, "blur:0.5:2" a `BlurRange`;
    with commas between them a `Chain`. Raises InputError for an unknown name, a missing or malformed number, and one
    out of range.
    """
    if "," in spelling:
        return Chain(tuple(from_name(part) for part in spelling.split(",")))
    name, *numbers = spelling.split(":")
    if name not in _KNOWN:
        raise did_you_mean("corruption", name, _KNOWN)
    kind = _KNOWN[name]
    if free := kind is GaussianNoise and numbers[1:] != [] and numbers[-1] == "free":
        numbers.pop()
    clip = {"clip": False} if free else {}
    if len(numbers) == 2 and name in _RANGES:
        return _RANGES[name](*(_number(spelling, text) for text in numbers), **clip)
    if len(numbers) != 1:
        raise InputError(f"corruption {spelling!r} must be {name}:NUMBER")
    return kind(_number(spelling, numbers[0], whole=kind in _WHOLE), **clip)


def _number(spelling: str, text: str, *, whole: bool = False) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        sort = "a whole number" if whole else "a number"
        raise InputError(f"corruption {spelling!r}: {text!r} is not {sort}") from None


def _check(corruption: Corruption, option: str, low: float, high: float, *, whole: bool = False) -> None:
    value = getattr(corruption, option)
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real) or not low <= float(value) <= high:
        sort = "a whole number" if whole else "a number"
        raise InputError(f"corruption {corruption}: {option} must be {sort} from {low:g} to {high:g}")


def _wide(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


@resampling.in_own_precision
def _blurred(x: Float[Tensor, "b c h w"], sigmas: Float[Tensor, "n"], radius: int) -> Float[Tensor, "b c h w"]:
    """Return images blurred by one sigma for each, or one for all; edge pixels go on outside."""
    rows, columns = (_blur_matrices(side, sigmas, radius)[:, None] for side in x.shape[2:])
    return rows @ x @ columns.mT


def _blur_matrices(side: int, sigmas: Float[Tensor, "n"], radius: int) -> Float[Tensor, "n side side"]:
    """Return the blurs of a line as matrices, with the weights beyond an end added to the end's."""
    offsets = torch.arange(-radius, radius + 1, device=sigmas.device)
    weights = torch.exp(-0.5 * (offsets.to(sigmas.dtype) / sigmas[:, None]) ** 2)
    weights = (weights / weights.sum(1, keepdim=True))[:, None].expand(-1, side, -1)
    sources = (torch.arange(side, device=sigmas.device)[:, None] + offsets).clamp_(0, side - 1)
    return sigmas.new_zeros(len(sigmas), side, side).scatter_add_(2, sources.expand(len(sigmas), -1, -1), weights)


def _uniform(x: Float[Tensor, "b *image"], generator: Generator, shared: bool) -> Float[Tensor, "n *pixels"]:
    """Numbers in [0, 1) for each pixel, (1 or B, 1, H, W) or (1 or B, F)."""
    pixels = (1, *x.shape[2:]) if x.ndim == 4 else x.shape[1:]
    return torch.rand(1 if shared else x.shape[0], *pixels, generator=generator, device=x.device)


def _sides(corruption: Corruption, x: Float[Tensor, "b *image"]) -> tuple[int, int]:
    if x.ndim != 4:
        raise InputError(f"corruption {corruption} needs images (B, C, H, W); rows of a table have no neighbours")
    return x.shape[2], x.shape[3]
