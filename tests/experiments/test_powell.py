"""Powell's method on small nets."""

from __future__ import annotations

import numpy as np
import pytest

from latente import open_images
from latente.experiments.patterns import wrong_pixels
from latente.experiments.powell import minimise

TWO = open_images("letters", count=2).pixels


def test_it_gets_two_letters_right_and_tells_the_way_there() -> None:
    net = minimise(TWO, TWO, hidden=(3,), latent_dim=1, iterations=20)
    assert net.wrong[-1].sum() == 0
    assert net.wrong[0].sum() > 0
    assert net.wrong.shape == (len(net.wrong), 2)
    np.testing.assert_array_equal(net.rebuild(TWO), TWO)


def test_what_it_rebuilds_is_what_it_counted() -> None:
    letters = open_images("letters", count=6).pixels
    net = minimise(letters, letters, hidden=(3,), latent_dim=2, iterations=1)
    np.testing.assert_array_equal(wrong_pixels(net.rebuild(letters), letters), net.wrong[-1])
    assert net.wrong.shape == (2, 6)


def test_it_counts_its_evaluations_and_ends_after_so_many_iterations() -> None:
    few, more = (minimise(TWO, TWO, hidden=(3,), latent_dim=1, iterations=count) for count in (1, 2))
    assert (len(few.wrong), len(more.wrong)) == (2, 3)
    weights = 35 * 3 + 3 + 3 * 1 + 1 + 1 * 3 + 3 + 3 * 35 + 35
    assert weights < few.evaluations < more.evaluations
    np.testing.assert_array_equal(few.wrong, more.wrong[:2])


def test_a_pattern_may_have_another_as_its_target() -> None:
    net = minimise(TWO, TWO[::-1].copy(), hidden=(3,), latent_dim=1, iterations=20)
    np.testing.assert_array_equal(net.rebuild(TWO), TWO[::-1])


def test_the_same_seed_gives_the_same_net_and_another_another() -> None:
    first, again, other = (minimise(TWO, TWO, hidden=(3,), latent_dim=1, iterations=1, seed=seed) for seed in (0, 0, 1))
    assert first.evaluations == again.evaluations
    assert np.array_equal(first.layers[0][0], again.layers[0][0])
    assert not np.array_equal(first.layers[0][0], other.layers[0][0])


@pytest.mark.parametrize("hidden", [(2,), (3, 2)])
def test_the_code_and_the_logits_alone_have_no_tanh(hidden: tuple[int, ...]) -> None:
    net = minimise(TWO, TWO, hidden=hidden, latent_dim=1, iterations=1)
    assert tuple(net.linear) == (len(hidden), 2 * len(hidden) + 1)
    assert len(net.layers) == 2 * len(hidden) + 2
    assert net.layers[net.linear[0]][0].shape[1] == 1
