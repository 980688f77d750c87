"""Everything that the next step of a training depends on, and how it is packed for a checkpoint and taken over."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from latente.errors import ModelError
from latente.objectives import Objective
from latente.training.lines import figures_of
from latente.training.optimizers import Stepper
from latente.training.randomness import global_rng, restore_global_rng

__all__ = ["TrainingState", "judgement"]


@dataclasses.dataclass
class TrainingState:
    """Everything that the next step depends on.

    epoch and position (steps done within it) say where training stands, `step` counts all steps; `pending` holds the
    logged terms of the steps since the last line of the log; `ema` the averaged weights, by name as in state_dict;
    `best_weights` those of the best epoch so far; `history` the lines of the log; `draws` the states of the global
    random number generators, from which a training that goes on in memory draws.
    """

    objective: Objective
    optimizers: dict[str, Stepper]
    generator: torch.Generator
    epoch: int = 0
    position: int = 0
    step: int = 0
    pending: list[Mapping[str, Tensor | float]] = dataclasses.field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    stale: int = 0
    stopped_early: bool = False
    ema: dict[str, Tensor] | None = None
    best_weights: dict[str, Tensor] | None = None
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    draws: Mapping[str, Any] | None = None

    def weights(self) -> dict[str, Tensor]:
        """Return the weights to use: the averaged ones where there is an average, else the current ones."""
        return self.objective.weights() | (self.ema or {})

    @property
    def has_model(self) -> bool:
        """Whether an epoch has ended, so that the best weights, be they those of the start, are a trained model's."""
        return self.best_epoch > 0 or (self.best is not None and self.epoch > 0)

    def keep_as_best(self) -> None:
        """Keep a copy of the weights to use, as those of the best epoch."""
        self.best_epoch = self.epoch
        self.best_weights = {name: value.clone() for name, value in self.weights().items()}

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights into the objective for the time of the block."""
        if self.ema is None:
            yield
            return
        current = self.objective.weights()
        kept = {name: current[name].clone() for name in self.ema}
        with torch.no_grad():
            for name, value in self.ema.items():
                current[name].copy_(value)
            try:
                yield
            finally:
                for name, value in kept.items():
                    current[name].copy_(value)

    @contextlib.contextmanager
    def put_back(self) -> Iterator[None]:
        """Put everything, the objective and the global random numbers included, back as it was before the block."""
        before = copy.deepcopy({**self.pack_shared(), "ranks": [self.pack_own()]})
        try:
            yield
        finally:
            for optimizer in self.optimizers.values():
                optimizer.zero_grad(set_to_none=True)
            self.restore(before, 0, 1)

    def pack_shared(self) -> dict[str, Any]:
        """Return what all processes have in common, as a tree of tensors, numbers, strings, lists and dicts."""
        return {
            "objective": self.objective.weights(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "ema": self.ema,
            "counters": {name: getattr(self, name) for name in _COUNTERS},
        }

    def pack_own(self) -> dict[str, Any]:
        """Return what each process has of its own: random states, and its share of the terms not yet logged."""
        return {"generator": self.generator.get_state(), "global_rng": global_rng(), "pending": self.pending}

    def restore(self, tree: Mapping[str, Any], rank: int, size: int) -> None:
        """Take over what was packed; raises ModelError where it does not fit this objective."""
        try:
            self.objective.load_weights(tree["objective"])
            if set(tree["optimizers"]) != set(self.optimizers):
                raise ValueError(f"players {sorted(tree['optimizers'])} instead of {sorted(self.optimizers)}")
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(tree["optimizers"][name])
                _match_memory_format(optimizer)
            for name, value in (self.ema or {}).items():
                value.copy_(tree["ema"][name])
            # with another number of processes the draws cannot be the same: each starts from those of the first
            draws = tree["ranks"][rank if size == len(tree["ranks"]) else 0]
            self.generator.set_state(draws["generator"])
            counters = {name: tree["counters"][name] for name in _COUNTERS}
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"the checkpoint does not fit this objective: {reason}") from error
        restore_global_rng(draws["global_rng"])
        self.pending = draws["pending"]
        for name, value in counters.items():
            setattr(self, name, value)

    @staticmethod
    def weights_in(tree: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return the weights to use from a checkpoint's tree: the averaged ones where there are such."""
        return {**tree["objective"], **(tree["ema"] or {})}


_COUNTERS = ("epoch", "position", "step", "best", "best_epoch", "stale", "stopped_early")


def _match_memory_format(optimizer: object) -> None:
    """Lay the tensors of one of torch's optimisers out as their parameters: fused kernels walk both in one order."""
    if not isinstance(optimizer, Optimizer):
        return
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.ndim == 4:
                values[key] = torch.empty_like(parameter).copy_(value)


def judgement(history: Iterable[Mapping[str, Any]], epoch: int) -> dict[str, float]:
    """Return the figures of the validation after an epoch (0: before the first); none where nothing was judged."""
    lines = [line for line in history if line["part"] == "validation" and line["epoch"] == epoch]
    return figures_of((lines or [{}])[-1])
