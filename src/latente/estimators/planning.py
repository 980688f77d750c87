"""What a training would cost, found by a few steps of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latente.estimators.data import Split
from latente.networks.summary import LayerSummary
from latente.training.options import TrainingOptions

__all__ = ["cost", "few_rows"]

_STEPS = 5


def few_rows(parts: Split, options: TrainingOptions) -> np.ndarray:
    """Return the rows of so few steps as are enough to tell how long one takes."""
    assert options.batch_size is not None
    return parts.rows[: _STEPS * options.batch_size]


def cost(
    history: Sequence[Mapping[str, Any]],
    parts: Split,
    options: TrainingOptions,
    layers: Sequence[LayerSummary],
    parameters: int,
    epochs: int,
) -> tuple[float, int]:
    """Return about how many seconds and how many bytes of memory it takes to train for so many epochs.

    history: the lines of a few real steps, the fastest of which is the measure.
    """
    assert options.batch_size is not None
    per_step = min(line["seconds"] for line in history if line["part"] == "train")
    steps = math.ceil(len(parts.rows) / options.batch_size) * epochs
    values = sum(math.prod(row.output[1:]) for row in layers if row.output)
    # weights, gradients and two moments; each layer's output and its gradient; the images at rest
    memory = 16 * parameters + 8 * values * options.batch_size + parts.images.content.nbytes
    return per_step * steps, memory
