"""Styles without end: of few paintings or none, drawn by a generator alone."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from latente.estimators.paintings import Paintings, drawn_textures

CPU = torch.device("cpu")


def photographs(count: int = 64) -> Tensor:
    return torch.full((count, 3, 24, 32), 0.5)


@pytest.mark.parametrize("pictures", [[], [torch.ones(1, 3, 40, 600), torch.ones(1, 3, 8, 8)]], ids=["none", "two"])
def test_each_photograph_gets_a_style_of_its_shape_within_the_range(pictures: list[Tensor]) -> None:
    draw = Paintings([one[..., :512] for one in pictures], CPU)
    styles = draw(photographs(), Generator().manual_seed(0))
    assert styles.shape == (64, 3, 24, 32)
    assert 0 <= styles.min() <= styles.max() <= 1
    assert len({float(one.mean()) for one in styles}) > 32
    assert torch.equal(styles, draw(photographs(), Generator().manual_seed(0)))
    assert not torch.equal(styles, draw(photographs(), Generator().manual_seed(1)))


def test_parts_of_a_painting_are_no_larger_and_no_smaller_than_was_drawn() -> None:
    # a ramp across: its steps tell by how much a part was enlarged
    ramp = torch.linspace(0, 1, 512).expand(1, 3, 300, 512)
    styles = Paintings([ramp], CPU)(photographs(400), Generator().manual_seed(0))
    steps = (styles[:, :, :, 1:] - styles[:, :, :, :-1]).abs() * 511
    are_plain = ((styles[:, 0] - styles[:, 2]).abs().amax((1, 2)) < 1e-6) & (steps.std((1, 2, 3)) < 0.05)
    zooms = 1 / steps[are_plain].mean((1, 2, 3))
    assert len(zooms) > 80  # four in ten, less chance
    assert zooms.min() > 0.59
    assert zooms.max() < 1.41


def test_textures_are_the_same_at_every_call() -> None:
    one, two = drawn_textures(2, 16, CPU), drawn_textures(2, 16, CPU)
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert one[0].shape == (1, 3, 16, 16)
