"""Bicubic resampling as MATLAB's `imresize` does it, by which the literature makes small pictures of large ones.

Cubic convolution with a = -1/2 (Keys 1981), stretched by the factor where a picture shrinks, so that nothing finer than
the new pixels is left; what lies beyond an edge is the edge. Rows go first. Of whole numbers each pass is rounded and
clipped, as MATLAB does with uint8.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["enlarged", "in_own_precision", "phases", "shrunk", "shrunk_picture"]

_REACH = 2  # pixels on either side that the kernel weighs up

_Function = TypeVar("_Function", bound=Callable[..., Tensor])


def in_own_precision(function: _Function) -> _Function:
    """Let a function of images compute in their own precision within `torch.autocast`, too.

    In bf16, which tells 256 levels between 1/2 and 1, pictures would be rounded beyond what a network is to learn.
    """

    @functools.wraps(function)
    def exact(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        kind = x.device.type
        if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
            return function(x, *args, **kwargs)
        with torch.autocast(kind, enabled=False):
            return function(x, *args, **kwargs)

    return cast(_Function, exact)


@in_own_precision
def shrunk(x: Float[Tensor, "*any h w"], factor: int, highest: int | None = None) -> Float[Tensor, "*any p q"]:
    """Return images whose sides are divided by a whole factor, and rounded up.

    highest: of the whole numbers from 0 that the images hold; both passes are rounded to such. None does not round.
    """
    rows, columns = (_weights(side, factor).to(x) for side in x.shape[-2:])
    return _whole(_whole(rows @ x, highest) @ columns.T, highest)


def shrunk_picture(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Return a picture (..., H, W) of unsigned integers as `imresize(picture, 1/factor)` does, its values exactly."""
    small = shrunk(torch.from_numpy(pixels.astype(np.float64)), factor, int(np.iinfo(pixels.dtype).max))
    return small.numpy().astype(pixels.dtype)


@in_own_precision
def enlarged(x: Float[Tensor, "b c h w"], factor: int) -> Float[Tensor, "b c p q"]:
    """Return images whose sides are multiplied by a whole factor, not clipped."""
    if factor == 1:
        return x
    count, channels, height, width = x.shape
    padded = torch.nn.functional.pad(x.reshape(-1, 1, height, width), [_REACH] * 4, mode="replicate")
    fine = torch.nn.functional.conv2d(padded, phases(factor).to(x))
    return torch.nn.functional.pixel_shuffle(fine, factor).reshape(count, channels, factor * height, factor * width)


@functools.lru_cache(maxsize=8)
def phases(factor: int) -> Float[Tensor, "factor2 1 5 5"]:
    """Return the filters that make of each pixel the factor x factor ones in its place."""
    places = (np.arange(factor) + 0.5) / factor - 0.5
    line = torch.from_numpy(_cubic(places[:, None] - np.arange(-_REACH, _REACH + 1)))
    return torch.einsum("ay,bx->abyx", line, line).reshape(factor * factor, 1, 2 * _REACH + 1, -1)


@functools.lru_cache(maxsize=64)
def _weights(side: int, factor: int) -> Float[Tensor, "p side"]:
    """Return the shrinking of a line as a matrix, with the weights beyond an end added to the end's."""
    centres = (np.arange(math.ceil(side / factor)) + 0.5) * factor - 0.5
    reach = _REACH * factor
    sources = np.floor(centres - reach)[:, None] + np.arange(2 * reach + 2)
    values = _cubic((centres[:, None] - sources) / factor)
    values /= values.sum(axis=1, keepdims=True)
    matrix = np.zeros((len(centres), side))
    rows = np.arange(len(centres))[:, None]
    np.add.at(matrix, (rows, sources.astype(np.int64).clip(0, side - 1)), values)
    return torch.from_numpy(matrix)


def _cubic(x: np.ndarray) -> np.ndarray:
    """Return the kernel at these distances (Keys 1981, eq. 15)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _whole(x: Tensor, highest: int | None) -> Tensor:
    # halves go up, as in MATLAB
    return x if highest is None else (x + 0.5).floor().clamp(0, highest)
