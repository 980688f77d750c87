"""Walks through a latent space: where they lead, and that they are decoded all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from latente.errors import InputError
from latente.latents import interpolate, interpolate_codes, lattice, nearby_codes, traverse

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(50, 1, 4, 5))


def test_a_traversal_moves_one_dimension_by_its_standard_deviations_around_the_mean(model: Any) -> None:
    codes = model.encode(IMAGES) * np.arange(1, 13, dtype=np.float32).reshape(3, 2, 2)
    shown = traverse(model, codes, steps=5, span=2.0)
    assert shown.shape == (12, 5, 1, 4, 5)
    flat = codes.reshape(50, 12).astype(np.float64)
    for k in (0, 7, 11):
        for j, deviations in enumerate((-2, -1, 0, 1, 2)):
            code = flat.mean(axis=0)
            code[k] += deviations * flat[:, k].std()
            np.testing.assert_allclose(model.encode(shown[k, j]).reshape(12), code, atol=1e-5)


def test_a_traversal_of_some_dimensions_starts_at_the_code_given(model: Any) -> None:
    codes = model.encode(IMAGES)
    everything = traverse(model, codes, steps=3, at=codes[4])
    assert everything.shape == (12, 3, 1, 4, 5)
    np.testing.assert_allclose(model.encode(everything[5, 1])[0], codes[4], atol=1e-6)
    np.testing.assert_array_equal(traverse(model, codes, steps=3, at=codes[4], dimensions=[9, 2]), everything[[9, 2]])
    np.testing.assert_array_equal(traverse(model, codes, steps=3, at=codes[4].reshape(-1)), everything)


def test_a_traversal_decodes_all_at_once(model: Any) -> None:
    codes = model.encode(IMAGES)
    model.calls.clear()
    traverse(model, codes)
    assert model.calls == ["decode"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dimensions": [12]}, "0 to 11"),
        ({"dimensions": [-1]}, "0 to 11"),
        ({"dimensions": []}, "dimensions"),
        ({"steps": 1}, "at least 2"),
        ({"at": np.zeros(3)}, "`at` has 3 values"),
    ],
)
def test_a_traversal_out_of_range_is_refused(model: Any, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        traverse(model, model.encode(IMAGES), **changed)


def test_a_traversal_needs_codes_that_vary(model: Any) -> None:
    with pytest.raises(InputError, match="at least 2 codes"):
        traverse(model, model.encode(IMAGES[:1]))


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_an_interpolation_leads_from_one_reconstruction_to_the_other(model: Any, how: str) -> None:
    a, b = IMAGES[:6], IMAGES[6:12]
    shown = interpolate(model, a, b, steps=4, how=how)
    assert shown.shape == (6, 4, 1, 4, 5)
    assert model.calls == ["encode", "encode", "decode"]
    np.testing.assert_allclose(shown[:, 0], model.decode(model.encode(a)), atol=1e-6)
    np.testing.assert_allclose(shown[:, -1], model.decode(model.encode(b)), atol=1e-6)


def test_a_straight_line_has_even_steps() -> None:
    a, b = rng.normal(size=(2, 7, 3, 2, 2)).astype(np.float32)
    path = interpolate_codes(a, b, 5)
    assert path.shape == (7, 5, 3, 2, 2)
    assert path.dtype == np.float32
    np.testing.assert_array_equal(path[:, 0], a)
    np.testing.assert_array_equal(path[:, -1], b)
    np.testing.assert_allclose(path[:, 1], 0.75 * a + 0.25 * b, rtol=1e-5)


def test_a_turn_between_codes_of_one_length_keeps_it_and_turns_evenly() -> None:
    a, b = rng.normal(size=(2, 20, 64))
    a, b = (3 * x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    path = interpolate_codes(a, b, 9, "spherical")
    np.testing.assert_allclose(np.linalg.norm(path, axis=2), 3, rtol=1e-12)
    np.testing.assert_allclose(path[:, [0, -1]], np.stack([a, b], 1), rtol=1e-12)
    whole = np.arccos((a * b).sum(axis=1) / 9)
    steps = np.arccos((path[:, 1:] * path[:, :-1]).sum(axis=2) / 9)
    np.testing.assert_allclose(steps, np.tile(whole[:, None] / 8, (1, 8)), rtol=1e-9)


def test_a_turn_by_a_right_angle_is_cosine_and_sine() -> None:
    path = interpolate_codes(np.array([[2.0, 0.0]]), np.array([[0.0, 5.0]]), 3, "spherical")
    np.testing.assert_allclose(path[0, 1], [2 * np.sqrt(0.5), 5 * np.sqrt(0.5)])


@pytest.mark.parametrize("b", [[3.0, 6.0], [-1.0, -2.0], [0.0, 0.0], [1.0, 2.0 + 1e-9]])
def test_codes_on_one_line_through_the_origin_are_joined_straight(b: list[float]) -> None:
    a, end = np.array([[1.0, 2.0]]), np.array([b])
    np.testing.assert_array_equal(interpolate_codes(a, end, 5, "spherical"), interpolate_codes(a, end, 5))


def test_the_turn_joins_the_straight_line_without_a_jump() -> None:
    for angle in (0.99e-4, 1.01e-4):
        a, b = np.array([[1.0, 0.0]]), np.array([[np.cos(angle), np.sin(angle)]])
        difference = interpolate_codes(a, b, 5, "spherical") - interpolate_codes(a, b, 5)
        assert np.abs(difference).max() < 1e-8


def test_interpolations_that_make_no_sense_are_refused() -> None:
    a = rng.normal(size=(3, 4))
    with pytest.raises(InputError, match="as many codes"):
        interpolate_codes(a, a[:2])
    with pytest.raises(InputError, match="did you mean 'spherical'"):
        interpolate_codes(a, a, 4, "sferical")
    with pytest.raises(InputError, match="at least 2"):
        interpolate_codes(a, a, 1)
    with pytest.raises(InputError, match="NaN"):
        interpolate_codes(a, a * np.nan)


class Plane:
    """Decodes codes of two values as images of two pixels: the code itself."""

    def encode(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(-1, 2)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return codes.reshape(-1, 1, 1, 2)


def test_a_lattice_decodes_the_priors_quantiles_with_the_second_coordinate_upwards() -> None:
    shown = lattice(Plane(), 5, coverage=0.9)
    assert shown.shape == (5, 5, 1, 1, 2)
    quantiles = norm.ppf([0.05, 0.275, 0.5, 0.725, 0.95])
    for i in range(5):
        for j in range(5):
            np.testing.assert_allclose(shown[i, j].reshape(2), [quantiles[j], quantiles[4 - i]], atol=1e-6)


def test_a_lattice_takes_spatial_codes_of_two_values() -> None:
    model = Plane()
    model.code_shape_ = (2, 1, 1)  # type: ignore[attr-defined]
    assert lattice(model, 3).shape == (3, 3, 1, 1, 2)


def test_a_lattice_needs_a_plane_and_a_part_of_the_prior() -> None:
    model = Plane()
    with pytest.raises(InputError, match="between 0 and 1"):
        lattice(model, coverage=1.0)
    model.code_shape_ = (3,)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="two values, not 3"):
        lattice(model)


def test_nearby_codes_lie_a_share_of_the_way_to_the_draws_and_keep_the_length_of_normal_codes() -> None:
    codes, draws = rng.normal(size=(3, 500)), rng.normal(size=(3, 7, 500))
    near = nearby_codes(codes, draws, 0.3)
    assert near.shape == (3, 7, 500)
    way = interpolate_codes(np.repeat(codes, 7, axis=0), draws.reshape(21, 500), 11, "spherical")
    np.testing.assert_allclose(near.reshape(21, 500), way[:, 3])
    # of as many normal numbers the length is the root of their count, which a straight line would fall short of
    assert np.linalg.norm(near, axis=2).mean() == pytest.approx(np.sqrt(500), rel=0.03)
    np.testing.assert_allclose(nearby_codes(codes, draws, 1.0), draws)


@pytest.mark.parametrize(
    ("draws", "share", "message"), [((3, 7, 4), 0.3, "shape"), ((3, 7, 5), 0, "above 0"), ((3, 7, 5), 1.1, "up to 1")]
)
def test_what_is_not_near_is_refused(draws: tuple[int, ...], share: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        nearby_codes(np.ones((3, 5)), np.ones(draws), share)
