"""The untrained pyramid is the same for everyone, halves its octaves, and brings its channels to one scale."""

from __future__ import annotations

import pytest
import torch

from latente.networks.pyramid import Pyramid


def test_filters_are_orthogonal_and_the_same_each_time() -> None:
    network = Pyramid()
    flat = network.bank.flatten(1)
    torch.testing.assert_close(flat[:3], -flat[3:6])  # colours and their opposites
    rest = torch.cat([flat[:3], flat[6:]])
    torch.testing.assert_close(rest @ rest.T, torch.eye(61), rtol=0, atol=1e-5)
    assert torch.equal(network.bank, Pyramid().bank)


def test_octaves_are_halved_and_only_those_that_are_wanted_are_told() -> None:
    maps = Pyramid()(torch.rand(1, 3, 48, 64), ("1", "3"))
    assert {name: tuple(one.shape) for name, one in maps.items()} == {"1": (1, 64, 48, 64), "3": (1, 64, 12, 16)}


def test_a_grey_picture_of_one_value_has_the_same_answers_in_every_octave() -> None:
    # smoothing and halving keep what is constant, up to the edges
    maps = Pyramid()(torch.full((1, 3, 64, 64), 0.8), Pyramid().layers)
    for one in maps.values():
        torch.testing.assert_close(one, maps["1"][..., :1, :1].expand_as(one), rtol=1e-4, atol=1e-4)


def test_channels_are_brought_to_a_mean_of_one() -> None:
    network, photographs = Pyramid(), torch.rand(4, 3, 64, 64)
    network.balance_(photographs)
    for maps in network(photographs, network.layers).values():
        assert maps.mean((0, 2, 3)).max() == pytest.approx(1, rel=1e-3)
