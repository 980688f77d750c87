"""Restorers that know nothing yet: what they make of a picture can be said beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import Images, Restorer
from latente.images import Photographs

Untrained = Callable[..., Restorer]


@pytest.fixture(scope="session")
def untrained() -> Untrained:
    """Return restorers whose networks still add nothing: bicubic enlargement, or the picture itself."""

    def make(corruption: str = "blur:1", channels: int = 3, dtype: type = np.uint8, **options: Any) -> Restorer:
        peak = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
        picture = np.linspace(0, peak, channels * 24 * 24).reshape(channels, 24, 24).astype(dtype)
        small = {"width": 4, "depth": 1, "augmentation": "crop:8", "random_state": 0, "device": "cpu"}
        images = Images(Photographs.of([picture, picture]))
        return Restorer(corruption=corruption, **small, **options).initialise(images)

    return make


@pytest.fixture
def photograph() -> Image.Image:
    """A picture of 24 x 36 pixels with smooth colours."""
    rows, columns = np.mgrid[:24, :36]
    waves = [128 + 100 * np.sin(rows / 5 + k) * np.cos(columns / 7) for k in range(3)]
    return Image.fromarray(np.stack(waves, axis=2).round().astype(np.uint8))
