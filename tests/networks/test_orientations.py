"""Histograms of the gradient's directions say which way edges run, and nothing of how bright a picture is."""

from __future__ import annotations

import math

import pytest
import torch

from latente.networks.orientations import orientations


def grating(angle: float, side: int = 33) -> torch.Tensor:
    """Return waves (1, 1, side, side) whose brightness changes along a direction, in radians from rightwards."""
    places = torch.arange(side, dtype=torch.float32)
    along = places[None] * math.cos(angle) + places[:, None] * math.sin(angle)
    return (0.5 + 0.4 * torch.sin(along * 2 * math.pi / 9))[None, None]


@pytest.mark.parametrize("direction", range(8))
def test_the_direction_in_which_a_picture_changes_has_the_largest_share(direction: int) -> None:
    found = orientations(grating(direction * math.pi / 8), 0.7)
    middle = found[0, :, 4, 4]
    assert int(middle.argmax()) == direction
    assert torch.allclose(found, orientations(grating(direction * math.pi / 8 + math.pi), 0.7), atol=0.05)


def test_between_two_directions_the_weight_is_shared_out() -> None:
    middle = orientations(grating(1.5 * math.pi / 8), 0.7)[0, :, 4, 4].square()
    assert torch.allclose(middle[1], middle[2], rtol=0.2)  # central differences see steep waves a little turned
    assert float(middle[1] + middle[2]) > 0.8 * float(middle.sum())


def test_a_flat_picture_has_no_edge_whatever_its_brightness() -> None:
    for value in (0.0, 0.3, 1.0):
        flat = orientations(torch.full((2, 3, 28, 28), value), 1.4)
        assert flat.shape == (2, 8, 7, 7)
        assert torch.allclose(flat, torch.full_like(flat, 1e-3**0.5), atol=1e-3)


@pytest.mark.parametrize(("side", "places"), [(8, 2), (28, 7), (29, 8), (32, 8)])
def test_a_histogram_stands_for_every_fourth_pixel(side: int, places: int) -> None:
    assert orientations(torch.rand(1, 1, side, 12), 0.7).shape == (1, 8, places, 3)


def test_of_several_channels_the_one_that_changes_most_counts() -> None:
    faint = 0.5 + 0.1 * (grating(0.0) - 0.5)
    both = torch.cat([faint, grating(math.pi / 2)], 1)
    assert torch.allclose(orientations(both, 0.7)[0, 4, 4, 4], orientations(both[:, 1:], 0.7)[0, 4, 4, 4], rtol=0.05)
