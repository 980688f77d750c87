"""Who takes the steps."""

from __future__ import annotations

import torch
from torch import nn

from latente.training.adam import Adam
from latente.training.options import TrainingOptions
from latente.training.state import Stepper

__all__ = ["optimizer_for"]


def optimizer_for(options: TrainingOptions, parameters: list[nn.Parameter]) -> Stepper:
    """Return the optimiser of one player, in its fused form, which is the fastest on every device."""
    rate, decay = options.learning_rate, options.weight_decay
    if options.optimizer == "lbfgs":
        return torch.optim.LBFGS(parameters, lr=rate, line_search_fn="strong_wolfe")
    if options.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay, fused=True)
    return Adam(parameters, rate, decay, decoupled=options.optimizer == "adamw")
