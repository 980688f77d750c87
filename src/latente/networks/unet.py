"""A U-net (Ronneberger et al. 2015): images to images, by levels of convolutions down and up again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente.errors import InputError, did_you_mean
from latente.networks.layers import Finish, activate, initialise, whole, widths
from latente.networks.options import POOLINGS
from latente.networks.restoring import filled_up
from latente.resampling import enlarged

__all__ = ["UNet"]


class UNet(nn.Module):
    """Map images (B, C, H, W) to images (B, C, factor * H, factor * W), which are enlarged before the first level.

    A level of `hidden` channels is a convolution of `kernel_size` that divides the sides by `stride`, or with a
    `pooling` ("max" or "average") one that keeps them, whose outputs are pooled; then `normalization` and `activation`.
    The way up has transposed convolutions, to each of which but the first comes what the way down had at those sides,
    where there are `skips`. code: width of a dense layer between both ways, which makes the network one for images of
    `sides` (after any enlargement) alone; None has none. residual: the result, which starts at zero, is added to the
    image. output: activation at the end; None is linear. Sides are filled up to a multiple of all strides for the time
    of the pass. Raises InputError, naming the option. halo and step: see `latente.networks.restoring`.
    """

    def __init__(
        self,
        channels: int,
        *,
        factor: int = 1,
        inputs: int | None = None,
        hidden: Sequence[int] = (32, 64, 128),
        kernel_size: int = 4,
        stride: int = 2,
        pooling: str | None = None,
        activation: str = "relu",
        normalization: str | None = None,
        skips: bool = True,
        code: int | None = None,
        sides: Sequence[int] | None = None,
        residual: bool = True,
        output: str | None = None,
    ) -> None:
        super().__init__()
        self.channels, self.factor = whole("channels", channels), whole("factor", factor)
        hidden, stride, kernel = widths(hidden, least=1), whole("stride", stride), whole("kernel_size", kernel_size)
        if kernel < stride or (kernel - stride) % 2:
            raise InputError(
                f"kernel_size={kernel} and stride={stride}: a U-net needs a filter as large as its step, or larger by "
                f"an even number; take kernel_size={max(kernel, stride) + (max(kernel, stride) - stride) % 2}"
            )
        if pooling is not None and pooling not in POOLINGS:
            raise did_you_mean("pooling", pooling, POOLINGS)
        self.skips, self.residual = skips, residual
        finish, padding = Finish(activation, normalization), (kernel - stride) // 2
        sizes = (inputs or self.channels, *hidden)
        self.down = nn.ModuleList()
        for before, after in pairwise(sizes):
            if pooling is None:
                layers = finish.after(nn.Conv2d(before, after, kernel, stride, padding))
            else:
                pool = nn.MaxPool2d(stride) if pooling == "max" else nn.AvgPool2d(stride)
                around = (kernel - 1) // 2, kernel // 2  # of an even kernel more at the far end
                same = nn.ZeroPad2d((*around, *around))
                layers = [same, *finish.after(nn.Conv2d(before, after, kernel)), pool]
            self.down.append(nn.Sequential(*layers))
        self.up = nn.ModuleList()
        for level in reversed(range(len(hidden))):
            is_first, is_last = level == len(hidden) - 1, level == 0
            given = hidden[level] * (1 if is_first or not skips else 2)
            layer = nn.ConvTranspose2d(given, self.channels if is_last else hidden[level - 1], kernel, stride, padding)
            if not is_last:
                self.up.append(nn.Sequential(*finish.after(layer)))
                continue
            initialise(layer)
            if residual:  # training starts at the image itself
                nn.init.zeros_(layer.weight)
            self.up.append(nn.Sequential(layer, *([] if output is None else [activate(output)])))
        self.step_inside = stride ** len(hidden)
        self.middle = None if code is None else _Code(hidden[-1], sides, self.step_inside, whole("code", code), finish)
        self.sides = None if code is None else tuple(sides or ())
        reach = sum((kernel + stride) * stride**level for level in range(len(hidden)))
        reach += sum(math.ceil(kernel / stride) * stride ** (level + 1) for level in range(len(hidden)))
        self.step = self.step_inside // math.gcd(self.step_inside, self.factor)
        self.halo = math.ceil(reach / self.factor) + 2

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d p q"]:
        """Return what it makes of scaled images; raises InputError for sides that a dense code does not take."""
        x = enlarged(x, self.factor)
        height, width = x.shape[2:]
        if self.sides is not None and (height, width) != self.sides:
            raise InputError(
                f"with a dense code this U-net takes images of {self.sides[0]} x {self.sides[1]} alone, not "
                f"{height} x {width}; leave the code out (code=None), or resize the images"
            )
        y, before = filled_up(x, self.step_inside), []
        for level in self.down:
            y = level(y)
            before.append(y)
        before.pop()
        y = y if self.middle is None else self.middle(y)
        for number, level in enumerate(self.up):
            y = level(torch.cat([y, before.pop()], 1) if number and self.skips else y)
        y = y[:, :, :height, :width]
        return y + x[:, : self.channels] if self.residual else y


class _Code(nn.Module):
    """All features of an image through so many numbers, and back."""

    def __init__(self, channels: int, sides: Sequence[int] | None, step: int, code: int, finish: Finish) -> None:
        super().__init__()
        if sides is None:
            raise InputError("code: a dense layer needs images of one size; give its sides, or leave the code out")
        self.shape = (channels, *(-(-side // step) for side in sides))
        values = math.prod(self.shape)
        self.layers = nn.Sequential(
            nn.Flatten(), *finish.after(nn.Linear(values, code)), *finish.after(nn.Linear(code, values))
        )

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.layers(x).view(-1, *self.shape)
        return features
