"""Affine maps of images: as far as they say, alike for an image and its target, the same for the same generator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from latente.augmentations import Affine


def moved(x: torch.Tensor, **constants: Any) -> torch.Tensor:
    return Affine(**constants)({"images": x}, torch.Generator().manual_seed(0))["images"]


def centres(x: torch.Tensor) -> np.ndarray:
    """Return the centres of brightness, (B, 2): row, column, from the image's own centre."""
    rows, columns = np.indices(x.shape[-2:]) - (np.array(x.shape[-2:])[:, None, None] - 1) / 2
    mass = x[:, 0].numpy()
    total = mass.sum(axis=(1, 2))
    return np.stack([(mass * place).sum(axis=(1, 2)) / total for place in (rows, columns)], axis=1)


def test_each_image_moves_as_far_as_it_says() -> None:
    x = torch.zeros(400, 1, 20, 28)
    x[:, :, 8:11, 16:19] = 1  # whose centre lies 0.5 above and 3.5 right of the image's
    assert torch.allclose(moved(x), x, atol=1e-6)
    away = centres(moved(x, shift=2.0)) - [-0.5, 3.5]
    assert np.abs(away).max() == pytest.approx(2, abs=0.02)
    assert np.abs(away.mean(axis=0)).max() < 0.2
    sides = centres(moved(x, flip=True))
    assert sides[:, 0] == pytest.approx(-0.5, abs=1e-4)
    assert np.abs(sides[:, 1]) == pytest.approx(3.5, abs=1e-4)
    assert 0.4 < (sides[:, 1] < 0).mean() < 0.6
    grown = centres(moved(x, scale=0.2))
    assert grown[:, 1].max() == pytest.approx(3.5 * np.exp(0.2), rel=0.03)
    assert grown[:, 1].min() == pytest.approx(3.5 * np.exp(-0.2), rel=0.03)


def test_each_image_turns_by_at_most_its_angle() -> None:
    x = torch.zeros(400, 1, 28, 28)
    x[:, :, 13:15, 20:22] = 1  # 7 right of the centre
    places = centres(moved(x, turn=30.0))
    angles = np.degrees(np.arctan2(places[:, 0], places[:, 1]))
    assert [angles.min(), angles.max()] == pytest.approx([-30, 30], abs=1)
    assert np.hypot(*places.T) == pytest.approx(7, abs=0.2)


def test_target_and_mask_move_with_their_image_and_labels_stay() -> None:
    x = torch.rand(6, 3, 12, 16)
    batch = {"images": x, "target": x.clone(), "mask": x[:, :1].clone(), "label": torch.arange(6)}
    after = Affine(shift=3, turn=40, scale=0.2, flip=True)(batch, torch.Generator().manual_seed(1))
    assert torch.equal(after["images"], after["target"])
    assert torch.equal(after["images"][:, :1], after["mask"])
    assert torch.equal(after["label"], torch.arange(6))
    assert torch.equal(batch["images"], x)
    assert not torch.allclose(after["images"], x)


def test_the_generator_alone_decides() -> None:
    x, state = torch.rand(4, 1, 8, 8), torch.get_rng_state()
    affine = Affine(shift=2, flip=True)
    first, again, other = (affine({"images": x}, torch.Generator().manual_seed(seed))["images"] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)
