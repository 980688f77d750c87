"""Images for a model: those that the command line names, and those behind its run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latente.cli.shared import console as show
from latente.cli.shared.options import door_options
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from latente.estimators.base import Estimator
    from latente.evidence import Evidence
    from latente.images import Images

__all__ = ["evidence_of", "few_of", "images_for", "judged_images_for", "refuse_choice_among_none", "refuse_tables"]


def images_for(model: Estimator, source: str, split: str | None = None, count: int | None = None) -> Images:
    """Open the images behind `source` as the model's training images were: same size, channels and crop."""
    with show.progress() as step:
        images: Images = model.open(source, progress=step, **door_options(split=split, count=count))
    return images


def judged_images_for(model: Estimator, source: str, split: str | None, count: int | None) -> tuple[Images, str | None]:
    """Open the images behind `source`, of the test part where it has one and `split` names no other; and that part."""
    images = images_for(model, source, split, count)
    if split is None and "test" in images.parts:
        return images_for(model, source, "test", count), "test"
    return images, split


def refuse_choice_among_none(images: str | None, split: str | None, count: int | None = None) -> None:
    """Raise InputError where --split or --count choose among images that are not named."""
    if images is None and (split is not None or count is not None):
        raise InputError("--split and --count choose among IMAGES, which are not given; name the set too")


def refuse_tables(model: Estimator) -> None:
    """Raise InputError where the model was trained on rows of a table, which nobody can look at."""
    if len(model.image_shape_) == 1:
        raise InputError("this model was trained on rows of a table, which are no pictures; see `latente map`")


def evidence_of(run: Path, model: Estimator, images: Images | None = None) -> Evidence:
    """Return what the run, whose model is given, learned from and is judged by, opened again as its report does.

    images: those to judge by, if not the test part of the run's set, or what it held out. Raises InputError, saying
    what to do, where the run's set cannot be opened again.
    """
    from latente.evidence import open_evidence
    from latente.training import Run

    return open_evidence(Run.open(run), model, images)


def few_of(images: Images, most: int) -> tuple[Images, np.ndarray]:
    """Return at most so many of the images, drawn evenly with a fixed seed, and which ones they are."""
    import numpy as np

    from latente.evidence import draw

    rows = draw(np.arange(len(images)), most, seed=0)
    return images if len(rows) == len(images) else images.take(rows), rows
