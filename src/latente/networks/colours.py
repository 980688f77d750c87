"""Colours of a picture, brought to those of another as a whole: their mean, and how they vary and vary together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["COUNT", "colours_of", "recoloured"]

COUNT = 3 + 6  # numbers of a mean and a covariance
_LEAST = 1e-3  # added to variances, the square of 8 levels of 255: what hardly varies is not blown up to strong colours
_PAIRS = ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))  # of a covariance's lower triangle
# light, yellow against blue, red against green: of length 1 and orthogonal to each other
_AXES = ((3**-0.5, 3**-0.5, 3**-0.5), (6**-0.5, 6**-0.5, -2 * 6**-0.5), (2**-0.5, -(2**-0.5), 0.0))


def colours_of(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 9"]:
    """Return mean and covariance of the colours of pictures, of which those of several may be averaged.

    They are those of light, of yellow against blue and of red against green; of the covariance the lower triangle, row
    by row.
    """
    planes = _opponents(images)
    means = [one.mean((2, 3)) for one in planes]
    centred = [one - mean[..., None, None] for one, mean in zip(planes, means, strict=True)]
    return torch.cat([*means, *((centred[i] * centred[k]).mean((2, 3)) for i, k in _PAIRS)], 1)


def recoloured(
    images: Float[Tensor, "b 3 h w"], own: Float[Tensor, "b 9"], wanted: Float[Tensor, "n 9"]
) -> Float[Tensor, "b 3 h w"]:
    """Return pictures whose `own` colours have become those that are wanted, by a linear map each, not clipped.

    wanted: those of each picture, or (1, 9) of all.

    The map is L_s L^-1 of the Cholesky factors of the covariances, wanted and own (Gatys, Bethge, Hertzmann & Shechtman
    2016, "Preserving color in neural artistic style transfer"), here along axes of which light is the first one: what
    is lighter stays so. Written out, in float32: it has a gradient and an ONNX form, and autocast takes no digits from
    it. Departing from them a thousandth is added to all variances, so that a grey picture, whose covariance has no
    inverse, gets the light and dark that are wanted, and nothing is divided by 0.
    """
    first, second, third = (
        one - mean[..., None, None] for one, mean in zip(_opponents(images), own[:, :3].split(1, 1), strict=True)
    )
    a, b, c, d, e, f = _factor(own)
    first = first / a
    second = (second - b * first) / c
    third = (third - d * first - e * second) / f
    a, b, c, d, e, f = _factor(wanted)
    means = wanted[:, :3, None, None].split(1, 1)
    planes = (
        means[0] + a * first,
        means[1] + b * first + c * second,
        means[2] + d * first + e * second + f * third,
    )
    return torch.cat([_mixed(planes, [axis[k] for axis in _AXES]) for k in range(3)], 1)


def _opponents(images: Tensor) -> list[Tensor]:
    """Return pictures along the axes, a plane (B, 1, H, W) each."""
    return [_mixed(images.float().split(1, 1), axis) for axis in _AXES]


def _mixed(planes: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """Return a weighted sum of three planes: by sums and products, which autocast leaves in float32."""
    return shares[0] * planes[0] + shares[1] * planes[1] + shares[2] * planes[2]


def _factor(colours: Tensor) -> tuple[Tensor, ...]:
    """Return the Cholesky factor of covariances, its lower triangle row by row, (B, 1, 1, 1) each."""
    aa, ba, bb, ca, cb, cc = colours[:, 3:, None, None].split(1, 1)
    a = _root(aa)
    b, d = ba / a, ca / a
    c = _root(bb - b**2)
    e = (cb - d * b) / c
    return a, b, c, d, e, _root(cc - d**2 - e**2)


def _root(variance: Tensor) -> Tensor:
    """Return the root of a variance of what earlier axes do not explain; rounding may leave less than none of it."""
    return (variance.clamp_min(0) + _LEAST).sqrt()
