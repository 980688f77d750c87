"""Colours of a picture become those of another, mean and covariance, and what is grey has no noise made of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latente.networks.colours import COUNT, colours_of, recoloured


def pictures(seed: int, gain: float = 1.0) -> Tensor:
    """Return two pictures whose channels vary together."""
    generator = torch.Generator().manual_seed(seed)
    mixes = gain * torch.randn(2, 3, 3, generator=generator)
    return 0.5 + torch.einsum("bij,bjhw->bihw", mixes, torch.randn(2, 3, 24, 30, generator=generator))


def test_the_mean_and_the_covariance_become_those_that_are_wanted() -> None:
    one, other = pictures(0), pictures(1)
    colours = colours_of(other)
    assert colours.shape == (2, COUNT)
    changed = recoloured(one, colours_of(one), colours)
    torch.testing.assert_close(changed.mean((2, 3)), other.mean((2, 3)), rtol=1e-4, atol=1e-4)
    for a, b in zip(changed, other, strict=True):
        torch.testing.assert_close(a.flatten(1).cov(), b.flatten(1).cov(), rtol=0.01, atol=0.01)


def test_its_own_colours_leave_a_picture_as_it_is() -> None:
    one = pictures(0, 0.1)
    torch.testing.assert_close(recoloured(one, colours_of(one), colours_of(one)), one, rtol=1e-4, atol=1e-5)


def test_light_and_dark_keep_their_order() -> None:
    one, other = pictures(0, 0.1), pictures(1, 0.1)
    changed = recoloured(one, colours_of(one), colours_of(other)).mean(1).flatten(1)
    for light, was in zip(changed, one.mean(1).flatten(1), strict=True):
        assert (light[was.argsort()].diff() > -1e-5).all()


@pytest.mark.parametrize("side", [1, 16])
def test_of_a_grey_picture_and_of_one_colour_no_noise_is_made(side: int) -> None:
    grey = torch.linspace(0, 1, side * side).reshape(1, 1, side, side).repeat(1, 3, 1, 1).requires_grad_()
    noisy = grey + 0.002 * torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    wanted = colours_of(pictures(1, 0.3)[:1])
    for one in (grey, noisy, 0 * grey):
        changed = recoloured(one, colours_of(one), wanted)
        changed.square().sum().backward(retain_graph=True)
        assert changed.isfinite().all()
        assert grey.grad.isfinite().all()
    exact, rough = (recoloured(one, colours_of(one), wanted) for one in (grey, noisy))
    assert (exact - rough).std() < 0.1 if side > 1 else True


def test_autocast_takes_no_digits_from_it() -> None:
    one, other = pictures(0), pictures(1)
    exact = recoloured(one, colours_of(one), colours_of(other))
    with torch.autocast("cpu", torch.bfloat16):
        half = recoloured(one, colours_of(one), colours_of(other))
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, exact, rtol=0, atol=0)


def test_mixed_colours_lie_between_those_they_are_of() -> None:
    one, other = pictures(0), pictures(1)
    half = torch.lerp(colours_of(one), colours_of(other), 0.5)
    changed = colours_of(recoloured(one, colours_of(one), half))
    torch.testing.assert_close(changed, half, rtol=0.05, atol=0.01)
