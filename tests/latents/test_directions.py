"""Directions of attributes: lengths, what they leave alone, and edits along them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from latente.errors import InputError
from latente.latents import Direction, edit, edit_codes, learn_direction

rng = np.random.default_rng(0)
METHODS = ["means", "logistic"]


def _codes(count: int = 2_000, size: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes in which a hat moves dimensions 0 and 1, a beard 1 and 2, and beards come with hats more often."""
    hat = rng.random(count) < 0.3
    beard = rng.random(count) < np.where(hat, 0.7, 0.2)
    codes = rng.normal(size=(count, size)) * np.linspace(0.5, 2, size)
    codes[:, 0] += 3 * hat
    codes[:, 1] += 2 * hat + 2 * beard
    codes[:, 2] += 3 * beard
    return codes.astype(np.float32), hat, beard


CODES, HAT, BEARD = _codes()


def test_the_direction_of_means_is_the_difference_of_the_classes_mean_codes() -> None:
    direction = learn_direction(CODES, HAT, attribute="hat")
    gap = CODES[HAT].mean(axis=0, dtype=np.float64) - CODES[~HAT].mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(direction.vector, gap, rtol=1e-5)
    assert (direction.attribute, direction.method, direction.against) == ("hat", "means", ())
    assert direction.counts == ((~HAT).sum(), HAT.sum())
    assert direction.vector.dtype == np.float32


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("against", [None, {"beard": BEARD}])
def test_strengths_count_in_gaps_between_the_classes_means(method: str, against: Any) -> None:
    direction = learn_direction(CODES, HAT, method=method, against=against)
    assert direction.strength_of(CODES[HAT]).mean() == pytest.approx(0.5, abs=1e-5)
    assert direction.strength_of(CODES[~HAT]).mean() == pytest.approx(-0.5, abs=1e-5)
    moved = edit_codes(CODES, direction, [0.0, 1.0, -2.5])
    strengths = [direction.strength_of(moved[:, k]) - direction.strength_of(CODES) for k in range(3)]
    np.testing.assert_allclose(strengths, np.repeat([[0.0], [1.0], [-2.5]], len(CODES), axis=1), atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_leaves_the_strengths_of_the_attributes_it_is_against_alone(method: str) -> None:
    beard = learn_direction(CODES, BEARD, method=method)
    glasses = rng.random(len(CODES)) < 0.5
    plain = learn_direction(CODES, HAT, method=method)
    clean = learn_direction(CODES, HAT, method=method, against={"beard": BEARD, "glasses": glasses})
    assert abs(plain.vector @ beard.weights) > 0.005
    assert clean.vector @ beard.weights == pytest.approx(0, abs=1e-6)
    assert clean.vector @ learn_direction(CODES, glasses, method=method).weights == pytest.approx(0, abs=1e-6)
    assert clean.against == ("beard", "glasses")


def test_attributes_that_depend_on_each_other_count_once() -> None:
    once = learn_direction(CODES, HAT, against={"beard": BEARD})
    twice = learn_direction(CODES, HAT, against={"beard": BEARD, "no beard": ~BEARD, "again": BEARD})
    np.testing.assert_allclose(once.vector, twice.vector, rtol=1e-5, atol=1e-6)


def test_the_logistic_direction_tells_correlated_attributes_apart_better() -> None:
    # a beard tells of a hat, but says nothing once dimension 0 is known: its own dimension should hardly move
    means, logistic = (learn_direction(CODES, HAT, method=method) for method in METHODS)
    shares = [abs(direction.vector[2] / direction.vector[0]) for direction in (means, logistic)]
    assert shares[1] < 0.5 * shares[0]
    assert logistic.accuracy > means.accuracy


def test_the_logistic_direction_is_the_same_whatever_the_units_of_the_codes() -> None:
    units = np.geomspace(0.01, 100, CODES.shape[1])
    ours, theirs = (learn_direction(codes, HAT, method="logistic") for codes in (CODES, CODES * units))
    np.testing.assert_allclose(theirs.vector, ours.vector * units, rtol=1e-3)
    np.testing.assert_allclose(theirs.weights, ours.weights / units, rtol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_dimensions_that_do_not_vary_do_not_move(method: str) -> None:
    codes = np.hstack([CODES, np.full((len(CODES), 1), 7.0, np.float32)])
    assert learn_direction(codes, HAT, method=method).vector[-1] == 0


@pytest.mark.parametrize("method", METHODS)
def test_the_accuracy_is_that_on_codes_never_seen(method: str) -> None:
    noise = rng.normal(size=(60, 100))
    nothing = learn_direction(noise, rng.random(60) < 0.5, method=method)
    assert abs(nothing.accuracy - 0.5) < 0.3  # it separates all of the codes it was learned from
    assert learn_direction(CODES, CODES[:, 0] > 0, method="logistic").accuracy > 0.97
    assert learn_direction(CODES, HAT, method=method).accuracy > 0.9


def test_the_accuracy_of_guessing_is_a_half_whatever_the_counts() -> None:
    rare = rng.random(5_000) < 0.03
    assert learn_direction(rng.normal(size=(5_000, 3)), rare).accuracy == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_codes_give_the_same_direction(method: str) -> None:
    first, second = (learn_direction(CODES, HAT, method=method, against={"beard": BEARD}) for _ in range(2))
    assert first.to_json() == second.to_json()


@pytest.mark.parametrize(
    "values",
    [np.where(HAT, 1, -1).astype(np.int8), HAT.astype(int), np.where(HAT, 0.75, 0.25)],
    ids=["-1/1", "0/1", "two numbers"],
)
def test_the_higher_of_two_values_is_with_the_attribute(values: np.ndarray) -> None:
    np.testing.assert_array_equal(learn_direction(CODES, values).vector, learn_direction(CODES, HAT).vector)


def test_continuous_values_are_split_at_their_median() -> None:
    age = CODES[:, 3] + 0.1 * rng.normal(size=len(CODES))
    ours, theirs = learn_direction(CODES, age), learn_direction(CODES, age > np.median(age))
    np.testing.assert_array_equal(ours.vector, theirs.vector)
    assert ours.counts == (1_000, 1_000)


def test_values_of_which_most_are_the_highest_are_split_below_it() -> None:
    length = np.where(rng.random(len(CODES)) < 0.3, rng.random(len(CODES)), 1.0)
    assert learn_direction(CODES, length).counts == ((length < 1).sum(), (length == 1).sum())


def test_an_edit_decodes_every_strength_of_every_image_at_once(model: Any) -> None:
    images = rng.normal(size=(40, 1, 4, 5))
    codes = model.encode(images)
    direction = learn_direction(codes, images[:, 0, 0, 0])
    model.calls.clear()
    shown = edit(model, images, direction, (-1, 0, 1, 2))
    assert model.calls == ["encode", "decode"]
    assert shown.shape == (40, 4, 1, 4, 5)
    np.testing.assert_allclose(shown[:, 1], model.decode(codes), atol=1e-6)
    moved = model.encode(shown[7, 3][None])[0].reshape(-1)
    np.testing.assert_allclose(moved, codes[7].reshape(-1) + 2 * direction.vector, atol=1e-5)


def test_an_edit_that_keeps_detail_changes_nothing_but_what_moving_the_code_changes(model: Any) -> None:
    images = rng.normal(size=(40, 1, 4, 5))
    codes = model.encode(images)
    direction = learn_direction(codes, images[:, 0, 0, 0])
    model.calls.clear()
    plain = edit(model, images, direction, (0, 1, -2))
    kept = edit(model, images, direction, (0, 1, -2), keep_detail=True)
    assert model.calls == ["encode", "decode"] * 2
    np.testing.assert_allclose(kept[:, 0], images, atol=1e-6)
    lost = images - model.decode(codes)
    assert np.abs(lost).max() > 0.1
    np.testing.assert_allclose(kept - plain, np.repeat(lost[:, None], 3, axis=1), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, bool, np.float32])
def test_images_with_their_detail_stay_what_their_dtype_holds(model: Any, dtype: Any) -> None:
    def decode(codes: np.ndarray) -> np.ndarray:
        made = linear(codes)
        return made > 0.5 if dtype is bool else made.clip(0, 255).astype(dtype)

    linear, model.decode = model.decode, decode
    images = rng.uniform(0, 2 if dtype is bool else 256, size=(40, 1, 4, 5)).astype(np.int64).astype(dtype)
    direction = learn_direction(model.encode(images), images[:, 0, 0, 0])
    kept = edit(model, images, direction, (0, 30, -30), keep_detail=True)
    assert kept.dtype == dtype
    np.testing.assert_array_equal(kept[:, 0], images)
    before, after = model.decode(model.encode(images)), edit(model, images, direction, (30,))[:, 0]
    wanted = images.astype(np.float64) + after.astype(np.float64) - before.astype(np.float64)
    limits = {bool: (0, 1), np.uint8: (0, 255)}.get(dtype, (-32768, 32767))
    np.testing.assert_allclose(kept[:, 1].astype(np.float64), wanted.clip(*limits), rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("given", [lambda x: x[:, 0], lambda x: x.astype(np.int64)])
def test_detail_is_only_added_to_images_as_the_model_decodes_them(model: Any, given: Any) -> None:
    images = rng.normal(size=(10, 1, 4, 5))
    direction = learn_direction(model.encode(images), images[:, 0, 0, 0])
    with pytest.raises(InputError, match=r"must be an array of shape \(10, 1, 4, 5\) \(float64\)"):
        edit(model, given(images), direction, (1,), keep_detail=True)


@pytest.mark.parametrize("keep_detail", [False, True])
def test_an_edit_without_a_strength_is_refused(model: Any, keep_detail: bool) -> None:
    images = rng.normal(size=(10, 1, 4, 5))
    direction = learn_direction(model.encode(images), images[:, 0, 0, 0])
    with pytest.raises(InputError, match="strengths are one or more finite numbers"):
        edit(model, images, direction, (), keep_detail=keep_detail)


def test_edited_codes_keep_shape_and_dtype() -> None:
    spatial = CODES.reshape(-1, 3, 2, 2)
    moved = edit_codes(spatial, learn_direction(spatial, HAT), np.array([0.5, 1.0]))
    assert moved.shape == (len(CODES), 2, 3, 2, 2)
    assert moved.dtype == np.float32


def test_a_direction_survives_json() -> None:
    direction = learn_direction(CODES, HAT, attribute="hat", method="logistic", against={"beard": BEARD})
    again = Direction.from_json(json.loads(json.dumps(direction.to_json())))
    for array in ("vector", "weights"):
        np.testing.assert_array_equal(getattr(again, array), getattr(direction, array))
        assert getattr(again, array).dtype == np.float32
    assert again.to_json() == direction.to_json()
    assert (again.against, again.counts) == (direction.against, direction.counts)


@pytest.mark.parametrize(
    "changed",
    [
        {"vector": [1.0]},
        {"vector": "far"},
        {"vector": [[1.0] * 12]},
        {"weights": [float("nan")] * 12},
        {"vector": [0.0] * 12},
        {"counts": [1]},
        {"threshold": None},
    ],
)
def test_what_does_not_describe_a_direction_is_refused(changed: dict[str, Any]) -> None:
    description = learn_direction(CODES, HAT).to_json()
    with pytest.raises(InputError, match="does not describe a direction"):
        Direction.from_json({**description, **changed})
    del description["method"]
    with pytest.raises(InputError, match="does not describe a direction"):
        Direction.from_json(description)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(len(CODES)), "hat is with 0 and without 2000"),
        (np.arange(len(CODES)) == 3, "at least 2 of each"),
        (np.where(HAT, np.nan, 1.0), "hat holds NaN"),
        (HAT[:-1], "hat has values of shape"),
    ],
)
def test_attributes_that_cannot_be_learned_are_named(values: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        learn_direction(CODES, values, attribute="hat")
    with pytest.raises(InputError, match=message):
        learn_direction(CODES, BEARD, against={"hat": values})


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_left_of_a_direction_against_itself(method: str) -> None:
    with pytest.raises(InputError, match="no direction of hat beyond the same"):
        learn_direction(CODES, HAT, attribute="hat", method=method, against={"the same": HAT})


def test_directions_and_codes_of_different_models_do_not_mix() -> None:
    direction = learn_direction(CODES, HAT, attribute="hat")
    with pytest.raises(InputError, match="hat is for codes of 12 values, not 5"):
        edit_codes(CODES[:, :5], direction, [1.0])
    with pytest.raises(InputError, match="strengths"):
        edit_codes(CODES, direction, [])
    with pytest.raises(InputError, match="did you mean 'means'"):
        learn_direction(CODES, HAT, method="mean")
