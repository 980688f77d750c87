"""What variational autoencoders minimise: the negative evidence lower bound, or the importance-weighted one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from latente import formulas
from latente.errors import InputError, did_you_mean
from latente.objectives.autoencoding import ReconstructionObjective
from latente.objectives.objective import Batch

__all__ = ["Observations", "VariationalObjective", "check_bound", "reparametrised"]

_LIKELIHOODS = ("bernoulli", "gaussian")
_BINARIZATIONS = ("dynamic",)

# A posterior's log-variance is kept within these, so that one bad batch does not overflow exp()
_LOWEST_LOG_VAR, _HIGHEST_LOG_VAR = -30.0, 20.0

_FIRST_SIGMA = 0.1  # of the network's range: where the learned sigma starts, above its floor
_ROWS_AT_ONCE = 1024  # images decoded in one pass without gradients, for several draws of each code


def check_bound(samples: int, importance_samples: int, free_bits: float) -> None:
    """Raise InputError where options of the evidence lower bound are asked of the importance-weighted one."""
    if samples > 1 and importance_samples > 1:
        raise InputError("samples needs importance_samples=1: the importance-weighted bound has draws of its own")
    if free_bits and importance_samples > 1:
        raise InputError("free_bits needs importance_samples=1: the importance-weighted bound has no KL term")


def reparametrised(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """Return codes from N(mean, exp(log_var)), made of standard normal noise (Kingma & Welling 2014, eq. 10)."""
    # not addcmul, whose gradient takes more operations than those of a product and a sum
    return mean + torch.exp(0.5 * log_var) * noise


@dataclasses.dataclass(frozen=True, eq=False)
class Observations:
    """What codes have to explain: scaled images, as they shall come out.

    condition: the vectors (B, K) beside the images, of an objective that knows of such.
    """

    images: Tensor
    condition: Tensor | None = None

    def repeated(self, k: int) -> Observations:
        """Return k copies of them, one batch after the other."""
        return Observations(_repeated(self.images, k), None if self.condition is None else _repeated(self.condition, k))


class VariationalObjective(ReconstructionObjective):
    """The negative evidence lower bound, in nats per image.

    Summed over the values of an image and of its code, averaged over the batch:
    loss = -log p(x|z) + beta KL(q(z|x) || N(0, I)), z drawn by reparametrisation (Kingma & Welling 2014,
    eq. 10; beta: Higgins et al. 2017). Codes to decode for new images are drawn from N(0, I).

    encoder: images -> (B, 2 C, ...), the posterior's means and log-variances in two halves of dimension 1;
    log-variances are clamped to [-30, 20]. decoder: codes (B, C, ...) -> RAW outputs of the target's shape.
    Codes may be spatial. corruption: as in AutoencoderObjective.

    likelihood: "bernoulli" (raw outputs are logits; targets within [0, 1]) or "gaussian" with mean image and
    variance sigma^2 of each value, where the image is sigmoid(raw) or raw as `output` says, and sigma =
    sigma_floor + exp(raw_log_sigma) is one learned number in the network's range, 0.1 above its floor at
    first; the default floor, 1e-3, is a quarter of an 8-bit grey level. log_jacobian: of the scaling, over
    one image (`Scaling.log_jacobian`), so that a Gaussian density is that of the data in their own units; a
    Bernoulli has no use for it. is_binary: whether the data are (only then is a Bernoulli's value a
    log-likelihood, see `density`). binarization: "dynamic" takes each value for the probability of a 1, drawn anew
    whenever an image is met, for encoder and loss alike (Burda et al. 2016, sec. 5); None takes values as they are.

    beta_warmup: steps in which `schedule` raises beta linearly from 0. free_bits: nats that each dimension of
    the code may use at no cost, on the batch's mean (Kingma et al. 2016, eq. 15; departure: each dimension is
    a group). samples: L draws of each image's code in a training step, over which -log p(x|z) is averaged (Kingma &
    Welling 2014, eq. 7): the expected loss is that of one draw, and of its gradient's variance the part that the draws
    make is divided by L. A step decodes L images for one, in memory too. importance_samples: k > 1 trains the
    importance-weighted bound (Burda et al. 2016, eq. 8), beta then weighing log p(z) - log q(z|x) within each weight;
    it has no KL term for free bits to hold on to, and draws no `samples` beside its own. Evaluation knows nothing of
    `samples`.

    Logged terms, nats per image: "reconstruction" = -log p(x|z), averaged over the draws, and "kl", in
    closed form, without beta and free bits. Raises InputError for unknown names, numbers out of range and
    shapes that do not fit.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        likelihood: str = "bernoulli",
        output: str = "sigmoid",
        beta: int | float = 1.0,
        beta_warmup: int = 0,
        free_bits: int | float = 0.0,
        samples: int = 1,
        importance_samples: int = 1,
        corruption: Callable[..., Tensor] | None = None,
        log_jacobian: int | float = 0.0,
        sigma_floor: int | float = 1e-3,
        is_binary: bool = False,
        binarization: str | None = None,
    ) -> None:
        super().__init__(encoder, decoder, "sigmoid" if likelihood == "bernoulli" else output, corruption)
        if likelihood not in _LIKELIHOODS:
            raise did_you_mean("likelihood", likelihood, _LIKELIHOODS)
        for name, value in (("beta", beta), ("beta_warmup", beta_warmup), ("free_bits", free_bits)):
            if not 0 <= value < math.inf:
                raise InputError(f"{name} must be a number of at least 0, not {value}")
        for name, count in (("samples", samples), ("importance_samples", importance_samples)):
            if count < 1:
                raise InputError(f"{name} must be at least 1, not {count}")
        check_bound(samples, importance_samples, free_bits)
        if binarization is not None and binarization not in _BINARIZATIONS:
            raise did_you_mean("binarization", binarization, _BINARIZATIONS)
        if binarization and likelihood != "bernoulli":
            raise InputError(f"binarization {binarization!r} needs likelihood 'bernoulli', not {likelihood!r}")
        if not 0 < sigma_floor < math.inf:
            raise InputError(f"sigma_floor must be a positive number, not {sigma_floor}")
        self.likelihood = likelihood
        self.beta = beta
        self.beta_warmup = beta_warmup
        self.free_bits = free_bits
        self.samples = samples
        self.importance_samples = importance_samples
        self.log_jacobian = log_jacobian
        self.sigma_floor = sigma_floor
        self.is_binary = is_binary or binarization is not None
        self.binarization = binarization
        if likelihood == "gaussian":
            self.raw_log_sigma = nn.Parameter(torch.tensor(math.log(_FIRST_SIGMA)))
        self.schedule(0, 0)

    @property
    def density(self) -> bool:
        """Whether the figures bound a log-likelihood; a Bernoulli's of other than binary data do not."""
        return self.likelihood == "gaussian" or self.is_binary

    @property
    def sigma(self) -> Float[Tensor, ""]:
        """The Gaussian likelihood's standard deviation in the network's range."""
        return self.sigma_floor + self.raw_log_sigma.exp()

    def schedule(self, step: int, steps: int) -> None:
        """Set `current_beta`, which the next step goes by: 0 at step 0, beta from step `beta_warmup` on."""
        rise = min(1.0, step / self.beta_warmup) if self.beta_warmup else 1.0
        self.current_beta = self.beta * rise

    def encode(self, x: Float[Tensor, "b *image"], condition: Tensor | None = None) -> Float[Tensor, "b *code"]:
        """Return the posteriors' means of scaled images, taken as they are."""
        return self.posterior(x, condition)[0]

    def posterior(
        self, x: Float[Tensor, "b *image"], condition: Tensor | None = None
    ) -> tuple[Float[Tensor, "b *code"], Float[Tensor, "b *code"]]:
        """Return mean and log-variance of the code of each scaled image.

        condition: (B, K), of an objective that learns it too (`ConditionedObjective`); this one knows of none.
        """
        parameters = self._posteriors(x, condition).float()
        if parameters.shape[1] % 2:
            raise InputError(
                "a variational encoder returns means and log-variances, an even number of channels or "
                f"values, not {parameters.shape[1]}"
            )
        mean, log_var = parameters.chunk(2, dim=1)
        # hardtanh is a clamp whose gradient takes one operation
        return mean, functional.hardtanh(log_var, _LOWEST_LOG_VAR, _HIGHEST_LOG_VAR)

    def _posteriors(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """Hook: the posteriors' means and log-variances, in two halves of dimension 1."""
        parameters: Tensor = self.encoder(x)
        return parameters

    def _decoded(self, code: Tensor, observed: Observations) -> Tensor:
        """Hook: the raw images of codes."""
        return self._raw(code, observed.images)

    def _explained(self, raw: Tensor, code: Tensor, observed: Observations, over_batch: bool) -> Tensor:
        """Hook: how probable what there is to explain is, given the codes and their raw images, in nats per image."""
        return self._log_likelihood(raw, observed.images, over_batch)

    kl_per_dimension = staticmethod(formulas.kl_diagonal_normal)

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss with the current beta and free bits, "reconstruction" and "kl"; nats per image."""
        inputs, observed = self._observed(batch, generator, shared=False)
        mean, log_var = self.posterior(inputs, observed.condition)
        kl = self.kl_per_dimension(mean, log_var)
        total_kl = kl.sum() / len(kl)
        if self.importance_samples > 1:
            noise = _normal((self.importance_samples, *mean.shape), mean, generator)
            log_likelihood, ratio = self._weigh(observed, mean, log_var, noise)
            loss = -formulas.importance_weighted_bound(log_likelihood + self.current_beta * ratio).mean()
            log_likelihood = log_likelihood.mean()
        else:
            if self.samples > 1:
                mean, log_var = _repeated(mean, self.samples), _repeated(log_var, self.samples)
                observed = observed.repeated(self.samples)
            code = reparametrised(mean, log_var, _normal(mean.shape, mean, generator))
            log_likelihood = self._explained(self._decoded(code, observed), code, observed, over_batch=True)
            penalty = formulas.free_bits(kl, self.free_bits) if self.free_bits else total_kl
            loss = self.current_beta * penalty - log_likelihood
        return loss, {"reconstruction": -log_likelihood.detach(), "kl": total_kl.detach()}

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return each image's "objective", "reconstruction" and "kl" in nats, and "mse" per value, (B,).

        objective: what training minimises, with the full beta (not the warm-up's) and without free bits,
        which belong to a batch and not to an image. reconstruction + kl is the negative evidence lower bound.
        mse: of the image decoded from the posterior's mean. Equal states of the generator give all images the
        same noise.
        """
        inputs, observed = self._observed(batch, generator, shared=True)
        mean, log_var = self.posterior(inputs, observed.condition)
        terms = self._terms(mean, log_var, observed, generator)
        return {**terms, "mse": formulas.mse(self._image(self._decoded(mean, observed)), observed.images)}

    @torch.no_grad()
    def outputs(self, batch: Batch, generator: torch.Generator, sign: float = 1.0) -> dict[str, Tensor]:
        """Return all that becomes of each image, in one pass: see `ReconstructionObjective.outputs`.

        Further the images' posteriors: "mean", "log_var" and "kl_per_dimension", (B, K) each; the codes are the means.
        And "chance" (B,): by how much the reconstruction's term differs from that of the posterior's mean. sign: of the
        codes' noise; with -1 it is the mirror image of what the same state of the generator gives with 1.
        """
        images = batch["images"]
        inputs, observed = self._observed(batch, generator, shared=True)
        posterior = self.posterior(inputs, observed.condition)
        terms = self._terms(*posterior, observed, generator, sign)
        mean, log_var = posterior if inputs is images else self.posterior(images, observed.condition)
        raw = self._decoded(posterior[0], observed)
        terms["chance"] = terms["reconstruction"] + self._explained(raw, posterior[0], observed, over_batch=False)
        # what is binarized is drawn by chance; what comes out of the image itself is not
        is_own = mean is posterior[0] or self.corruption is not None
        rebuilt = self._image(raw if is_own else self._decoded(mean, observed))
        return {
            **self._pictures(batch, inputs),
            "codes": mean.flatten(1),
            "reconstructions": rebuilt,
            **terms,
            "mean": mean.flatten(1),
            "log_var": log_var.flatten(1),
            "kl_per_dimension": self.kl_per_dimension(mean, log_var).flatten(1),
        }

    def _terms(
        self, mean: Tensor, log_var: Tensor, observed: Observations, generator: torch.Generator, sign: float = 1.0
    ) -> dict[str, Tensor]:
        log_likelihood, ratio = self._weigh_shared(observed, mean, log_var, self.importance_samples, generator, sign)
        reconstruction = -log_likelihood.mean(0)
        kl = self.kl_per_dimension(mean, log_var).flatten(1).sum(1)
        if self.importance_samples > 1:
            objective = -formulas.importance_weighted_bound(log_likelihood + self.beta * ratio)
        else:
            objective = reconstruction + self.beta * kl
        return {"objective": objective, "reconstruction": reconstruction, "kl": kl}

    @torch.no_grad()
    def bound(self, batch: Batch, k: int, generator: torch.Generator) -> Float[Tensor, "b"]:
        """Return each image's k-sample lower bound of log p(x) in nats (Burda et al. 2016, eq. 8).

        beta plays no part. Equal states of the generator give all images the same k draws, however they are
        batched. Memory is that of decoding about 1,024 images. Raises InputError for k below 1.
        """
        if k < 1:
            raise InputError(f"a bound needs at least 1 sample, not {k}")
        inputs, observed = self._observed(batch, generator, shared=True)
        mean, log_var = self.posterior(inputs, observed.condition)
        log_likelihood, ratio = self._weigh_shared(observed, mean, log_var, k, generator)
        return formulas.importance_weighted_bound(log_likelihood + ratio)

    def _observed(self, batch: Batch, generator: torch.Generator, shared: bool) -> tuple[Tensor, Observations]:
        """Return what the encoder gets, and what its codes shall explain."""
        inputs, target = self._inputs_and_target(batch, generator, shared)
        return inputs, Observations(target, batch.get("condition"))

    def _inputs_and_target(self, batch: Batch, generator: torch.Generator, shared: bool) -> tuple[Tensor, Tensor]:
        if self.binarization == "dynamic":
            batch = {name: _binary(batch[name], generator, shared) for name in ("images", "target") if name in batch}
        return super()._inputs_and_target(batch, generator, shared)

    def _weigh_shared(
        self,
        observed: Observations,
        mean: Tensor,
        log_var: Tensor,
        k: int,
        generator: torch.Generator,
        sign: float = 1.0,
    ) -> tuple[Tensor, Tensor]:
        """Return what `_weigh` does for k draws that all images share, some of them at a time."""
        at_once = max(1, _ROWS_AT_ONCE // len(mean))
        # written into place: small results kept one by one between large ones that are freed would hold on to the heap
        log_likelihoods, ratios = mean.new_empty(2, k, len(mean)).unbind()
        for start in range(0, k, at_once):
            part = slice(start, min(k, start + at_once))
            # one draw after the other: torch's stream of normals depends on how many are asked for at a time
            draws = [_normal((1, *mean.shape[1:]), mean, generator) for _ in range(part.stop - start)]
            log_likelihoods[part], ratios[part] = self._weigh(observed, mean, log_var, sign * torch.stack(draws))
        return log_likelihoods, ratios

    def _weigh(self, observed: Observations, mean: Tensor, log_var: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return log p(x|z) and log p(z) - log q(z|x), both (k, B), for the noise (k, B or 1, *code)."""
        codes = reparametrised(mean, log_var, noise)
        k = len(codes)
        rows, repeated = codes.flatten(0, 1), observed.repeated(k)
        log_likelihood = self._explained(self._decoded(rows, repeated), rows, repeated, over_batch=False)
        return log_likelihood.unflatten(0, (k, len(mean))), formulas.log_density_ratio(codes, mean, log_var)

    def _log_likelihood(self, raw: Tensor, target: Tensor, over_batch: bool) -> Tensor:
        if self.likelihood == "bernoulli":
            return formulas.bernoulli_log_prob(raw, target, over_batch=over_batch)
        scaled = formulas.normal_log_prob(target, self._image(raw), self.sigma.log(), over_batch=over_batch)
        return scaled - self.log_jacobian


def _normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)


def _repeated(x: Tensor, k: int) -> Tensor:
    """Return k copies of a batch, one after the other."""
    return x.repeat(k, *[1] * (x.ndim - 1))


def _binary(x: Tensor, generator: torch.Generator, shared: bool) -> Tensor:
    """Draw zeros and ones with the probabilities x; zeros and ones stay what they are, since draws are below 1."""
    shape = (1, *x.shape[1:]) if shared else x.shape
    return (torch.rand(shape, generator=generator, dtype=x.dtype, device=x.device) < x).to(x.dtype)
