"""Maps of latent codes."""

from __future__ import annotations

import numpy as np
import pytest

from latente.latents import to_two_dimensions

rng = np.random.default_rng(0)


def test_codes_of_two_values_stay_as_they_are() -> None:
    codes = rng.normal(size=(7, 2)).astype(np.float32)
    np.testing.assert_array_equal(to_two_dimensions(codes), codes)


def test_longer_codes_keep_the_plane_in_which_they_vary_most() -> None:
    plane = rng.normal(size=(200, 2)) * (5, 2)
    turned = np.linalg.qr(rng.normal(size=(6, 6)))[0][:2]
    codes = plane @ turned + 0.001 * rng.normal(size=(200, 6))
    points = to_two_dimensions(codes)
    whole = codes.var(axis=0).sum()
    assert points.var(axis=0).sum() == pytest.approx(whole, rel=1e-4)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
    assert points[:, 0].var() > points[:, 1].var()


def test_the_map_is_the_same_twice() -> None:
    codes = rng.normal(size=(600, 700))
    np.testing.assert_array_equal(to_two_dimensions(codes), to_two_dimensions(codes))


def test_spatial_codes_are_flattened() -> None:
    codes = rng.normal(size=(9, 4, 3, 3))
    np.testing.assert_allclose(to_two_dimensions(codes), to_two_dimensions(codes.reshape(9, -1)))


def test_codes_of_one_value_lie_on_a_line() -> None:
    codes = rng.normal(size=(5, 1))
    np.testing.assert_array_equal(to_two_dimensions(codes), np.hstack([codes, np.zeros((5, 1))]))


def test_codes_that_are_all_alike_are_one_point() -> None:
    np.testing.assert_array_equal(to_two_dimensions(np.full((50, 5), 3.0)), np.zeros((50, 2)))


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_points_keep_their_distance(count: int) -> None:
    codes = rng.normal(size=(count, 5))
    points = to_two_dimensions(codes)
    assert points.shape == (count, 2)
    assert np.linalg.norm(points[0] - points[-1]) == pytest.approx(np.linalg.norm(codes[0] - codes[-1]))
