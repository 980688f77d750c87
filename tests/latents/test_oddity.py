"""Oddity among others: the same as by comparing every pair of windows, and no odd picture vouches for itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from latente.errors import InputError
from latente.latents import oddity
from latente.latents.oddity import Spread, draw_references, picture_numbers, window_distances


def _windows(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    windows = 50 + torch.randn(count, 23, generator=generator)
    return windows, torch.randint(0, 7, (count,), generator=generator)


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oddity, "_BLOCK_VALUES", 300)


@pytest.mark.usefixtures("_small_blocks")
def test_distances_are_those_of_comparing_every_pair_of_different_pictures() -> None:
    windows, owners = _windows(60)
    references, reference_owners = _windows(41, seed=1)
    pairs = cdist(windows.double(), references.double())
    pairs[owners[:, None] == reference_owners] = np.inf
    distances = window_distances(windows, owners, references, reference_owners)
    np.testing.assert_allclose(distances, pairs.min(1), rtol=1e-4)


def test_new_pictures_are_compared_with_all() -> None:
    windows, owners = _windows(30)
    new = torch.full_like(owners, -1)
    assert window_distances(windows, new, windows, owners).max() < 1e-2
    assert window_distances(windows, owners, windows, owners).min() > 1


def test_one_picture_alone_is_refused() -> None:
    windows, _ = _windows(4)
    owners = torch.zeros(4, dtype=torch.int64)
    with pytest.raises(InputError, match="at least 2"):
        window_distances(windows, owners, windows, owners)


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


def test_the_picture_with_what_no_other_has_is_the_oddest() -> None:
    windows, owners = _windows(140)
    windows[owners == 3] += 4
    numbers = picture_numbers(window_distances(windows, owners, windows, owners), owners)
    assert Spread.of(numbers).oddity(numbers).argmax() == 3
