"""Training: the loop, its state, the run folder, and the devices it runs on."""

from latente.training.batches import Batches
from latente.training.loop import Listener, evaluate, isolated_rng, train
from latente.training.options import TrainingOptions
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = [
    "Batches",
    "Listener",
    "Run",
    "TrainingOptions",
    "TrainingState",
    "evaluate",
    "isolated_rng",
    "train",
]
