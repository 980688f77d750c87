"""What paints in one pass: any size, statistics that can be worked out in parts and mixed, parts as in the whole."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from latente.formulas import moments
from latente.networks import StyleNet


def network() -> StyleNet:
    """Return a small one whose every weight counts."""
    torch.manual_seed(0)
    built = StyleNet((4, 6, 8), 4, blocks=1)
    for parameter in built.parameters():
        nn.init.normal_(parameter, std=0.2)
    return built.eval()


def pictures(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("sides", [(1, 1), (8, 8), (13, 30)])
@torch.no_grad()
def test_the_picture_is_as_large_as_the_photograph_whatever_the_size_of_the_style(sides: tuple[int, int]) -> None:
    painted = network()(pictures(2, 3, *sides), pictures(1, 3, 20, 9))
    assert painted.shape == (2, 3, *sides)
    assert painted.isfinite().all()


@torch.no_grad()
def test_the_statistics_of_parts_are_those_of_the_whole() -> None:
    net = network()
    x = pictures(1, 3, 16, 24)
    maps = net.maps(x)
    halves = []
    for half in (slice(0, 2), slice(2, 6)):  # of the deepest level, and as much more of the others
        spans = [slice(half.start * 4 // by, half.stop * 4 // by) for by in net.shrinks]
        halves.append([one[..., span] for one, span in zip(maps, spans, strict=True)])
    whole = net.statistics(maps)
    assert whole.shape == (1, net.size)
    torch.testing.assert_close(net.statistics_of_parts(x, halves), whole, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_part_with_its_halo_comes_out_as_in_the_whole() -> None:
    net = network()
    start, length = net.halo + 16, 24
    x = pictures(1, 3, start + length + net.halo + 8, start + length + net.halo)
    own, wanted = (net.statistics(net.maps(one)) for one in (x, pictures(1, 3, 40, 40)))
    part = slice(start - net.halo, start + length + net.halo)
    whole, cut = (net.paint(net.maps(one), own, wanted) for one in (x, x[:, :, part, part]))
    inside, there = slice(start, start + length), slice(net.halo, net.halo + length)
    torch.testing.assert_close(cut[..., there, there], whole[..., inside, inside], rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_deepest_map_gets_the_styles_means_and_deviations_and_its_own_give_it_back() -> None:
    net, kept = network(), []
    net.first.register_forward_pre_hook(lambda module, inputs: kept.append(inputs[0]))
    content, style = pictures(1, 3, 32, 32), pictures(1, 3, 40, 24) ** 2
    net(content, style)
    net(content)
    for changed, wanted in ((kept[0], style), (kept[1], content)):
        mean, deviation = moments(net.maps(wanted)[-1])
        torch.testing.assert_close(changed.mean((2, 3), keepdim=True), mean, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(changed.std((2, 3), correction=0, keepdim=True), deviation, rtol=2e-2, atol=4e-3)
    torch.testing.assert_close(kept[1], net.maps(content)[-1], rtol=1e-4, atol=1e-4)
