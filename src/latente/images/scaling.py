"""The one invertible map from the data's units to the network's range, for tensors and for arrays."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.errors import InputError
from latente.images.photographs import Photographs
from latente.languages import Figure, say
from latente.words import count

if TYPE_CHECKING:
    import torch

__all__ = ["DEPTHS", "Scaling", "smallest_depth"]

DEPTHS = (8, 10, 12, 14, 16)  # bits of the unsigned integers that cameras, microscopes and scanners write

_ENOUGH = 0.5  # the share of [0, 1] that floats have to use in order to stay as they are
_REACH = 0.75  # the share of its range that the highest value has to reach for a sigmoid to be a good output


def smallest_depth(highest: int) -> int:
    """Return the smallest of `DEPTHS` that holds a value of at most 16 bits."""
    return next(bits for bits in DEPTHS if highest < 2**bits)


@dataclasses.dataclass(frozen=True)
class Scaling:
    """scaled = (data - offset) / scale, fitted on training data only, saved with the model, invertible.

    Integers of 8 bits go by 255. Deeper unsigned ones, of 16 bits, go by the peak of the smallest depth of 8, 10, 12,
    14 and 16 bits that holds the training data, or of the depth that their files state. Floats within [0, 1] that use
    more than half of it stay as they are. All other numbers (other floats, signed integers, and integers of 32 and 64
    bits) go by minimum and maximum of each channel, or of each feature of a table, to [0, 1]. So pictures train alike
    whatever constant they were multiplied by.

    offset, scale: one value, or one per channel or feature. bounded: scaled values lie in [0, 1] by nature and reach
    three quarters of it, so that a sigmoid is the fitting output: with much less of its range in use it learns slowly,
    and a fitted range is no bound for the next image.
    """

    offset: tuple[float, ...]
    scale: tuple[float, ...]
    dtype: str
    bounded: bool

    @classmethod
    def fit(
        cls, pixels: np.ndarray | Photographs, indices: np.ndarray | None = None, depth: int | None = None
    ) -> Scaling:
        """Fit on the rows `indices` of `pixels`, (N, C, H, W), (N, F) or photographs, in slices.

        depth: the bits of unsigned integers that their files state; one that does not hold the data does not count.
        Raises InputError where a value is NaN or infinite, or the dtype is no number.
        """
        dtype = pixels.dtype
        rows = np.arange(len(pixels)) if indices is None else np.sort(indices)
        if not len(rows):
            raise InputError("no images to fit the scaling on")
        if dtype == np.bool_:
            return cls((0.0,), (1.0,), dtype.name, bounded=True)
        if dtype in (np.uint8, np.uint16):
            highest = _highest(pixels, rows)
            peak = 2 ** max(smallest_depth(highest), depth or 0) - 1
            return cls((0.0,), (float(peak),), dtype.name, bounded=highest > _REACH * peak)
        if dtype.kind not in "fiu":
            raise InputError(f"images of dtype {dtype} cannot be scaled; give integers, floats or booleans")
        low, high = _extremes(pixels, rows)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise InputError("the images hold NaN or infinity; remove or fill these values first")
        lowest, reach = float(low.min()), float(high.max())
        if dtype.kind == "f" and lowest >= 0 and reach <= 1 and reach - lowest > _ENOUGH:
            return cls((0.0,), (1.0,), dtype.name, bounded=reach > _REACH)
        # a constant channel maps to 0 and back to itself; what else it may hold one day is of the others' order
        span = np.where(high > low, high - low, (high - low).max() or np.abs(low).max() or 1.0)
        return cls(tuple(low.tolist()), tuple(span.tolist()), dtype.name, bounded=False)

    @classmethod
    def of_columns(cls, values: np.ndarray, indices: np.ndarray | None = None) -> Scaling:
        """Fit on the rows `indices` of vectors (N, K), each of whose numbers has its own range, from 0 to 1 or not.

        Raises InputError where one is NaN or infinite.
        """
        rows = np.asarray(values if indices is None else values[np.sort(indices)], np.float64)
        if not (len(rows) and np.isfinite(rows).all()):
            raise InputError("the conditions hold NaN or infinity; remove or fill these values first")
        low, span = rows.min(0), np.ptp(rows, axis=0)
        span = np.where(span > 0, span, np.maximum(np.abs(low), 1.0))
        return cls(tuple(low.tolist()), tuple(span.tolist()), "float32", bounded=False)

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        """Return the float32 tensor (B, C, H, W) or (B, F) in the network's range, on the device of `x`."""
        import torch

        if len(self.scale) == 1 and self.offset == (0.0,):
            return x.to(torch.float32) if self.scale == (1.0,) else torch.mul(x, 1.0 / self.scale[0]).float()
        offset, scale = (self._per_channel(v, x) for v in (self.offset, self.scale))
        wide = x if x.is_floating_point() and x.dtype != torch.float16 else x.double()
        return ((wide - offset.to(wide.dtype)) / scale.to(wide.dtype)).float()

    def invert(self, x: torch.Tensor) -> np.ndarray:
        """Return the array in the data's units and dtype; integers are rounded and clipped to its range."""
        return self.as_data(self.from_range(x.detach().cpu().double().numpy()))

    def in_units(self, x: torch.Tensor) -> torch.Tensor:
        """Return the tensor in the data's units, neither rounded nor clipped, by operations that can be exported."""
        import torch

        shape = (-1, *[1] * (x.ndim - 2))
        if self.scale != (1.0,):
            x = x * torch.tensor(self.scale, dtype=x.dtype, device=x.device).reshape(shape)
        if self.offset != (0.0,):
            x = x + torch.tensor(self.offset, dtype=x.dtype, device=x.device).reshape(shape)
        return x

    # -- the same for arrays

    def to_range(self, pixels: np.ndarray) -> np.ndarray:
        """Return the array (N, C, H, W) or (N, F) in the network's range, as float32."""
        offset, scale = (_by_channel(values, pixels) for values in (self.offset, self.scale))
        return ((pixels - offset) / scale).astype(np.float32)

    def from_range(self, values: np.ndarray) -> np.ndarray:
        """Return the array in the data's units, as float64, neither rounded nor clipped."""
        return values * _by_channel(self.scale, values) + _by_channel(self.offset, values)

    def as_data(self, values: np.ndarray) -> np.ndarray:
        """Return values in the data's units in its dtype; integers are rounded and clipped to its range, or depth."""
        dtype = np.dtype(self.dtype)
        if dtype.kind == "b":
            return values >= 0.5
        if self.whole_range is not None:
            return np.clip(np.rint(values), *self.whole_range).astype(dtype)
        return values.astype(dtype)

    @property
    def whole_range(self) -> tuple[int, int] | None:
        """The lowest and the highest integer of the data's dtype, or depth; None where they are no integers."""
        dtype = np.dtype(self.dtype)
        if dtype.kind not in "iu":
            return None
        info = np.iinfo(dtype)
        return int(info.min), int(info.max if self.depth is None else self.scale[0])

    def levels(self, value: float) -> tuple[float, ...]:
        """Return what in the data's units is `value` in the network's range, once or for each channel or feature."""
        return tuple(offset + value * scale for offset, scale in zip(self.offset, self.scale, strict=True))

    @property
    def data_range(self) -> tuple[float, float]:
        """The lowest and the highest of the data's values that map to 0 and to 1, over all channels or features."""
        return min(self.levels(0.0)), max(self.levels(1.0))

    @property
    def depth(self) -> int | None:
        """The bits of a value, of booleans 1 and of unsigned integers up to 16; None for all other numbers."""
        return int(self.scale[0]).bit_length() if self.dtype in ("bool", "uint8", "uint16") else None

    @property
    def range_in_words(self) -> str:
        """The data's values that map to 0 and to 1, which is the data range of all figures about them."""
        low, high = (Figure(f"{value:,.10g}") for value in self.data_range)
        if self.depth is not None:
            return say("{low} to {high} ({bits})", low=low, high=high, bits=count(self.depth, "bit"))
        if (self.offset, self.scale) == ((0.0,), (1.0,)):
            return say("{low} to {high}", low=low, high=high)
        if len(self.scale) == 1:
            return say("{low} to {high}, the lowest and the highest value of the training", low=low, high=high)
        template = "the lowest to the highest value of each of {channels} channels in the training"
        return say(template, channels=len(self.scale))

    def log_jacobian(self, shape: tuple[int, ...]) -> float:
        """Sum of log(scale) over an image of `shape`, in nats: log p(data) = log p(scaled) - log_jacobian."""
        per_value = math.prod(shape) / len(self.scale)
        return per_value * sum(math.log(s) for s in self.scale)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scaling:
        return cls(tuple(data["offset"]), tuple(data["scale"]), str(data["dtype"]), bool(data["bounded"]))

    @staticmethod
    def _per_channel(values: tuple[float, ...], like: torch.Tensor) -> torch.Tensor:
        import torch

        tensor = torch.tensor(values, dtype=torch.float64, device=like.device)
        return tensor.reshape(1, -1, *([1] * (like.ndim - 2)))


def _by_channel(values: tuple[float, ...], like: np.ndarray) -> np.ndarray:
    return np.array(values, np.float64).reshape(1, -1, *[1] * (like.ndim - 2))


def _slices(pixels: np.ndarray | Photographs, rows: np.ndarray) -> Iterator[np.ndarray]:
    if isinstance(pixels, Photographs):
        yield from (pixels[int(row)][None] for row in rows)
    else:
        yield from (pixels[rows[start : start + 4096]] for start in range(0, len(rows), 4096))


def _highest(pixels: np.ndarray | Photographs, rows: np.ndarray) -> int:
    """The highest of unsigned integers, or the first part's that reaches far enough to tell depth and reach."""
    highest, enough = 0, _REACH * np.iinfo(pixels.dtype).max
    for part in _slices(pixels, rows):
        highest = max(highest, int(part.max(initial=0)))
        if highest > enough:
            break
    return highest


def _extremes(pixels: np.ndarray | Photographs, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and maximum (float64) of each channel or feature, 4096 rows or a photograph at a time; NaN propagates."""
    low = high = None
    for part in _slices(pixels, rows):
        axes = (0, 2, 3) if part.ndim == 4 else (0,)
        part_low, part_high = part.min(axis=axes).astype(np.float64), part.max(axis=axes).astype(np.float64)
        low = part_low if low is None else np.minimum(low, part_low)
        high = part_high if high is None else np.maximum(high, part_high)
    assert low is not None
    assert high is not None
    return low, high
