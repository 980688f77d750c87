"""Images for a model: those that the command line names, and those behind its run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.cli.shared import console as show
from latente.cli.shared.options import door_options
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from latente.estimators.base import Estimator
    from latente.evidence import Evidence
    from latente.images import Images
    from latente.images.scan import Scan

__all__ = [
    "evidence_of",
    "few_of",
    "images_for",
    "judged_images_for",
    "refuse_choice_among_none",
    "refuse_tables",
    "say_left_out",
    "say_left_out_by",
]


def images_for(model: Estimator, source: str, **door: Any) -> Images:
    """Open the images behind `source` as the model's training images were: same size, channels and crop.

    door: further options of `open_images` as the command line gives them, None where it does not. Files that cannot be
    used are named on stderr.
    """
    images = _open(model, source, door)
    say_left_out(images)
    return images


def judged_images_for(model: Estimator, source: str, *, split: str | None, **door: Any) -> tuple[Images, str | None]:
    """Open the images behind `source`, of the test part where it has one and `split` names no other; and that part."""
    images = _open(model, source, {"split": split, **door})
    if split is None and "test" in images.parts:
        split, images = "test", _open(model, source, {"split": "test", **door})
    say_left_out(images)
    return images, split


def _open(model: Estimator, source: str, door: Mapping[str, Any]) -> Images:
    with show.progress() as step:
        images: Images = model.open(source, progress=step, **door_options(**door))
    return images


def say_left_out(*sets: Images, beside: Sequence[Images | None] = ()) -> None:
    """Name on stderr the files that could not be used, and say how to see all of them; tell of left out frames too.

    Each source is told once; beside: sets of which it was told before.
    """
    told = [_left_out(images) for images in beside if images is not None]
    for images in sets:
        if images.scan is None or _left_out(images) in told:
            continue
        told.append(_left_out(images))
        if images.scan.damaged:
            _say(images.scan, images.source)
        if images.scan.frames:
            show.print_note("left out", f"{images.scan.source}: {images.scan.frames}")


def _left_out(images: Images) -> tuple[str, Mapping[str, str], str]:
    return ("", {}, "") if images.scan is None else (images.scan.source, images.scan.damaged, images.scan.frames)


def say_left_out_by(*runs: Path) -> None:
    """Name on stderr the files that the trainings of runs could not use, as `say_left_out` does."""
    from latente.images.scan import Scan
    from latente.training import Run

    different: list[dict[str, Any]] = []
    for run in runs:
        data = Run.open(run).options().get("data", {})
        facts = {name: data.get(name) for name in ("name", "source", "total", "left_out")}
        if facts["left_out"] and facts not in different:
            different.append(facts)
    for data in different:
        _say(Scan(data["name"], "", total=data["total"], damaged=data["left_out"]), data["source"])


def _say(scan: Scan, source: Mapping[str, Any]) -> None:
    part = ["--split", source["split"]] if "split" in source else []
    line = shlex.join(["latente", "data", "show", source.get("source", "IMAGES"), *part])
    show.print_note("left out", f"{scan.left_out()}; `{line}` lists all of them")


def refuse_choice_among_none(images: str | None, argument: str = "IMAGES", **door: Any) -> None:
    """Raise InputError where options of the image door, None where they are not given, choose among no images.

    argument: what names the images.
    """
    names = [f"--{name}" for name, value in door.items() if value is not None]
    if images is None and names:
        verb = "chooses" if len(names) == 1 else "choose"
        raise InputError(f"{' and '.join(names)} {verb} among {argument}, which are not given; name the set too")


def refuse_tables(model: Estimator) -> None:
    """Raise InputError where the model was trained on rows of a table, which nobody can look at."""
    if len(model.image_shape_) == 1:
        raise InputError("this model was trained on rows of a table, which are no pictures; see `latente map`")


def evidence_of(run: Path, model: Estimator, images: Images | None = None, *, others: Images | None = None) -> Evidence:
    """Return what the run, whose model is given, learned from and is judged by, opened again as its report does.

    images: those to judge by, if not the test part of the run's set, or what it held out. others: further ones that
    the verb has opened. What of the run's set cannot be used is named, unless it was with these. Raises InputError,
    saying what to do, where the run's set cannot be opened again.
    """
    from latente.evidence import open_evidence
    from latente.training import Run

    evidence = open_evidence(Run.open(run), model, images)
    parts = [part.images for part in (evidence.learned, evidence.judged) if part is not None]
    say_left_out(*parts, beside=(images, others))
    return evidence


def few_of(images: Images, most: int) -> tuple[Images, np.ndarray]:
    """Return at most so many of the images, drawn evenly with a fixed seed, and which ones they are."""
    import numpy as np

    from latente.estimators.data import draw

    rows = draw(np.arange(len(images)), most, seed=0)
    return images if len(rows) == len(images) else images.take(rows), rows
