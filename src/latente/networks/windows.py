"""Pictures as windows of 15x15 pixels, each told by 23 numbers made by hand: lightness, colour, texture, lines."""

from __future__ import annotations

import functools
import math
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

__all__ = ["NUMBERS", "STRIDE", "WINDOW", "centres", "windows"]

WINDOW, STRIDE = 15, 8  # pixels
NUMBERS = 23

_UNIT = 20.0  # levels of 255 by which lightness and colour count as much as a factor of e in an energy
_FLOOR = 1.0  # squared levels of 255, added to every energy: what is left of rounding to 8 bits says nothing
_BANDS = (0.0, 0.8, 1.6, 3.2)  # sigmas in pixels whose differences are the bands
_SCALES, _ORIENTATIONS = (0.6, 1.5), 6  # of gradients
_SHARE = _ORIENTATIONS**-0.5  # six numbers of one energy, which mostly rise and fall together, count as one
_LINES, _HALF_LENGTH, _ASIDE = 8, 5, 2  # orientations of lines; pixels to each end; pixels to where a line is not
_FLAT = 5  # pixels, the side of the patches of which the flattest counts


def centres(side: int) -> Float[np.ndarray, "n"]:
    """Return where the middles of windows lie along a side of so many pixels, the first pixel's middle at 0.

    The grid is centred, so that at most 3.5 pixels at each end are in no window; a side below 15 is one window.
    """
    width = min(WINDOW, side)
    count = (side - width) // STRIDE + 1
    first = (side - width - (count - 1) * STRIDE) // 2
    return first + (width - 1) / 2 + STRIDE * np.arange(count, dtype=np.float32)


def windows(images: Float[Tensor, "n c height width"]) -> Float[Tensor, "n h w 23"]:
    """Return 23 numbers for each window of 15x15 pixels, 8 apart, of images in [0, 1] with 1 to 4 channels.

    One channel is lightness, two are lightness and alpha, three RGB, four RGB and alpha; alpha is laid over mid-grey.
    The numbers, in levels of 255, with l the mean of R, G and B, and R - B and G - (R + B) / 2 as colour:

    0-2    means of l and of both colours, over 20
    3-5    log of the squared mean size of l in three bands, differences of Gaussians of 0, 0.8, 1.6 and 3.2 pixels
    6-17   log of the mean energy of gradients of l at 0.6 (6-11) and 1.5 pixels (12-17) along 6 orientations, a
           gradient shared by the two next to its own, over the root of 6
    18-19  log of the mean square of both colours in the finest band
    20-21  log of the largest square in the finest band of l, and of the largest response to lines of 11 pixels in 8
           orientations
    22     log of the least variance of l within 5x5 pixels

    One is added before every logarithm. Beyond their edges images go on as they end. Their Euclidean distance tells
    textures apart, and what was done to a picture: stripes, noise, blur, scratches, holes, a cast.
    """
    lightness, colours = _opponents(255 * images)
    width = (min(WINDOW, images.shape[2]), min(WINDOW, images.shape[3]))
    left = [(n - w) % STRIDE // 2 for n, w in zip(images.shape[2:], width, strict=True)]

    def inside(values: Tensor) -> Tensor:
        """Leave out what is before the first window."""
        return values[..., left[0] :, left[1] :]

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(inside(values), width, STRIDE)

    def largest(values: Tensor) -> Tensor:
        return functional.max_pool2d(inside(values), width, STRIDE)

    blurred = [_blurred(lightness, sigma) for sigma in _BANDS]
    bands = torch.cat([fine - coarse for fine, coarse in pairwise(blurred)], 1)
    fine_colours = colours - _blurred(colours, _BANDS[1]) if images.shape[1] > 2 else colours
    variance = _local_variance(lightness)
    numbers = [
        mean(torch.cat([lightness, colours], 1)) / _UNIT,
        (mean(bands.abs()).square() + _FLOOR).log(),
        *(_SHARE * (mean(_oriented(_blurred(lightness, sigma))) + _FLOOR).log() for sigma in _SCALES),
        (mean(fine_colours.square()) + _FLOOR).log(),
        (largest(bands[:, :1].square()) + _FLOOR).log(),
        (largest(_lines(lightness)) + _FLOOR).log(),
        (-largest(-variance) + _FLOOR).log(),
    ]
    return torch.cat(numbers, 1).permute(0, 2, 3, 1)


def _opponents(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Lightness (N, 1, H, W) and two differences of colour (N, 2, H, W), which are 0 where there is no colour."""
    if levels.shape[1] in (2, 4):
        alpha = levels[:, -1:] / 255
        levels = levels[:, :-1] * alpha + 127.5 * (1 - alpha)
    if levels.shape[1] == 1:
        return levels, torch.zeros_like(levels).expand(-1, 2, -1, -1)
    red, green, blue = levels.split(1, 1)
    return levels.mean(1, keepdim=True), torch.cat([red - blue, green - (red + blue) / 2], 1)


def _padded(values: Tensor, sides: int) -> Tensor:
    return functional.pad(values, (sides,) * 4, mode="replicate")


def _blurred(values: Tensor, sigma: float) -> Tensor:
    """Each channel under a Gaussian that ends at 4 sigma, as scipy's; sigma 0 changes nothing."""
    if not sigma:
        return values
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    blurred = _padded(values, reach)
    for axis in (2, 3):
        blurred = _weighted(blurred, (weights / weights.sum()).tolist(), axis)
    return blurred


def _weighted(values: Tensor, weights: list[float], axis: int) -> Tensor:
    """The weighted sum of the values next to each other along an axis; quicker than a convolution of one channel."""
    side = values.shape[axis] - len(weights) + 1
    total = weights[0] * values.narrow(axis, 0, side)
    for place, weight in enumerate(weights[1:], 1):
        total.add_(values.narrow(axis, place, side), alpha=weight)
    return total


def _oriented(lightness: Tensor) -> Tensor:
    """The energy of central differences (N, 6, H, W), each shared linearly by the two orientations next to its own."""
    around = _padded(lightness, 1)
    dx = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / 2
    dy = (around[..., 2:, 1:-1] - around[..., :-2, 1:-1]) / 2
    place = torch.atan2(dy, dx) / math.pi % 1 * _ORIENTATIONS  # unsigned: opposite directions are one orientation
    bins = torch.arange(_ORIENTATIONS, dtype=place.dtype, device=place.device)[:, None, None]
    apart = (place - bins).abs()
    share = (1 - torch.minimum(apart, _ORIENTATIONS - apart)).clamp(min=0)
    return share * (dx.square() + dy.square())


def _lines(lightness: Tensor) -> Tensor:
    """The square of how far a pixel's line of 11 pixels lies from both lines beside it (N, 1, H, W), the strongest."""
    kernels = _line_kernels().to(lightness)
    strongest = functional.conv2d(_padded(lightness, kernels.shape[-1] // 2), kernels)
    return strongest.square().amax(1, keepdim=True)


@functools.cache
def _line_kernels() -> Tensor:
    """Eight kernels (8, 1, K, K): the mean along a line, less half the means along the two lines beside it."""
    reach = _HALF_LENGTH + _ASIDE + 1
    kernels = torch.zeros(_LINES, 1, 2 * reach + 1, 2 * reach + 1)
    along = torch.arange(-_HALF_LENGTH, _HALF_LENGTH + 1, dtype=torch.float32)
    for k in range(_LINES):
        angle = k * math.pi / _LINES
        for aside, weight in ((0, 1.0), (-_ASIDE, -0.5), (_ASIDE, -0.5)):
            x = along * math.cos(angle) - aside * math.sin(angle) + reach
            y = along * math.sin(angle) + aside * math.cos(angle) + reach
            _add_points(kernels[k, 0], y, x, weight / len(along))
    return kernels


def _add_points(image: Tensor, y: Tensor, x: Tensor, value: float) -> None:
    """Add `value` at each point between pixels, shared by the four around it."""
    for dy in (0, 1):
        for dx in (0, 1):
            share = (1 - (y - y.floor() - dy).abs()) * (1 - (x - x.floor() - dx).abs())
            image.index_put_((y.floor().long() + dy, x.floor().long() + dx), value * share, accumulate=True)


def _local_variance(lightness: Tensor) -> Tensor:
    """The variance within 5x5 pixels about each pixel (N, 1, H, W), around the image's mean so that little rounds."""
    centred = _padded(lightness - lightness.mean((2, 3), keepdim=True), _FLAT // 2)
    mean = functional.avg_pool2d(centred, _FLAT, 1)
    return (functional.avg_pool2d(centred.square(), _FLAT, 1) - mean.square()).clamp(min=0)
