"""From what a model makes of each image to figures."""

from __future__ import annotations

import numpy as np
import pytest

from latente.metrics import PROTOCOLS, averages, elbo_error, evaluate_images, latent_use, means, measure

rng = np.random.default_rng(0)


def test_terms_stay_image_metrics_follow_and_what_is_no_term_is_left_out() -> None:
    images, rebuilt = rng.random((2, 5, 1, 12, 12)).astype(np.float32)
    outputs = {"images": images, "codes": rng.random((5, 3)), "reconstructions": rebuilt, "objective": np.arange(5.0)}
    figures = measure(outputs | {"scores": np.ones(5), "labels": np.ones(5)})
    assert list(figures) == ["objective", "mse", "mae", "psnr", "bce", "ssim"]
    assert all(values.shape == (5,) for values in figures.values())
    assert means(figures) == pytest.approx({"objective": 2.0, **evaluate_images(images, rebuilt, 1.0)})
    targets = measure({**outputs, "targets": rebuilt})
    assert (targets["mse"] == 0).all()
    assert means(targets)["psnr"] == 100.0


def test_the_evidence_bound_stands_behind_the_kl() -> None:
    outputs = {"images": np.zeros((2, 3)), "reconstruction": np.array([1.0, 2.0]), "kl": np.array([0.5, 0.5])}
    figures = measure({**outputs, "other": np.zeros(2)})
    assert list(figures) == ["reconstruction", "kl", "elbo", "other"]
    np.testing.assert_array_equal(figures["elbo"], [-1.5, -2.5])
    assert set(figures) - {"other"} <= set(PROTOCOLS)


def test_means_are_of_what_is_known() -> None:
    assert means({"accuracy": np.array([1.0, 0.0, np.nan, 1.0]), "nothing": np.array([np.nan])}) == {"accuracy": 2 / 3}


def test_averages_are_means_with_the_error_that_chance_makes() -> None:
    figures = {"mse": np.array([1.0, 3.0, 2.0, 2.0]), "chance": np.array([1.0, -1.0, 2.0, -2.0])}
    assert averages(figures, 4) == {"mse": 2.0, **elbo_error(figures["chance"], 4)}
    assert averages({"mse": figures["mse"]}, 4) == {"mse": 2.0}


def test_the_use_of_a_latent_dimension_is_its_mean_kl_and_whether_its_mean_varies() -> None:
    mean = np.array([[1.0, 0.05], [-1.0, 0.05]], np.float32)
    log_var = np.log(np.array([[0.5, 1.0], [0.5, 1.0]], np.float32))
    kl, active = latent_use(mean, log_var)
    np.testing.assert_allclose(kl, [0.5 * (1 + 0.5 - 1 - np.log(0.5)), 0.5 * 0.05**2], rtol=1e-5)
    assert active.tolist() == [True, False]
