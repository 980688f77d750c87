"""Which way the edges of a picture run, and where: histograms of the gradient's directions, with nothing to learn."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

__all__ = ["orientations"]

_BINS = 8  # directions without a sign, over half a turn
_POOLING = 11  # pixels, the side of the window over which each histogram is taken
_STRIDE = 4
_FLOOR = 1e-3  # under the root, so that faint edges, which are noise, do not count as much as clear ones


def orientations(images: Float[Tensor, "n c h w"], blur: float) -> Float[Tensor, "n 8 y x"]:
    """Return the root of the gradients in 8 directions around every fourth pixel, of pictures in [0, 1].

    blur: in pixels, the standard deviation of the Gaussian before the differences, which are central ones. Each pixel
    counts in the channel in which it changes most, shared out between the two nearest of the directions by how near it
    is to them (Dalal and Triggs 2005, section 6.3), weighted by the magnitude and, in a window of 11x11 pixels, by how
    near it is to the centre, along both axes. Unlike theirs the histograms are not normalised by their surroundings:
    how strong an edge is says much of whether a picture is odd.
    """
    smooth = _along_both(images, _gaussian(blur, images), padding="replicate")
    padded = functional.pad(smooth, (1, 1, 1, 1), mode="replicate")
    right = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    squares, strongest = (right.square() + down.square()).max(1, keepdim=True)
    right, down = right.gather(1, strongest), down.gather(1, strongest)
    place = torch.atan2(down, right).remainder(math.pi) * (_BINS / math.pi)
    bins = torch.arange(_BINS, device=images.device).view(1, -1, 1, 1)
    away = (place - bins).abs()
    away = torch.minimum(away, _BINS - away)  # the last direction lies beside the first
    histograms = squares.sqrt() * (1 - away).clamp(min=0)
    half = (_POOLING + 1) // 2
    weights = half - (torch.arange(_POOLING, device=images.device, dtype=images.dtype) - (half - 1)).abs()
    pooled = _along_both(histograms, weights / half, stride=_STRIDE)
    return (pooled + _FLOOR).sqrt()


def _gaussian(blur: float, images: Tensor) -> Tensor:
    radius = math.ceil(3 * blur)
    places = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    weights = torch.exp(-places.square() / (2 * blur**2))
    return weights / weights.sum()


def _along_both(images: Tensor, weights: Tensor, padding: str = "constant", stride: int = 1) -> Tensor:
    """Convolve each channel with the same weights along rows and columns; the sides become ceil(side / stride)."""
    height, width = images.shape[-2:]
    lines = images.reshape(-1, 1, height, width)
    for axis, side in ((0, height), (1, width)):
        spare = (math.ceil(side / stride) - 1) * stride + len(weights) - side
        before, after = spare // 2, spare - spare // 2
        pad = (before, after, 0, 0) if axis else (0, 0, before, after)
        kernel = weights.view(1, 1, 1, -1) if axis else weights.view(1, 1, -1, 1)
        strides = (1, stride) if axis else (stride, 1)
        lines = functional.conv2d(functional.pad(lines, pad, mode=padding), kernel, stride=strides)
    return lines.view(*images.shape[:-2], *lines.shape[-2:])
