"""What a model must offer to be looked into, and codes of any shape as rows of numbers."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from latente.errors import InputError

__all__ = ["Coder", "decode_grid", "flat_codes"]


class Coder(Protocol):
    """Anything that encodes images and decodes codes, many at a time: an estimator of ours or a model of a user's.

    `encode` returns codes (N, ...), `decode` takes codes of that shape and returns images (N, ...), alone or in a pair
    with their conditions, which then count for nothing here.
    """

    def encode(self, images: Any, /) -> np.ndarray: ...

    def decode(self, codes: Any, /) -> Any: ...


def flat_codes(codes: Any) -> np.ndarray:
    """Return codes (N, ...) as (N, D) of a floating-point dtype; float32 and float64 stay what they are.

    Raises InputError where there are none, or where one is NaN or infinite.
    """
    rows = np.asarray(codes)
    if rows.ndim < 1 or not rows.size:
        raise InputError(f"there are no codes in an array of shape {rows.shape}; give codes (N, ...)")
    rows = rows.reshape(len(rows), -1)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    if not np.isfinite(rows).all():
        raise InputError("the codes hold NaN or infinity; leave out the images they come from, or train again")
    return rows


def decode_grid(model: Coder, codes: np.ndarray, code_shape: tuple[int, ...]) -> np.ndarray:
    """Return the images (R, S, ...) of codes (R, S, ...), each of `code_shape` for the model, decoded in one call."""
    rows, columns = codes.shape[:2]
    if math.prod(codes.shape[2:]) != math.prod(code_shape):
        raise InputError(f"codes of shape {codes.shape[2:]} cannot be decoded as {code_shape}")
    made = model.decode(codes.reshape(rows * columns, *code_shape))
    images = np.asarray(made[0] if isinstance(made, tuple) else made)
    return images.reshape(rows, columns, *images.shape[1:])
