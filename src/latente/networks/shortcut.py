"""Where a network starts: beside a fixed linear map, of which it learns only what the map leaves, or at the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["WithLinear", "start_at"]

_SURE = 0.01  # a mean nearer to 0 or 1 counts as this: its logit stays where a sigmoid still learns


class WithLinear(nn.Module):
    """Map a batch (B, *inputs) to net(x) + weight x + bias, (B, *outputs), where weight and bias are not trained.

    They are buffers, zero until `set_linear`, and lie on disk with the weights. The last layer of `net` is set to zero,
    so that the sum starts as the linear map alone and no step is needed to come that far.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, net: nn.Module, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.net = net
        self.outputs = tuple(outputs)
        self.register_buffer("weight", torch.zeros(math.prod(outputs), math.prod(inputs)))
        self.register_buffer("bias", torch.zeros(math.prod(outputs)))
        for parameter in _last_layer(net).parameters():
            nn.init.zeros_(parameter)

    @torch.no_grad()
    def set_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Take over the map from flat inputs (I) to flat outputs (O): weight (O, I), bias (O,)."""
        self.weight.copy_(weight)
        self.bias.copy_(bias)

    def forward(self, x: Float[Tensor, "b *inputs"]) -> Float[Tensor, "b *outputs"]:
        """Return the sum of what the network and the map make of a batch."""
        linear = functional.linear(x.flatten(1), self.weight, self.bias)
        return self.net(x) + (linear if len(self.outputs) == 1 else linear.unflatten(1, self.outputs))


@torch.no_grad()
def start_at(decoder: nn.Module, mean: Tensor, output: str) -> None:
    """Set the bias of a decoder's last layer so that its image starts near `mean` (C, H, W) or (F,).

    A bias for each value becomes the mean image, one for each channel the channel's mean. output: "sigmoid" where the
    decoder returns logits, "linear" where it returns the image. The layer's weights stay as they are. Without it an
    output through a sigmoid starts at 0.5, far from mostly black images: the first steps then drive it into the flat
    end of the sigmoid, and ReLUs before it to 0, and it may stay there.
    """
    layer = _last_layer(decoder)
    assert layer.bias is not None
    values = mean.flatten() if len(layer.bias) == mean.numel() else mean.flatten(1).mean(1)
    if output == "sigmoid":
        values = values.clamp(_SURE, 1 - _SURE).logit()
    layer.bias.copy_(values)


def _last_layer(net: nn.Module) -> nn.Linear | nn.Conv2d | nn.ConvTranspose2d:
    return [part for part in net.modules() if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)][-1]
