"""The one training loop: it serves one player or several, Adam or L-BFGS, one process or many."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from latente.errors import InputError, Interrupted, ModelError, TrainingError
from latente.images import Images, Scaling
from latente.objectives import Batch, Objective
from latente.training import devices
from latente.training.batches import Batches, epoch_order
from latente.training.optimizers import optimizer_for
from latente.training.options import TrainingOptions, usual_batch_size
from latente.training.randomness import isolated_rng
from latente.training.runs import Run
from latente.training.signals import stop_on_signals
from latente.training.state import Stepper, TrainingState

__all__ = ["Listener", "evaluate", "train"]


class Listener(Protocol):
    """Whoever watches a training: a progress bar, or the maker of sample pictures. Called in the leading process."""

    def started(self, state: TrainingState, steps_per_epoch: int, epochs: int) -> None: ...
    def stepped(self, state: TrainingState) -> None: ...
    def logged(self, line: Mapping[str, Any]) -> None: ...
    def epoch_ended(self, state: TrainingState, is_best: bool) -> None: ...
    def stopped(self) -> None: ...


def train(
    objective: Objective,
    images: Images,
    scaling: Scaling,
    options: TrainingOptions,
    *,
    seed: int = 0,
    rows: np.ndarray | None = None,
    validation: tuple[Images, np.ndarray] | None = None,
    run: Run | None = None,
    state: TrainingState | None = None,
    listeners: Sequence[Listener] = (),
) -> TrainingState:
    """Minimise `objective` on the `rows` of `images` (None: all) and return the state at the end.

    With a `run` every line, checkpoint and sample goes into its folder, and a checkpoint found there is gone on from:
    the same steps, bit for bit, as if nothing had happened. `state` goes on from a state in memory instead. The
    validation rows decide which epoch is the best; without them it is the latest. The states of the global random
    number generators are the same after the call as before.
    Raises TrainingError where a term is not finite (naming step and term) or a checkpoint cannot be written,
    Interrupted after Ctrl-C or SIGTERM where there is a run to go on with, ModelError where a checkpoint does not fit.
    """
    options.check()
    count = len(images) if rows is None else len(rows)
    options = options.of({} if options.batch_size else {"batch_size": usual_batch_size(count)})
    device = devices.resolve_device(options.device)
    devices.keep_freed_memory()
    world = devices.world(device)
    with devices.limited_threads(options.threads), isolated_rng(seed, world.rank):
        loop = _Loop(objective, images, scaling, options, seed, world, device, run, listeners)
        loop.prepare(rows, validation, state)
        return loop.go()


@torch.no_grad()
def evaluate(
    objective: Objective, batches: Batches, rows: Tensor, batch_size: int, *, seed: int = 0
) -> dict[str, Tensor]:
    """Return each image's terms, on the CPU, in the order of `rows`; the same noise meets every image."""
    generator = torch.Generator(batches.device)
    was_training = objective.training
    objective.eval()
    parts = [objective.evaluate(b, generator.manual_seed(seed)) for b in batches.in_order(rows, batch_size)]
    objective.train(was_training)
    return {name: torch.cat([part[name] for part in parts]).cpu() for name in (parts[0] if parts else {})}


class _Loop:
    """One training in one process; `train` is the way in."""

    def __init__(
        self,
        objective: Objective,
        images: Images,
        scaling: Scaling,
        options: TrainingOptions,
        seed: int,
        world: devices.World,
        device: torch.device,
        run: Run | None,
        listeners: Sequence[Listener],
    ) -> None:
        self.seed = seed
        self.objective, self.options, self.world, self.device, self.run = objective, options, world, device, run
        self.listeners = listeners if world.leads else ()
        self.images, self.scaling = images, scaling
        has_convolutions = any(isinstance(module, nn.Conv2d) for module in objective.modules())
        self.memory_format = torch.channels_last if has_convolutions else torch.contiguous_format
        objective.to(device=device)
        for parameter in objective.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=self.memory_format)
        self.batches = self._at_rest(images)
        self.players = objective.players()

    def prepare(
        self, rows: np.ndarray | None, validation: tuple[Images, np.ndarray] | None, state: TrainingState | None
    ) -> None:
        """Fix which images are trained and judged on, and where training starts."""
        self.rows = torch.arange(len(self.batches)) if rows is None else torch.from_numpy(np.asarray(rows))
        if len(self.rows) < self.world.size:
            raise InputError(f"{len(self.rows)} images cannot be shared by {self.world.size} processes")
        self.steps_per_epoch = len(self._steps(0))
        self.validation: tuple[Batches, Tensor] | None = None
        if validation is not None and len(validation[1]):
            held_out, held_out_rows = validation
            batches = self.batches if held_out is self.images else self._at_rest(held_out)
            self.validation = batches, torch.from_numpy(np.asarray(held_out_rows))
        self.state = state or self._first_state()
        self._average = self._averaged_pairs()
        if self.run is not None and state is None:
            self._go_on_from(self.run)

    def go(self) -> TrainingState:
        """Train to the end, or to where the signals, patience or a non-finite loss end it."""
        state, options = self.state, self.options
        for listener in self.listeners:
            listener.started(state, self.steps_per_epoch, options.epochs)
        self.objective.train()
        try:
            with stop_on_signals(self.run is not None) as self.stop:
                self._line_time, self._line_step = time.perf_counter(), state.step
                while state.epoch < options.epochs and not state.stopped_early:
                    self._train_epoch()
                    self._end_epoch()
        finally:
            for listener in self.listeners:
                listener.stopped()
        self.objective.eval()
        return state

    # -- one epoch

    def _train_epoch(self) -> None:
        state, options = self.state, self.options
        total = self.steps_per_epoch * options.epochs
        for rows in self._steps(state.epoch)[state.position :]:
            self.objective.schedule(state.step, total)
            self._set_rate(options.rate(state.step, total))
            self._take_step(rows)
            state.step += 1
            state.position += 1
            for listener in self.listeners:
                listener.stepped(state)
            if state.step % options.log_every == 0 or state.position == self.steps_per_epoch:
                self._write_line()
            if self.stop and self.world.size == 1:
                self._leave()
            if options.checkpoint_every and state.step % options.checkpoint_every == 0:
                self._save(is_best=False)

    def _end_epoch(self) -> None:
        state = self.state
        state.epoch += 1
        state.position = 0
        is_best = self._validate()
        if is_best:
            state.best_epoch, state.stale = state.epoch, 0
            state.best_weights = {name: value.clone() for name, value in state.weights().items()}
        else:
            state.stale += 1
            state.stopped_early = self.options.patience is not None and state.stale >= self.options.patience
        for listener in self.listeners:
            listener.epoch_ended(state, is_best)
        self._save(is_best)
        if any(self.world.gather(bool(self.stop))) and state.epoch < self.options.epochs:
            raise self._interrupted()

    def _validate(self) -> bool:
        """Log the validation terms and return whether this epoch is the best so far."""
        state = self.state
        if self.validation is None:
            return True
        batches, rows = self.validation
        with state.averaged():
            terms = evaluate(self.objective, batches, self.world.share(rows), self.options.batch_size, seed=self.seed)
        if not terms:
            return True
        sums = self.world.sum_(torch.stack([values.double().sum() for values in terms.values()]))
        means = dict(zip(terms, (sums / len(rows)).tolist(), strict=True))
        self._log({"part": "validation", "epoch": state.epoch, "step": state.step, **means})
        if state.best is not None and not means["objective"] < state.best:
            return False
        state.best = means["objective"]
        return True

    # -- one step

    def _take_step(self, rows: Tensor) -> None:
        """Let every player whose turn it is step once on the images at `rows`."""
        state = self.state
        parts = self._micro_batches(rows)
        logged: dict[str, Tensor] = {}
        for turn in self.objective.turns(state.step):
            optimizer = state.optimizers[turn]

            def closure(turn: str = turn, optimizer: Stepper = optimizer) -> Tensor:
                optimizer.zero_grad(set_to_none=True)
                loss, terms = self._backward(turn, parts)
                parameters = self.players[turn]
                self.world.sum_gradients_(parameters)
                if self.options.gradient_clip is not None:
                    nn.utils.clip_grad_norm_(parameters, self.options.gradient_clip)
                for name, value in terms.items():
                    logged.setdefault(name, value)  # later calls within a step are trials of a line search
                return loss

            optimizer.step(closure)
        # on the processor numbers, not tensors: these would lie in the midst of the memory that the next step reuses
        state.pending.append({n: float(v) for n, v in logged.items()} if self.device.type == "cpu" else logged)
        if self._average is not None:
            averaged, current = self._average
            with torch.no_grad():
                torch._foreach_lerp_(averaged, current, 1 - (self.options.ema or 0.0))

    def _micro_batches(self, rows: Tensor) -> list[tuple[Batch, float]]:
        """Return this process's micro-batches, each with its share of the rows: the shares make sums into means."""
        mine = self.world.share(rows)
        if self.options.accumulate == 1:
            return [(self.batches.batch(mine), len(mine) / len(rows))]
        parts = mine.tensor_split(min(self.options.accumulate, len(mine)))
        return [(self.batches.batch(part), len(part) / len(rows)) for part in parts]

    def _backward(self, turn: str, parts: list[tuple[Batch, float]]) -> tuple[Tensor, dict[str, Tensor]]:
        """Add the gradients of all micro-batches to the turn's parameters; return the loss and the terms to log."""
        alone = len(self.players) == 1
        inputs = None if alone else self.players[turn]  # the other players' gradients are none of this turn's business
        sums: dict[str, Tensor] = {}
        for batch, share in parts:
            with devices.autocast(self.device, self.options.precision):
                loss, terms = self.objective(turn, batch, self.state.generator)
            terms = {"loss" if alone else f"{turn}_loss": loss.detach(), **terms}
            if share != 1:
                loss = loss * share
                terms = {name: value * share for name, value in terms.items()}
            loss.backward(inputs=inputs)
            sums = {name: sums[name] + value for name, value in terms.items()} if sums else terms
        total = next(iter(sums.values()))
        # L-BFGS decides by this value, and all processes must decide alike
        return (total if self.world.size == 1 else self.world.sum_(total.clone())), sums

    def _set_rate(self, rate: float) -> None:
        for optimizer in self.state.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    # -- what is written

    def _write_line(self) -> None:
        state = self.state
        terms = self._means_of_pending()
        now = time.perf_counter()
        seconds = now - self._line_time
        images = (state.step - self._line_step) * min(self.options.batch_size, len(self.rows))
        self._line_time, self._line_step = now, state.step
        rate = next(iter(state.optimizers.values())).param_groups[0]["lr"]
        timing = {"images_per_second": round(images / seconds, 1), "seconds": round(seconds, 4)}
        place = {"part": "train", "epoch": state.epoch + 1, "step": state.step}
        self._log({**place, **terms, "learning_rate": rate, **timing})
        if self.world.size > 1 and any(self.world.gather(bool(self.stop))):
            self._leave()

    def _log(self, line: dict[str, Any]) -> None:
        self.state.history.append(line)
        if self.run is not None and self.world.leads:
            self.run.log(line)
        for listener in self.listeners:
            listener.logged(line)

    def _means_of_pending(self) -> dict[str, float]:
        """Return the means of the terms since the last line, over steps and processes, and forget the single values.

        Raises TrainingError where one is not finite: no line and no checkpoint after it is ever written.
        """
        values = self._pending_values()
        self.state.pending.clear()
        return {name: float(column.mean()) for name, column in values.items()}

    def _pending_values(self) -> dict[str, Tensor]:
        """Return each term's values since the last line, summed over processes, by one transfer from the device."""
        pending = self.state.pending
        names = list(dict.fromkeys(name for terms in pending for name in terms))
        if not names:
            return {}
        # players may step at different rhythms, so that a term is not there at every step
        steps = {name: [i for i, terms in enumerate(pending) if name in terms] for name in names}
        flat = torch.stack(
            [
                torch.as_tensor(pending[i][name], dtype=torch.float32, device=self.device)
                for name in names
                for i in steps[name]
            ]
        )
        values = self.world.sum_(flat).cpu().double().split([len(steps[name]) for name in names])
        columns = dict(zip(names, values, strict=True))
        bad = [(steps[n][int(k)], n) for n in names for k in (~columns[n].isfinite()).nonzero()[:1]]
        if bad:
            index, name = min(bad)
            step = self.state.step - len(pending) + index + 1
            saved = "no checkpoint was written yet" if self.run is None else self._last_good(self.run)
            raise TrainingError(
                f"{name} is not finite at step {step}: training stopped; {saved}. "
                "A smaller learning_rate or gradient_clip=1 usually cures it"
            )
        return columns

    @staticmethod
    def _last_good(run: Run) -> str:
        path = run.checkpoints / "last.safetensors"
        return f"the last good checkpoint is {path}" if path.exists() else "no checkpoint was written yet"

    def _save(self, is_best: bool) -> None:
        if self.run is None:
            return
        self._pending_values()  # a non-finite term stops here, before it can be saved
        ranks = self.world.gather(self.state.pack_own())
        if self.world.leads:
            surroundings = {
                "epochs": self.options.epochs,
                "threads": torch.get_num_threads(),
                "metrics_size": self.run.metrics_size(),
            }
            self.run.save_checkpoint({**self.state.pack_shared(), "ranks": ranks, **surroundings}, is_best)
        self.world.wait()

    def _leave(self) -> None:
        self._save(is_best=False)
        raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        assert self.run is not None
        place = f"epoch {self.state.epoch + 1}, step {self.state.step}"
        return Interrupted(f"stopped and saved at {place}; go on with: latente resume {self.run.path}")

    # -- where training starts

    def _at_rest(self, images: Images) -> Batches:
        return Batches(images, self.scaling, self.device, self.objective.columns, self.memory_format)

    def _steps(self, epoch: int) -> tuple[Tensor, ...]:
        """Return the rows of each step of an epoch.

        A last step of a single image, or of fewer images than processes, is left out where there are others: batch
        normalisation could not take it, and the next epoch's order leaves out another one.
        """
        steps = epoch_order(self.rows, self.seed, epoch).split(self.options.batch_size)
        return steps[:-1] if len(steps) > 1 and len(steps[-1]) < max(2, self.world.size) else steps

    def _first_state(self) -> TrainingState:
        generator = torch.Generator(self.device)
        generator.manual_seed(int(np.random.SeedSequence([self.seed, 1, self.world.rank]).generate_state(1)[0]))
        if self.world.size > 1:  # a user's own modules may have been initialised differently in each process
            for value in self.objective.state_dict().values():
                dist.broadcast(value, 0)
        optimizers = {name: optimizer_for(self.options, parameters) for name, parameters in self.players.items()}
        ema = None
        if self.options.ema is not None:
            own = self.objective.state_dict()
            ema = {name: value.clone() for name, value in own.items() if value.is_floating_point()}
        return TrainingState(self.objective, optimizers, generator, ema=ema)

    def _averaged_pairs(self) -> tuple[list[Tensor], list[Tensor]] | None:
        """Return the averaged tensors beside the current ones, or None where nothing is averaged."""
        if self.state.ema is None:
            return None
        own = self.objective.state_dict()
        return list(self.state.ema.values()), [own[name] for name in self.state.ema]

    def _go_on_from(self, run: Run) -> None:
        """Take over the run's last checkpoint, if there is one, and cut the log back to it."""
        tree = run.checkpoint()
        if tree is not None:
            self.state.restore(tree, self.world.rank, self.world.size)
            self._recall_best(run, tree)
            self.state.warn_of_differences(tree, self.world.size, torch.get_num_threads())
            if self.options.epochs > tree["epochs"]:  # asked to go on: patience starts anew
                self.state.stale, self.state.stopped_early = 0, False
        if self.world.leads:
            run.sweep()
            run.cut_metrics(0 if tree is None else tree["metrics_size"])
        self.world.wait()
        self.state.history = run.lines()

    def _recall_best(self, run: Run, tree: Mapping[str, Any]) -> None:
        """Find the weights of the best epoch so far: this checkpoint's, or those of checkpoints/best."""
        state = self.state
        if state.best_epoch == state.epoch and state.position == 0:
            state.best_weights = TrainingState.weights_in(tree)
            return
        if state.best_epoch == 0:
            return
        try:
            state.best_weights = TrainingState.weights_in(run.best_checkpoint())
        except ModelError as error:
            warnings.warn(f"{error}; the best epoch is chosen among those to come", stacklevel=2)
            state.best, state.best_epoch, state.stale = None, 0, 0
