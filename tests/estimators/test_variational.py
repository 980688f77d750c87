"""What a variational autoencoder says of images: the evidence lower bound of many, and the score of one."""

from __future__ import annotations

import numpy as np
import pytest

from latente import Images, VariationalAutoencoder, open_images


@pytest.fixture(scope="module")
def digits() -> Images:
    return open_images("digits", count=600)


@pytest.fixture(scope="module")
def model(digits: Images) -> VariationalAutoencoder:
    return VariationalAutoencoder(latent_dim=4, network="dense", hidden=(32,), epochs=5, random_state=0).fit(digits)


def test_the_chance_of_one_noise_hardly_moves_an_evaluation(model: VariationalAutoencoder, digits: Images) -> None:
    own, seed = [], model.seed_
    one_noise = []
    try:
        for model.seed_ in range(8):
            judged = model.evaluate(digits)
            assert judged["objective"] == pytest.approx(-judged["elbo"])
            own.append(judged["elbo"])
            one_noise.append(float(model.score_samples(digits).mean(dtype=np.float64)))
    finally:
        model.seed_ = seed
    assert np.std(own) < np.std(one_noise) / 5
    assert np.mean(own) == pytest.approx(np.mean(one_noise), abs=3 * np.std(one_noise) / np.sqrt(8))


def test_what_needs_no_noise_is_the_same_whatever_the_others_are(model: VariationalAutoencoder, digits: Images) -> None:
    mean, log_var = (array.astype(np.float64) for array in model.posterior(digits))
    kl = 0.5 * (mean**2 + np.exp(log_var) - log_var - 1).sum(axis=1)
    judged = model.evaluate(digits)
    assert judged["kl"] == pytest.approx(kl.mean(), rel=1e-5)
    few = digits.take(np.arange(7))  # fewer than there are noises
    assert model.evaluate(few)["kl"] == pytest.approx(kl[:7].mean(), rel=1e-5)
    assert model.score_samples(few) == pytest.approx(model.score_samples(digits)[:7], rel=1e-5)
