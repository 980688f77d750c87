"""The variational autoencoder: a density of images with a code for each."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latente.errors import InputError
from latente.estimators import data, planning
from latente.estimators.conditioning import ConditionedCoder
from latente.images import Openable
from latente.languages import say
from latente.networks.summary import LayerSummary
from latente.objectives import Batch, ConditionedObjective, VariationalObjective, check_bound, reparametrised

__all__ = ["VariationalAutoencoder"]


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class VariationalAutoencoder(ConditionedCoder):
    """Learn a density of images with a normal code for each (Kingma & Welling 2014), in nats per image.

    likelihood: "bernoulli", "gaussian" (one learned sigma; the density is that of the data in their own units), or
    "auto": Bernoulli for pictures of 8 bits or fewer, else Gaussian. beta: weight of the KL divergence (Higgins et al.
    2017). beta_warmup: steps in which it rises from 0. free_bits: nats per latent dimension that cost nothing (Kingma
    et al. 2016). samples: codes drawn for each image in a training step, over which the reconstruction's term is
    averaged (Kingma & Welling 2014, eq. 7). importance_samples: k > 1 trains the importance-weighted bound instead
    (Burda et al. 2016). binarization: "dynamic" draws each pixel anew as 0 or 1, with its intensity for the probability
    of 1, whenever an image is met, so that a Bernoulli likelihood of grey pictures is a density. The other options are
    those of `BaseAutoencoder`.

    condition: the numbers beside each image, the column "condition" of `Images`. "joint" learns the density of both:
    encoder and decoder have a part for them, with a scaling of its own, each number to [0, 1], and a normal likelihood
    whose sigma is learned for each; then `decode`, `sample` and `reconstruct` return a pair (images, conditions), both
    in the data's units. condition_weight: how many nats of the image one nat of the condition counts for; only with 1
    is the bound that of the pair's density. "given" tells both networks the condition, for a density of images by it (a
    conditional variational autoencoder, Sohn et al. 2015): `decode` and `sample` take `conditions`. Either needs images
    with conditions wherever it encodes.

    `encode` returns posterior means; `score_samples` is the evidence lower bound in nats per image, by the prior
    N(0, I), which is also prior="normal". Any other `prior` concerns samples alone: images' codes, draws from their
    posteriors, do not fill N(0, I) evenly, and where none lies the decoder has learned nothing. A Bernoulli likelihood
    of data that are not binary is a cross-entropy and no log-likelihood; `is_density_` says which it is.
    """

    kind = "vae"
    noises = 100
    code_multiplier = 2

    def check(self) -> None:
        super().check()
        check_bound(self.samples, self.importance_samples, self.free_bits)

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        self.likelihood_ = self._likelihood()
        plain_bernoulli = self.likelihood_ == "bernoulli" and self.binarization is None
        self.is_binary_ = self.binarization is not None
        if plain_bernoulli:  # otherwise it has no meaning, and looking through all images takes long
            self.is_binary_ = data.is_binary(parts.images, self.scaling_)

    def _settle(self, parts: data.Split) -> None:
        super()._settle(parts)
        if self._draws > 1:
            option = "samples" if self.importance_samples == 1 else "importance_samples"
            values = math.prod(self.image_shape_)
            planning.check_draws(option, self._draws, self._training_options(), len(parts.rows), values, self.device_)

    @property
    def _draws(self) -> int:
        """How many codes of each image a training step decodes; at most one of the two options is not 1."""
        return max(self.samples, self.importance_samples)

    def _cost(self, parts: data.Split, layers: list[LayerSummary]) -> tuple[float, int]:
        # each code that a step draws goes through the decoder, and leaves what its layers gave in memory
        draws = (self._draws,)
        return super()._cost(
            parts,
            [
                row._replace(output=row.output + draws) if row.output and row.name.startswith("decoder.") else row
                for row in layers
            ],
        )

    def _likelihood(self) -> str:
        dtype = np.dtype(self.scaling_.dtype)
        if self.likelihood == "auto":
            is_picture = dtype in (np.uint8, np.bool_) and len(self.image_shape_) == 3
            return "bernoulli" if is_picture else "gaussian"
        return self.likelihood

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "is_binary_": self.is_binary_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.is_binary_ = bool(facts["is_binary_"])
        self.likelihood_ = self._likelihood()

    def _settled(self) -> dict[str, Any]:
        return {**super()._settled(), "likelihood": self.likelihood_}

    def _objective(self, encoder: nn.Module, decoder: nn.Module, output: str) -> VariationalObjective:
        options: dict[str, Any] = {
            "likelihood": self.likelihood_,
            "output": "sigmoid" if self.likelihood_ == "bernoulli" else output,
            "beta": self.beta,
            "beta_warmup": self.beta_warmup,
            "free_bits": self.free_bits,
            "samples": self.samples,
            "importance_samples": self.importance_samples,
            "corruption": self._corruption(),
            "log_jacobian": self.scaling_.log_jacobian(self.image_shape_),
            "is_binary": self.is_binary_,
            "binarization": self.binarization,
        }
        if self.condition is None:
            return VariationalObjective(encoder, decoder, **options)
        return ConditionedObjective(encoder, decoder, **self._condition_parts(), **options)

    @property
    def is_density_(self) -> bool:
        """Whether the bounds are log-likelihoods: always for a Gaussian; for a Bernoulli, of binary data only."""
        return self._bounds.density

    def evaluate(self, X: Openable, bound_samples: int | None = None) -> dict[str, Any]:
        """Return what `BaseAutoencoder.evaluate` does, the evidence lower bound, and the bound with `bound_samples`.

        Reconstruction and objective are of one code for each image, drawn by one of 50 noises or their mirror images:
        where a single one met all images, its chance would move the means by nats. "elbo_error" is the standard error
        that is left.
        """
        images = self._open(X)
        figures = super().evaluate(images)
        if bound_samples is None:
            return figures
        bound = float(self.bound(images, bound_samples).mean(dtype=np.float64))
        return figures | {"bound": bound, "bound_samples": bound_samples}

    def _outputs(self, batch: Batch, generator: torch.Generator, noise: int) -> dict[str, Tensor]:
        return self._bounds.outputs(batch, generator.manual_seed(self._noise_seed(noise // 2)), (-1.0) ** noise)

    def posterior(self, X: Openable) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and log-variance of the posterior of each image, each of the codes' shape, float32."""
        images = self._open(X)

        def posterior(batch: Batch) -> dict[str, Tensor]:
            mean, log_var = self._bounds.posterior(batch["images"], batch.get("condition"))
            return {"mean": mean, "log_var": log_var}

        parameters = self._over(images, posterior, columns=self.condition is not None)
        return parameters["mean"], parameters["log_var"]

    def bound(self, X: Openable, samples: int = 100) -> np.ndarray:
        """Return each image's importance-weighted bound of log p(x) in nats (N,), with so many samples.

        Source: Burda et al. 2016, eq. 8. All images meet the same noise; the bound rises with the samples to log p(x).
        """
        images = self._open(X)
        if samples < 1:
            raise InputError(f"samples must be at least 1, not {samples}")
        generator = torch.Generator(self.device_)

        def bound(batch: Batch) -> dict[str, Tensor]:
            return {"bound": self._bounds.bound(batch, samples, generator.manual_seed(self.seed_))}

        return self._over(images, bound, columns=self.condition is not None)["bound"]

    def encode(self, X: Openable) -> np.ndarray:
        """Return the posteriors' means of X, float32: (N, latent_dim), or (N, C, H, W) where codes are spatial."""
        return super().encode(X) if self.condition is None else self.posterior(X)[0]

    # -- samples

    def _scores(self, terms: Mapping[str, Tensor]) -> Tensor:
        return -(terms["reconstruction"] + terms["kl"])

    def _codes_about(self, batch: Batch, generator: torch.Generator) -> Tensor:
        mean, log_var = self._bounds.posterior(batch["images"], batch.get("condition"))
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return reparametrised(mean, log_var, noise)

    def _normal_in_words(self) -> str:
        return say("the standard normal prior")

    def _draw_normal(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((n, *self.code_shape_), dtype=np.float32)
