"""The one training loop: it serves one player or several, Adam or L-BFGS, one process or many."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from latente.augmentations import window_of
from latente.errors import InputError, Interrupted, ModelError, TrainingError
from latente.images import Images, Scaling
from latente.objectives import Objective
from latente.training import budget, devices
from latente.training.batches import Batches, epoch_order
from latente.training.events import EventFile
from latente.training.layouts import lay_out
from latente.training.listeners import Audience, Listener
from latente.training.options import TrainingOptions, usual_batch_size, usual_epochs
from latente.training.passes import evaluate
from latente.training.randomness import global_rng, isolated_rng, restore_global_rng
from latente.training.records import Records
from latente.training.resuming import go_on_from
from latente.training.runs import Run
from latente.training.signals import stop_on_signals
from latente.training.state import TrainingState
from latente.training.steps import Augmentation, Steps
from latente.training.surroundings import own_surroundings
from latente.words import seconds_of

__all__ = ["Judge", "train"]

_WORTH = 0.01  # the part of a good start's objective that an epoch must gain to take its place

Judge = Callable[[Objective], Mapping[str, float]]


def train(
    objective: Objective,
    images: Images,
    scaling: Scaling,
    options: TrainingOptions,
    *,
    seed: int = 0,
    rows: np.ndarray | None = None,
    validation: tuple[Images, np.ndarray] | None = None,
    judge: Judge | None = None,
    judge_every: int = 1,
    augmentation: Augmentation | None = None,
    column_scalings: Mapping[str, Scaling] | None = None,
    run: Run | None = None,
    state: TrainingState | None = None,
    listeners: Sequence[Listener] = (),
) -> TrainingState:
    """Minimise `objective` on the `rows` of `images` (None: all) and return the state at the end.

    With a `run` every line, checkpoint and sample goes into its folder, and a checkpoint found there is gone on from:
    the same steps, bit for bit, as if nothing had happened. `state` goes on from a state in memory instead. The states
    of the global random number generators are the same after the call as before; trainings in several threads take
    turns, because they draw from them.

    The validation rows decide which epoch is the best, by the mean of their "objective"; a `judge`, called with the
    objective at each epoch's end (averaged weights in place, in eval mode, without gradients; in every process),
    decides by its own "objective", lower is better, and what it returns joins the line of the log. With `judge_every`
    it is asked after the first epoch, after each so many, and after the last; the others are then no candidates, and
    patience does not count them. Without a judge and a validation the latest epoch is the best.
    `augmentation` changes training batches, by random numbers of the generator that it is given, before the objective
    gets them; where it holds a crop, images are judged by their centre of that size. `column_scalings` are those of
    columns beside the pixels.

    With `options.minutes` the number of steps that fits is found by timing the first ones, which then are taken back,
    or is the one that the run's options.json holds as "steps". With `options.tensorboard` a run has its log as
    TensorBoard events, too.

    Raises TrainingError where a term, a weight or a figure of the validation is not finite (naming it, the step and the
    last good checkpoint) or a checkpoint cannot be written, Interrupted, which has the state, after Ctrl-C, or SIGTERM
    where there is a run to go on with, ModelError where a checkpoint does not fit, InputError for patience where
    nothing judges, and for a run that another process is writing.
    """
    options.check()
    if options.tensorboard and run is not None:
        listeners = [*listeners, EventFile(run.path / "tensorboard")]
    device = devices.resolve_device(options.device)
    devices.keep_freed_memory()
    world = devices.world(device)
    held = contextlib.nullcontext() if run is None else run.held()
    # the generators first: only who has its turn may change the number of threads, which all have in common too
    with held, own_surroundings(), isolated_rng(seed, world.rank), devices.limited_threads(options.threads):
        loop = _Loop(objective, images, scaling, options, seed, world, device, run, judge, judge_every)
        loop.settle(rows, validation, augmentation, column_scalings or {})
        loop.begin(state, listeners if world.leads else ())
        if state is not None and state.draws is not None:
            restore_global_rng(state.draws)
        try:
            return loop.go()
        finally:
            loop.state.draws = global_rng()
            lay_out(objective, device)


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
        judge: Judge | None,
        judge_every: int,
    ) -> None:
        self.objective, self.options, self.world, self.device, self.run = objective, options, world, device, run
        self.images, self.scaling, self.seed = images, scaling, seed
        self.judge, self.judge_every = judge, judge_every
        every = options.checkpoint_every
        self.checkpoint_seconds = seconds_of(every) if isinstance(every, str) else None
        self.checkpoint_steps = None if isinstance(every, str) else every

    def settle(
        self,
        rows: np.ndarray | None,
        validation: tuple[Images, np.ndarray] | None,
        augmentation: Augmentation | None,
        column_scalings: Mapping[str, Scaling],
    ) -> None:
        """Fix on which images what learns, and what judges it."""
        memory_format = lay_out(self.objective, self.device)

        def at_rest(images: Images) -> Batches:
            return Batches(
                images,
                self.scaling,
                self.device,
                self.objective.columns,
                memory_format,
                crop=window_of(augmentation),
                column_scalings=column_scalings,
            )

        batches = at_rest(self.images)
        self.rows = torch.arange(len(batches)) if rows is None else torch.from_numpy(np.asarray(rows))
        self.batch_size = self.options.batch_size or usual_batch_size(len(self.rows))
        if min(len(self.rows), self.batch_size) < self.world.size:
            what = f"batch_size={self.batch_size}" if len(self.rows) >= self.world.size else f"{len(self.rows)} images"
            raise InputError(f"{what} cannot be shared by {self.world.size} processes")
        self.steps_per_epoch = len(self._rows_of_steps(0))
        self.epochs = self.options.epochs or usual_epochs(len(self.rows), self.batch_size)
        self.validation: tuple[Batches, Tensor] | None = None
        self.held_out = validation
        if validation is not None and len(validation[1]):
            held_out, held_out_rows = validation
            held_out_batches = batches if held_out is self.images else at_rest(held_out)
            self.validation = held_out_batches, torch.from_numpy(np.asarray(held_out_rows))
        judges_images = self.validation is not None and type(self.objective).evaluate is not Objective.evaluate
        if self.options.patience is not None and self.judge is None and not judges_images:
            raise InputError("patience needs something to judge by: hold images out (validation), or leave it out")
        self.steps = Steps(self.objective, batches, self.options, self.world, augmentation)

    def begin(self, state: TrainingState | None, listeners: Sequence[Listener]) -> None:
        """Fix where training starts and how many steps it has."""
        self.state = state or self._first_state()
        tree = go_on_from(self.run, self.state, self.world) if self.run is not None and state is None else None
        self.last_step = self._steps_in_all()
        if tree is not None and self.last_step > tree["steps"]:  # asked to go on: patience starts anew
            self.state.stale, self.state.stopped_early = 0, False
        self.audience = Audience(listeners, self.state)
        images_per_step = min(self.batch_size, len(self.rows))
        self.records = Records(self.run, self.state, self.world, self.audience, self.last_step, images_per_step)
        self._averaged: tuple[list[Tensor], list[Tensor]] | None = None
        if self.state.ema is not None:
            current = self.objective.weights()
            self._averaged = list(self.state.ema.values()), [current[name] for name in self.state.ema]

    def go(self) -> TrainingState:
        """Train to the end, or to where the signals, patience or a non-finite loss end it."""
        state = self.state
        try:
            self.audience.started(self.steps_per_epoch, self.last_step)
            self._tell()
            if self.options.minutes is not None:
                self.audience.logged({"part": "budget", "minutes": self.options.minutes, "steps": self.last_step})
            self.objective.train()
            with stop_on_signals(saves=self.run is not None) as self.stop:
                self.records.start()
                self._judge_start()
                while not self._is_over() and not state.stopped_early:
                    self._train_epoch()
                    self._end_epoch()
        finally:
            self.audience.stopped()
        self.objective.eval()
        return state

    def _tell(self) -> None:
        if self.run is not None:
            self.run.tell(self.state.step, self.last_step)

    def _judge_start(self) -> None:
        """Judge the first weights, where they are a model already, so that training cannot end with a worse one."""
        state = self.state
        is_judged = state.step > 0 or state.best is not None
        if is_judged or not self.objective.starts_well or (self.validation is None and self.judge is None):
            return
        if self._validate():
            state.keep_as_best()
        self.records.save(is_best=True)

    def _is_over(self) -> bool:
        if self.options.minutes is None:
            return self.state.epoch >= self.epochs
        return self.state.step >= self.last_step

    # -- one epoch

    def _train_epoch(self) -> None:
        state = self.state
        steps = self._rows_of_steps(state.epoch)
        if self.options.minutes is not None:  # the last epoch ends where the budget does
            steps = steps[: state.position + self.last_step - state.step]
        for rows in steps[state.position :]:
            logs = (state.step + 1) % self.options.log_every == 0 or state.position + 1 == len(steps)
            self._take_step(rows, logs)
            state.step += 1
            state.position += 1
            self.audience.stepped()
            self._tell()
            if logs:
                self._write_line()
            if self.stop and self.world.size == 1:
                self._leave()
            if self._is_checkpoint_due(logs):
                self.records.save(is_best=False)

    def _take_step(self, rows: Tensor, logs: bool) -> None:
        self.objective.schedule(self.state.step, self.last_step)
        self.steps.set_rates(self.state, self.last_step)
        self.steps.take(self.state, rows, logs=logs)
        if self._averaged is not None:
            self.steps.average(self.state, self._averaged)

    def _is_checkpoint_due(self, logs: bool) -> bool:
        if self.checkpoint_steps is not None:
            return self.state.step % self.checkpoint_steps == 0
        if self.checkpoint_seconds is None or self.run is None:
            return False
        is_due = self.records.seconds_since_checkpoint() >= self.checkpoint_seconds
        if self.world.size == 1:
            return is_due
        return logs and self.world.gather(is_due)[0]  # whose clocks differ; they meet where lines are written

    def _end_epoch(self) -> None:
        state = self.state
        state.epoch += 1
        state.position = 0
        is_due = self.judge is None or state.epoch % self.judge_every == 0 or state.epoch == 1 or self._is_over()
        is_best = is_due and self._validate()
        if is_best:
            state.stale = 0
            state.keep_as_best()
        elif is_due:
            state.stale += 1
            state.stopped_early = self.options.patience is not None and state.stale >= self.options.patience
        self.records.tell_trouble()
        self.records.save(is_best)  # first: beside a model there is always a checkpoint to go on from
        self.audience.epoch_ended(is_best)
        if any(self.world.gather(bool(self.stop))) and not self._is_over():
            raise self._interrupted()

    def _validate(self) -> bool:
        """Log what says how good the model is, and return whether this epoch is the best so far."""
        state = self.state
        with state.averaged():
            figures = self._mean_terms() | self._judgement()
        if figures:
            self.records.log("validation", state.epoch, figures)
        if "objective" not in figures:
            if self.options.patience is not None:
                raise InputError("patience needs something to judge by, but this objective does not judge images")
            return True
        if state.best is not None:
            # a start that is a model already gives way only to what is better by more than chance on few images
            margin = _WORTH * abs(state.best) if self.objective.starts_well and state.best_epoch == 0 else 0.0
            if not figures["objective"] < state.best - margin:
                return False
        state.best = figures["objective"]
        return True

    def _mean_terms(self) -> dict[str, float]:
        """Return the means of the objective's terms over the validation images; an empty dict where there are none."""
        if self.validation is None:
            return {}
        terms = evaluate(self.objective, *self.validation, self.batch_size, seed=self.seed)
        for name, values in terms.items():
            if (bad := np.flatnonzero(~np.isfinite(values))).size:
                raise self._unjudgeable(name, bad)
        return {name: float(values.mean(dtype=np.float64)) for name, values in terms.items()}

    def _judgement(self) -> dict[str, float]:
        """Return what the judge says, the same in all processes; an empty dict where there is none."""
        if self.judge is None:
            return {}
        self.objective.eval()
        with isolated_rng(self.seed), torch.no_grad():
            figures = {name: float(value) for name, value in self.judge(self.objective).items()}
        self.objective.train()
        if "objective" not in figures:
            raise InputError(f"the judge must return an 'objective', lower is better, beside {sorted(figures)}")
        figures = self.world.gather(figures)[0]
        for name, value in figures.items():
            if not math.isfinite(value):
                raise self.records.stopped(f"the judge's {name} is not finite {self._place()}")
        return figures

    def _unjudgeable(self, term: str, bad: np.ndarray) -> TrainingError:
        """Return (not raise) the error for a term that is not finite for the images held out at the positions `bad`."""
        assert self.held_out is not None
        images, rows = self.held_out
        what = f"{term} is not finite {self._place()} for {len(bad)} of {len(rows)} images held out"
        if len(bad) == len(rows):
            return self.records.stopped(what)
        row = int(rows[bad[0]])
        first = f"row {row}" + (f", {images.files[row]}" if images.files else "")
        cure = "leave out what lies so far outside the range of the training images, or take a smaller learning_rate"
        return self.records.stopped(f"{what}, first for {first} of {images.name}", cure)

    def _place(self) -> str:
        return f"at the end of epoch {self.state.epoch}, step {self.state.step},"

    def _write_line(self) -> None:
        self.records.log_training(self.steps.rates(self.state))
        if self.world.size > 1 and any(self.world.gather(bool(self.stop))):
            self._leave()

    def _leave(self) -> None:
        self.records.save(is_best=False)
        raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        which = (
            f"that of epoch {self.state.best_epoch}" if self.state.best_epoch else "its start, which no epoch bettered"
        )
        place = f"epoch {self.state.epoch + 1}, step {self.state.step}"
        model = f"the model is {which}" if self.state.has_model else "there is no model yet"
        if self.run is None:
            told = Interrupted(f"stopped at {place}; {model}")
        else:
            told = Interrupted(f"{model}: stopped and saved at {place}; go on with: latente resume {self.run.path}")
        told.state = self.state
        return told

    # -- where training starts

    def _rows_of_steps(self, epoch: int) -> list[Tensor]:
        """Return the rows of each step of an epoch: one pass over the images, or as many as `epoch_steps` takes.

        A pass's last step of a single image, or of fewer images than processes, is left out where there are others:
        batch normalisation could not take it, and the next epoch's order leaves out another one. Steps that all are of
        one image stay.
        """
        wanted = self.objective.epoch_steps
        steps: list[Tensor] = []
        fewest = min(self.batch_size, max(2, self.world.size))
        for lap in range(wanted or 1):
            of_lap = epoch_order(self.rows, self.seed, epoch, lap).split(self.batch_size)
            steps += of_lap[:-1] if len(of_lap) > 1 and len(of_lap[-1]) < fewest else of_lap
            if wanted is not None and len(steps) >= wanted:
                break
        return steps[:wanted]

    def _steps_in_all(self) -> int:
        """Return the number of steps: that of the epochs, the run's own, or what fits into the minutes, of now."""
        minutes = self.options.minutes
        if minutes is None:
            return self.steps_per_epoch * self.epochs
        described = {} if self.run is None else self.run.options()
        if self.run is not None and "steps" in described:
            known = described["steps"]
            if type(known) is not int or known < 1:
                raise ModelError(f"{self.run.options_file} holds steps={known!r}, which is no number of steps")
            return known
        begin = time.perf_counter()
        with self.state.put_back():
            per_step, per_epoch = self._measure(60 * minutes)
        left = 60 * minutes - (time.perf_counter() - begin)
        fitting = budget.steps_that_fit(left, per_step, per_epoch, self.steps_per_epoch)
        steps = self.state.step + self.world.gather(fitting)[0]
        if self.run is not None and self.world.leads:
            self.run.write_options({**described, "steps": steps})
        return steps

    def _measure(self, seconds: float) -> tuple[float, float]:
        """Return the seconds of a step and of a validation, of which `seconds` in all shall be filled."""
        state = self.state
        all_rows = self._rows_of_steps(state.epoch)

        def take(count: int) -> None:
            for _ in range(count):
                self.objective.schedule(state.step, state.step + self.steps_per_epoch)
                self.steps.take(state, all_rows[state.step % len(all_rows)])
                state.step += 1
            state.pending.clear()

        def slowest(seconds: float) -> float:
            return max(self.world.gather(seconds))

        self.objective.train()
        per_step = budget.seconds_per_step(seconds, take, lambda: devices.wait_for(self.device), slowest)
        if self.validation is None:
            return per_step, 0.0
        batches, rows = self.validation
        some = rows[: self.batch_size]
        times = [time.perf_counter()]
        for _ in range(2):  # of which the second is counted
            evaluate(self.objective, batches, some, self.batch_size, seed=self.seed)
            times.append(time.perf_counter())
        return per_step, (times[2] - times[1]) * len(rows) / (len(some) * self.world.size)

    def _first_state(self) -> TrainingState:
        generator = torch.Generator(self.device)
        generator.manual_seed(int(np.random.SeedSequence([self.seed, 1, self.world.rank]).generate_state(1)[0]))
        if self.world.size > 1:  # a user's own modules may have been initialised differently in each process
            for value in self.objective.state_dict().values():
                dist.broadcast(value, 0)
        ema = None
        if self.options.ema is not None:
            ema = {name: value.clone() for name, value in self.objective.averaged_weights().items()}
        return TrainingState(self.objective, self.steps.optimizers(), generator, ema=ema)
