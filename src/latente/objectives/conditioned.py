"""What variational autoencoders minimise that learn images together with a vector beside each, or by it."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente import formulas
from latente.errors import did_you_mean
from latente.objectives.objective import Batch
from latente.objectives.variational import Observations, VariationalObjective

__all__ = ["CONDITIONED", "ConditionedObjective"]

CONDITIONED = ("joint", "given")

_FIRST_SIGMA, _LEAST_SIGMA = 0.1, 1e-3  # of the scaled condition's values


class ConditionedObjective(VariationalObjective):
    """The negative evidence lower bound of images with a condition c beside each: the column "condition", (B, K).

    way: "joint": the condition is encoded and decoded as the image is; the loss is
    -log p(x|z) - weight log p(c|z) + beta KL(q(z|x, c) || N(0, I)), where p(c|z) is normal with a learned sigma for
    each of its values, at least a thousandth of its range. Both log-likelihoods are in nats, so a weight of 1 makes it
    the bound of log p(x, c), and w makes each nat of the condition count for w nats of the image. "given": encoder
    and decoder are told the condition, and the bound is that of log p(x|c) (a conditional variational autoencoder, Sohn
    et al. 2015; departure: the codes' prior does not depend on c).

    encoder, decoder and `options`: as in `VariationalObjective`; where the condition is given, the decoder takes codes
    (B, D + K), the condition behind. condition_encoder: (B, K) -> what is added to the encoder's means and
    log-variances, as rows. condition_decoder: codes, as rows, -> (B, K); None where the condition is given.
    condition_log_jacobian: of the condition's scaling, over one vector. `usual_condition` (K,) is what a decoder is
    told that is told nothing: whoever trains may set it.

    Logged terms: "reconstruction" holds the condition's part, with its weight. `outputs` further has "condition", and
    "conditions", what the codes' means decode to, where it is decoded.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        way: str,
        size: int,
        condition_encoder: nn.Module,
        condition_decoder: nn.Module | None = None,
        weight: int | float = 1.0,
        condition_log_jacobian: int | float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        if way not in CONDITIONED:
            raise did_you_mean("condition", way, CONDITIONED)
        self.way, self.size, self.weight = way, size, weight
        self.condition_encoder = condition_encoder
        self.condition_log_jacobian = condition_log_jacobian
        if condition_decoder is not None:
            self.condition_decoder = condition_decoder
            self.raw_log_sigmas = nn.Parameter(torch.full((size,), math.log(_FIRST_SIGMA)))
        self.register_buffer("usual_condition", torch.zeros(size))
        self.usual_condition: Tensor
        self.columns = ("condition",)

    @property
    def density(self) -> bool:
        """Whether the figures bound a log-likelihood; with another weight than 1 of the condition they do not."""
        return super().density and (self.way == "given" or self.weight == 1)

    @property
    def sigmas(self) -> Float[Tensor, "k"]:
        """The standard deviations of the condition's values, in the network's range."""
        return _LEAST_SIGMA + self.raw_log_sigmas.exp()

    def decode(self, code: Float[Tensor, "b *code"], condition: Tensor | None = None) -> Float[Tensor, "b *image"]:
        """Return the images, in the network's range, that codes stand for; condition: (B, K), where it is given."""
        return self._image(self.decoder(self._with(code, condition)).float())

    def reconstruct(self, x: Float[Tensor, "b *image"], condition: Tensor | None = None) -> Float[Tensor, "b *image"]:
        """Return what becomes of scaled images, taken as they are, by way of their codes."""
        return self.decode(self.encode(x, condition), condition)

    def conditions(self, code: Float[Tensor, "b *code"]) -> Float[Tensor, "b k"]:
        """Return the conditions, in the network's range, that codes stand for, where they are decoded."""
        conditions: Tensor = self.condition_decoder(code.flatten(1)).float()
        return conditions

    @torch.no_grad()
    def outputs(self, batch: Batch, generator: torch.Generator, sign: float = 1.0) -> dict[str, Tensor]:
        """Return all that becomes of each image, in one pass: see `VariationalObjective.outputs`."""
        outputs = super().outputs(batch, generator, sign)
        outputs["condition"] = batch["condition"]
        if self.way == "joint":
            outputs["conditions"] = self.conditions(outputs["mean"])
        return outputs

    def _posteriors(self, x: Tensor, condition: Tensor | None) -> Tensor:
        assert condition is not None
        parameters = super()._posteriors(x, condition)
        return parameters + self.condition_encoder(condition).reshape(parameters.shape)

    def _with(self, code: Tensor, condition: Tensor | None) -> Tensor:
        if self.way == "joint":
            return code
        if condition is None:
            condition = self.usual_condition.expand(len(code), -1)
        return torch.cat([code, condition], dim=1)

    def _decoded(self, code: Tensor, observed: Observations) -> Tensor:
        return self._raw(self._with(code, observed.condition), observed.images)

    def _explained(self, raw: Tensor, code: Tensor, observed: Observations, over_batch: bool) -> Tensor:
        images = super()._explained(raw, code, observed, over_batch)
        if self.way == "given":
            return images
        assert observed.condition is not None
        deviations = (observed.condition - self.conditions(code)) / self.sigmas
        density = -0.5 * (deviations**2).sum(1) - (self.sigmas.log() + formulas.HALF_LOG_2PI).sum()
        density = density - self.condition_log_jacobian
        return images + self.weight * (density.mean() if over_batch else density)
