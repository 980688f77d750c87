"""Autoencoders' objectives over networks as small as they come, and images for them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from latente.objectives import AutoencoderObjective, VariationalObjective

__all__ = ["KINDS", "PICTURE", "TABLE", "generator", "images", "noisy", "pair", "plain", "variational"]

TABLE, PICTURE = (6,), (2, 8, 8)
KINDS = [(TABLE, False), (PICTURE, False), (PICTURE, True)]


def pair(shape: tuple[int, ...], spatial: bool, multiplier: int) -> tuple[nn.Module, nn.Module]:
    """Return a tiny encoder and decoder; codes have 3 values, or 3 channels of 4x4 where they are spatial."""
    if spatial:
        encoder = nn.Conv2d(shape[0], 3 * multiplier, 3, stride=2, padding=1)
        return encoder, nn.ConvTranspose2d(3, shape[0], 4, stride=2, padding=1)
    values = math.prod(shape)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(values, 3 * multiplier))
    return encoder, nn.Sequential(nn.Linear(3, values), nn.Unflatten(1, shape))


def noisy(x: Tensor, source: torch.Generator, shared: bool = False) -> Tensor:
    return x + 0.3 * torch.randn((1 if shared else len(x), *x.shape[1:]), generator=source)


def plain(shape: tuple[int, ...], spatial: bool = False, **options: object) -> AutoencoderObjective:
    return AutoencoderObjective(*pair(shape, spatial, 1), **options)


def variational(shape: tuple[int, ...], spatial: bool = False, **options: object) -> VariationalObjective:
    return VariationalObjective(*pair(shape, spatial, 2), **options)


def generator(seed: int = 7) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(shape: tuple[int, ...], count: int = 5) -> dict[str, Tensor]:
    return {"images": torch.rand(count, *shape)}
