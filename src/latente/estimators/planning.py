"""What a training would be and cost, found without training."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from latente import networks
from latente.estimators import data, persistence
from latente.training import Batches, train
from latente.training.randomness import settle_seed

__all__ = ["plan"]


def plan(estimator: Any, X: Any, steps: int) -> dict[str, Any]:
    """Return what `fit` would do with X, without doing it.

    Keys: options, data, layers, parameters, seconds_estimate, memory_estimate_bytes. The time is that of the fastest of
    a few real steps, times their number; the estimator and the disk stay as they are.
    """
    twin = copy.copy(estimator)
    images = twin._open_for_fit(X, reset=True)
    twin.seed_ = settle_seed(estimator.random_state)
    parts = data.split(images, estimator.validation, twin.seed_)
    twin._settle(images, parts.rows)
    few = parts.rows[: steps * twin.batch_size_]
    options = twin._training_options(epochs=1, log_every=1, checkpoint_every=None)
    example = Batches(images, twin.scaling_, torch.device("cpu")).batch(torch.from_numpy(few[:1]))["images"]
    code = torch.zeros(1, *twin.code_shape_)
    layers = [
        row._replace(name=f"{part}.{row.name}")
        for part, given in (("encoder", example), ("decoder", code))
        for row in networks.describe(getattr(twin.objective_, part), given)
    ]
    state = train(twin.objective_, images, twin.scaling_, options, seed=twin.seed_, rows=few)
    per_step = min(line["seconds"] for line in state.history)
    all_steps = math.ceil(len(parts.rows) / twin.batch_size_) * estimator.epochs
    parameters = sum(p.numel() for p in twin.objective_.parameters())
    values = sum(math.prod(row.output[1:]) for row in layers if row.output)
    return {
        "options": persistence.resolved_options(twin),
        "data": data.describe_data(parts),
        "layers": layers,
        "parameters": parameters,
        "seconds_estimate": per_step * all_steps,
        # weights, gradients and two moments; each layer's output and its gradient; the images at rest
        "memory_estimate_bytes": 16 * parameters + 8 * values * twin.batch_size_ + images.pixels.nbytes,
    }
