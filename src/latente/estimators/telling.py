"""The small network that learns from normal pictures alone, by telling how they were turned, mirrored and shifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from latente.errors import Interrupted
from latente.images import Images, Scaling
from latente.networks.classifying import ConvClassifierEncoder
from latente.networks.layers import initialise
from latente.objectives import TransformsObjective, logits_for
from latente.training.listeners import Listener
from latente.training.loop import train as train_by_the_loop
from latente.training.options import TrainingOptions
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = ["FEWEST", "Views", "seconds", "train", "untrained"]

FEWEST = 10  # pictures, of which there is anything to learn
EPOCHS, BATCH = 11, 128  # 70,400 pictures in all, with the 50 steps of an epoch
_HIDDEN, _CODES = (24, 48, 96), 128
_LARGEST = 64  # pixels of a side that are looked at


class Views(nn.Module):
    """The codes that the network gives all views of pictures."""

    def __init__(self, network: TransformsObjective) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.codes(images)


def untrained(shape: tuple[int, ...], before: nn.Module | None = None) -> TransformsObjective:
    """Return what is minimised of pictures of a shape (C, H, W), its weights from torch's global generator.

    Sides above 64 pixels are reduced to 64. before: what pictures go through first.
    """
    height, width = (min(side, _LARGEST) for side in shape[1:])
    layers: list[nn.Module] = [] if before is None else [before]
    if (height, width) != shape[1:]:
        layers.append(nn.AdaptiveAvgPool2d((height, width)))
    layers.append(ConvClassifierEncoder((shape[0], height, width), _HIDDEN, dense=(_CODES,), normalization="batch"))
    encoder = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    return TransformsObjective(encoder, initialise(nn.Linear(_CODES, logits_for(shape))))


def train(
    objective: TransformsObjective,
    images: Images,
    scaling: Scaling,
    rows: np.ndarray,
    *,
    run: Run | None,
    listeners: Sequence[Listener],
    seed: int,
    **surroundings: Any,
) -> tuple[TrainingState, Interrupted | None]:
    """Minimise the objective on the rows; return the state, and the interruption that left the last epoch's weights.

    surroundings: device and threads. Nothing is held out: the rate has fallen to 0 in the end, and the last epoch is
    the best.
    """
    options = TrainingOptions(epochs=EPOCHS, batch_size=BATCH, schedule="cosine", **surroundings)
    stopped = None
    try:
        state = train_by_the_loop(
            objective, images, scaling, options, seed=seed, rows=rows, run=run, listeners=listeners
        )
    except Interrupted as interruption:
        if interruption.state is None or not interruption.state.has_model:
            raise
        state, stopped = interruption.state, interruption
        stopped.leaves_model = True
    if state.best_weights is not None:
        objective.load_weights(state.best_weights)
    return state, stopped


def seconds(objective: TransformsObjective, images: Images, scaling: Scaling, rows: np.ndarray, device: str) -> float:
    """Return about how long `train` takes, by its first steps, which the objective takes."""
    steps, objective.epoch_steps = objective.epoch_steps, 5
    options = TrainingOptions(epochs=1, batch_size=BATCH, log_every=1, device=device)
    history = train_by_the_loop(objective, images, scaling, options, rows=rows).history
    return EPOCHS * steps * min(line["seconds"] for line in history if line["part"] == "train")
