"""A model that is not ours: two matrices, with codes of a shape of their own, that counts how often it is called."""

from __future__ import annotations

import numpy as np
import pytest


class LinearModel:
    """Codes of images (N, 1, 4, 5) are 12 orthogonal projections of them, shaped (3, 2, 2)."""

    def __init__(self) -> None:
        self.basis = np.linalg.qr(np.random.default_rng(1).normal(size=(20, 12)))[0]
        self.calls: list[str] = []

    def encode(self, images: np.ndarray) -> np.ndarray:
        self.calls.append("encode")
        return (images.reshape(-1, 20) @ self.basis).astype(np.float32).reshape(-1, 3, 2, 2)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        self.calls.append("decode")
        assert codes.shape[1:] == (3, 2, 2)
        assert codes.dtype == np.float32
        return (codes.reshape(-1, 12) @ self.basis.T).reshape(-1, 1, 4, 5)


@pytest.fixture
def model() -> LinearModel:
    return LinearModel()
