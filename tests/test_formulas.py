from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.metrics import log_loss
from torch import Tensor
from torch.nn import functional

from latente import formulas

SHAPES = [(5, 7), (3, 2, 4, 6)]


def doubles(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_are_summed_or_averaged_within_each_image(shape: tuple[int, ...]) -> None:
    x, y = doubles(*shape), doubles(*shape)
    difference = (x - y).numpy().reshape(len(x), -1)
    np.testing.assert_allclose(formulas.squared_error(x, y), (difference**2).sum(1))
    np.testing.assert_allclose(formulas.mse(x, y), (difference**2).mean(1))
    np.testing.assert_allclose(formulas.mae(x, y), np.abs(difference).mean(1))


@pytest.mark.parametrize("shape", SHAPES)
def test_over_batch_is_the_mean_of_the_images_in_value_and_in_gradient(shape: tuple[int, ...]) -> None:
    target = torch.rand(shape, dtype=torch.float64)
    log_sigma = torch.tensor(-0.7, dtype=torch.float64)
    for formula in (
        formulas.squared_error,
        formulas.mse,
        formulas.mae,
        formulas.bce_with_logits,
        formulas.bernoulli_log_prob,
        lambda x, y, over_batch: formulas.normal_log_prob(x, y, log_sigma, over_batch=over_batch),
    ):
        x = doubles(*shape).requires_grad_()
        whole, mean = formula(x, target, over_batch=True), formula(x, target, over_batch=False).mean()
        torch.testing.assert_close(whole, mean)
        torch.testing.assert_close(torch.autograd.grad(whole, x), torch.autograd.grad(mean, x))


def test_an_image_in_channels_last_memory_gives_the_same_errors() -> None:
    x, y = doubles(3, 2, 4, 6), doubles(3, 2, 4, 6)
    last = x.to(memory_format=torch.channels_last), y.to(memory_format=torch.channels_last)
    torch.testing.assert_close(formulas.mse(*last), formulas.mse(x, y))


def test_cross_entropy_equals_scikit_learns_log_loss_for_binary_targets() -> None:
    logits, target = doubles(4, 9), torch.randint(2, (4, 9)).double()
    expected = [log_loss(t, p, labels=[0, 1]) for t, p in zip(target.numpy(), logits.sigmoid().numpy(), strict=True)]
    np.testing.assert_allclose(formulas.bce_with_logits(logits, target), expected)


def test_cross_entropy_from_logits_equals_that_from_probabilities_for_soft_targets() -> None:
    logits, target = doubles(4, 3, 5, 5), torch.rand(4, 3, 5, 5, dtype=torch.float64)
    expected = functional.binary_cross_entropy(logits.sigmoid(), target, reduction="none")
    torch.testing.assert_close(formulas.bce_with_logits(logits, target), expected.flatten(1).mean(1))


def test_cross_entropy_stays_exact_where_the_sigmoid_saturates() -> None:
    logits, target = torch.tensor([[200.0, -200.0]]), torch.tensor([[0.0, 1.0]])
    assert formulas.bce_with_logits(logits, target).item() == pytest.approx(200.0)


def test_bernoulli_probabilities_of_all_binary_images_add_up_to_one() -> None:
    logits = doubles(1, 3).expand(8, 3)
    every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3)
    assert formulas.bernoulli_log_prob(logits, every).exp().sum().item() == pytest.approx(1.0)


def test_normal_log_prob_equals_scipys() -> None:
    x, mean, log_sigma = doubles(4, 2, 3, 3), doubles(4, 2, 3, 3), torch.tensor(0.4, dtype=torch.float64)
    expected = stats.norm.logpdf(x, mean, math.exp(0.4)).reshape(4, -1).sum(1)
    np.testing.assert_allclose(formulas.normal_log_prob(x, mean, log_sigma), expected)


def test_a_cut_is_that_of_numpy_and_has_the_gradient_of_what_was_not_cut() -> None:
    x = torch.tensor([-1.5, -0.1, 0.0, 0.3, 1.0, 1.1, 3.0], requires_grad=True)
    cut = formulas.cut(x)
    np.testing.assert_allclose(cut.detach().numpy(), np.clip(x.detach().numpy(), 0, 1), atol=1e-6)
    grey = torch.tensor([0.5, 0.0, 0.0, 0.0, 1.0, 1.0, 0.25])
    (cut - grey).square().sum().backward()
    # beyond black nothing is asked where black is right, and -1.5 is drawn back to the grey that is right there
    np.testing.assert_allclose(x.grad.numpy(), [-1.0, 0.0, 0.0, 0.6, 0.0, 0.0, 1.5], atol=1e-6)


@pytest.mark.parametrize(("mean", "log_var"), [(0.0, 0.0), (1.3, -1.1), (-0.4, 0.9), (2.0, -3.0)])
def test_kl_from_the_standard_normal_equals_its_integral(mean: float, log_var: float) -> None:
    q, p = stats.norm(mean, math.exp(log_var / 2)), stats.norm()
    low, high = q.ppf(1e-15), q.isf(1e-15)
    expected, _ = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), low, high, epsabs=1e-12)
    tensors = [torch.tensor([[value]], dtype=torch.float64) for value in (mean, log_var)]
    assert formulas.kl_diagonal_normal(*tensors).item() == pytest.approx(expected, abs=1e-9)


def test_kl_keeps_the_shape_of_a_spatial_code_and_is_exact_close_to_the_prior() -> None:
    mean, log_var = torch.zeros(2, 3, 4, 5), torch.full((2, 3, 4, 5), 1e-4)
    kl = formulas.kl_diagonal_normal(mean, log_var)
    assert kl.shape == mean.shape
    torch.testing.assert_close(kl, torch.full_like(kl, 0.25e-8), rtol=0.01, atol=0.0)  # log_var^2 / 4


def test_density_ratio_equals_the_difference_of_scipys_log_densities() -> None:
    code, mean, log_var = doubles(6, 4, 2, 3), doubles(4, 2, 3), doubles(4, 2, 3)
    prior, posterior = stats.norm.logpdf(code), stats.norm.logpdf(code, mean, torch.exp(log_var / 2))
    expected = (prior - posterior).reshape(6, 4, -1).sum(2)
    np.testing.assert_allclose(formulas.log_density_ratio(code, mean, log_var), expected)


def test_the_mean_density_ratio_estimates_the_negative_kl() -> None:
    mean, log_var = torch.tensor([[0.8, -0.3]]), torch.tensor([[-1.0, 0.4]])
    codes = mean + torch.exp(0.5 * log_var) * torch.randn(200_000, 1, 2)
    estimate = formulas.log_density_ratio(codes, mean, log_var).mean()
    assert estimate.item() == pytest.approx(-formulas.kl_diagonal_normal(mean, log_var).sum().item(), abs=0.01)


def test_importance_weighted_bound_is_the_log_of_the_mean_weight() -> None:
    weights = torch.rand(7, 3, dtype=torch.float64)
    torch.testing.assert_close(formulas.importance_weighted_bound(weights.log()), weights.mean(0).log())


def test_importance_weighted_bound_holds_for_weights_that_float32_cannot_hold() -> None:
    bound = formulas.importance_weighted_bound(torch.tensor([[-2000.0], [-2000.0 + math.log(3.0)]]))
    assert bound.item() == pytest.approx(-2000.0 + math.log(2.0))


def test_free_bits_count_each_dimension_at_least_with_its_allowance() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.7, 4.0]])  # it is the mean over the images that counts
    assert formulas.free_bits(kl, 0.5).item() == pytest.approx(0.5 + 3.0)
    assert formulas.free_bits(kl, 0.0).item() == pytest.approx(kl.sum().item() / 2)


def test_dimensions_below_their_free_bits_have_no_gradient() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.7, 4.0]], requires_grad=True)
    formulas.free_bits(kl, 0.5).backward()
    assert kl.grad is not None
    assert kl.grad.tolist() == [[0.0, 0.5], [0.0, 0.5]]


def test_psnr_is_20_db_for_an_error_of_a_tenth_of_the_range_and_infinite_for_none() -> None:
    x = torch.zeros(2, 1, 4, 4)
    y = torch.stack([torch.full((1, 4, 4), 25.5), torch.zeros(1, 4, 4)])
    values = formulas.psnr(x, y, 255).tolist()
    assert values == [pytest.approx(20.0), math.inf]


def test_active_units_are_those_whose_mean_moves_with_the_image() -> None:
    means = torch.stack([torch.linspace(-1, 1, 50), torch.full((50,), 3.0), torch.linspace(0, 0.1, 50)], 1)
    assert formulas.active_units(means).tolist() == [True, False, False]
    assert formulas.active_units(means.reshape(50, 3, 1)).shape == (3, 1)
