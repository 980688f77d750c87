"""Estimators that draw images from codes, and so new ones from new codes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Protocol, cast

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from latente import latents, words
from latente.errors import InputError
from latente.estimators.encoding import Encoder
from latente.estimators.passing import finite
from latente.images import Openable, to_layout
from latente.languages import say
from latente.machine import free_memory
from latente.training.randomness import settle_seed
from latente.training.surroundings import own_surroundings

__all__ = ["Decoder"]


class _Decoding(Protocol):
    def decode(self, code: Tensor) -> Tensor: ...


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Decoder(Encoder):
    """An estimator whose objective decodes, too: `_draw_codes` says which codes new images have."""

    @own_surroundings()
    def decode(self, codes: Any) -> np.ndarray:
        """Return the images that codes (as `encode` returns them, or flattened) stand for, in the training's layout.

        Raises InputError for codes that are NaN or infinite, or so large that their images are.
        """
        check_is_fitted(self, "objective_")
        with np.errstate(over="ignore"):  # of what float32 cannot hold, infinity is told below
            codes = np.asarray(codes, dtype=np.float32)
        if codes.size != len(codes) * math.prod(self.code_shape_):
            raise InputError(f"codes have shape {codes.shape}, but this model decodes (N, *{self.code_shape_})")
        if (bad := np.flatnonzero(~np.isfinite(codes.reshape(len(codes), -1)).all(axis=1))).size:
            raise InputError(f"codes hold NaN or infinity, first in row {bad[0]}; remove or fill them")
        tensor = torch.from_numpy(np.ascontiguousarray(codes)).reshape(len(codes), *self.code_shape_)
        objective = cast(_Decoding, self.objective_)
        with torch.no_grad():
            parts = [
                self.scaling_.invert(finite(objective.decode(part.to(self.device_)), "decoded images"))
                for part in tensor.split(self._chunk())
            ]
        return to_layout(np.concatenate(parts), self.layout_)

    def inverse_transform(self, X: Openable) -> np.ndarray:
        """Return the images that the codes X (N, K) stand for."""
        return self.decode(X)

    def sample(self, n: int = 16, random_state: Any = None) -> np.ndarray:
        """Return n new images in the training's layout, decoded from codes that `random_state` draws."""
        self._check_number(n)
        return self.decode(self.draw_codes(n, random_state))

    def draw_codes(self, n: int = 16, random_state: Any = None) -> np.ndarray:
        """Return n codes as `encode` returns them, drawn from the density that `sample` decodes from."""
        self._check_number(n)
        return self._draw_codes(n, np.random.default_rng(settle_seed(random_state)))

    def drawn_from(self) -> str:
        """Return in words the density from which samples are drawn."""
        return say("the standard normal density")

    def interpolate(self, a: Any, b: Any, steps: int = 8) -> np.ndarray:
        """Return (N, steps, ...) images decoded from the straight line between the codes of a and b (N each)."""
        return latents.interpolate(self, a, b, steps=steps)

    def _check_number(self, n: int) -> None:
        """Raise InputError where so many new images cannot be, or have no room in memory."""
        check_is_fitted(self, "objective_")
        if n < 1:
            raise InputError(f"n must be at least 1, not {n}")
        needed = n * (8 * math.prod(self.image_shape_) + 4 * math.prod(self.code_shape_))
        if (free := free_memory()) is not None and needed > free:
            sizes = words.memory(needed), words.memory(free)
            raise InputError(f"n={n}: so many images take {sizes[0]} of memory, and {sizes[1]} are free; draw fewer")

    def _draw_codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Hook: draw codes (n, ...) of new images."""
        raise NotImplementedError(f"{type(self).__name__} must define _draw_codes(n, rng)")
