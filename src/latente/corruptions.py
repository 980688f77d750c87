"""Ways to make images worse: `corruption(x, generator, shared=False)`.

A denoiser, an inpainter and a super-resolver are one autoencoder with three corruptions. Each is a frozen
value: what it does to a batch depends on its constants and the generator alone. `x` is scaled, (B, C, H, W)
or, where it makes sense, (B, F); the result has its shape, dtype and device. With `shared=True` one draw
serves all images of the batch, so that what happens to an image depends neither on the batch nor on the
order. A "pixel" is a position with all its channels, or one value of a row. `str(corruption)` is the spelling
that `from_name` reads.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional

from latente.errors import InputError, did_you_mean

__all__ = ["Blur", "Corruption", "Downscale", "Flips", "GaussianNoise", "Masking", "from_name", "from_option"]


class Corruption(ABC):
    """The common face; anything else callable in the same way serves as well."""

    name: ClassVar[str]
    is_typed: ClassVar[bool] = True  # its `str` is how it is typed as an option

    @abstractmethod
    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        """Return a worse copy of `x`; raises InputError where `x` does not allow it."""

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


@dataclass(frozen=True)
class Masking(Corruption):
    """Set each pixel to 0 independently with probability `share` in [0, 1] ("mask:0.5")."""

    share: float
    name: ClassVar[str] = "mask"

    def __post_init__(self) -> None:
        _check(self, "share", 0.0, 1.0)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        return x.masked_fill(_uniform(x, generator, shared) < self.share, 0.0)


@dataclass(frozen=True)
class Downscale(Corruption):
    """Shrink images by the whole `factor` >= 2 (area means), enlarge them again bilinearly ("downscale:2").

    Sides that the factor does not divide are rounded up when shrunk. Not random; images only.
    """

    factor: int
    name: ClassVar[str] = "downscale"

    def __post_init__(self) -> None:
        _check(self, "factor", 2.0, 1e6, whole=True)

    def __call__(
        self, x: Float[Tensor, "b *image"], generator: Generator, shared: bool = False
    ) -> Float[Tensor, "b *image"]:
        sides = _sides(self, x)
        if self.factor > min(sides):
            raise InputError(f"corruption {self}: images of {sides[0]} x {sides[1]} are too small for this factor")
        small = functional.adaptive_avg_pool2d(x, (-(-sides[0] // self.factor), -(-sides[1] // self.factor)))
        return functional.interpolate(small, sides, mode="bilinear", align_corners=False)


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
        wide = x if x.dtype == torch.float64 else x.float()
        rows, columns = (self._matrix(side, wide) for side in _sides(self, x))
        return (rows @ wide @ columns.T).to(x.dtype)

    def _matrix(self, side: int, like: Float[Tensor, "..."]) -> Float[Tensor, "side side"]:
        """The blur of a line as a matrix, with the weights beyond an end added to the end's."""
        radius = math.ceil(4 * self.sigma)
        offsets = torch.arange(-radius, radius + 1, device=like.device)
        weights = torch.exp(-0.5 * (offsets.to(like.dtype) / self.sigma) ** 2)
        sources = (torch.arange(side, device=like.device)[:, None] + offsets).clamp_(0, side - 1)
        return like.new_zeros(side, side).scatter_add_(1, sources, (weights / weights.sum()).expand(side, -1))


_KNOWN: dict[str, Callable[..., Corruption]] = {c.name: c for c in (GaussianNoise, Flips, Masking, Downscale, Blur)}


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
    """Return the corruption spelt "gaussian:0.2", "flips:3", "mask:0.5", "downscale:2" or "blur:1.5".

    Raises InputError for an unknown name, a missing or malformed number, and one out of range.
    """
    name, *rest = spelling.split(":")
    if name not in _KNOWN:
        raise did_you_mean("corruption", name, _KNOWN)
    kind = _KNOWN[name]
    free = kind is GaussianNoise and rest[1:] == ["free"]
    if len(rest) != 1 and not free:
        raise InputError(f"corruption {spelling!r} must be {name}:NUMBER")
    parse = int if kind in (Flips, Downscale) else float
    try:
        number = parse(rest[0])
    except ValueError:
        sort = "a whole number" if parse is int else "a number"
        raise InputError(f"corruption {spelling!r}: {rest[0]!r} is not {sort}") from None
    return GaussianNoise(number, clip=False) if free else kind(number)


def _check(corruption: Corruption, option: str, low: float, high: float, *, whole: bool = False) -> None:
    value = getattr(corruption, option)
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real) or not low <= float(value) <= high:
        sort = "a whole number" if whole else "a number"
        raise InputError(f"corruption {corruption}: {option} must be {sort} from {low:g} to {high:g}")


def _uniform(x: Float[Tensor, "b *image"], generator: Generator, shared: bool) -> Float[Tensor, "n *pixels"]:
    """Numbers in [0, 1) for each pixel, (1 or B, 1, H, W) or (1 or B, F)."""
    pixels = (1, *x.shape[2:]) if x.ndim == 4 else x.shape[1:]
    return torch.rand(1 if shared else x.shape[0], *pixels, generator=generator, device=x.device)


def _sides(corruption: Corruption, x: Float[Tensor, "b *image"]) -> tuple[int, int]:
    if x.ndim != 4:
        raise InputError(f"corruption {corruption} needs images (B, C, H, W); rows of a table have no neighbours")
    return x.shape[2], x.shape[3]
