"""SqueezeNet, as the maps of its named layers: a small network that knows shapes, in 5 MB of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latente.networks.strips import Reader, Told
from latente.networks.vgg import balanced

__all__ = ["SqueezeNet", "places"]

# channels that come in, are squeezed to, and go out of each half
_FIRES: Mapping[str, tuple[int, int, int]] = {
    "fire2": (96, 16, 64),
    "fire3": (128, 16, 64),
    "fire4": (128, 32, 128),
    "fire5": (256, 32, 128),
    "fire6": (256, 48, 192),
    "fire7": (384, 48, 192),
    "fire8": (384, 64, 256),
}
_POOLED = ("conv1", "fire4")  # layers whose maps are halved
_HALVES = ("expand1", "expand3")
_SIDE, _STRIDE = 7, 2  # of the first layer's filters
_MEANS = (104.0, 117.0, 123.0)  # of the levels of blue, green and red


class SqueezeNet(nn.Module):
    """Pictures (B, 3, H, W), red, green and blue in [0, 1], to maps of layers, each after its ReLU.

    SqueezeNet 1.0 (Iandola et al. 2016) up to `last`: "conv1", whose places are 2 pixels apart, "fire2" ... "fire4", 4
    pixels, and "fire5" ... "fire8", 8 pixels. It takes levels of blue, green and red less their means.
    """

    def __init__(self, last: str = "fire8") -> None:
        super().__init__()
        names = ["conv1", *_FIRES]
        self.layers = tuple(names[: 1 + names.index(last)])
        self.conv1 = nn.Conv2d(3, 96, _SIDE, stride=_STRIDE)
        for name in self.layers[1:]:
            inside, squeezed, outside = _FIRES[name]
            layers = {
                "squeeze": nn.Conv2d(inside, squeezed, 1),
                "expand1": nn.Conv2d(squeezed, outside, 1),
                "expand3": nn.Conv2d(squeezed, outside, 3, padding=1),
            }
            self.add_module(name, nn.ModuleDict(layers))
        self.requires_grad_(False)

    def forward(
        self, images: Tensor, wanted: Sequence[str], read: Reader | None = None
    ) -> dict[str, Tensor] | dict[str, Told]:
        """Return the maps of the wanted layers by name, or what `read` tells of them; none behind is worked out."""
        means = torch.tensor(_MEANS, device=images.device, dtype=images.dtype)[:, None, None]
        x = 255 * images.flip(1) - means
        found: dict[str, Any] = {}
        for name in self.layers[: 1 + max(map(self.layers.index, wanted))]:
            x = self._through(name, x)
            if name in wanted:
                found[name] = x if read is None else read(name, x, 0, x.shape[2])
            x = _pooled(x) if name in _POOLED else x
        return found

    def _through(self, name: str, x: Tensor) -> Tensor:
        if name == "conv1":
            return self.conv1(x).relu_()
        squeezed = self._conv(name, "squeeze")(x).relu_()
        return torch.cat([self._conv(name, half)(squeezed) for half in _HALVES], 1).relu_()

    def _conv(self, name: str, part: str) -> nn.Conv2d:
        conv = self.get_submodule(f"{name}.{part}")
        assert isinstance(conv, nn.Conv2d)
        return conv

    @torch.no_grad()
    def balance_(self, photographs: Tensor) -> None:
        """Scale every channel of every layer to a mean of 1 over photographs (B, 3, H, W), as `VGG.balance_` does."""
        for name in self.layers:
            scale = balanced(self(photographs, (name,))[name])
            halves = [self.conv1] if name == "conv1" else [self._conv(name, half) for half in _HALVES]
            for conv, part in zip(halves, scale.chunk(len(halves)), strict=True):
                conv.weight *= part[:, None, None, None]
                conv.bias.mul_(part)  # type: ignore[union-attr]
            if name != self.layers[-1]:
                self._conv(self.layers[1 + self.layers.index(name)], "squeeze").weight /= scale[:, None, None]


def places(side: int) -> tuple[int, int]:
    """Return in which pixel along a side the first place of "fire5" has its middle, and how many places there are."""
    count = (side - _SIDE) // _STRIDE + 1
    for _ in _POOLED:
        count = math.ceil((count - 3) / 2) + 1
    return _SIDE // 2 + 2 + 4, count  # each pooling moves it on by one place, of 2 and of 4 pixels


def _pooled(maps: Tensor) -> Tensor:
    return functional.max_pool2d(maps, 3, 2, ceil_mode=True)
