"""Other views of the same images: `augmentation(batch, generator) -> batch`, alike for an image and its target.

A batch is a dict of tensors; `images` and, where they are there, `target` and `mask` are (B, C, H, W) and scaled. What
an augmentation does depends on its constants and the generator alone, so that a training that was broken off goes on
with the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional

__all__ = ["Affine"]

PICTURES = ("images", "target", "mask")  # what of a batch is moved


@dataclass(frozen=True)
class Affine:
    """Move each image by an affine map of its own; what comes in from outside its edges is 0.

    shift: at most so many pixels along each axis. turn: degrees to either side. scale: the sides' factors lie within
    exp(-scale) and exp(scale). flip: whether every other image is mirrored, left for right. All are drawn uniformly,
    the factors in their logarithm; pixels are interpolated bilinearly.
    """

    shift: int | float = 0
    turn: int | float = 0
    scale: int | float = 0
    flip: bool = False

    def __call__(self, batch: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
        """Return the batch with each image, its target and its mask moved by one map."""
        maps = self.maps(batch["images"], len(batch["images"]), generator)
        return {name: self.move(values, maps) if name in PICTURES else values for name, values in batch.items()}

    def maps(self, x: Float[Tensor, "b c h w"], count: int, generator: Generator) -> Float[Tensor, "n 2 3"]:
        """Draw `count` maps for images such as x: where in [-1, 1] each place of a moved image comes from."""
        draws = 2 * torch.rand(6, count, generator=generator, dtype=x.dtype, device=x.device) - 1
        angle, (across, down) = math.radians(self.turn) * draws[0], torch.exp(self.scale * draws[1:3])
        mirror = torch.sign(draws[3]) if self.flip else torch.ones_like(draws[3])
        cos, sin = torch.cos(angle), torch.sin(angle)
        rows, columns = x.shape[-2:]
        shift = 2 * self.shift * draws[4:] / torch.tensor([[columns], [rows]], dtype=x.dtype, device=x.device)
        first = torch.stack([cos * across * mirror, -sin * down, shift[0]], dim=1)
        second = torch.stack([sin * across * mirror, cos * down, shift[1]], dim=1)
        return torch.stack([first, second], dim=1)

    def move(self, x: Float[Tensor, "b c h w"], maps: Float[Tensor, "n 2 3"]) -> Float[Tensor, "b c h w"]:
        """Return images moved each by its map, or all by the only one."""
        places = functional.affine_grid(maps.expand(len(x), -1, -1), list(x.shape), align_corners=False)
        return functional.grid_sample(x, places, align_corners=False)
