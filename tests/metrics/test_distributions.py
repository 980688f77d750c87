"""Figures of two sets of features against closed forms, other libraries, and the definitions written out."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import polynomial_kernel

from latente import InputError
from latente.metrics import distributions
from latente.metrics.distributions import (
    coverage,
    density,
    floor,
    frechet_distance,
    half_sampled,
    kernel_distance,
    precision,
    recall,
)

FIGURES = (frechet_distance, kernel_distance, precision, recall, density, coverage)
SHARES = (precision, recall, density, coverage)

each_figure = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)


def two_sets(count: int = 200, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(size, size))
    return rng.normal(size=(count, size)) @ mix, rng.normal(0.3, 1.2, (count + 30, size)) @ mix


def by_root(real: np.ndarray, made: np.ndarray) -> float:
    covariances = [np.cov(one.T) for one in (real, made)]
    root = sqrtm(covariances[0] @ covariances[1]).real
    gap = real.mean(0) - made.mean(0)
    return float(gap @ gap + np.trace(sum(covariances) - 2 * root))


def balls(centres: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    """Which of the others are as near to each of the centres as its k-th nearest of them."""
    reach = np.sort(cdist(centres, centres), axis=1)[:, k]
    return cdist(centres, others) <= reach[:, None]


# -- the Frechet distance


@pytest.mark.parametrize("seed", range(3))
def test_the_frechet_distance_is_that_by_the_root_of_a_matrix(seed: int) -> None:
    real, made = two_sets(seed=seed)
    assert frechet_distance(real, made) == pytest.approx(by_root(real, made), rel=1e-9)


def test_the_frechet_distance_of_normal_densities_has_its_closed_form() -> None:
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(500, 3))
    plain = np.linalg.qr(plain - plain.mean(0))[0] * np.sqrt(499)  # of mean 0 and covariance 1, exactly
    spread = np.array([1.0, 2.0, 0.5])
    assert frechet_distance(plain, plain * spread + [3, 0, 4]) == pytest.approx(25 + ((spread - 1) ** 2).sum())


def test_the_frechet_distance_is_right_where_covariances_are_singular() -> None:
    real, made = two_sets(size=3)
    away = np.hstack([made, np.full((len(made), 4), 2.0)])
    flat = np.hstack([real, np.zeros((len(real), 4))])
    assert frechet_distance(flat, away) == pytest.approx(by_root(real, made) + 16, rel=1e-9)
    few, others = real[:5] @ np.ones((3, 40)), made[:4] @ np.ones((3, 40))
    one_axis = np.sqrt(40) * few[:, :1], np.sqrt(40) * others[:, :1]  # all that varies
    gap = one_axis[0].mean() - one_axis[1].mean()
    spreads = [float(one.std(ddof=1)) for one in one_axis]
    assert frechet_distance(few, others) == pytest.approx(gap**2 + (spreads[0] - spreads[1]) ** 2)


def test_the_frechet_distance_takes_no_notice_of_order_turns_and_which_set_is_which() -> None:
    real, made = two_sets()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    value = frechet_distance(real, made)
    assert frechet_distance(made, real) == pytest.approx(value)
    assert frechet_distance(real[::-1] @ turn + 5, made @ turn + 5) == pytest.approx(value)


# -- the others


def test_the_kernel_distance_is_that_by_scikit_learns_kernel_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, made = two_sets()
    own = [polynomial_kernel(one, degree=3, coef0=1) for one in (real, made)]
    off = [(kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)) for kernel in own]
    expected = sum(off) - 2 * polynomial_kernel(real, made, degree=3, coef0=1).mean()
    assert kernel_distance(real, made) == pytest.approx(expected)
    monkeypatch.setattr(distributions, "_VALUES_AT_ONCE", 1000)
    assert kernel_distance(real, made) == pytest.approx(expected)


def test_the_kernel_distance_of_one_kind_is_0_on_the_average_for_few_images_too() -> None:
    rng = np.random.default_rng(0)
    values = [kernel_distance(*rng.normal(size=(2, 12, 2))) for _ in range(500)]
    assert min(values) < 0
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


@pytest.mark.parametrize("values", [4_000_000, 700])
def test_shares_follow_their_definitions_whatever_the_blocks(values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "_VALUES_AT_ONCE", values)
    real, made = two_sets(150, 3)
    real += 1000  # far from 0
    made += 1000
    assert precision(real, made) == balls(real, made, 3).any(0).mean()
    assert recall(real, made) == balls(made, real, 3).any(0).mean()
    assert density(real, made) == pytest.approx(balls(real, made, 5).sum() / (5 * len(made)))
    assert coverage(real, made) == balls(real, made, 5).any(1).mean()


def test_density_and_coverage_of_one_kind_are_what_their_authors_say() -> None:
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=(2, 2000, 2))
    assert density(real, made) == pytest.approx(1, abs=0.05)
    assert coverage(real, made) == pytest.approx(1 - 1 / 2**5, abs=0.02)  # of as many: 1 - 2^-k nearly


def test_identical_sets_are_at_no_distance_and_overlap_wholly() -> None:
    real, _ = two_sets()
    copies = real[::-1].copy()
    assert frechet_distance(real, copies) == pytest.approx(0, abs=1e-9)
    assert precision(real, copies) == recall(real, copies) == coverage(real, copies) == 1
    assert density(real, copies) == pytest.approx(6 / 5)


def test_constant_sets_tie_and_overlap_where_they_are_the_same_alone() -> None:
    real = np.full((30, 4), 0.1)
    assert frechet_distance(real, real[:20]) == pytest.approx(0, abs=1e-12)
    assert precision(real, real[:20]) == recall(real, real[:20]) == coverage(real, real[:20]) == 1
    assert density(real, real[:20]) == pytest.approx(30 / 29)
    away = np.full((20, 4), 0.6)
    assert frechet_distance(real, away) == pytest.approx(1)
    assert [figure(real, away) for figure in SHARES] == [0, 0, 0, 0]


def test_many_copies_of_few_images_tie_however_products_round() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(7, 300)) + 50
    real, made = kinds[rng.integers(7, size=400)], kinds[rng.integers(3, size=90)]
    assert precision(real, made) == 1
    assert recall(real, made) == coverage(real, made) == np.isin(real[:, 0], made[:, 0]).mean()


def test_memory_does_not_grow_with_the_product_of_the_counts() -> None:
    features = np.random.default_rng(0).normal(size=(6000, 2))
    tracemalloc.start()
    coverage(features, features[::-1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6  # all distances at once are 288 MB


@each_figure
@pytest.mark.parametrize(
    ("real", "made", "message"),
    [
        (np.zeros((9, 3)), np.zeros((9, 4)), "features of 3 and 4 numbers"),
        (np.zeros((9, 3)), np.zeros((1, 3)), "there are 1 made images"),
        (np.zeros((9, 0)), np.zeros((9, 0)), "features of 0 numbers"),
        (np.full((9, 3), np.nan), np.zeros((9, 3)), "features of the real images are NaN"),
        (np.zeros((9, 3)), np.full((9, 3), 1e200), "features of the made images are NaN, infinite or beyond"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    figure: Callable[..., float], real: np.ndarray, made: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        figure(real, made)


def test_more_neighbours_than_there_are_images_are_refused() -> None:
    with pytest.raises(InputError, match="k=3: of 3 images each has 2 neighbours"):
        precision(np.zeros((3, 2)), np.zeros((9, 2)))


# -- how far chance goes


def test_an_interval_scatters_as_other_images_would() -> None:
    def gap(real: np.ndarray, made: np.ndarray) -> float:
        return float(real.mean() - made.mean())

    rng = np.random.default_rng(0)
    real, made = rng.normal(size=(400, 2)), rng.normal(size=(100, 2))
    found = half_sampled(gap, real, made, draws=400)
    half = 1.96 * np.sqrt(1 / 800 + 1 / 200)
    assert found.value == gap(real, made)
    np.testing.assert_allclose(np.array(found.interval) - found.value, [-half, half], rtol=0.2)


def test_an_interval_holds_the_figure_of_other_images_though_half_of_them_give_more() -> None:
    rng = np.random.default_rng(0)
    sets = rng.normal(size=(21, 2, 300, 6))
    low, high = half_sampled(frechet_distance, *sets[0]).interval
    others = [frechet_distance(*pair) for pair in sets[1:]]
    assert low < frechet_distance(*sets[0]) < high
    assert np.mean([low < other < high for other in others]) > 0.6


def test_the_floor_is_the_figure_of_as_many_of_the_images_that_were_learned() -> None:
    learned, _ = two_sets(500)
    real, made = two_sets(100)
    rows = np.random.default_rng(3).permutation(500)[:100]
    assert floor(frechet_distance, learned, real, seed=3) == frechet_distance(real, learned[rows])
    assert floor(frechet_distance, learned, real) < frechet_distance(real, made)
    with pytest.raises(InputError, match="count=501"):
        floor(frechet_distance, learned, real, 501)
