from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor, nn
from torch.nn import functional

from latente import formulas
from latente.errors import InputError
from latente.objectives import VariationalObjective
from small_autoencoders import PICTURE, TABLE, generator, images, pair, variational


class LinearGaussian:
    """Probabilistic PCA: x = W z + b + noise of `sigma`, with known marginal and (W orthogonal) posterior.

    `shift` and `widen` put the encoder's posterior beside the exact one.
    """

    sigma = 0.6

    def __init__(self, shift: float = 0.0, widen: float = 0.0, **options: object) -> None:
        rng = np.random.default_rng(5)
        self.weight = np.linalg.qr(rng.normal(size=(4, 2)))[0] * [1.5, 0.7]  # orthogonal columns
        self.bias = rng.normal(size=4)
        precision = (self.weight**2).sum(0) / self.sigma**2 + 1
        encoder, decoder = nn.Linear(4, 4), nn.Linear(2, 4)
        to_mean = (self.weight / self.sigma**2 / precision).T
        encoder.weight.data = torch.tensor(np.vstack([to_mean, np.zeros((2, 4))]), dtype=torch.float32)
        bias = np.concatenate([-to_mean @ self.bias + shift, -np.log(precision) + widen])
        encoder.bias.data = torch.tensor(bias, dtype=torch.float32)
        decoder.weight.data = torch.tensor(self.weight, dtype=torch.float32)
        decoder.bias.data = torch.tensor(self.bias, dtype=torch.float32)
        self.objective = VariationalObjective(
            encoder, decoder, likelihood="gaussian", output="linear", sigma_floor=1e-3, **options
        )
        self.objective.raw_log_sigma.data.fill_(math.log(self.sigma - 1e-3))

    def log_marginal(self, x: Tensor, scale: float = 1.0, offset: float = 0.0) -> np.ndarray:
        """Return log p of data = scale x + offset in its own units."""
        covariance = self.weight @ self.weight.T + self.sigma**2 * np.eye(4)
        marginal = stats.multivariate_normal(scale * self.bias + offset, scale**2 * covariance)
        return np.atleast_1d(marginal.logpdf(scale * x.numpy().astype(float) + offset))

    def batch(self, count: int) -> dict[str, Tensor]:
        return {"images": torch.randn(count, 4, generator=generator(1))}

    def repeated(self, count: int) -> dict[str, Tensor]:
        """Return one image many times: training draws noise for each, so that its loss is an expectation."""
        return {"images": self.batch(1)["images"].expand(count, 4)}


class TestLinearGaussianModel:
    @pytest.mark.parametrize("k", [1, 10])
    def test_bound_equals_the_exact_marginal_where_the_posterior_is_exact(self, k: int) -> None:
        model = LinearGaussian()
        batch = model.batch(6)
        np.testing.assert_allclose(
            model.objective.bound(batch, k, generator()), model.log_marginal(batch["images"]), rtol=1e-4
        )

    def test_loss_equals_the_exact_marginal_where_the_posterior_is_exact(self) -> None:
        model = LinearGaussian()
        batch = model.repeated(100_000)
        loss, terms = model.objective("model", batch, generator())
        expected = -model.log_marginal(batch["images"][:1])[0]
        assert loss.item() == pytest.approx(expected, abs=0.02)
        assert (terms["reconstruction"] + terms["kl"]).item() == pytest.approx(loss.item(), rel=1e-5)

    def test_density_is_that_of_the_data_in_their_own_units(self) -> None:
        scale, offset = 255.0, -3.0
        model = LinearGaussian(log_jacobian=4 * math.log(scale))
        batch = model.batch(6)
        np.testing.assert_allclose(
            model.objective.bound(batch, 3, generator()),
            model.log_marginal(batch["images"], scale, offset),
            rtol=1e-4,
        )

    def test_losses_fall_towards_the_exact_marginal_with_more_importance_samples(self) -> None:
        losses = []
        for k in (1, 2, 5, 20):
            model = LinearGaussian(shift=0.5, widen=0.7, importance_samples=k)
            losses.append(model.objective("model", model.repeated(20_000), generator())[0].item())
        exact = -model.log_marginal(model.batch(1)["images"])[0]
        assert losses == sorted(losses, reverse=True)
        assert losses[0] > exact + 0.3
        assert exact < losses[-1] < exact + 0.1

    def test_bounds_rise_to_the_exact_marginal_with_more_samples(self) -> None:
        model = LinearGaussian(shift=0.5, widen=0.7)
        batch = model.batch(20)
        exact = model.log_marginal(batch["images"])
        gaps = []
        for k, seeds in (
            (1, 300),
            (10, 300),
            (3000, 1),
        ):  # one draw serves all images: many for an expectation
            bounds = [model.objective.bound(batch, k, generator(seed)).numpy() for seed in range(seeds)]
            gaps.append((exact - bounds).mean())
        assert gaps == sorted(gaps, reverse=True)
        assert abs(gaps[-1]) < 0.02

    def test_bounds_do_not_depend_on_the_batch_however_many_samples_are_decoded_at_once(self) -> None:
        model = LinearGaussian(shift=0.5)
        batch = model.batch(7)
        together = model.objective.bound(batch, 400, generator())
        alone = [model.objective.bound({"images": x[None]}, 400, generator()) for x in batch["images"]]
        torch.testing.assert_close(torch.cat(alone), together)

    def test_beta_weighs_the_training_and_the_validation_but_no_bound(self) -> None:
        weighed, model = LinearGaussian(beta=3.0), LinearGaussian()
        batch = model.batch(5)
        terms = weighed.objective.evaluate(batch, generator())
        torch.testing.assert_close(terms["objective"], terms["reconstruction"] + 3 * terms["kl"])
        one = weighed.objective.bound(batch, 4, generator())
        torch.testing.assert_close(one, model.objective.bound(batch, 4, generator()))

    @pytest.mark.parametrize("draws", [1, 4])
    def test_the_expected_loss_is_the_closed_form_whatever_the_draws(self, draws: int) -> None:
        model = LinearGaussian(shift=0.5, widen=0.7, beta=2.0, samples=draws)
        batch = model.repeated(100_000 // draws)
        mean, log_var = (part[0].detach().double().numpy() for part in model.objective.posterior(batch["images"]))
        error = batch["images"][0].double().numpy() - model.weight @ mean - model.bias
        square = (error**2).sum() + (model.weight**2 @ np.exp(log_var)).sum()
        reconstruction = 0.5 * square / model.sigma**2 + 4 * (math.log(model.sigma) + 0.5 * math.log(2 * math.pi))
        kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum()
        loss, terms = model.objective("model", batch, generator())
        assert terms["reconstruction"].item() == pytest.approx(reconstruction, abs=0.03)
        assert terms["kl"].item() == pytest.approx(kl, rel=1e-4)
        assert loss.item() == pytest.approx(reconstruction + 2 * kl, abs=0.03)

    @pytest.mark.parametrize("draws", [1, 4, 20])
    def test_the_gradient_s_variance_is_the_closed_form_divided_by_the_draws(self, draws: int) -> None:
        model = LinearGaussian(shift=0.5, widen=0.7, samples=draws)
        batch, source = model.repeated(1), generator()
        bias = model.objective.decoder.bias
        gradients = [
            torch.autograd.grad(model.objective("model", batch, source)[0], bias)[0].numpy() for _ in range(500)
        ]
        variance = np.exp(model.objective.posterior(batch["images"])[1][0].detach().numpy())
        expected = model.weight * variance @ model.weight.T / model.sigma**4  # of (W z + b - x) / sigma^2
        assert np.var(gradients, axis=0, ddof=1).sum() == pytest.approx(np.trace(expected) / draws, rel=0.25)

    def test_evaluation_and_bounds_know_nothing_of_the_draws_of_a_training_step(self) -> None:
        one, several = LinearGaussian(shift=0.5), LinearGaussian(shift=0.5, samples=5)
        batch = one.batch(6)
        for judge in ("evaluate", "outputs"):
            terms = [getattr(model.objective, judge)(batch, generator()) for model in (one, several)]
            torch.testing.assert_close(terms[1], terms[0], rtol=0, atol=0)
        bounds = [model.objective.bound(batch, 3, generator()) for model in (one, several)]
        assert bounds[0].equal(bounds[1])

    def test_validation_of_an_importance_weighted_model_goes_by_its_bound(self) -> None:
        model = LinearGaussian(shift=0.5, importance_samples=6)
        batch = model.batch(5)
        objective = model.objective.evaluate(batch, generator())["objective"]
        torch.testing.assert_close(objective, -model.objective.bound(batch, 6, generator()))


class TestGaussianLikelihood:
    def test_density_over_one_value_integrates_to_one_in_the_units_of_the_data(self) -> None:
        scale, offset = 40.0, 10.0
        decoder = nn.Linear(1, 1)
        decoder.weight.data.zero_()
        decoder.bias.data.fill_(0.3)
        objective = VariationalObjective(
            nn.Linear(1, 2), decoder, likelihood="gaussian", output="linear", log_jacobian=math.log(scale)
        )

        def log_density(data: np.ndarray) -> np.ndarray:
            x = torch.tensor((data - offset) / scale, dtype=torch.float32)[:, None]
            return -objective.evaluate({"images": x}, generator())["reconstruction"].double().numpy()

        centre, sigma = offset + 0.3 * scale, objective.sigma.item() * scale
        data = np.linspace(centre - 9 * sigma, centre + 9 * sigma, 2001)
        np.testing.assert_allclose(log_density(data), stats.norm.logpdf(data, centre, sigma), rtol=1e-4, atol=1e-4)
        assert integrate.simpson(np.exp(log_density(data)), x=data) == pytest.approx(1.0, abs=1e-4)

    def test_sigma_is_learned_to_be_the_root_mean_squared_error(self) -> None:
        objective, batch = variational(PICTURE, likelihood="gaussian"), images(PICTURE)
        objective.encoder[1].weight.data[3:] = 0
        objective.encoder[1].bias.data[3:] = -30  # hardly any noise, so that the error is that of the mean
        mse = objective.evaluate(batch, generator())["mse"].mean()
        objective.raw_log_sigma.data.copy_((mse.sqrt() - objective.sigma_floor).log())
        objective("model", batch, generator())[0].backward()
        assert objective.sigma.item() == pytest.approx(math.sqrt(mse))
        assert objective.raw_log_sigma.grad.item() == pytest.approx(0.0, abs=0.01)  # of 128 values

    def test_sigma_stays_above_its_floor(self) -> None:
        objective = variational(TABLE, likelihood="gaussian", sigma_floor=0.02)
        assert objective.sigma.item() == pytest.approx(0.12)
        objective.raw_log_sigma.data.fill_(-1000.0)
        assert objective.sigma.item() == pytest.approx(0.02)

    def test_image_is_a_sigmoid_or_linear_as_the_output_says(self) -> None:
        code = 100 * torch.randn(5, 3)
        bounded = variational(TABLE, likelihood="gaussian").decode(code)
        assert bounded.min() >= 0
        assert bounded.max() <= 1
        assert variational(TABLE, likelihood="gaussian", output="linear").decode(code).abs().max() > 1


class TestVariational:
    def test_loss_is_summed_over_values_and_averaged_over_images(self) -> None:
        objective, batch = variational(PICTURE), images(PICTURE)
        objective.encoder[1].weight.data[3:] = 0
        objective.encoder[1].bias.data[3:] = -30  # hardly any noise
        loss, terms = objective("model", batch, generator())
        x = batch["images"]
        mean, log_var = objective.posterior(x)
        raw = objective.decoder(mean)
        reconstruction = functional.binary_cross_entropy_with_logits(raw, x, reduction="sum") / 5
        kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum() / 5
        torch.testing.assert_close(terms["reconstruction"], reconstruction.detach())
        torch.testing.assert_close(terms["kl"], kl.detach())
        torch.testing.assert_close(loss, reconstruction + kl)
        judged = objective.evaluate(batch, generator())
        torch.testing.assert_close(judged["objective"].mean(), loss.detach())
        torch.testing.assert_close(judged["mse"], formulas.mse(raw.sigmoid(), x).detach())

    def test_beta_rises_linearly_and_validation_goes_by_the_full_one(self) -> None:
        objective, batch = variational(TABLE, beta=4, beta_warmup=10), images(TABLE)
        for step, beta in ((0, 0.0), (5, 2.0), (10, 4.0), (25, 4.0)):
            objective.schedule(step, 100)
            loss, terms = objective("model", batch, generator())
            torch.testing.assert_close(loss.detach(), terms["reconstruction"] + beta * terms["kl"])
            judged = objective.evaluate(batch, generator())
            torch.testing.assert_close(judged["objective"], judged["reconstruction"] + 4 * judged["kl"])

    def test_beta_is_the_full_one_from_the_start_without_a_warm_up(self) -> None:
        objective = variational(TABLE, beta=0.5)
        assert objective.current_beta == 0.5
        objective.schedule(0, 100)
        assert objective.current_beta == 0.5

    def test_a_posterior_below_its_free_bits_is_not_drawn_to_the_prior(self) -> None:
        batch = images(TABLE)
        gradients = []
        for options in ({"free_bits": 50.0}, {"beta": 0.0}, {}):
            torch.manual_seed(0)
            objective = variational(TABLE, **options)
            objective("model", batch, generator())[0].backward()
            gradients.append(objective.encoder[1].weight.grad)
        torch.testing.assert_close(gradients[0], gradients[1])
        assert not torch.allclose(gradients[0], gradients[2])

    def test_free_bits_change_the_loss_and_not_what_is_logged_as_kl(self) -> None:
        batch = images(TABLE)
        objective = variational(TABLE, free_bits=50.0)
        loss, terms = objective("model", batch, generator())
        assert terms["kl"] < 50
        torch.testing.assert_close(loss.detach(), terms["reconstruction"] + 3 * 50)

    def test_codes_are_the_means_of_the_posterior(self) -> None:
        objective, x = variational(PICTURE, spatial=True), images(PICTURE)["images"]
        mean, log_var = objective.posterior(x)
        torch.testing.assert_close(torch.cat([mean, log_var], 1), objective.encoder(x))
        assert objective.encode(x).equal(mean)
        kl = objective.kl_per_dimension(mean, log_var)
        assert kl.shape == (5, 3, 4, 4)
        judged = objective.evaluate({"images": x}, generator())["kl"]
        torch.testing.assert_close(kl.sum((1, 2, 3)).detach(), judged)

    def test_extreme_log_variances_stay_finite(self) -> None:
        objective, batch = variational(TABLE), images(TABLE)
        objective.encoder[1].bias.data[3:] = torch.tensor([1e4, -1e4, 0.0])
        loss, _ = objective("model", batch, generator())
        loss.backward()
        assert loss.isfinite()
        assert all(p.grad.isfinite().all() for p in objective.parameters())

    def test_every_image_of_a_training_batch_gets_noise_of_its_own(self) -> None:
        codes: list[Tensor] = []
        encoder, decoder = pair(TABLE, False, 2)
        decoder.register_forward_pre_hook(lambda module, inputs: codes.append(inputs[0]))
        VariationalObjective(encoder, decoder)("model", {"images": torch.ones(4, 6)}, generator())
        assert len(codes[0].unique(dim=0)) == 4

    @pytest.mark.parametrize(
        ("options", "density"),
        [
            ({"likelihood": "gaussian"}, True),
            ({"likelihood": "bernoulli", "is_binary": True}, True),
            ({"likelihood": "bernoulli"}, False),
        ],
    )
    def test_says_whether_its_figures_are_log_likelihoods(self, options: dict[str, object], density: bool) -> None:
        assert variational(TABLE, **options).density is density

    def test_a_bernoulli_has_no_use_for_the_scalings_jacobian(self) -> None:
        batch = images(TABLE)
        values = []
        for log_jacobian in (0.0, 5.0):
            torch.manual_seed(0)
            values.append(variational(TABLE, log_jacobian=log_jacobian)("model", batch, generator())[0])
        assert values[0].equal(values[1])

    def test_dynamic_binarization_draws_what_encoder_and_loss_see_anew_each_time(self) -> None:
        met: list[Tensor] = []

        class Eye(nn.Linear):
            def forward(self, x: Tensor) -> Tensor:
                met.append(x.detach())
                return super().forward(x)

        probabilities = torch.rand(6)
        objective = VariationalObjective(Eye(6, 4), nn.Linear(2, 6), binarization="dynamic")
        batch = {"images": probabilities.expand(4_000, 6)}
        noise = generator()
        for _ in range(2):
            loss = objective("model", batch, noise)[0]
        assert objective.density
        assert set(met[0].unique().tolist()) == {0.0, 1.0}
        assert not met[0].equal(met[1])
        assert met[0].mean(0).numpy() == pytest.approx(probabilities.numpy(), abs=4 * 0.5 / 4_000**0.5)
        seen = {"images": met[1]}
        again = generator()
        objective("model", batch, again)
        torch.rand(4_000, 6, generator=again)  # the second draw of pixels; the same noise of the code follows
        drawn = VariationalObjective(objective.encoder, objective.decoder)("model", seen, again)[0]
        assert loss.item() == pytest.approx(drawn.item(), rel=1e-6)

    def test_binary_images_are_their_own_binarization(self) -> None:
        binary = {"images": (torch.rand(5, *TABLE) > 0.5).float()}
        torch.manual_seed(0)
        plain = variational(TABLE)
        drawn = VariationalObjective(plain.encoder, plain.decoder, binarization="dynamic")
        state = generator()
        torch.rand(1, *TABLE, generator=state)  # the thresholds, which all images share
        torch.testing.assert_close(drawn.evaluate(binary, generator()), plain.evaluate(binary, state))

    def test_refuses_an_encoder_without_log_variances(self) -> None:
        objective = VariationalObjective(nn.Linear(6, 3), nn.Linear(3, 6))
        with pytest.raises(InputError, match="even number of channels or values, not 3"):
            objective("model", images(TABLE), generator())

    def test_refuses_a_bound_without_samples(self) -> None:
        with pytest.raises(InputError, match="at least 1 sample"):
            variational(TABLE).bound(images(TABLE), 0, generator())

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"likelihood": "bernuli"}, "did you mean 'bernoulli'"),
            ({"likelihood": "gaussian", "output": "sigmoidal"}, "did you mean 'sigmoid'"),
            ({"beta": -1.0}, "beta must be"),
            ({"beta": math.nan}, "beta must be"),
            ({"beta_warmup": -1}, "beta_warmup must be"),
            ({"free_bits": -0.1}, "free_bits must be"),
            ({"samples": 0}, "samples must be at least 1, not 0"),
            ({"samples": 2, "importance_samples": 2}, "samples needs importance_samples=1"),
            ({"importance_samples": 0}, "importance_samples must be"),
            ({"importance_samples": 2, "free_bits": 0.1}, "needs importance_samples=1"),
            ({"likelihood": "gaussian", "sigma_floor": 0.0}, "sigma_floor must be"),
            ({"binarization": "dinamic"}, "did you mean 'dynamic'"),
            ({"likelihood": "gaussian", "binarization": "dynamic"}, "needs likelihood 'bernoulli'"),
        ],
    )
    def test_refuses_options_that_make_no_sense(self, options: dict[str, object], message: str) -> None:
        with pytest.raises(InputError, match=message):
            variational(TABLE, **options)
