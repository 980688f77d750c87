"""Faults that are planted in sound pictures, so that what tells them apart can be learned without one real fault."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

__all__ = ["planted"]

_LEAST, _THINNEST = 2.0, 0.7  # pixels: half the length of a dot, half the width of a line


def planted(
    picture: Float[Tensor, "c height width"], count: int, rng: np.random.Generator
) -> tuple[Float[Tensor, "c height width"], Float[Tensor, "height width"]]:
    """Return a picture in [0, 1] with so many faults, and how much of each pixel is faulty, in [0, 1].

    A fault is a blot of any size from a dot to a third of the picture, round, long or a mere line, in which the picture
    is darker or lighter, blurred, rough, or that of another place, lying or turned: what Li et al. (2021, CutPaste) and
    Zavrtanik et al. (2021, DRAEM) plant. The second of two channels and the fourth of four are alpha, which stays.
    """
    alpha = picture[-1:] if len(picture) in (2, 4) else picture[:0]
    values = picture[: len(picture) - len(alpha)]
    mask = values.new_zeros(values.shape[1:])
    for _ in range(count):
        blot = _blot(values, rng)
        worse = (_shaded, _blurred, _rough, _foreign)[rng.integers(4)](values, rng)
        values = (values + blot * (worse - values)).clamp(0, 1)
        mask = torch.maximum(mask, blot)
    return torch.cat([values, alpha]), mask


def _blot(like: Tensor, rng: np.random.Generator) -> Tensor:
    """Return an ellipse (H, W) whose outline is bent, its edge sharp or soft."""
    height, width = like.shape[1:]
    length = _between(rng, _LEAST, max(_LEAST, min(height, width) / 3))
    thinness = length if rng.random() < 0.5 else 2.5
    breadth = max(length / _between(rng, 1.0, max(1.0, thinness)), _THINNEST)
    angle = rng.uniform(0, math.pi)
    y = torch.arange(height, device=like.device)[:, None] - rng.uniform(0, height)
    x = torch.arange(width, device=like.device)[None] - rng.uniform(0, width)
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    across = across + 0.15 * length * _cloud(like, max(6.0, length / 2), rng)
    if breadth > _LEAST:
        along = along + 0.3 * length * _cloud(like, max(4.0, length / 2), rng)
    inside = breadth * (1 - ((along / length).square() + (across / breadth).square()).sqrt())  # about pixels
    return torch.sigmoid(inside / _between(rng, 0.4, max(0.5, breadth / 4)))


def _shaded(values: Tensor, rng: np.random.Generator) -> Tensor:
    sign = 1 if rng.random() < 1 / 3 else -1
    return values * (1 + sign * _between(rng, 0.15, 0.7))


def _blurred(values: Tensor, rng: np.random.Generator) -> Tensor:
    sigma = rng.uniform(1.5, 4)
    reach = int(3 * sigma)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=values.device) / sigma) ** 2)
    kernel = (weights / weights.sum()).expand(len(values), 1, 1, -1)
    blurred = functional.pad(values[None], (reach,) * 4, mode="replicate")
    for one in (kernel, kernel.mT):
        blurred = functional.conv2d(blurred, one, groups=len(values))
    return blurred[0] * (1 + rng.normal(0, 0.1))


def _rough(values: Tensor, rng: np.random.Generator) -> Tensor:
    noise = _between(rng, 0.05, 0.3) * _cloud(values, _between(rng, 1.0, 5.0), rng)
    return values * (1 + noise + rng.normal(0, 0.1))


def _foreign(values: Tensor, rng: np.random.Generator) -> Tensor:
    height, width = values.shape[1:]
    other = values.roll((int(rng.integers(height)), int(rng.integers(width))), (1, 2))
    if rng.random() < 0.7:  # turned by a quarter, and repeated where it is too short then
        other = other.mT.repeat(1, math.ceil(height / width), math.ceil(width / height))[:, :height, :width]
    return other * (1 + rng.normal(0, 0.1))


def _cloud(like: Tensor, size: float, rng: np.random.Generator) -> Tensor:
    """Return smooth noise (H, W) of a deviation near 1, with bumps of so many pixels."""
    height, width = like.shape[1:]
    few = rng.normal(size=(1, 1, max(2, round(height / size) + 1), max(2, round(width / size) + 1)))
    noise = torch.from_numpy(few.astype(np.float32)).to(like.device)
    return 1.3 * functional.interpolate(noise, (height, width), mode="bicubic", align_corners=True)[0, 0]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is as likely anywhere."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))
