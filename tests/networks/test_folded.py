"""The U-net: what goes in comes out in the same shape, and the picture itself reaches the last layer."""

from __future__ import annotations

import pytest
import torch

from latente.errors import InputError
from latente.networks import FoldedUNet


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (3, 3, 12, 20), (1, 4, 4, 8)])
def test_images_come_out_in_their_own_shape(shape: tuple[int, ...]) -> None:
    network = FoldedUNet(shape[1], wide=8, deep=16)
    assert network(torch.rand(shape)).shape == shape


def test_the_last_layer_sees_the_picture_itself() -> None:
    network, x = FoldedUNet(3, wide=8, deep=16), torch.rand(2, 3, 12, 20)
    with torch.no_grad():
        network.last.weight.zero_()
        network.last.bias.zero_()
        for channel in range(12):
            network.last.weight[channel, channel, 1, 1] = 1
        assert torch.equal(network(x), x)


def test_a_pixel_is_told_by_the_surroundings_that_both_paths_reach() -> None:
    network, x = FoldedUNet(wide=8, deep=16, depth=2), torch.rand(1, 1, 64, 64, requires_grad=True)
    network(x)[0, 0, 32, 32].backward()
    assert x.grad is not None
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    # at half of the sides three convolutions of 3x3 reach 3 to either side, and those below twice as far each
    assert 20 < int(rows.max() - rows.min()) + 1 <= 40


def test_its_weights_add_up() -> None:
    def conv(inputs: int, outputs: int, side: int = 3) -> int:
        return outputs * (inputs * side**2 + 1)

    expected = conv(4, 16) + conv(16, 16) + conv(16, 64) + 2 * conv(64, 64) + conv(64, 64, 1) + conv(32, 16)
    assert sum(p.numel() for p in FoldedUNet().parameters()) == expected + conv(20, 4)


@pytest.mark.parametrize("sides", [(30, 28), (28, 26)])
def test_sides_that_four_does_not_divide_are_refused_in_a_line(sides: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"not {sides[0]} x {sides[1]}; resize"):
        FoldedUNet()(torch.rand(1, 1, *sides))


@pytest.mark.parametrize("option", ["channels", "wide", "deep", "depth"])
def test_an_option_out_of_range_is_named(option: str) -> None:
    with pytest.raises(InputError, match=option):
        FoldedUNet(**{option: 0})
