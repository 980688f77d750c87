"""Styles for a training without end of few paintings: parts of them, other colours, mixtures, and drawn textures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

__all__ = ["SIDE", "Paintings", "drawn_textures"]

SIDE = 512  # pixels of the longest side at which a painting is looked at: its strokes are then as large as in training
_ZOOM = (0.6, 1.4)  # of a part of a painting, drawn evenly
# shares of what a style is: a part of a painting as it is, in other colours, a mixture of two, a photograph in other
# colours, and the rest drawn textures
_SHARES = (0.4, 0.25, 0.1, 0.1)
_WITHOUT = (0.0, 0.0, 0.0, 0.3)  # the same where there are no paintings


class _Drawn(Protocol):
    """What draws numbers evenly, a row (of that shape) for each picture."""

    def __call__(self, *shape: int, least: float = 0.0, most: float = 1.0) -> Tensor: ...


class Paintings:
    """Gives each photograph of a batch a style: `paintings(photographs, generator)`, of the photographs' shape.

    pictures: paintings (1, 3, h, w) in [0, 1], of any sizes; with none of them, styles are photographs of the batch in
    other colours and drawn textures alone. What is drawn depends on the generator alone, and nothing is asked of the
    device on the way.
    """

    def __init__(self, pictures: Sequence[Tensor], device: torch.device) -> None:
        self._sizes = torch.tensor([one.shape[2:] for one in pictures], device=device, dtype=torch.float32)
        # beyond its own edges each goes on as in a mirror
        canvases = [np.pad(one[0].cpu().numpy(), _beyond(one.shape[2:]), mode="symmetric") for one in pictures]
        self._canvases = torch.from_numpy(np.stack(canvases)).to(device) if canvases else None

    def __call__(self, photographs: Tensor, generator: Generator) -> Tensor:
        count, device = len(photographs), photographs.device

        def drawn(*shape: int, least: float = 0.0, most: float = 1.0) -> Tensor:
            unit = torch.rand(count, *shape, generator=generator, device=device)
            return least + (most - least) * unit

        height, width = photographs.shape[2:]
        kind, others = drawn(1, 1, 1), _recoloured(photographs.roll(1, 0), drawn)
        style = _textures(height, width, drawn)
        bounds = torch.tensor(_WITHOUT if self._canvases is None else _SHARES).cumsum(0).tolist()
        style = torch.where(kind < bounds[3], others, style)
        if self._canvases is not None:
            part, second = self._parts(height, width, drawn), _recoloured(self._parts(height, width, drawn), drawn)
            changed = _recoloured(part, drawn)
            mixed = torch.lerp(changed, second, drawn(1, 1, 1, least=0.2, most=0.8))
            style = torch.where(kind < bounds[2], mixed, style)
            style = torch.where(kind < bounds[1], changed, style)
            style = torch.where(kind < bounds[0], part, style)
        return style.to(photographs.dtype)

    def _parts(self, height: int, width: int, drawn: _Drawn) -> Tensor:
        """Return parts of paintings, each of one drawn, of a drawn size, half of them mirrored."""
        assert self._canvases is not None
        which = (drawn() * len(self._canvases)).long().clamp_(max=len(self._canvases) - 1)
        zoom, flip = drawn(least=_ZOOM[0], most=_ZOOM[1]), 1 - 2 * (drawn() < 0.5).float()
        spans = torch.tensor([height, width], device=zoom.device) / zoom[:, None]
        sizes = self._sizes[which]
        room = (sizes - spans).clamp_min(0)
        middle = torch.minimum(spans, sizes) / 2 + drawn(2) * room
        side = self._canvases.shape[2]
        # from -1 to 1 over the canvas, as torch counts
        scale, shift = spans / side, 2 * middle / side - 1
        theta = torch.zeros(len(which), 2, 3, device=zoom.device)
        theta[:, 0, 0], theta[:, 0, 2] = scale[:, 1] * flip, shift[:, 1]
        theta[:, 1, 1], theta[:, 1, 2] = scale[:, 0], shift[:, 0]
        grid = functional.affine_grid(theta, [len(which), 3, height, width], align_corners=False)
        return functional.grid_sample(self._canvases[which], grid, padding_mode="reflection", align_corners=False)


def drawn_textures(count: int, side: int, device: torch.device) -> list[Tensor]:
    """Return textures (1, 3, side, side), the same ones at every call."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int, least: float = 0.0, most: float = 1.0) -> Tensor:
        return least + (most - least) * torch.rand(count, *shape, generator=generator)

    return [one[None].to(device) for one in _textures(side, side, drawn)]


def _beyond(sides: Sequence[int]) -> tuple[tuple[int, int], ...]:
    height, width = (max(0, SIDE - side) for side in sides)
    return (0, 0), (0, height), (0, width)


def _recoloured(pictures: Tensor, drawn: _Drawn) -> Tensor:
    """Return pictures in other colours: their differences from the mean are mixed, and the mean is moved."""
    mean = pictures.mean((2, 3), keepdim=True)
    mixes = torch.eye(3, device=pictures.device) + drawn(3, 3, least=-0.7, most=0.7)
    moved = mean + drawn(3, 1, 1, least=-0.3, most=0.3)
    return (torch.einsum("bij,bjhw->bihw", mixes, pictures - mean) + moved).clamp(0, 1)


def _textures(height: int, width: int, drawn: _Drawn) -> Tensor:
    """Return noise whose waves have a drawn direction and length, some as flat patches, in drawn colours."""
    noise = drawn(3, height, width, least=-1.0)
    down = torch.fft.fftfreq(height, device=noise.device)[:, None]
    across = torch.fft.rfftfreq(width, device=noise.device)[None]
    angle, stretch = drawn(1, 1, 1, most=math.pi), drawn(1, 1, 1, least=1.0, most=4.0)
    along = (across * angle.cos() + down * angle.sin()) * stretch
    aside = (down * angle.cos() - across * angle.sin()) / stretch
    waves = (along.square() + aside.square()).sqrt().clamp_min(1 / max(height, width))
    usual = drawn(1, 1, 1, least=0.02, most=0.2)
    band = (-((waves - usual) / (0.3 * usual)).square()).exp()
    fading = waves ** -drawn(1, 1, 1, least=0.8, most=2.0)
    spectrum = torch.fft.rfft2(noise) * torch.where(drawn(1, 1, 1) < 0.5, band, fading)
    values = torch.fft.irfft2(spectrum, s=(height, width))
    values = values / values.std((2, 3), keepdim=True).clamp_min(1e-6)
    steep = torch.tanh(values * drawn(1, 1, 1, least=0.5, most=5.0))
    values = torch.where(drawn(1, 1, 1) < 0.5, steep, values)
    colours = drawn(3, 3, least=-0.4, most=0.4)
    return (torch.einsum("bij,bjhw->bihw", colours, values) + drawn(3, 1, 1)).clamp(0, 1)
