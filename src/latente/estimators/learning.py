"""Learning by the training loop, which is how a model is made unless its family has a way of its own."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from latente.errors import Interrupted
from latente.estimators import data, persistence, planning
from latente.estimators.progress import bars
from latente.estimators.saving import SavedModel
from latente.estimators.snapshots import Snapshots
from latente.images import Images
from latente.networks.summary import LayerSummary
from latente.training.loop import train
from latente.training.options import TrainingOptions
from latente.training.runs import Run
from latente.training.state import TrainingState

__all__ = ["Learner"]

_TRAINING = tuple(field.name for field in dataclasses.fields(TrainingOptions))


class Learner(SavedModel):
    """The learning part of an estimator: an initialised `objective_` becomes a trained one."""

    def _learn(self, parts: data.Split, run: Run | None) -> None:
        """Hook: make a trained model of `objective_`; by default the loop does, and the best epoch's weights stay."""
        options = self._training_options()
        listeners = bars(self.verbose)
        if run is not None:
            listeners.append(Snapshots(run, partial(self._write, run.model), self._pictures(parts)))
        try:
            judge, every = self._judge(parts) or (None, 1)
            state = self._train(
                parts.images,
                options,
                rows=parts.rows,
                validation=parts.validation,
                judge=judge,
                judge_every=every,
                run=run,
                listeners=listeners,
            )
        except Interrupted as stopped:
            if stopped.state is not None and stopped.state.has_model:
                self._take_best(stopped.state, run)
                stopped.leaves_model = True
            raise
        self._take_best(state, run)

    def _take_best(self, state: TrainingState, run: Run | None) -> None:
        """Take over the weights of a training's best epoch."""
        if state.best_weights is not None:
            self.objective_.load_weights(state.best_weights)
        elif run is not None and state.best_epoch:  # its checkpoint was lost, and no epoch was better since
            weights, _ = persistence.read_weights(run.model, persistence.read_model(run.model)["weights"])
            self.objective_.load_weights(weights)
        self.objective_.eval()
        self.history_, self.best_epoch_ = state.history, state.best_epoch

    def _train(self, images: Images, options: TrainingOptions, **more: Any) -> TrainingState:
        """Train `objective_` by the loop, on images as this model sees them; more: see `latente.training.train`."""
        return train(
            self.objective_,
            images,
            self.scaling_,
            options,
            seed=self.seed_,
            augmentation=self._augmentation(),
            column_scalings=self.column_scalings_,
            **more,
        )

    def _training_options(self, **changed: Any) -> TrainingOptions:
        """Return the options of the loop, which a family that learns by it inherits."""
        options = {name: getattr(self, name) for name in _TRAINING}
        settled = {"batch_size": self.batch_size_, "epochs": self.epochs_, "precision": self.precision_}
        return TrainingOptions(**{**options, **settled, **changed})

    def _start_from_another(self) -> None:
        """Take over the weights of the run that `init` names."""
        if (run := getattr(self, "init", None)) is not None:
            folder = persistence.model_folder(run)
            weights, _ = persistence.read_weights(folder, persistence.read_model(folder)["weights"])
            persistence.load_weights(self.objective_, weights, folder)

    def _cost(self, parts: data.Split, layers: list[LayerSummary]) -> tuple[float, int]:
        """Hook: about how many seconds and how many bytes of memory learning takes."""
        options = self._training_options(epochs=1, minutes=None, log_every=1, checkpoint_every=None, patience=None)
        epochs, objective = self.epochs_ or 1, self.objective_
        steps = (objective.epoch_steps or planning.steps_of_pass(parts, options)) * epochs
        if objective.epoch_steps is not None:  # which an epoch takes however few the images are
            objective.epoch_steps = planning.STEPS
        state = self._train(parts.images, options, rows=planning.few_rows(parts, options))
        return planning.cost(state.history, parts, options, layers, self.parameter_count(), steps)
