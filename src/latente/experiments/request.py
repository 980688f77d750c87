"""What an experiment is asked for, and its trainings and studies, which are kept where its result is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from latente.checks import is_own, saved_value
from latente.errors import InputError
from latente.sweeps import Results, Sweep, Trial
from latente.words import typed

if TYPE_CHECKING:
    import numpy as np

    from latente import Images
    from latente.estimators.base import Estimator

__all__ = ["Request"]

Model = TypeVar("Model", bound="Estimator")


@dataclasses.dataclass(frozen=True)
class Request:
    """What an experiment is asked for.

    name: of the experiment, for a module that holds several. seeds: repetitions, with the seeds 0, 1, ... tiny: the
    variant that shows in seconds that everything works, whose figures say nothing. out: folder in which trainings and
    finished trials of a study are kept; None keeps nothing. font: a C header with other characters, for the experiments
    on letters. count, verify: how many fields there are to be in all, and how many new ones the solver is to check, for
    the experiment on flow fields. progress: told in a line what is done. verbose: show a progress bar of the trainings
    of `fit`.
    """

    name: str = ""
    seeds: int = 1
    tiny: bool = False
    out: Path | None = None
    font: Path | None = None
    count: int | None = None
    verify: int | None = None
    progress: Callable[[str], None] | None = None
    verbose: bool = False

    def fit(self, name: str, model: Model, images: Images | np.ndarray) -> Model:
        """Return the model fitted to the images, by way of the run folder OUT/runs/`name` where results are kept.

        A training that is there already is gone on with, a finished one is taken as it is: so a long experiment may be
        broken off at any time. Without `out`, and for the tiny variant, nothing is kept. Raises InputError where the
        folder holds a training with other options or images.
        """
        from latente import resume
        from latente.training import Run

        model.set_params(verbose=self.verbose)
        if self.out is None or self.tiny:
            return model.fit(images)
        run = Run(self.out / "runs" / name)
        if not run.options_file.exists():
            return model.set_params(out=str(run.path)).fit(images)
        options = model.get_params(deep=False)
        values = {option: saved_value(value) for option, value in options.items()}
        saved = run.options()["options"]
        for option in sorted(values.keys() & saved.keys() - {"out", "verbose"}):
            if values[option] not in (None, "auto", saved[option]):
                raise InputError(
                    f"{run.path} holds a training with {option}={saved[option]!r}, not {values[option]!r}; "
                    "remove it, or choose another folder by --out"
                )
        # what is a caller's own is only named on disk, and handed in again
        objects = {option: options[option] for option, value in values.items() if is_own(value)}
        resumed: Model = resume(run.path, images, verbose=self.verbose, **objects)
        return resumed

    def study(self, name: str, sweep: Sweep, trial: Callable[..., Mapping[str, float]]) -> Results:
        """Return what came of a sweep, telling of each trial; where results are kept, OUT/`name` keeps its trials."""

        def tell(done: int, total: int, ended: Trial) -> None:
            what = typed({factor: ended.options[factor] for factor in sweep.space} | {"seed": ended.seed})
            self.tell(f"{name} {done}/{total}: {what}: {ended.error or typed(ended.metrics)}")

        return sweep.run(trial, out=self.out and self.out / name, force=True, progress=tell)

    def tell(self, line: str) -> None:
        """Tell whoever listens how far it is."""
        if self.progress is not None:
            self.progress(line)
