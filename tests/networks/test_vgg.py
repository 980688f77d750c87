"""Channels of networks are brought to one scale on photographs, and their maps stay what they were but for that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from latente.networks.squeezenet import SqueezeNet
from latente.networks.vgg import VGG


@pytest.mark.parametrize(
    "build", [lambda: VGG((16, 32, 64, 128), "4_1", reflects=True), lambda: SqueezeNet("fire5")], ids=["vgg", "squeeze"]
)
def test_channels_are_brought_to_one_mean_and_maps_stay_the_same_but_for_that(
    build: Callable[[], nn.Module],
) -> None:
    network, generator = build(), torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    photographs, other = torch.rand(4, 3, 32, 32), torch.rand(1, 3, 40, 32)
    before = network(other, network.layers)
    network.balance_(photographs)
    for maps in network(photographs, network.layers).values():
        means = maps.mean((0, 2, 3))
        assert means.max() == pytest.approx(1, rel=1e-3)  # less of channels that hardly answer
        assert means.median() == pytest.approx(1, rel=1e-3)
    for layer, maps in network(other, network.layers).items():
        scales = (maps.sum((0, 2, 3)) / before[layer].sum((0, 2, 3)).clamp_min(1e-9))[:, None, None]
        torch.testing.assert_close(maps, before[layer] * scales, rtol=1e-3, atol=1e-3)
