"""What a variational autoencoder says of images: the evidence lower bound of many, and the score of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from latente import Images, InputError, VariationalAutoencoder, load, open_images, resume
from latente.metrics import elbo_error


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


class _Posterior(nn.Module):
    """Means and log-variances of two numbers, linear in the image."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def _closed_form_elbo(model: VariationalAutoencoder, rows: np.ndarray) -> float:
    """The evidence lower bound of a linear decoder with Gaussian noise, worked out without drawing a code."""
    x = torch.from_numpy(rows)
    with torch.no_grad():
        mean, log_var = (part.double() for part in model.objective_.posterior(x))
        weight, bias = (p.double() for p in model.objective_.decoder.parameters())
        sigma = model.objective_.sigma.double()
    square = ((x - mean @ weight.T - bias) ** 2).sum(1) + (log_var.exp() @ (weight**2).T).sum(1)
    density = -0.5 * square / sigma**2 - x.shape[1] * (sigma.log() + 0.5 * np.log(2 * np.pi))
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)
    return float((density - kl).mean())


def test_the_evaluated_elbo_is_that_of_the_closed_form_within_its_standard_error_and_leans_to_no_side() -> None:
    rows = np.random.default_rng(0).random((400, 6)).astype(np.float32)
    deviations, errors = [], []
    for seed in range(12):
        network = (_Posterior(), nn.Linear(2, 6))
        torch.manual_seed(seed)
        for module in network:
            for parameter in module.parameters():
                nn.init.normal_(parameter, std=0.7)
        model = VariationalAutoencoder(
            network=network, latent_dim=2, likelihood="gaussian", epochs=1, validation=None, random_state=seed
        ).fit(rows)
        figures = model.evaluate(rows)
        deviations.append(figures["elbo"] - _closed_form_elbo(model, rows))
        errors.append(figures["elbo_error"])
    ratios = np.array(deviations) / np.array(errors)
    assert np.abs(ratios).max() < 4
    assert np.abs(ratios).mean() > 0.2, "the stated error is no more than a few times what there is"
    assert abs(ratios.mean()) < 3 / np.sqrt(len(ratios))


def test_the_error_of_a_mean_is_that_of_its_pairs() -> None:
    chance = np.random.default_rng(0).normal(size=1000)
    pairs = [chance[np.arange(1000) % 10 // 2 == pair].mean() for pair in range(5)]
    assert elbo_error(chance, 10)["elbo_error"] == pytest.approx(np.std(pairs, ddof=1) / np.sqrt(5))
    assert elbo_error(chance[:2], 10) == {}


def test_a_training_of_several_draws_goes_on_to_the_same_weights_and_is_saved_with_them(
    digits: Images, tmp_path: Path
) -> None:
    few = digits.take(np.arange(64))

    def trained(epochs: int, out: Path | None) -> VariationalAutoencoder:
        model = VariationalAutoencoder(latent_dim=2, network="dense", hidden=(8,), samples=3, validation=None)
        return model.set_params(epochs=epochs, random_state=0, out=None if out is None else str(out)).fit(few)

    whole = trained(2, None)
    trained(1, tmp_path / "run")
    resumed = resume(tmp_path / "run", few, epochs=2)
    loaded = load(tmp_path / "run")
    for model in (resumed, loaded):
        assert model.samples == 3
        np.testing.assert_array_equal(model.reconstruct(few), whole.reconstruct(few))
        assert model.score(few) == whole.score(few)


def test_draws_that_make_no_sense_are_refused_in_a_line(digits: Images) -> None:
    with pytest.raises(InputError, match="samples must be a whole number of at least 1, not 0"):
        VariationalAutoencoder(samples=0).fit(digits)
    with pytest.raises(InputError, match="samples needs importance_samples=1"):
        VariationalAutoencoder(samples=2, importance_samples=2, network="dense", epochs=1).fit(digits)
