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
from latente.estimators.abilities import Classifies, Encodes, Reconstructs, Restores
from latente.evidence import Evidence, open_evidence
from latente.images import Images, open_images
from latente.languages import recognised, say
from latente.latents import knn_accuracy
from latente.report.sections.latent import NEIGHBOURS
from latente.report.sections.samples import draw_samples
from latente.report.training import Training, summarise
from latente.report.verdicts import how_many
from latente.report.yardsticks import find_yardstick
from latente.training import Run

__all__ = ["Candidate", "Contest", "Rebuilt", "Results", "hold_contest", "open_runs"]

FEWEST_SHARED = 30  # held-out images in common, below which each run is judged by its own
EXAMPLES = 8


@dataclasses.dataclass(frozen=True)
class Results:
    """What was measured of one run, without images by the thousand.

    judged: on which images, in words. rows: these. metrics: means, as the model's own evaluation has them. figures:
    each image's, (N,). measure: the figure by which the model is compared with others of its kind: "psnr", "mse" (of
    tables) or "accuracy"; None where there is none. accuracy: of k nearest neighbours in the latent space; None without
    classes. active: how many of the `dimensions` are in use; None without a posterior. linear: the mean squared error
    of PCA with as many numbers, where it could be had.
    """

    judged: str
    rows: np.ndarray
    is_unseen: bool | None
    is_worsened: bool
    metrics: Mapping[str, float]
    figures: Mapping[str, np.ndarray]
    measure: str | None
    samples: np.ndarray | None
    dimensions: int | None
    active: int | None
    accuracy: float | None
    linear: float | None


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One of the runs. name: what the page calls it. title: its kind of model. missing: why there are no results."""

    name: str
    path: Path
    title: str
    options: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
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

    is_one_scale: whether all the networks see the images through the same scaling; data_range: what that scales to 0
    and 1, in words.
    """

    candidates: list[Candidate]
    judged: str | None
    is_one_scale: bool
    data_range: str | None
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
    opening = _remembering()
    gathered: dict[str, Evidence] = {}
    missing: dict[str, str] = {}
    for name, run in runs.items():
        with _told(name, missing):
            gathered[name] = open_evidence(run, estimators.load(run.path), images, opening)
    shared = _shared(list(gathered.values()))
    if shared is not None:
        gathered = {name: evidence.narrowed(*shared) for name, evidence in gathered.items()}
    results: dict[str, Results] = {}
    for name, evidence in gathered.items():
        with _told(name, missing):
            # of evidence that is forgotten again, with all the images in it
            results[name] = _results(dataclasses.replace(evidence))
    candidates = []
    for name, run in runs.items():
        evidence = gathered.get(name) or Evidence(None, options=run.options(), lines=run.lines(), path=run.path)
        lines, options = evidence.lines, evidence.options
        summary = summarise(lines)
        row = (name, run.path, evidence.title, options, lines, summary, results.get(name), missing.get(name))
        candidates.append(Candidate(*row))
    judged = {name: (gathered[name], results[name]) for name in results}
    scalings = {evidence.model.scaling_ for evidence, _ in judged.values()}
    return Contest(
        candidates=candidates,
        judged=next((one.judged for one in results.values()), None) if shared else None,
        is_one_scale=len(scalings) <= 1,
        data_range=next(iter(scalings)).range_in_words if len(scalings) == 1 else None,
        rebuilt=_rebuilt(judged) if shared else None,
    )


@contextlib.contextmanager
def _told(name: str, missing: dict[str, str]) -> Iterator[None]:
    """Note under `name` why what stands within could not be done, and go on."""
    try:
        yield
    except LatenteError as error:
        missing[name] = recognised(str(error))


def _remembering() -> Callable[..., Images]:
    """Return `open_images`, which opens each set once and then remembers it: generated ones are drawn anew else."""

    @functools.cache
    def opened(source: str) -> Images:
        return open_images(**json.loads(source))

    return lambda **source: opened(json.dumps(source, sort_keys=True))


def _shared(gathered: Sequence[Evidence]) -> tuple[np.ndarray, str] | None:
    """Which rows of their one judged set count for all, and what to call them; None where there are too few."""
    selections = [evidence.judged for evidence in gathered if evidence.judged is not None]
    if not selections or len({selection.images.fingerprint for selection in selections}) > 1:
        return None
    rows = functools.reduce(np.intersect1d, [selection.rows for selection in selections])
    if len(rows) < min(FEWEST_SHARED, *map(len, selections)):
        return None
    names = {selection.name for selection in selections}
    return rows, names.pop() if len(names) == 1 else say("images")


def _results(evidence: Evidence) -> Results:
    model, labels, codes = evidence.model, evidence.labels, evidence.outputs.get("codes")
    yardstick = find_yardstick(model, evidence)
    linear = None if yardstick is None else yardstick.baseline("PCA")
    codes = codes if isinstance(model, Encodes) else None
    assert evidence.measured is not None
    return Results(
        judged=how_many(evidence),
        rows=evidence.measured.rows,
        is_unseen=evidence.is_unseen,
        is_worsened=evidence.inputs is not None,
        metrics=evidence.metrics,
        figures=evidence.figures,
        measure=_measure(evidence),
        samples=draw_samples(model, evidence),
        dimensions=None if codes is None else codes.shape[1],
        active=None if evidence.latent_use is None else int(evidence.latent_use[1].sum()),
        accuracy=None if codes is None or labels is None else knn_accuracy(codes, labels, k=NEIGHBOURS),
        linear=None if linear is None else linear.error,
    )


def _measure(evidence: Evidence) -> str | None:
    """By which figure the model is compared with others of its kind."""
    if isinstance(evidence.model, Classifies) and "accuracy" in evidence.metrics:
        return "accuracy"
    if isinstance(evidence.model, Reconstructs | Restores) and "reconstructions" in evidence.outputs:
        return "mse" if evidence.is_table else "psnr"
    return None


def _rebuilt(judged: Mapping[str, tuple[Evidence, Results]]) -> Rebuilt | None:
    """Let each run rebuild the same few images, evenly spread from the easiest to the hardest; None for tables."""
    rebuilding = {name: pair for name, pair in judged.items() if pair[1].measure == "psnr"}
    if not rebuilding:
        return None
    errors = np.mean([results.figures["mse"] for _, results in rebuilding.values()], axis=0)
    places = np.argsort(errors, kind="stable")
    places = places[np.unique(np.linspace(0, len(places) - 1, EXAMPLES).round().astype(int))]
    by_run, originals = {}, None
    for name, (evidence, results) in rebuilding.items():
        few = evidence.narrowed(results.rows[places], results.judged)
        by_run[name] = few.outputs["reconstructions"]
        originals = few.originals if originals is None else originals
    assert originals is not None
    return Rebuilt(originals, places, by_run)
