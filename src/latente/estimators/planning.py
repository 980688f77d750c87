"""What a training would cost, found without training."""

from __future__ import annotations

import math
from collections.abc import Sequence

from latente.estimators.data import Split
from latente.images import Scaling
from latente.networks.summary import LayerSummary
from latente.objectives import Objective
from latente.training.loop import train
from latente.training.options import TrainingOptions

__all__ = ["cost"]

_STEPS = 5


def cost(
    objective: Objective,
    parts: Split,
    scaling: Scaling,
    options: TrainingOptions,
    layers: Sequence[LayerSummary],
    epochs: int,
) -> tuple[float, int]:
    """Return about how many seconds and how many bytes of memory it takes to train for so many epochs.

    The time is that of the fastest of a few real steps, which the weights of `objective` take, times their number.
    """
    assert options.batch_size is not None
    few = parts.rows[: _STEPS * options.batch_size]
    state = train(objective, parts.images, scaling, options, rows=few)
    per_step = min(line["seconds"] for line in state.history if line["part"] == "train")
    steps = math.ceil(len(parts.rows) / options.batch_size) * epochs
    parameters = sum(p.numel() for p in objective.parameters())
    values = sum(math.prod(row.output[1:]) for row in layers if row.output)
    # weights, gradients and two moments; each layer's output and its gradient; the images at rest
    memory = 16 * parameters + 8 * values * options.batch_size + parts.images.content.nbytes
    return per_step * steps, memory
