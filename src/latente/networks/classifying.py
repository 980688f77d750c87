"""What a classifier sees images by: convolutions and dense layers down to a code that tells the classes apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from latente.errors import did_you_mean
from latente.networks.conv import each_level, plan_levels
from latente.networks.layers import Finish, values, whole, widths
from latente.networks.options import POOLINGS

__all__ = ["ConvClassifierEncoder", "DenseClassifierEncoder"]


class ConvClassifierEncoder(nn.Module):
    """Map images (B, C, H, W) to codes (B, K) by levels of convolutions, then dense layers.

    A level of `hidden` channels is depth - 1 convolutions that keep the sides and one that divides them by the stride,
    or with `pooling` ("max" or "average") keeps them too and is pooled; the last convolution of a level and each of the
    `dense` layers drop a share of their values in training. K is the
    last entry of `dense`, or without one all that the last level puts out. kernel_size: sides of the filters, one for
    each level, or one for all. Raises InputError, naming the option, for what is out of range. The weights come from
    torch's global generator.
    """

    def __init__(
        self,
        shape: Sequence[int],
        hidden: Sequence[int],
        *,
        dense: Sequence[int] = (),
        kernel_size: Sequence[int] = (3,),
        stride: int = 2,
        depth: int = 2,
        pooling: str | None = None,
        activation: str = "relu",
        normalization: str | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        hidden, dense = widths(hidden, least=1), widths(dense)
        if pooling is not None and pooling not in POOLINGS:
            raise did_you_mean("pooling", pooling, POOLINGS)
        plan = plan_levels(shape, each_level("kernel_size", kernel_size, len(hidden)), stride)
        within, at_the_end = Finish(activation, normalization), Finish(activation, normalization, dropout)
        layers: list[nn.Module] = []
        inputs = shape[0]
        for level, channels in zip(plan, hidden, strict=True):
            for _ in range(whole("depth", depth) - 1):
                layers += within.after(level.keep(inputs, channels))
                inputs = channels
            if pooling is None:
                layers += at_the_end.after(level.down(inputs, channels))
            else:  # a maximum of values of which some are dropped, and the others enlarged for it, would be another one
                layers += [*within.after(level.keep(inputs, channels)), _pool(pooling, stride)]
                layers += [nn.Dropout(dropout)] if dropout else []
            inputs = channels
        after = plan[-1].after if pooling is None else [-(-side // stride ** len(hidden)) for side in shape[1:]]
        features = hidden[-1] * math.prod(after)
        self.layers = nn.Sequential(*layers, nn.Flatten(), *_dense_layers((features, *dense), at_the_end))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b code"]:
        """Return the codes of a batch of scaled images."""
        return self.layers(x)


class DenseClassifierEncoder(nn.Module):
    """Map images (B, C, H, W) or rows (B, F) to codes (B, K) by dense layers of the `hidden` widths; K is the last one.

    Each of them drops a share of its values in training. Raises InputError, naming the option, for what is out of
    range. The weights come from torch's global generator.
    """

    def __init__(
        self,
        shape: Sequence[int],
        hidden: Sequence[int],
        *,
        activation: str = "relu",
        normalization: str | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        sizes = values(shape), *widths(hidden, least=1)
        finish = Finish(activation, normalization, dropout)
        self.layers = nn.Sequential(nn.Flatten(), *_dense_layers(sizes, finish))

    def forward(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b code"]:
        """Return the codes of a batch of scaled images or rows."""
        return self.layers(x)


def _pool(pooling: str, stride: int) -> nn.Module:
    """Return what divides sides by the stride, rounded up, as the convolutions do."""
    if pooling == "max":
        return nn.MaxPool2d(stride, ceil_mode=True)
    return nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)


def _dense_layers(sizes: Sequence[int], finish: Finish) -> list[nn.Module]:
    """Return dense layers through `sizes`, each with its finish."""
    return [module for inputs, outputs in pairwise(sizes) for module in finish.after(nn.Linear(inputs, outputs))]
