"""What all estimators of images have in common: scikit-learn's contract over objective, loop and run folder."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from latente import augmentations
from latente.checks import check_options
from latente.errors import InputError, Interrupted
from latente.estimators import data, notebook, persistence, planning
from latente.estimators.learning import Learner
from latente.images import Images, Openable, Scaling, open_images
from latente.images.depth import in_units_of
from latente.training.devices import resolve_device, world
from latente.training.events import require_writer
from latente.training.launch import leads
from latente.training.options import usual_batch_size, usual_epochs
from latente.training.precision import bf16_unit, check_precision, common_precision, usual_precision, warn_of_emulation
from latente.training.randomness import isolated_rng, settle_seed
from latente.training.runs import Run
from latente.training.surroundings import own_surroundings

__all__ = ["Estimator"]


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Estimator(Learner):
    """What learns from images: it opens them, learns by the one loop or in its own way, and lies on disk as data.

    A dataclass, because scikit-learn's constructors do nothing but store their arguments; the options are declared in
    `latente.estimators.options`, a class for each family, and checked when `fit` begins, see `check`.

    X is an array (N, F), (N, H, W), (N, H, W, C) or (N, C, H, W), a path, a named set, or `Images`. Every method but
    `fit` raises NotFittedError before `fit`, and InputError where X does not match the images that were trained on.

    What differs between families is a hook; `latente.estimators.hooks` lists them. Here stands how a model is fitted.
    What all have in common besides stands in a file a part, each building upon the one before: what a fitted model does
    with images (`passing`), what of it lies on disk (`saving`), how it learns by the loop (`learning`).
    """

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
        if data.is_for_the_door(X):
            images = open_images(X, size=self.usual_size)
        else:
            images = open_images(validate_data(self, X, reset=reset))
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
                if stopped.leaves_model:
                    self._finish(parts, run)
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

    def check(self) -> None:
        """Raise InputError, naming the option, for what is wrong whatever the images are; `fit` begins with it."""
        check_options(self)
        if getattr(self, "tensorboard", False):
            require_writer()
        self._augmentation()
        resolve_device(self.device)

    def _begin(self, images: Images, *, holds_out: bool = True) -> data.Split:
        self.check()
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
        self._settle_images(parts)
        self._settle_training(parts)
        self._examine(parts)
        with isolated_rng(self.seed_), planning.within_memory(self.device_):
            self._build()
        self._settle_precision()
        planning.check_steps(
            self.objective_, self._networks(), len(parts.rows), self.batch_size_, getattr(self, "accumulate", 1)
        )
        images = parts.images
        if "condition" in self._columns() and "condition" in images.columns:
            self.column_scalings_["condition"] = Scaling.of_columns(images.columns["condition"], parts.visible_rows)

    def _settle_images(self, parts: data.Split) -> None:
        """Set what the training images are, and how they come into the network's range."""
        images = parts.images
        self.scaling_ = Scaling.fit(images.content, parts.visible_rows, images.depth)
        self.column_scalings_ = {}
        self.window_ = augmentations.window_of(self._augmentation())
        self.any_size_ = self._takes_any_size(images)
        self.image_shape_ = data.usual_shape(images) if self.window_ is None else (images.channels, *self.window_)
        self.n_features_in_ = math.prod(self.image_shape_)
        self.layout_, self.name_ = images.layout, images.name
        self.label_names_, self.crop_ = images.label_names, images.source.get("crop")
        self.source_ = images.source

    def _settle_training(self, parts: data.Split) -> None:
        """Set where training happens and how long it is; what learns without the loop has no batches and no epochs."""
        self.history_, self.best_epoch_ = [], 0
        self.batch_size_ = getattr(self, "batch_size", None)
        if self.batch_size_ is None and hasattr(self, "batch_size"):
            self.batch_size_ = usual_batch_size(len(parts.rows))
        self.epochs_ = getattr(self, "epochs", None)
        if self.epochs_ is None and self.batch_size_ is not None:
            self.epochs_ = usual_epochs(len(parts.rows), self.batch_size_)
        self.device_ = resolve_device(self.device)

    def _settle_precision(self) -> None:
        """Set in which precision the built networks train; processes that train together all in the same."""
        self.precision_ = getattr(self, "precision", None)
        if self.precision_ == "auto":
            unit, optimizer = bf16_unit(self.device_), getattr(self, "optimizer", "adam")
            usual = usual_precision(unit, self._convolutions(), self.image_shape_, optimizer)
            self.precision_ = common_precision(world(self.device_).gather(usual))
        check_precision(self.precision_, self.device_)

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
        return copy.copy(self)._plan(X, y)

    def _plan(self, X: Openable, y: ArrayLike | None) -> dict[str, Any]:
        parts = self._begin(self._open_for_fit(X, y))
        layers = self.layers()
        seconds, memory = self._cost(parts, layers)
        return {
            "options": self.resolved_options(),
            "data": data.describe(parts, self.image_shape_),
            "layers": layers,
            "parameters": self.parameter_count(),
            "seconds_estimate": seconds,
            "memory_estimate_bytes": memory,
        }

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
        if hasattr(self, "objective_"):
            return notebook.html_of(self, self._facts_to_show())
        diagram: str = super()._html_repr()
        return diagram
