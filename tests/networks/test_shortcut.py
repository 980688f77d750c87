"""A network beside a fixed linear map."""

from __future__ import annotations

import pytest
import torch

from latente.networks import build_pair
from latente.networks.shortcut import WithLinear, start_at


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_the_sum_starts_as_the_linear_map_alone_and_only_the_network_learns(kind: str) -> None:
    shape, code = (2, 9, 8), (3,)
    encoder, decoder = build_pair(kind, shape, 3)
    x = torch.rand(4, *shape)
    weight, bias = torch.randn(3, 144), torch.randn(3)
    sums = WithLinear(encoder, shape, code), WithLinear(decoder, code, shape)
    sums[0].set_linear(weight, bias)
    sums[1].set_linear(weight.T, torch.ones(144))
    codes = sums[0](x)
    torch.testing.assert_close(codes, x.flatten(1) @ weight.T + bias)
    torch.testing.assert_close(sums[1](codes), (codes @ weight + 1).reshape(4, *shape))
    for whole, net in zip(sums, (encoder, decoder), strict=True):
        assert {id(p) for p in whole.parameters()} == {id(p) for p in net.parameters()}
        assert {"weight", "bias"} <= whole.state_dict().keys()
    sums[1](sums[0](x)).square().mean().backward()
    assert any(p.grad is not None and p.grad.any() for p in encoder.parameters())


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_a_decoder_starts_at_the_mean_image_or_at_the_mean_of_each_channel(kind: str, output: str) -> None:
    _, decoder = build_pair(kind, (2, 9, 8), 3)
    mean = torch.rand(2, 9, 8) / 2 + 0.25
    start_at(decoder, mean, output)
    expected = mean if kind == "dense" else mean.mean((1, 2), keepdim=True).expand(2, 9, 8)
    torch.nn.init.zeros_([p for p in decoder.parameters() if p.ndim > 1][-1])
    image = decoder(torch.randn(4, 3))
    torch.testing.assert_close(image.sigmoid() if output == "sigmoid" else image, expected.expand(4, 2, 9, 8))
