"""What all estimators have in common that give each image a code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from torch import Tensor, nn

from latente import words
from latente.errors import InputError
from latente.estimators.base import Estimator
from latente.images import Openable
from latente.networks.build import shape_made

__all__ = ["Encoder", "code_shape"]


class _Encoding(Protocol):
    def encode(self, x: Tensor) -> Tensor: ...


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Encoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """An estimator whose objective encodes: `_build` sets `code_shape_`, the shape of one code, beside `objective_`."""

    def encode(self, X: Openable) -> np.ndarray:
        """Return the codes of X, float32: (N, latent_dim), or (N, C, H, W) where the bottleneck is spatial."""
        images = self._open(X)
        return self._apply(images, cast(_Encoding, self.objective_).encode)

    def transform(self, X: Openable) -> np.ndarray:
        """Return the codes of X as (N, K) float32, K the number of values in one code."""
        codes = self.encode(X)
        return codes.reshape(len(codes), -1)

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "code_shape_": self.code_shape_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.code_shape_: tuple[int, ...] = facts["code_shape_"]

    def _facts_to_show(self) -> dict[str, str]:
        return {"codes": words.shape(self.code_shape_)}

    @property
    def _n_features_out(self) -> int:
        return math.prod(self.code_shape_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        assert tags.transformer_tags is not None
        tags.transformer_tags.preserves_dtype = ["float32"]  # codes are float32 whatever went in
        return tags


def code_shape(encoder: nn.Module, shape: tuple[int, ...], multiplier: int) -> tuple[int, ...]:
    """Return the shape of one code, found by encoding two blank images."""
    name = f"the encoder {type(encoder).__name__}"
    code = shape_made(encoder, shape, name, f"images {shape}")
    if not code or code[0] % multiplier:
        raise InputError(
            f"network: {name} returns {code} per image; this model needs {multiplier} values for each latent "
            "dimension, along the first axis"
        )
    return (code[0] // multiplier, *code[1:])
