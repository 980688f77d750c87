"""What is written of a training while it goes on: lines of the log, and checkpoints; nothing that is not finite."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from latente.errors import TrainingError
from latente.training.devices import World
from latente.training.listeners import Audience
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = ["Records"]

_CURE = "a smaller learning_rate or gradient_clip=1 usually cures it"


class Records:
    """Writes lines and checkpoints into the run, where there is one, by the leading process; and tells the audience.

    Terms wait on the device, in `state.pending`, until a line or a checkpoint reads them by one transfer; the same one
    tells whether all weights are finite still, since those of the last step no later term would show.
    """

    def __init__(
        self, run: Run | None, state: TrainingState, world: World, audience: Audience, steps: int, images_per_step: int
    ) -> None:
        """steps: of the whole training."""
        self.run, self.state, self.world, self.audience = run, state, world, audience
        self.steps, self.images_per_step = steps, images_per_step
        self._weights = _watched(state)
        self._trouble: str | None = None
        self.start()

    def start(self) -> None:
        """Let the clocks of lines and checkpoints start now."""
        self._line_time = self._checkpoint_time = time.perf_counter()
        self._line_step = self.state.step

    def log(self, part: str, epoch: int, figures: Mapping[str, float]) -> None:
        """Write a line of figures, with the place and the clock time at which they were known."""
        place = {"part": part, "epoch": epoch, "step": self.state.step, "steps": self.steps}
        line = {**place, **figures, "time": round(time.time(), 3)}
        self.state.history.append(line)
        if self.run is not None and self.world.leads:
            self.run.log(line)
        self.audience.logged(line)

    def log_training(self, rates: Mapping[str, float]) -> None:
        """Log the means of the terms since the last line, the learning rates, and the speed.

        Raises TrainingError where a term or a weight is not finite: no line and no checkpoint after it is ever written.
        """
        state = self.state
        columns = self._finite_columns()
        state.pending.clear()
        terms = {name: float(values.mean()) for name, (_, values) in columns.items()}
        now = time.perf_counter()
        seconds = now - self._line_time
        images = (state.step - self._line_step) * self.images_per_step
        self._line_time, self._line_step = now, state.step
        timing = {"images_per_second": round(images / seconds, 1), "seconds": round(seconds, 4)}
        self.log("train", state.epoch + 1, {**terms, **rates, **timing})

    def tell_trouble(self) -> None:
        """Tell what goes wrong, where the objective sees something, whenever it is another thing than before."""
        trouble = self.state.objective.trouble(self.state.history)
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if self.run is not None and self.world.leads:
            self.run.tell_trouble(trouble)
        if trouble is not None:
            self.audience.logged({"part": "trouble", "trouble": trouble})

    def seconds_since_checkpoint(self) -> float:
        return time.perf_counter() - self._checkpoint_time

    def save(self, is_best: bool) -> None:
        """Write a checkpoint."""
        if self.run is None:
            return
        if self.state.step != self._line_step:  # which looked already
            self._finite_columns()  # what is not finite stops here, before it can be saved
        ranks = self.world.gather(self.state.pack_own())
        if self.world.leads:
            self.run.sync_metrics()
            surroundings = {
                "steps": self.steps,
                "threads": torch.get_num_threads(),
                "metrics_size": self.run.metrics_size(),
            }
            self.run.save_checkpoint({**self.state.pack_shared(), "ranks": ranks, **surroundings}, is_best)
        self.world.wait()
        self._checkpoint_time = time.perf_counter()

    def stopped(self, what: str, cure: str = _CURE) -> TrainingError:
        """Return (not raise) the error for something that is not finite, with the last good checkpoint and a cure."""
        return TrainingError(f"{what}: training stopped; {self._last_good()}; {cure}")

    def _finite_columns(self) -> dict[str, tuple[list[int], Tensor]]:
        """Return the pending terms (see `_values_by_name`); raises TrainingError for terms and weights not finite."""
        state = self.state
        columns, total = _values_by_name(state.pending, self._weights.values(), self.world, state.generator.device)
        if bad := _first_not_finite(columns):
            index, name = bad
            raise self.stopped(f"{name} is not finite at step {state.step - len(state.pending) + index + 1}")
        if not math.isfinite(total):  # the sum may also be beyond float32, and no weight be
            mine = [name for name, value in self._weights.items() if not value.isfinite().all()]
            if names := [name for one in self.world.gather(mine) for name in one]:
                raise self.stopped(f"the weights {names[0]} are not finite after step {state.step}")
        return columns

    def _last_good(self) -> str:
        path = None if self.run is None else self.run.checkpoints / "last.safetensors"
        if path is None or not path.exists():
            return "no checkpoint was written yet"
        return f"the last good checkpoint is {path}"


def _watched(state: TrainingState) -> dict[str, Tensor]:
    """Return what must stay finite: all parameters, averages, and buffers, but for a mask's infinities from the start.

    They are the tensors themselves, which steps change in place.
    """
    parameters = {name for name, _ in state.objective.named_parameters()}
    weights = {
        name: value
        for name, value in state.objective.weights().items()
        if value.is_floating_point() and value.numel() and (name in parameters or value.isfinite().all())
    }
    return weights | {f"{name} (averaged)": value for name, value in (state.ema or {}).items() if value.numel()}


def _values_by_name(
    pending: Sequence[Mapping[str, Tensor | float]], weights: Iterable[Tensor], world: World, device: torch.device
) -> tuple[dict[str, tuple[list[int], Tensor]], float]:
    """Return, for each term, the positions in `pending` where it is, and its values, (S,) float64 on the CPU.

    Players may step at different rhythms, so that a term is not there at every step. Values are added up over the
    processes, each of which holds its share of them; and so is the sum of all weights, returned beside them, which is
    not finite where one of them is not: of all that could tell, it costs the least.
    """
    names = list(dict.fromkeys(name for terms in pending for name in terms))
    steps = {name: [i for i, terms in enumerate(pending) if name in terms] for name in names}
    values = [pending[i][name] for name in names for i in steps[name]]
    values += [torch.stack([weight.sum() for weight in weights]).sum()]
    flat = torch.stack([torch.as_tensor(value, dtype=torch.float32, device=device) for value in values])
    *columns, total = world.sum_(flat).cpu().double().split([*(len(steps[name]) for name in names), 1])
    return {name: (steps[name], column) for name, column in zip(names, columns, strict=True)}, total.item()


def _first_not_finite(columns: Mapping[str, tuple[list[int], Tensor]]) -> tuple[int, str] | None:
    """Return position and name of the first value that is NaN or infinite, or None."""
    bad = [
        (steps[int(index)], name)
        for name, (steps, values) in columns.items()
        for index in (~values.isfinite()).nonzero()[:1]
    ]
    return min(bad, default=None)
