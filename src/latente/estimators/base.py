"""What all estimators of images have in common: scikit-learn's contract over objective, loop and run folder."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from latente import augmentations, words
from latente.checks import check_options, options_of
from latente.errors import InputError, Interrupted, ModelError
from latente.estimators import data, persistence, planning
from latente.estimators.abilities import Samples
from latente.estimators.facts import FACTS, checked_facts, checked_scaling
from latente.estimators.options.common import EstimatorOptions
from latente.estimators.passing import ImageModel
from latente.estimators.progress import bars
from latente.estimators.snapshots import Snapshots
from latente.images import Images, Openable, Scaling, from_layout, open_images
from latente.images.depth import in_units_of
from latente.networks.limits import Limits, TooLargeError
from latente.networks.summary import LayerSummary
from latente.objectives import Objective
from latente.sheets import sheet, to_uint8
from latente.training.devices import resolve_device
from latente.training.events import require_writer
from latente.training.launch import leads
from latente.training.layouts import lay_out
from latente.training.loop import train
from latente.training.options import TrainingOptions, usual_batch_size, usual_epochs
from latente.training.precision import bf16_unit, check_precision, usual_precision, warn_of_emulation
from latente.training.randomness import isolated_rng, settle_seed
from latente.training.runs import Run
from latente.training.state import TrainingState, judgement
from latente.training.surroundings import own_surroundings

__all__ = ["Estimator"]

_SAMPLES = 8  # in a notebook
_TRAINING = tuple(field.name for field in dataclasses.fields(TrainingOptions))


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Estimator(EstimatorOptions, ImageModel):
    """What learns from images: it opens them, learns by the one loop or in its own way, and lies on disk as data.

    A dataclass, because scikit-learn's constructors do nothing but store their arguments; the options are declared in
    `latente.estimators.options`, a class for each family, and checked when `fit` begins.

    X is an array (N, F), (N, H, W), (N, H, W, C) or (N, C, H, W), a path, a named set, or `Images`. Every method but
    `fit` raises NotFittedError before `fit`, and InputError where X does not match the images that were trained on.

    A family defines `_build`, and overrides of the other hooks what differs: `_accepts`, `_split`, `_examine`,
    `_start`, `_before_training`, `_learn`, `_after_training`, `_pictures`, `_judged`, `_networks`, `_convolutions`,
    `_facts`, `_arrays`, `_settled`. What it can do beyond `evaluate` it says by its methods, see
    `latente.estimators.abilities`.
    """

    kind: ClassVar[str]  # its name in `latente.estimators.kinds`
    takes_tables: ClassVar[bool] = True

    # -- for families

    def _build(self) -> None:
        """Set `objective_`, its weights drawn from torch's global generator, from the options and the fitted facts.

        Of the images only the facts that go into model.json are known, so that a model from disk is built alike.
        """
        self.objective_: Objective
        raise NotImplementedError(f"{type(self).__name__} must define _build()")

    def _accepts(self, images: Images) -> None:
        """Raise InputError, saying what to do, where the family cannot learn from such images."""
        if not len(images):
            raise InputError("there are no images to fit on")
        if images.is_photographs and augmentations.window_of(self._augmentation()) is None:
            raise InputError(
                f"the pictures of {images.name} have many sizes: give augmentation='crop:64', which trains on crops of "
                "them, or size=64 when opening them, so that all are alike"
            )
        if images.is_table and not self.takes_tables:
            raise InputError(
                f"{images.name} is a table of {images.image_shape[0]} columns; {type(self).__name__} needs pictures"
            )

    def _split(self, images: Images) -> data.Split:
        """Hook: which rows train and which judge."""
        return data.split(images, self.validation, self.seed_)

    def _examine(self, parts: data.Split) -> None:
        """Hook: set the facts about the images that `_build` needs; they go into model.json by `_facts`."""

    def _before_training(self, parts: data.Split, run: Run | None) -> None:
        """Hook: what happens between the first weights and the loop; `run` may hold a part of it already."""

    def _learn(self, parts: data.Split, run: Run | None) -> None:
        """Hook: make a trained model of `objective_`; by default the loop does, and the best epoch's weights stay."""
        options = self._training_options()
        listeners = bars(self.verbose)
        if run is not None:
            listeners.append(Snapshots(run, partial(self._write, run.model), self._pictures(parts)))
        try:
            state = self._train(
                parts.images, options, rows=parts.rows, validation=parts.validation, run=run, listeners=listeners
            )
        except Interrupted as stopped:
            if stopped.state is not None and stopped.state.best_epoch:
                self._take_best(stopped.state, run)
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

    def _after_training(self, parts: data.Split) -> None:
        """Hook: what a family derives from the trained model and its training images."""

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]] | None:
        """Hook: a function that draws the lines of an epoch's sample picture, or None where there is none."""
        return None

    def _cost(self, parts: data.Split, layers: list[LayerSummary]) -> tuple[float, int]:
        """Hook: about how many seconds and how many bytes of memory learning takes."""
        options = self._training_options(epochs=1, minutes=None, log_every=1, checkpoint_every=None, patience=None)
        state = self._train(parts.images, options, rows=planning.few_rows(parts, options))
        return planning.cost(state.history, parts, options, layers, self.parameter_count(), self.epochs_ or 1)

    def _facts(self) -> dict[str, Any]:
        """Hook: what else of the fitted state goes into model.json, by attribute name."""
        return {}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        """Hook: take over from model.json what `_facts` put there; sequences are tuples."""

    def _convolutions(self) -> tuple[int, ...] | None:
        """Hook: the channels of the convolutional networks built here, by which precision="auto" is settled, or None.

        None leaves it at float32: for other networks nobody has measured that bf16 is faster.
        """
        return None

    def _arrays(self) -> dict[str, np.ndarray | None]:
        """Hook: all fitted arrays that a family keeps beside the weights, by attribute name; None where there is none.

        No other attribute is taken from a file. Asked also after `_build`, before those of a file are set.
        """
        return {}

    def _check_arrays(self) -> None:
        """Hook: raise ValueError where the arrays that came from a file do not go together."""

    def _settled(self) -> dict[str, Any]:
        """Hook: the options that were left open, as they were settled, for options.json."""
        settled = {"batch_size": self.batch_size_, "epochs": self.epochs_, "precision": self.precision_}
        return {name: value for name, value in settled.items() if value is not None}

    # -- fitting

    @own_surroundings()
    def fit(self, X: Openable, y: ArrayLike | None = None) -> Self:
        """Train on X, from scratch; y is ignored where the family needs no labels.

        With `out` the whole training is written to that folder and can be resumed from there. Where it fails, the
        estimator stays as it was. After Ctrl-C it is the model of the best epoch so far, if one has ended, and the
        `Interrupted` that is raised says of which.
        """
        with self._unless_it_fails():
            return self._fit(self._open_for_fit(X, y))

    @own_surroundings()
    def resume_from(self, run: Run, X: Openable, y: ArrayLike | None = None) -> Self:
        """Go on with the training in a run folder, as `latente.resume` does once it has opened everything."""
        with self._unless_it_fails(), run.held():
            epochs = getattr(self, "epochs", None)
            if epochs is not None:  # what learns without the loop has no checkpoints
                run.starts_anew()
            images, saved = self._open_for_fit(X, y), run.options()
            if images.fingerprint != saved["data"]["fingerprint"]:
                raise InputError(
                    f"{images.name} is not the set that {run.path} was trained on (its fingerprint differs)"
                )
            if epochs != saved["options"].get("epochs"):
                run.checkpoint()  # what cannot be gone on with stays as it is
                run.write_options(saved | {"options": saved["options"] | {"epochs": epochs}})
            return self._fit(images, run)

    @contextlib.contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Put all attributes back as they were where the block raises: a fit makes new objects and changes no old one.

        So who is refused still has the model that was fitted before.
        """
        before = dict(vars(self))
        try:
            yield
        except BaseException as error:
            if not (isinstance(error, Interrupted) and error.leaves_model):
                self.__dict__ = before
            raise

    def _open_for_fit(self, X: Openable, y: ArrayLike | None = None, *, reset: bool = True) -> Images:
        data.refuse_images_as_labels(y)
        images = open_images(X if data.is_for_the_door(X) else validate_data(self, X, reset=reset))
        return images if reset else self._matched(images)

    def _fit(self, images: Images, run: Run | None = None) -> Self:
        """Learn from images; a `run` is gone on with, else a new one is made where `out` asks for it.

        Where training is stopped after an epoch, what it gave becomes a whole model before the interruption goes on.
        """
        parts = self._begin(images).of_our_own()
        if run is None or not any(run.checkpoints.glob("*.safetensors")):  # which has the weights of later on
            self._start(parts)
        if run is None:
            self._start_from_another()
            run = self._new_run(parts)
        else:
            warn_of_emulation(self.precision_, self.device_, run.options().get("bf16_unit"))
        with run.held() if run is not None else contextlib.nullcontext():
            if run is not None:
                run.tell()
            self._before_training(parts, run)
            try:
                self._learn(parts, run)
            except Interrupted as stopped:
                if self.best_epoch_:
                    self._finish(parts, run)
                    stopped.leaves_model = True
                raise
            self._finish(parts, run)
        return self

    def _finish(self, parts: data.Split, run: Run | None) -> None:
        self._after_training(parts)
        if run is not None and leads():
            self._write(run.model, self.objective_.weights())

    @own_surroundings()
    def initialise(self, X: Openable, y: ArrayLike | None = None) -> Self:
        """Do what `fit` does before its first step: open the images, fit the scaling, build networks, draw weights."""
        with self._unless_it_fails():
            self._start(self._begin(self._open_for_fit(X, y)))
        return self

    def _begin(self, images: Images, *, holds_out: bool = True) -> data.Split:
        check_options(self)
        if getattr(self, "tensorboard", False):
            require_writer()
        self._accepts(images)
        self.seed_ = settle_seed(self.random_state)
        parts = self._split(images) if holds_out else data.split(images, None, self.seed_)
        # by its name in options.json a run finds the set again, from whichever working directory it goes on
        self._validation_source = parts.held_out.source.get("source") if data.is_source(self.validation) else None
        if holds_out and getattr(self, "patience", None) is not None and parts.validation is None:
            raise InputError("patience needs something to judge by: hold images out (validation), or leave it out")
        self._settle(parts)
        if parts.held_out is not parts.images:
            parts = dataclasses.replace(parts, held_out=in_units_of(parts.held_out, self.scaling_))
        return parts

    def _settle(self, parts: data.Split) -> None:
        """Set everything that follows from the options and the training images, up to the initialised objective."""
        images, rows = parts.images, parts.visible_rows
        self.scaling_ = Scaling.fit(images.content, rows, images.depth)
        self.window_ = augmentations.window_of(self._augmentation())
        self.image_shape_ = images.image_shape if self.window_ is None else (images.channels, *self.window_)
        self.layout_, self.name_ = images.layout, images.name
        self.label_names_, self.crop_ = images.label_names, images.source.get("crop")
        self.source_: Mapping[str, Any] = images.source
        self.n_features_in_ = math.prod(self.image_shape_)
        self.column_scalings_: dict[str, Scaling] = {}
        self.history_, self.best_epoch_ = [], 0
        self.batch_size_: int | None = getattr(self, "batch_size", None)
        if self.batch_size_ is None and hasattr(self, "batch_size"):
            self.batch_size_ = usual_batch_size(len(parts.rows))
        self.epochs_: int | None = getattr(self, "epochs", None)
        if self.epochs_ is None and self.batch_size_ is not None:
            self.epochs_ = usual_epochs(len(parts.rows), self.batch_size_)
        self.device_ = resolve_device(self.device)
        self._examine(parts)
        with isolated_rng(self.seed_), planning.within_memory(self.device_):
            self._build()
        self.precision_: str | None = getattr(self, "precision", None)
        if self.precision_ == "auto":
            unit, optimizer = bf16_unit(self.device_), getattr(self, "optimizer", "adam")
            self.precision_ = usual_precision(unit, self._convolutions(), self.image_shape_, optimizer)
        check_precision(self.precision_, self.device_)
        planning.check_steps(
            self.objective_, self._networks(), len(parts.rows), self.batch_size_, getattr(self, "accumulate", 1)
        )
        if "condition" in self._columns() and "condition" in images.columns:
            self.column_scalings_["condition"] = Scaling.fit(images.columns["condition"], rows)

    def _start(self, parts: data.Split) -> None:
        """Hook: bring the weights as they were drawn to where training shall start from."""

    def _augmentation(self) -> Callable[..., dict[str, Tensor]] | None:
        return augmentations.from_option(getattr(self, "augmentation", None))

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

    def _new_run(self, parts: data.Split) -> Run | None:
        if self.out is None:
            if getattr(self, "tensorboard", False):
                raise InputError("tensorboard=True writes into the run folder: name one with out, or leave it out")
            return None
        if not leads():
            return Run(self.out)
        defaults = type(self)().get_params(deep=False)
        changed = {name: value for name, value in self.get_params(deep=False).items() if value is not defaults[name]}
        if isinstance(self.random_state, np.random.Generator | np.random.RandomState):
            changed["random_state"] = self.seed_  # which it gave, and would not give again
        options = persistence.run_json(
            self.kind,
            self.resolved_options(),
            changed,
            estimator=type(self).__name__,
            data=data.describe(parts, self.image_shape_),
            device=str(self.device_),
            bf16_unit=bf16_unit(self.device_),
            parameters=self.parameter_count(),
        )
        return Run.create(self.out, options)

    @own_surroundings()
    def plan(self, X: Openable, y: ArrayLike | None = None) -> dict[str, Any]:
        """Return what `fit` would do, without doing it.

        Keys: options, data, layers, parameters, seconds_estimate (of a few real steps, times their number) and
        memory_estimate_bytes. The estimator, the disk and the images stay as they are.
        """
        twin = copy.copy(self)
        parts = twin._begin(twin._open_for_fit(X, y))
        layers = twin.layers()
        seconds, memory = twin._cost(parts, layers)
        return {
            "options": twin.resolved_options(),
            "data": data.describe(parts, twin.image_shape_),
            "layers": layers,
            "parameters": twin.parameter_count(),
            "seconds_estimate": seconds,
            "memory_estimate_bytes": memory,
        }

    def resolved_options(self) -> dict[str, Any]:
        """Return every option as options.json holds it, with what was left open settled; only after `fit`."""
        check_is_fitted(self, "seed_")
        settled = {**self._settled(), "random_state": self.seed_, "verbose": False}
        if source := getattr(self, "_validation_source", None):
            settled["validation"] = source
        return persistence.options_json(self.get_params(deep=False), settled)

    def parameter_count(self) -> int:
        """Return how many numbers the networks learn."""
        check_is_fitted(self, "objective_")
        return sum(p.numel() for p in self.objective_.parameters())

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = self.takes_tables
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # a training in progress holds generators, which cannot be pickled; its weights are in objective_
        return {name: value for name, value in super().__getstate__().items() if name != "_state"}

    def _html_repr(self) -> str:
        """Return what a notebook shows: scikit-learn's diagram of the options, and once fitted, what came of them."""
        if not hasattr(self, "objective_"):
            diagram: str = super()._html_repr()
            return diagram
        from latente.training.display import as_html  # matplotlib wants a folder at home, and time

        facts = {
            "images": f"{self.name_}, {words.shape(self.image_shape_)} {self.scaling_.dtype}",
            **self._facts_to_show(),
            "parameters": f"{self.parameter_count():,}",
            "device": self.device_,
        }
        if judgement(self.history_, self.best_epoch_):
            facts["best epoch"] = self.best_epoch_ or "the start"
        return as_html(
            type(self).__name__,
            facts.items(),
            lines=self.history_,
            best_epoch=self.best_epoch_ or None,
            picture=self._samples_sheet(),
            caption="samples",
            layers=self.layers(),
        )

    def _facts_to_show(self) -> dict[str, str]:
        """Hook: what else a notebook shows of the model in a word."""
        return {}

    def _samples_sheet(self) -> np.ndarray | None:
        """Return a line of samples, or None where the model draws none, or no pictures."""
        if len(self.image_shape_) == 1 or not isinstance(self, Samples):
            return None
        try:
            samples = self.sample(_SAMPLES, random_state=0)
        except InputError:
            return None
        return sheet([to_uint8(from_layout(samples, self.layout_), *self.scaling_.data_range)])

    # -- on disk

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted model to `path`/model as JSON and safetensors; a run folder may take it too."""
        check_is_fitted(self, "objective_")
        self._write(Path(path) / "model", self.objective_.weights())
        return Path(path)

    @classmethod
    @own_surroundings()
    def load(cls, path: str | os.PathLike[str], **own: Any) -> Self:
        """Return the model in a run folder or in what `save` wrote.

        own: give back what is a caller's own and of which only the names are saved, by the option's name: network=(its
        modules), corruption=(a callable). Without a callable, a warning says that the model takes images as they are.
        Raises ModelError, with the reason, where the folder holds another kind of model, or is damaged or foreign.
        """
        folder = persistence.model_folder(path)
        model = persistence.read_model(folder)
        if model["model"] != cls.kind:
            raise ModelError(
                f"{folder} holds a model of the kind {model['model']!r}, not {cls.kind!r}; use latente.load()"
            )
        file = folder / "model.json"
        # models of before these were settled tell them among their options alone
        of_old = {f"{name}_": model["options"].get(name) for name in ("precision", "epochs")}
        facts = checked_facts({**of_old, **model["fitted"]}, file)
        options = persistence.options_from(model, options_of(cls), own, folder)
        weights, arrays = persistence.read_weights(folder, model["weights"])
        try:
            estimator = cls(**{**options, "device": "auto"})
            # so few that a file which asks for layers without end is refused soon, and a name too many is still told
            limits = None if own.get("network") is not None else Limits(tensors=2.0 * len(weights) + 64.0)
            estimator._restore(facts, arrays, limits, file)
        except ModelError:
            raise
        except TooLargeError as error:
            raise ModelError(
                f"{file} describes a larger network than {model['weights']['file']} has weights for"
            ) from error
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError, MemoryError) as error:
            raise ModelError(f"{file} does not describe a model: {error}") from error
        persistence.load_weights(estimator.objective_, weights, folder)
        lay_out(estimator.objective_, estimator.device_)
        estimator.objective_.eval()
        estimator.source_ = persistence.training_source(folder)
        return estimator

    def _restore(
        self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], limits: Limits | None, file: Path
    ) -> None:
        """Set the fitted state that model.json, `file`, describes, up to an objective that waits for its weights.

        limits: of the networks that are built, which get no memory of their own; None builds a caller's own.
        """
        for name in FACTS:
            setattr(self, name, facts[name])
        self.scaling_ = checked_scaling(facts["scaling_"], self.image_shape_[0], file)
        scalings = facts["column_scalings_"].items()
        self.column_scalings_ = {str(name): checked_scaling(scaling, None, file) for name, scaling in scalings}
        self.n_features_in_ = math.prod(self.image_shape_)
        if "feature_names_in_" in facts:
            self.feature_names_in_ = np.asarray(facts["feature_names_in_"], dtype=object)
        self.history_ = []
        self.device_ = resolve_device("auto")
        self._take_facts(facts)
        # without memory of their own until the weights, whose shapes are checked, give them theirs
        with torch.device("meta" if limits else "cpu"), limits or contextlib.nullcontext():
            self._build()
        known = self._arrays()
        for name, array in arrays.items():
            if name not in known:
                raise ModelError(f"{file.parent} holds an array {name!r} that no model of the kind {self.kind!r} has")
            setattr(self, name, array)
        self._check_arrays()

    def _write(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        fitted = {name: getattr(self, name) for name in FACTS}
        fitted |= {"scaling_": self.scaling_.to_json(), **self._facts()}
        fitted["column_scalings_"] = {name: scaling.to_json() for name, scaling in self.column_scalings_.items()}
        if hasattr(self, "feature_names_in_"):
            fitted["feature_names_in_"] = [str(name) for name in self.feature_names_in_]
        description = {"model": self.kind, "options": self.resolved_options(), "fitted": fitted}
        arrays = {name: array for name, array in self._arrays().items() if array is not None}
        persistence.write_model(folder, description, weights, arrays)
