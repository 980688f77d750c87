"""Convolutional encoder and decoder for images of any size from 8 x 8 and any number of channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latente.errors import InputError
from latente.networks.layers import Finish, activate, initialise, values, whole, widths

__all__ = [
    "SMALLEST_SIDE",
    "ConvDecoder",
    "ConvEncoder",
    "Level",
    "RowwiseConv2d",
    "check_sides",
    "each_level",
    "plan_levels",
]

SMALLEST_SIDE = 8  # of an image, in pixels


def check_sides(shape: Sequence[int]) -> None:
    """Raise InputError unless `shape` is that of images (C, H, W) large enough for convolutions."""
    values(shape)
    if len(shape) != 3 or min(shape[1:]) < SMALLEST_SIDE:
        raise InputError(
            f"network='conv' needs images with sides from {SMALLEST_SIDE}, not {tuple(shape)}; use 'dense'"
        )


class ConvEncoder(nn.Module):
    """Map images (B, C, H, W) to codes (B, outputs), or spatial ones (B, channels, h, w) if outputs is None.

    One level per entry of `hidden`: a convolution with `stride`, one number for all levels or one for each, to that
    many channels, then depth - 1 that keep the sides. A level maps a side n to ceil(n / stride), or to n + 1 with
    stride 1 and an even kernel. A spatial code is what the last convolution puts out, with code_multiplier · hidden[-1]
    channels; a vector is a linear map of all that the last level puts out. The code is linear unless
    `output_activation` names an activation. slope: of "leaky_relu" below 0. Raises InputError, naming the option, for
    what is out of range and for more levels than the image can be reduced by. The weights come from torch's global
    generator.
    """

    def __init__(
        self,
        shape: Sequence[int],
        outputs: int | None,
        hidden: Sequence[int] = (32, 64),
        *,
        kernel_size: int = 3,
        stride: int | Sequence[int] = 2,
        depth: int = 1,
        activation: str = "relu",
        normalization: str | None = None,
        dropout: float = 0.0,
        slope: float | None = None,
        code_multiplier: int = 1,
        output_activation: str | None = None,
    ) -> None:
        super().__init__()
        finish = Finish(activation, normalization, dropout, slope)
        hidden = widths(hidden, least=1)
        levels = plan_levels(shape, (kernel_size,) * len(hidden), stride)
        steps: list[tuple[Callable[[int, int], nn.Conv2d], int, int]] = []
        for level, inputs, channels in zip(levels, (shape[0], *hidden), hidden, strict=False):
            steps.append((level.down, inputs, channels))
            steps += [(level.keep, channels, channels)] * (whole("depth", depth) - 1)
        code: list[nn.Module]
        if outputs is None:
            last, inputs, channels = steps.pop()
            code = [initialise(last(inputs, channels * whole("code_multiplier", code_multiplier)))]
        else:
            features = hidden[-1] * math.prod(levels[-1].after)
            code = [nn.Flatten(), initialise(nn.Linear(features, whole("outputs", outputs)))]
        if output_activation is not None:
            code.append(activate(output_activation))
        layers: list[nn.Module] = []
        for make, inputs, channels in steps:
            layers += finish.after(make(inputs, channels))
        layers += code
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b *code"]:
        """Return the codes of a batch of scaled images."""
        return self.layers(x)


class ConvDecoder(nn.Module):
    """Map codes (B, latent_dim), or (B, hidden[-1], h, w) if latent_dim is None, to images (B, C, H, W).

    The levels of the encoder with the same options, mirrored: `hidden` is given in the encoder's order, and
    each side comes back exactly. A vector is first mapped linearly to (hidden[-1], h, w). The last transposed
    convolution writes the image's channels; with `output_conv` (the classic denoiser) the transposed
    convolutions write hidden[-1] ... hidden[0] channels, and one more convolution the image. The output is
    raw: logits or linear values, no sigmoid. Raises InputError as the encoder. The weights come from torch's
    global generator.
    """

    def __init__(
        self,
        latent_dim: int | None,
        shape: Sequence[int],
        hidden: Sequence[int] = (32, 64),
        *,
        kernel_size: int = 3,
        stride: int | Sequence[int] = 2,
        depth: int = 1,
        activation: str = "relu",
        normalization: str | None = None,
        dropout: float = 0.0,
        slope: float | None = None,
        output_conv: bool = False,
    ) -> None:
        super().__init__()
        finish = Finish(activation, normalization, dropout, slope)
        hidden = widths(hidden, least=1)
        levels = plan_levels(shape, (kernel_size,) * len(hidden), stride)
        layers: list[nn.Module] = []
        if latent_dim is not None:
            inner = (hidden[-1], *levels[-1].after)
            linear = nn.Linear(whole("latent_dim", latent_dim), math.prod(inner))
            # Its bias stays even before batch normalisation, which takes away only what all positions share
            layers += [
                initialise(linear, activation),
                nn.Unflatten(1, inner),
                *finish.tail(hidden[-1], spatial=True),
            ]
        convs: list[nn.Conv2d | nn.ConvTranspose2d] = []
        inputs = hidden[-1]
        targets = hidden if output_conv else (shape[0], *hidden[:-1])
        for level, channels in zip(reversed(levels), reversed(targets), strict=True):
            convs += [level.keep(inputs, inputs) for _ in range(whole("depth", depth) - 1)]
            convs.append(level.up(inputs, channels))
            inputs = channels
        if output_conv:
            convs.append(levels[0].write(inputs, shape[0]))
        for conv in convs[:-1]:
            layers += finish.after(conv)
        layers.append(initialise(convs[-1]))
        self.layers = nn.Sequential(*layers)

    def forward(self, code: Float[Tensor, "b *code"]) -> Float[Tensor, "b c h w"]:
        """Return the raw images of a batch of codes."""
        return self.layers(code)


@dataclass(frozen=True)
class Level:
    """The convolutions of one level; pairs are for rows and columns."""

    kernel: int
    stride: int
    padding: tuple[int, int]  # on both ends
    restored: tuple[int, int]  # what the transposed convolution adds to come back to the sides before, exactly
    after: tuple[int, int]  # the sides that the level comes down to

    def down(self, inputs: int, outputs: int) -> nn.Conv2d:
        return nn.Conv2d(inputs, outputs, self.kernel, self.stride, self.padding)

    def up(self, inputs: int, outputs: int) -> nn.ConvTranspose2d:
        return nn.ConvTranspose2d(inputs, outputs, self.kernel, self.stride, self.padding, self.restored)

    def keep(self, inputs: int, outputs: int) -> nn.Conv2d:
        # An even kernel would shift the image by half a pixel: it gives way to the odd one below, from 3
        return nn.Conv2d(inputs, outputs, self.odd, padding=self.odd // 2)

    def write(self, inputs: int, outputs: int) -> nn.Conv2d:
        return RowwiseConv2d(inputs, outputs, self.odd, padding=self.odd // 2)

    @property
    def odd(self) -> int:
        return self.kernel if self.kernel % 2 else max(self.kernel - 1, 3)


class RowwiseConv2d(nn.Conv2d):
    """A convolution of stride 1 and odd kernel k to very few channels, worked out as k rows side by side.

    On the processor oneDNN takes one output channel at a twentieth of its usual speed. As one convolution of 1 x k
    with k times the channels, whose results are shifted against each other and added, the same sum takes half the time.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return super().forward(x)
        k, height, outputs = self.kernel_size[0], x.shape[2], self.out_channels
        rows = self.weight.permute(2, 0, 1, 3).reshape(k * outputs, self.in_channels, 1, k)
        parts = F.conv2d(x, rows, padding=(0, k // 2))
        parts = F.pad(parts, (0, 0, k // 2, k // 2))
        shifted = [parts[:, i * outputs : (i + 1) * outputs, i : i + height] for i in range(k)]
        total = shifted[0]
        for part in shifted[1:]:
            total = total + part
        return total if self.bias is None else total + self.bias.view(1, -1, 1, 1)


def each_level(option: str, value: int | Sequence[int], levels: int) -> tuple[int, ...]:
    """Return an option's whole numbers, one for each of so many levels; one number is that of all of them.

    Raises InputError, naming the option, for another count of them.
    """
    numbers = tuple(value) if isinstance(value, Sequence) else (value,)
    numbers = tuple(whole(option, number) for number in numbers)
    if len(numbers) == 1:
        return numbers * levels
    if len(numbers) != levels:
        raise InputError(f"{option}={numbers} is for {len(numbers)} levels, and hidden has {levels}")
    return numbers


def plan_levels(shape: Sequence[int], kernels: Sequence[int], stride: int | Sequence[int]) -> list[Level]:
    """Return the levels that an image passes, one for each of the kernels' sides.

    Raises InputError, naming the option that does not fit.
    """
    check_sides(shape)
    strides = each_level("stride", stride, len(kernels))
    for kernel, stride in zip(kernels, strides, strict=True):
        if whole("kernel_size", kernel) < stride:
            raise InputError(f"kernel_size={kernel} would skip pixels with stride={stride}; give at least {stride}")
    sides = shape[1], shape[2]
    plan: list[Level] = []
    for done, (kernel, stride) in enumerate(zip(kernels, strides, strict=True)):
        if stride > 1 and min(sides) == 1:
            raise InputError(
                f"hidden has {len(kernels)} levels, but with stride={stride} a {shape[1]} x {shape[2]} image is"
                f" down to {sides[0]} x {sides[1]} after {done}; give hidden at most {done} entries"
            )
        rows, columns = (_reduce(side, kernel, stride) for side in sides)
        padding, restored, sides = zip(rows, columns, strict=True)
        plan.append(Level(kernel, stride, padding, restored, sides))
    return plan


def _reduce(side: int, kernel: int, stride: int) -> tuple[int, int, int]:
    """Return padding, what the transposed convolution must restore, and the side after.

    The least padding on both ends with which ceil(side / stride) windows cover every pixel. What the division
    by the stride leaves over is at most 1 and never more than the padding, so that the kernel reaches every
    pixel restored.
    """
    overhang = (-(-side // stride) - 1) * stride + kernel - side
    padding = -(-overhang // 2)
    steps, rest = divmod(side + 2 * padding - kernel, stride)
    return padding, rest, steps + 1
