"""What stands in gaps before a network sees them: what is around them, and nothing where nothing is near."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from latente.networks import FilledFirst, ResidualNet
from latente.networks.filling import filled_from_around


def with_gaps(image: Tensor, known: Tensor) -> Tensor:
    """Return images (B, C, H, W) with 0 in their gaps, and which pixels are known as one more channel."""
    known = known.to(image.dtype).expand(len(image), 1, -1, -1)
    return torch.cat([image * known, known], 1)


def test_a_pixel_is_the_mean_of_its_eight_neighbours_near_ones_weighing_more() -> None:
    image = torch.rand(1, 2, 3, 3, dtype=torch.float64)
    known = torch.ones(1, 1, 3, 3)
    known[..., 1, 1] = 0
    side, corner = (math.exp(-square / (2 * 0.6**2)) for square in (1, 2))
    weights = torch.tensor([[corner, side, corner], [side, 0, side], [corner, side, corner]], dtype=torch.float64)
    filled = filled_from_around(with_gaps(image, known))
    torch.testing.assert_close(filled[..., 1, 1], (image * weights).sum((2, 3)) / weights.sum(), rtol=0, atol=1e-7)


def test_what_is_known_stays_and_a_flat_image_comes_back_whole() -> None:
    generator = torch.Generator().manual_seed(0)
    known = torch.rand(1, 1, 20, 24, generator=generator) < 0.3
    image = torch.rand(2, 3, 20, 24, generator=generator)
    filled = filled_from_around(with_gaps(image, known))
    assert torch.equal(filled.masked_select(known), image.masked_select(known))
    flat = torch.full_like(image, 0.75)
    torch.testing.assert_close(filled_from_around(with_gaps(flat, known)), flat)


def test_a_gap_is_filled_as_far_in_as_all_passes_reach() -> None:
    image = torch.ones(1, 1, 1, 40)
    known = torch.zeros(1, 1, 1, 40)
    known[..., :3] = 1
    filled = filled_from_around(with_gaps(image, known))[0, 0, 0]
    assert filled[:19].eq(1).all()  # 1 + 1 + 2 + 4 + 8 pixels beyond the third
    assert filled[19:].eq(0).all()


def test_where_nothing_is_known_nothing_is_made_up() -> None:
    assert filled_from_around(torch.zeros(1, 4, 5, 6)).eq(0).all()


@pytest.mark.parametrize("fold", [1, 2])
@torch.no_grad()
def test_a_part_with_its_halo_comes_out_as_in_the_whole(fold: int) -> None:
    torch.manual_seed(0)
    net = FilledFirst(ResidualNet(2, inputs=3, width=4, depth=1, fold=fold))
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3)
    net.double()
    start, length = net.halo + 2, 6
    side = 2 * start + length
    x = with_gaps(torch.rand(1, 2, side, side, dtype=torch.float64), torch.rand(1, 1, side, side) < 0.2)
    part = slice(start - net.halo, start + length + net.halo)
    own, inner = slice(net.halo, net.halo + length), slice(start, start + length)
    assert (net.step, net.halo) == (fold, fold * 5 + 16)
    torch.testing.assert_close(net(x[:, :, part, part])[..., own, own], net(x)[..., inner, inner], rtol=0, atol=1e-12)


def test_a_network_that_adds_to_what_goes_in_starts_at_the_filling() -> None:
    x = with_gaps(torch.rand(1, 3, 8, 8), torch.rand(1, 1, 8, 8) < 0.5)
    net = FilledFirst(ResidualNet(3, inputs=4, width=4, depth=1))
    torch.testing.assert_close(net(x), filled_from_around(x))


def test_bf16_does_not_round_what_is_filled() -> None:
    x = with_gaps(torch.rand(1, 3, 8, 8), torch.rand(1, 1, 8, 8) < 0.5)
    plain = filled_from_around(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(filled_from_around(x), plain)
