"""What is written of a training while it goes on: lines of the log, and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from latente.errors import TrainingError
from latente.training.devices import World
from latente.training.listeners import Audience
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = ["Records"]


class Records:
    """Writes lines and checkpoints into the run, where there is one, by the leading process; and tells the audience.

    Terms wait on the device, in `state.pending`, until a line or a checkpoint reads them by one transfer.
    """

    def __init__(self, run: Run | None, state: TrainingState, world: World, audience: Audience, images: int) -> None:
        """images: those of a step, for the speed."""
        self.run, self.state, self.world, self.audience = run, state, world, audience
        self.images_per_step = images
        self.start()

    def start(self) -> None:
        """Let the clocks of lines and checkpoints start now."""
        self._line_time = self._checkpoint_time = time.perf_counter()
        self._line_step = self.state.step

    def log(self, line: dict[str, Any]) -> None:
        self.state.history.append(line)
        if self.run is not None and self.world.leads:
            self.run.log(line)
        self.audience.logged(line)

    def log_training(self, rates: Mapping[str, float]) -> None:
        """Log the means of the terms since the last line, the learning rates, and the speed.

        Raises TrainingError where a term is not finite: no line and no checkpoint after it is ever written.
        """
        state = self.state
        columns = self._pending_columns()
        state.pending.clear()
        terms = {name: float(values.mean()) for name, (_, values) in columns.items()}
        now = time.perf_counter()
        seconds = now - self._line_time
        images = (state.step - self._line_step) * self.images_per_step
        self._line_time, self._line_step = now, state.step
        timing = {"images_per_second": round(images / seconds, 1), "seconds": round(seconds, 4)}
        self.log({"part": "train", "epoch": state.epoch + 1, "step": state.step, **terms, **rates, **timing})

    def seconds_since_checkpoint(self) -> float:
        return time.perf_counter() - self._checkpoint_time

    def save(self, steps: int, is_best: bool) -> None:
        """Write a checkpoint of a training of so many steps in all."""
        if self.run is None:
            return
        self._pending_columns()  # a non-finite term stops here, before it can be saved
        ranks = self.world.gather(self.state.pack_own())
        if self.world.leads:
            surroundings = {
                "steps": steps,
                "threads": torch.get_num_threads(),
                "metrics_size": self.run.metrics_size(),
            }
            self.run.save_checkpoint({**self.state.pack_shared(), "ranks": ranks, **surroundings}, is_best)
        self.world.wait()
        self._checkpoint_time = time.perf_counter()

    def _pending_columns(self) -> dict[str, tuple[list[int], Tensor]]:
        pending = self.state.pending
        columns = _values_by_name(pending, self.world, self.state.generator.device)
        if bad := _first_not_finite(columns):
            index, name = bad
            step = self.state.step - len(pending) + index + 1
            raise TrainingError(
                f"{name} is not finite at step {step}: training stopped; {self._last_good()}. "
                "A smaller learning_rate or gradient_clip=1 usually cures it"
            )
        return columns

    def _last_good(self) -> str:
        path = None if self.run is None else self.run.checkpoints / "last.safetensors"
        if path is None or not path.exists():
            return "no checkpoint was written yet"
        return f"the last good checkpoint is {path}"


def _values_by_name(
    pending: Sequence[Mapping[str, Tensor | float]], world: World, device: torch.device
) -> dict[str, tuple[list[int], Tensor]]:
    """Return, for each term, the positions in `pending` where it is, and its values, (S,) float64 on the CPU.

    Players may step at different rhythms, so that a term is not there at every step. Values are added up over the
    processes, each of which holds its share of them.
    """
    names = list(dict.fromkeys(name for terms in pending for name in terms))
    if not names:
        return {}
    steps = {name: [i for i, terms in enumerate(pending) if name in terms] for name in names}
    flat = torch.stack(
        [torch.as_tensor(pending[i][name], dtype=torch.float32, device=device) for name in names for i in steps[name]]
    )
    values = world.sum_(flat).cpu().double().split([len(steps[name]) for name in names])
    return {name: (steps[name], column) for name, column in zip(names, values, strict=True)}


def _first_not_finite(columns: Mapping[str, tuple[list[int], Tensor]]) -> tuple[int, str] | None:
    """Return position and name of the first value that is NaN or infinite, or None."""
    bad = [
        (steps[int(index)], name)
        for name, (steps, values) in columns.items()
        for index in (~values.isfinite()).nonzero()[:1]
    ]
    return min(bad, default=None)
