"""Train the tests' two-player toy in the folder given, or go on with it there: for resume_kill.py.

PYTHONPATH=tests python benchmarks/two_players.py RUN
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from latente.training import Run, TrainingOptions, isolated_rng, train
from toys import UNIT, TwoPlayers, mixture


def main(folder: str) -> None:
    torch.set_num_threads(1)
    options = TrainingOptions(epochs=40, batch_size=16, device="cpu", checkpoint_every=5, log_every=4)
    started = (Path(folder) / "options.json").exists()
    run = Run.open(folder) if started else Run.create(folder, {"options": {}})
    with isolated_rng(0):
        objective = TwoPlayers()
    train(objective, mixture(128), UNIT, options, run=run)


if __name__ == "__main__":
    main(sys.argv[1])
