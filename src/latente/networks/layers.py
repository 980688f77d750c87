"""What all networks are made of: activations, normalisation, initialisation, checks of options."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import TypeAlias

import torch
from torch import Tensor, nn

from latente.errors import InputError, did_you_mean

__all__ = [
    "ACTIVATIONS",
    "NORMALIZATIONS",
    "Arctan",
    "Finish",
    "activate",
    "initialise",
    "share",
    "values",
    "whole",
    "widths",
]


class Arctan(nn.Module):
    """The arc tangent, as an activation."""

    def forward(self, x: Tensor) -> Tensor:
        return x.atan()


# In place where the backward pass needs only the result: one activation map less to write and to keep
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": partial(nn.ReLU, inplace=True),
    "leaky_relu": partial(nn.LeakyReLU, 0.01, inplace=True),
    "elu": partial(nn.ELU, inplace=True),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "prelu": nn.PReLU,
    "softplus": nn.Softplus,
    "hardtanh": partial(nn.Hardtanh, inplace=True),
    "arctan": Arctan,
    "linear": nn.Identity,
}
_RECTIFIERS = frozenset({"relu", "leaky_relu", "elu", "gelu", "silu", "prelu", "softplus"})
NORMALIZATIONS = ("batch", "layer", "group")

Layer: TypeAlias = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


@dataclass(frozen=True)
class Finish:
    """What follows every hidden layer: normalisation, activation, dropout, in this order.

    activation: a name in ACTIVATIONS. normalization: None, "batch", "layer" (over all channels and positions
    of one image) or "group" (as "layer", in at most 8 groups of at least 4 channels: a group of one value
    would be constant). dropout: probability in [0, 1) of zeroing a single value. slope: of "leaky_relu" below 0, 0.01
    where nothing is said. Raises InputError naming the option.
    """

    activation: str = "relu"
    normalization: str | None = None
    dropout: float = 0.0
    slope: float | None = None

    def __post_init__(self) -> None:
        activate(self.activation)
        if self.normalization is not None and self.normalization not in NORMALIZATIONS:
            raise did_you_mean("normalization", self.normalization, NORMALIZATIONS)
        share("dropout", self.dropout)

    def after(self, layer: Layer) -> list[nn.Module]:
        """Return the layer, initialised for the activation, and what follows it."""
        if self.normalization == "batch":  # which subtracts any constant of a channel again
            layer.register_parameter("bias", None)
        if isinstance(layer, nn.Linear):
            return [initialise(layer, self.activation), *self.tail(layer.out_features, spatial=False)]
        return [initialise(layer, self.activation), *self.tail(layer.out_channels, spatial=True)]

    def tail(self, channels: int, *, spatial: bool) -> list[nn.Module]:
        """Return what follows a layer with so many output channels, (B, C, h, w) if spatial, else (B, C)."""
        modules: list[nn.Module] = []
        if self.normalization == "batch":
            modules.append(nn.BatchNorm2d(channels) if spatial else nn.BatchNorm1d(channels))
        elif self.normalization is not None:
            if channels < 2:
                raise InputError(f"normalization={self.normalization!r} needs hidden widths of at least 2, not 1")
            modules.append(nn.GroupNorm(self._groups(channels), channels))
        modules.append(activate(self.activation, self.slope))
        if self.dropout:
            modules.append(nn.Dropout(self.dropout))
        return modules

    def _groups(self, channels: int) -> int:
        if self.normalization == "layer":
            return 1
        return max((n for n in range(1, 9) if channels % n == 0 and channels // n >= 4), default=1)


def activate(name: str, slope: float | None = None) -> nn.Module:
    """Return the activation of that name as a module; raises InputError for an unknown one.

    slope: of "leaky_relu" below 0, which means nothing to others.
    """
    if name not in ACTIVATIONS:
        raise did_you_mean("activation", name, ACTIVATIONS)
    if name == "leaky_relu" and slope is not None:
        return nn.LeakyReLU(slope, inplace=True)
    return ACTIVATIONS[name]()


def initialise(layer: Layer, activation: str | None = None) -> Layer:
    """Draw the layer's weights to suit the activation behind it, by torch's global generator; zero its bias.

    Uniform in ±sqrt(3 v). v = 2 / fan_in before the rectifier family (He et al. 2015, eq. 10), and 2 /
    (fan_in + fan_out) before tanh, sigmoid or nothing (Glorot & Bengio 2010, eq. 12). The fans count
    connections: of a strided convolution each input value reaches only (kernel / stride)² outputs per
    channel, and of a strided transposed convolution each output value is reached by as few.
    """
    kernel, sparse = 1.0, 1.0
    if not isinstance(layer, nn.Linear):
        kernel, sparse = float(math.prod(layer.kernel_size)), float(math.prod(layer.stride))
    if isinstance(layer, nn.ConvTranspose2d):
        inputs, outputs = layer.weight.shape[:2]
        fan_in, fan_out = inputs * kernel / sparse, outputs * kernel
    else:
        outputs, inputs = layer.weight.shape[:2]
        fan_in, fan_out = inputs * kernel, outputs * kernel / sparse
    variance = 2 / fan_in if activation in _RECTIFIERS else 2 / (fan_in + fan_out)
    bound = math.sqrt(3 * variance)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


def whole(option: str, value: object, least: int = 1) -> int:
    """Return `value` as an int; raises InputError naming the option if it is no whole number from `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise InputError(f"{option} must be a whole number from {least}, not {value!r}")
    return int(value)


def share(option: str, value: object) -> float:
    """Return `value` as a float; raises InputError naming the option if it does not lie in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 1:
        raise InputError(f"{option} must lie in [0, 1), not {value!r}")
    return float(value)


def widths(hidden: object, *, least: int = 0) -> tuple[int, ...]:
    """Return `hidden` as a tuple of at least `least` whole numbers from 1, or raise InputError."""
    if not isinstance(hidden, Sequence) or isinstance(hidden, str):
        raise InputError(f"hidden must be a sequence of widths such as (512, 256), not {hidden!r}")
    if len(hidden) < least:
        raise InputError(f"hidden={tuple(hidden)} has too few entries; a convolutional network needs at least {least}")
    return tuple(whole("every width in hidden", width) for width in hidden)


def values(shape: Sequence[int]) -> int:
    """Return how many values one image (C, H, W) or row (F,) has; raises InputError for any other shape."""
    if len(shape) not in (1, 3):
        raise InputError(f"the shape of one image must be (C, H, W), or (F,) for a table, not {tuple(shape)}")
    return math.prod(whole("every side in the shape", side) for side in shape)
