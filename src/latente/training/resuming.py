"""Going on with a run from its last checkpoint."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from latente.errors import ModelError
from latente.training.devices import World
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = ["go_on_from"]


def go_on_from(run: Run, state: TrainingState, world: World) -> Mapping[str, Any] | None:
    """Take over the run's last checkpoint, if there is one, cut the log back to it, and return it.

    Warns where the surroundings differ from the checkpoint's, so that going on cannot be exact.
    """
    tree = run.checkpoint()
    if tree is not None:
        _check_counts(run, tree)
        state.restore(tree, world.rank, world.size)
        _recall_best(run, state, tree)
        _warn_of_differences(tree, world.size, torch.get_num_threads())
    elif any(line.get("epoch", 1) != 1 for line in run.lines()):
        warnings.warn(f"{run.path} has lost its checkpoints, and its model: training starts anew", stacklevel=2)
    if world.leads:
        run.sweep()
        run.cut_metrics(0 if tree is None else tree["metrics_size"])
    world.wait()
    state.history = run.lines()
    return tree


def _check_counts(run: Run, tree: Mapping[str, Any]) -> None:
    """Raise ModelError where a number that is not one of the state is missing or none."""
    for name in ("steps", "threads", "metrics_size"):
        if type(tree.get(name)) is not int or tree[name] < 0:
            raise ModelError(f"the checkpoint of {run.path} holds no {name} that can be: {tree.get(name)!r}")


def _recall_best(run: Run, state: TrainingState, tree: Mapping[str, Any]) -> None:
    """Find the weights of the best epoch so far: this checkpoint's, or those of checkpoints/best.

    Where that is lost the model beside it has them, and stays until an epoch is better; `best_weights` is None then.
    """
    if state.best_epoch == state.epoch and state.position == 0:
        state.best_weights = TrainingState.weights_in(tree)
        return
    if state.best_epoch == 0 and state.best is None:
        return
    try:
        state.best_weights = TrainingState.weights_in(run.best_checkpoint())
    except ModelError as error:
        if (run.model / "model.json").exists():
            warnings.warn(f"{error}; {run.model} keeps the best epoch's model until a better one comes", stacklevel=2)
            return
        warnings.warn(f"{error}; the best epoch is chosen among those to come", stacklevel=2)
        state.best, state.best_epoch, state.stale = None, 0, 0


def _warn_of_differences(tree: Mapping[str, Any], size: int, threads: int) -> None:
    for what, now, then in (("processes", size, len(tree["ranks"])), ("threads", threads, tree["threads"])):
        if now != then:
            warnings.warn(
                f"resumed with {now} {what} instead of {then}: results will not be bit-identical", stacklevel=2
            )
