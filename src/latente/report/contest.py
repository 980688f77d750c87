"""Several runs judged side by side, by the same images wherever they share some."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latente import estimators
from latente.errors import InputError, LatenteError
from latente.estimators.autoencoders import BaseAutoencoder
from latente.images import Images, open_images
from latente.latents import knn_accuracy
from latente.report.evidence import Evidence, open_evidence
from latente.report.inspection import Inspection, inspect, plain, rebuild
from latente.report.latent_space import NEIGHBOURS
from latente.report.verdict import Training, how_many, summarise
from latente.training import Run

__all__ = ["Contest", "Contestant", "Rebuilt", "Results", "hold_contest", "open_runs"]

FEWEST_SHARED = 30  # held-out images in common, below which each run is judged by its own
SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Results:
    """What was measured of one run: the parts of an `Inspection` that are not images by the thousand.

    judged: on which images, in words. metrics: means, as the model's own evaluation has them. accuracy: of k nearest
    neighbours in the latent space; None without classes. active: how many of the `dimensions` are in use; None
    without a posterior. linear: the mean squared error of PCA with as many numbers, where it could be had.
    """

    judged: str
    rows: np.ndarray
    unseen: bool | None
    is_table: bool
    is_worsened: bool
    metrics: dict[str, float]
    errors: np.ndarray
    psnrs: np.ndarray
    ssims: np.ndarray | None
    samples: np.ndarray | None
    dimensions: int
    active: int | None
    accuracy: float | None
    linear: float | None


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One of the runs. name: what the page calls it. missing: why there are no results of it."""

    name: str
    path: Path
    options: dict[str, Any]
    lines: list[dict[str, Any]]
    training: Training
    results: Results | None
    missing: str | None


@dataclasses.dataclass(frozen=True)
class Rebuilt:
    """A few images and what each run makes of them, from the easiest for all to the hardest; all scaled.

    originals: (k, C, H, W). places: their places among the measured images. by_run: (k, C, H, W) each.
    """

    originals: np.ndarray
    places: np.ndarray
    by_run: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Contest:
    """Several runs. judged: by which images all were judged, in words; None where each was judged by its own.

    is_one_scale: whether all the networks see the images through the same scaling.
    """

    contestants: list[Contestant]
    judged: str | None
    is_one_scale: bool
    rebuilt: Rebuilt | None


def open_runs(paths: Sequence[str | os.PathLike[str]]) -> dict[str, Run]:
    """Return the runs, each named by as much of the end of its path as tells them apart.

    Raises InputError where one is no run folder, or is given twice.
    """
    runs = [Run.open(path) for path in paths]
    parts = [run.path.resolve().parts for run in runs]
    for path, count in Counter(parts).items():
        if count > 1:
            raise InputError(f"{Path(*path)} is given {count} times; name each run once")
    depth = 1
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return {str(Path(*part[-depth:])): run for part, run in zip(parts, runs, strict=True)}


def hold_contest(paths: Sequence[str | os.PathLike[str]], images: Images | None = None) -> Contest:
    """Judge each run as its report would, but all by the same images where there are such.

    These are the images given; else the test part that all have; else, of a set that all were trained on, the images
    that each of them held out. A run that cannot be judged says why. Raises InputError as `open_runs` does.
    """
    runs = open_runs(paths)
    options = {name: run.options() for name, run in runs.items()}
    opening = _remembering()
    models: dict[str, BaseAutoencoder] = {}
    evidence: dict[str, Evidence] = {}
    missing: dict[str, str] = {}
    for name, run in runs.items():
        with _told(name, missing):
            model = estimators.load(run.path)
            evidence[name] = open_evidence(options[name], images, opening)
            models[name] = model
    shared = _shared(list(evidence.values()))
    if shared is not None:
        evidence = {name: dataclasses.replace(own, rows=shared[0], what=shared[1]) for name, own in evidence.items()}
    results: dict[str, Results] = {}
    for name, model in models.items():
        with _told(name, missing):
            results[name] = _results(inspect(model, evidence[name]))
    judged = {name: (models[name], evidence[name].judged, results[name]) for name in results}
    contestants = []
    for name, run in runs.items():
        lines = run.lines()
        training, found = summarise(lines), results.get(name)
        contestants.append(Contestant(name, run.path, options[name], lines, training, found, missing.get(name)))
    return Contest(
        contestants=contestants,
        judged=next((found.judged for found in results.values()), None) if shared else None,
        is_one_scale=len({model.scaling_ for model, _, _ in judged.values()}) <= 1,
        rebuilt=_rebuilt(judged) if shared else None,
    )


@contextlib.contextmanager
def _told(name: str, missing: dict[str, str]) -> Iterator[None]:
    """Note under `name` why what stands within could not be done, and go on."""
    try:
        yield
    except LatenteError as error:
        missing[name] = str(error)


def _remembering() -> Callable[..., Images]:
    """Return `open_images`, which opens each set once and then remembers it: generated ones are drawn anew else."""

    @functools.cache
    def opened(source: str) -> Images:
        return open_images(**json.loads(source))

    return lambda **source: opened(json.dumps(source, sort_keys=True))


def _shared(found: Sequence[Evidence]) -> tuple[np.ndarray, str] | None:
    """Which rows of their one judged set count for all, and what to call them; None where there are too few."""
    if not found or len({evidence.judged.fingerprint for evidence in found}) > 1:
        return None
    rows = functools.reduce(np.intersect1d, [evidence.rows for evidence in found])
    if len(rows) < min(FEWEST_SHARED, *(len(evidence.rows) for evidence in found)):
        return None
    names = {evidence.what for evidence in found}
    return rows, names.pop() if len(names) == 1 else "images"


def _results(seen: Inspection) -> Results:
    labels = seen.labels
    knows_classes = labels is not None and (labels >= 0).sum() > 1
    linear = seen.baseline("PCA")
    return Results(
        judged=how_many(seen),
        rows=seen.rows,
        unseen=seen.evidence.unseen,
        is_table=seen.is_table,
        is_worsened=seen.inputs is not None,
        metrics=seen.metrics,
        errors=seen.errors,
        psnrs=seen.psnrs,
        ssims=seen.ssims,
        samples=seen.samples,
        dimensions=seen.codes.shape[1],
        active=None if seen.active is None else int(seen.active.sum()),
        accuracy=knn_accuracy(seen.codes, labels, k=NEIGHBOURS) if labels is not None and knows_classes else None,
        linear=None if linear is None else linear.mse,
    )


def _rebuilt(judged: Mapping[str, tuple[BaseAutoencoder, Images, Results]]) -> Rebuilt | None:
    """Let each run rebuild the same few images, evenly spread from the easiest to the hardest; None for tables."""
    results = [result for _, _, result in judged.values()]
    if not results or results[0].is_table:
        return None
    order = np.argsort(np.mean([result.errors for result in results], axis=0), kind="stable")
    places = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).round().astype(int))]
    originals, by_run = None, {}
    for name, (model, images, result) in judged.items():
        wanted, _, by_run[name] = rebuild(model, plain(images, result.rows[places]))
        originals = wanted if originals is None else originals
    assert originals is not None
    return Rebuilt(originals, places, by_run)
