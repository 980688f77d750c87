"""The autoencoder: what comes out shall be what went in, through a narrower code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np
from torch import nn

from latente.errors import InputError
from latente.estimators.base import ImageEstimator
from latente.images import Images, Scaling
from latente.objectives import AutoencoderObjective

__all__ = ["Autoencoder"]

_IMAGES_FOR_DENSITY = 2000
_LARGEST_CODE = 1024


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(ImageEstimator):
    """Learn a code for images from which they can be rebuilt; with a `corruption`, a denoiser (Vincent et al. 2010).

    loss: "mse", "bce" (needs data within [0, 1]) or "l1", each a mean per value in the network's range.
    latent_activation: of the code; None is linear. The other options are those of `ImageEstimator`.

    `score_samples` is the negative loss per image. `sample` draws codes from a normal density fitted to training codes.
    """

    model = "autoencoder"

    loss: str = "mse"
    latent_activation: str | None = None

    def _latent_activation(self) -> str | None:
        return self.latent_activation

    def _objective(
        self, encoder: nn.Module, decoder: nn.Module, output: str, is_binary: Callable[[], bool]
    ) -> AutoencoderObjective:
        if self.loss == "bce" and not _within_unit_range(self.scaling_):
            raise InputError(
                f"loss 'bce' needs data that scale to [0, 1], not {self.scaling_.dtype}; use 'mse' or 'l1'"
            )
        self.codes_mean_: np.ndarray | None = None
        self.codes_covariance_: np.ndarray | None = None
        output = "sigmoid" if self.loss == "bce" else output
        return AutoencoderObjective(encoder, decoder, loss=self.loss, output=output, corruption=self._corruption())

    def _scores(self, terms: Mapping[str, np.ndarray]) -> np.ndarray:
        return -terms["objective"]

    def _after_training(self, images: Images, rows: np.ndarray) -> None:
        """Fit a normal density, shrunk after Ledoit and Wolf (2004), to the codes of some training images."""
        if math.prod(self.code_shape_) > _LARGEST_CODE or len(rows) < 2:
            return
        from sklearn.covariance import LedoitWolf

        few = rows[np.linspace(0, len(rows) - 1, min(len(rows), _IMAGES_FOR_DENSITY)).astype(int)]
        density = LedoitWolf().fit(self.transform(images.take(few)))
        self.codes_mean_, self.codes_covariance_ = density.location_, density.covariance_

    def _draw_codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        if self.codes_mean_ is None or self.codes_covariance_ is None:
            raise InputError(
                f"sample needs a density of the codes, which is fitted to codes of at most {_LARGEST_CODE} values when "
                "training ends; set latent_dim, or use a VariationalAutoencoder"
            )
        return rng.multivariate_normal(self.codes_mean_, self.codes_covariance_, n, method="eigh").astype(np.float32)

    def _extra(self) -> dict[str, np.ndarray]:
        if self.codes_mean_ is None or self.codes_covariance_ is None:
            return {}
        return {"codes_mean_": self.codes_mean_, "codes_covariance_": self.codes_covariance_}


def _within_unit_range(scaling: Scaling) -> bool:
    """Whether the scaled training images lie in [0, 1]: all do but those of signed 8 and 16-bit integers."""
    return scaling.dtype not in ("int8", "int16")
