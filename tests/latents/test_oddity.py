"""Oddity among others: the numbers of a picture, which a few odd pictures hardly move."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latente.latents import oddity
from latente.latents.oddity import Spread, draw_references, picture_numbers


def test_a_picture_has_the_mean_of_its_four_largest_and_of_all() -> None:
    distances = torch.tensor([1.0, 9, 2, 8, 3, 7, 4, 6, 5, 2])
    owners = torch.tensor([0, 0, 0, 0, 0, 0, 2, 2, 2, 1])
    expected = [[27 / 4, 30 / 6], [2, 2], [5, 5]]
    np.testing.assert_allclose(picture_numbers(distances, owners), np.log(expected), rtol=1e-6)


def test_the_larger_of_two_robust_z_values_counts() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal((2, -1), (3, 0.5), (2_000, 2))
    numbers[:100] += 50  # a few odd ones hardly move middle and spread
    spread = Spread.of(torch.from_numpy(numbers))
    middle = np.median(numbers, axis=0)
    deviation = 1.4826 * np.median(np.abs(numbers - middle), axis=0)
    expected = ((numbers - middle) / deviation).max(1)
    np.testing.assert_allclose(spread.oddity(torch.from_numpy(numbers)), expected, rtol=1e-3)
    np.testing.assert_allclose(spread.spread, [3, 0.5], rtol=0.15)


def test_pictures_that_are_all_equal_are_equally_odd() -> None:
    numbers = torch.zeros(5, 2)
    assert Spread.of(numbers).oddity(numbers).tolist() == [0.0] * 5


def test_references_are_all_windows_or_a_draw_of_pictures_and_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = torch.arange(20).repeat_interleave(6)
    assert draw_references(owners, torch.Generator().manual_seed(0)).tolist() == list(range(120))
    monkeypatch.setattr(oddity, "MOST_REFERENCES", 8)
    rows = draw_references(owners, torch.Generator().manual_seed(0))
    assert len(owners[rows].unique()) == 8
    assert len(rows) == 48
    monkeypatch.setattr(oddity, "MOST_WINDOWS", 10)
    rows = draw_references(owners, torch.Generator().manual_seed(0))
    assert len(rows) == 10
    assert rows.tolist() == sorted(rows.tolist())
    assert rows.tolist() == draw_references(owners, torch.Generator().manual_seed(0)).tolist()
