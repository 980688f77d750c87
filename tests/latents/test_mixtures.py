"""Mixtures are drawn from as they say, and the best of several is found by codes that it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from latente.latents import Mixture, fit_mixture

WEIGHTS, MEANS = np.array([0.3, 0.7]), np.array([[4.0, 0.0], [-1.0, 1.0]])
COVARIANCES = np.array([[[1.0, 0.8], [0.8, 1.0]], [[0.25, 0.0], [0.0, 0.0]]])  # the second lies on a line


def test_draws_have_the_mean_and_the_covariance_of_the_mixture_in_no_order() -> None:
    codes = Mixture(WEIGHTS, MEANS, COVARIANCES).draw(20_000, np.random.default_rng(0))
    mean = WEIGHTS @ MEANS
    spread = sum(w * (c + np.outer(m - mean, m - mean)) for w, m, c in zip(WEIGHTS, MEANS, COVARIANCES, strict=True))
    np.testing.assert_allclose(codes.mean(0), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(codes.T), spread, atol=0.1)
    on_the_line = codes[:, 1] == 1
    assert on_the_line.mean() == pytest.approx(0.7, abs=0.02)
    assert on_the_line[:100].any()
    assert not on_the_line[:100].all()


def test_a_seed_draws_the_same_codes_again() -> None:
    mixture = Mixture(WEIGHTS, MEANS, COVARIANCES)
    one, two, other = (mixture.draw(9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.tobytes() == two.tobytes() != other.tobytes()


def test_the_information_criterion_of_a_code_decides() -> None:
    rng = np.random.default_rng(0)
    codes = np.where(rng.random((300, 1)) < 0.5, -3, 3) + rng.normal(size=(300, 4))
    best, tried = fit_mixture(codes, 0, (1, 2, 20, 50), tol=0.01)
    assert [one.n_components for one, _ in tried] == [1, 2, 20]  # of 50 each would have six
    costs = [cost for _, cost in tried]
    assert best.n_components == 2
    plain = multivariate_normal(codes.mean(0), np.cov(codes.T, ddof=0) + 1e-6 * np.eye(4))
    assert costs[0] == pytest.approx((14 * np.log(300) - 2 * plain.logpdf(codes).sum()) / 300)
    assert costs[1] < min(costs[0], costs[2])


def test_codes_that_are_copies_have_a_mixture_without_a_warning() -> None:
    best, _ = fit_mixture(np.repeat([[1.0, 2.0]], 100, axis=0), 0, (1, 5))
    assert best.means_ == pytest.approx(np.broadcast_to([1.0, 2.0], best.means_.shape))
