"""Several run folders become one page that sets them side by side, as self-contained as the report of one."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latente import pages
from latente.figures import PALETTE
from latente.formulas import ACTIVE_UNIT_VARIANCE
from latente.images import Images
from latente.languages import Figure, joined, say, speaking
from latente.metrics import PROTOCOLS, PSNR_CEILING
from latente.pages import embedding
from latente.report import charts
from latente.report.contest import Candidate, Contest, Results, hold_contest
from latente.report.page import TEMPLATES
from latente.report.sections.latent import NEIGHBOURS
from latente.report.sections.setup import as_text
from latente.words import decibels, duration, figure, percent

__all__ = ["Cell", "Measure", "answer", "write_comparison"]

BETTER = {
    "psnr": "higher",
    "ssim": "higher",
    "mse": "lower",
    "mae": "lower",
    "bce": "lower",
    "elbo": "higher",
    "accuracy": "higher",
    "cross_entropy": "lower",
}
SURE = 2.0  # standard errors of the mean of paired differences, beyond which a lead is no chance
SAMPLES = 12
NOTHING = "–"
OF_THE_FOLDER = {"out", "verbose"}  # options that say nothing of the model


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one run has in a row of a table."""

    text: str
    is_best: bool = False


@dataclasses.dataclass(frozen=True)
class Measure:
    """One figure or option of all runs. better: "higher", "lower", or "" where neither is. note: its protocol."""

    name: str
    cells: list[Cell]
    better: str = ""
    note: str = ""


def write_comparison(
    runs: Sequence[str | os.PathLike[str]],
    images: Images | None = None,
    out: str | os.PathLike[str] = "comparison.html",
    language: str | None = None,
) -> Path:
    """Write one page that compares the run folders `runs` to `out`, and return its path.

    images: those to judge all by; by default the test part that all have, or what all of them held out of the one
    set that they were trained on. Where there are none in common, each is judged by its own, and the page says so.
    language: of the page, as of `write_report`. Raises InputError where one of `runs` is no run folder or is given
    twice, or of a language that is not known.
    """
    with speaking(language):
        page = _page(hold_contest(runs, images))
        text = pages.lay_out("comparison.html.j2", page, *TEMPLATES)
    return pages.write(Path(out), text)


def _page(contest: Contest) -> dict[str, Any]:
    """All that the template lays out."""
    runs = contest.candidates
    level, sentence = answer(contest)
    metric_rows = [*_metrics(contest), *_latents(runs, contest.judged is not None)]
    return {
        "style": pages.STYLE,
        "runs": [_about(run, k) for k, run in enumerate(runs)],
        "level": level,
        "answer": sentence,
        "notes": _notes(contest),
        "option_rows": _differing(runs),
        "metric_rows": metric_rows,
        "data_range": contest.data_range,
        "protocols": [(row.name, row.note) for row in metric_rows if row.note],
        "cost_rows": _costs(runs),
        "is_shared": contest.judged is not None,
        "histograms": _histograms(runs),
        "peak_note": _peak_note(runs),
        "curves": charts.overlaid({run.name: run.lines for run in runs}),
        "rebuilt": _rebuilt(contest),
        "samples": _samples(runs),
        "versions": runs[0].options.get("versions", {}),
    }


def _about(run: Candidate, k: int) -> dict[str, Any]:
    """Name, colour and origin of a run."""
    data = run.options.get("data", {})
    return {
        "name": run.name,
        "colour": PALETTE[k % len(PALETTE)],
        "what": say("{model} on {images}", model=run.title, images=data.get("name", say("images"))),
        "command": run.options.get("command"),
        "missing": run.missing,
    }


def answer(contest: Contest) -> tuple[str, str]:
    """Return which run is best at what all do, in a sentence with its level ("good", "fair"); a lead may be chance.

    That is decided on the differences from image to image between the best two: a mean within two standard errors
    of zero is no lead.
    """
    measured = {run.name: run.results for run in contest.candidates if run.results is not None}
    if len(measured) < 2:
        return "fair", say("There is nothing to compare yet: fewer than two of these runs could be judged.")
    if contest.judged is None:
        template = "These runs were judged by different images, so that their figures do not compare strictly."
        return "fair", say(template)
    measures = {results.measure for results in measured.values()}
    if len(measures) > 1 or None in measures:
        template = "These models do different things: there is no figure by which one of them is the best."
        return "fair", say(template)
    scores = {name: _scores(results) for name, results in measured.items()}
    first, second = sorted(scores, key=lambda name: -np.nanmean(scores[name]))[:2]
    lead = scores[first] - scores[second]
    lead = lead[np.isfinite(lead)]
    is_classes = measures == {"accuracy"}
    if lead.mean() <= SURE * lead.std() / math.sqrt(len(lead)):
        template = "{first} and {second} rebuild the images equally well: the difference may be chance."
        if is_classes:
            template = "{first} and {second} find the classes equally well: the difference may be chance."
        return "fair", say(template, first=first, second=second)
    mean = float(np.nanmean(scores[first]))
    if is_classes:
        template = "{first} classifies best: {part} right, {points} points more than {second}."
        points = Figure(f"{100 * lead.mean():.1f}")
        return "good", say(template, first=first, part=percent(mean), points=points, second=second)
    if measures == {"mse"}:
        part = percent(measured[first].metrics["mse"] / measured[second].metrics["mse"])
        template = "{first} rebuilds best: its squared error is {part} of that of {second}."
        return "good", say(template, first=first, part=part, second=second)
    template = "{first} rebuilds best: mean PSNR {mean}, {gain} more than {second}."
    return "good", say(template, first=first, mean=decibels(mean), gain=decibels(float(lead.mean())), second=second)


def _scores(results: Results) -> np.ndarray:
    """Each image's figure by which the runs are compared; higher is better."""
    if results.measure == "mse":
        return -results.figures["mse"]
    return np.minimum(results.figures[results.measure or "psnr"], PSNR_CEILING)


def _notes(contest: Contest) -> list[str]:
    """By what the runs were judged, and what to mind in comparing them."""
    measured = [(run.name, run.results) for run in contest.candidates if run.results is not None]
    if contest.judged is not None:
        notes = [say("All are judged by the same {images}.", images=contest.judged)]
    else:
        notes = [say("{name} is judged by {images}.", name=name, images=results.judged) for name, results in measured]
    notes += [
        say("{name} saw these images in training, which flatters it.", name=name)
        for name, results in measured
        if results.is_unseen is False
    ]
    worsened = [name for name, results in measured if results.is_worsened]
    if 0 < len(worsened) < len(measured):
        template = "{names} had to rebuild the images from worsened ones, the others from the images."
        notes.append(say(template, names=_listed(worsened)))
    if not contest.is_one_scale:
        template = "The networks see the values through different scalings, which are the units of their errors."
        notes.append(say(template))
    return notes


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else joined([joined(names[:-1]), names[-1]], "{first} and {second}")


def _differing(runs: Sequence[Candidate]) -> list[Measure]:
    """Every option in which the runs differ, and what they were trained on where that differs."""
    tables = []
    for run in runs:
        data, options = run.options.get("data", {}), run.options["options"]
        tables.append(
            {
                say("model"): run.options.get("model"),
                say("images"): data.get("name"),
                say("fingerprint of the images"): str(data.get("fingerprint", ""))[:12],
                **{name: value for name, value in options.items() if name not in OF_THE_FOLDER},
                "latente": run.options.get("versions", {}).get("latente"),
                say("device used"): run.options.get("device"),
            }
        )
    names = list(dict.fromkeys(name for table in tables for name in table))
    texts = {name: [as_text(table[name]) if name in table else NOTHING for table in tables] for name in names}
    return [Measure(name, [Cell(text) for text in row]) for name, row in texts.items() if len(set(row)) > 1]


def _metrics(contest: Contest) -> list[Measure]:
    """The means of the evaluations; the best is marked where all were judged by the same images."""
    runs = contest.candidates
    names = dict.fromkeys(name for run in runs if run.results is not None for name in run.results.metrics)
    likelihoods = {run.options["options"].get("likelihood") for run in runs if "elbo" in _metrics_of(run)}
    rows = []
    for name in names:
        better = BETTER.get(name, "") if contest.judged is not None else ""
        if name == "elbo" and len(likelihoods) > 1:  # nats of different densities
            better = ""
        values = [_metrics_of(run).get(name) for run in runs]
        rows.append(_row(name, values, better, PROTOCOLS.get(name, "")))
    return rows


def _metrics_of(run: Candidate) -> Mapping[str, float]:
    return {} if run.results is None else run.results.metrics


def _latents(runs: Sequence[Candidate], is_shared: bool) -> list[Measure]:
    """What the codes are worth; rows that no run has anything for are left out."""
    results = [run.results for run in runs]
    accuracy = [None if one is None else one.accuracy for one in results]
    template = "share of images whose {most} nearest neighbours among the codes vote for the right class"
    votes = say(template, most=NEIGHBOURS)
    template = "those whose posterior mean has a variance above {least} (Burda et al. 2016)"
    varies = say(template, least=Figure(f"{ACTIVE_UNIT_VARIANCE:g}"))
    linear = say("mean squared error of PCA with as many numbers, fitted on training images")
    rows = [
        _row(say("k-NN accuracy"), accuracy, "higher" if is_shared else "", votes),
        _row(say("latent dimensions"), [None if one is None else one.dimensions for one in results]),
        _row(say("active dimensions"), [None if one is None else one.active for one in results], "", varies),
        _row(say("mse of PCA"), [None if one is None else one.linear for one in results], "", linear),
    ]
    return [row for row in rows if any(cell.text != NOTHING for cell in row.cells)]


def _costs(runs: Sequence[Candidate]) -> list[Measure]:
    """What the runs took, as far as they got."""
    seconds = [run.training.seconds for run in runs]
    times = [NOTHING if value is None else duration(value) for value in seconds]
    return [
        _row(say("parameters"), [run.options.get("parameters") for run in runs], "lower"),
        _row(say("training time"), seconds, "lower", texts=times),
        _row(say("epochs"), [run.training.epochs for run in runs]),
        _row(say("best epoch"), [run.training.best_epoch for run in runs]),
        _row(say("images per second"), [run.training.speed for run in runs], "higher"),
    ]


def _row(
    name: str,
    values: Sequence[float | None],
    better: str = "",
    note: str = "",
    texts: Sequence[str] | None = None,
) -> Measure:
    """One row, with the best of its values marked where one is better and there are several."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    best = {"higher": max, "lower": min}[better](known) if better and len(set(known)) > 1 else None
    texts = texts or [NOTHING if value is None else figure(value) for value in values]
    cells = [Cell(text, best is not None and value == best) for text, value in zip(texts, values, strict=True)]
    return Measure(name, cells, better, note)


def _histograms(runs: Sequence[Candidate]) -> list[charts.Chart]:
    """PSNR and SSIM of all runs that rebuild pictures, over each other."""
    figures = {run.name: run.results.figures for run in runs if run.results is not None}
    psnrs = {run.name: np.minimum(figures[run.name]["psnr"], PSNR_CEILING) for run in _rebuilding(runs)}
    ssims = {run.name: figures[run.name]["ssim"] for run in _rebuilding(runs) if "ssim" in figures[run.name]}
    histograms = [charts.spread(psnrs, "PSNR", "dB", say("Peak 1.0, the whole range of the data."))] if psnrs else []
    if ssims:
        histograms.append(charts.spread(ssims, "SSIM", "", say("1 is identical.")))
    return histograms


def _rebuilding(runs: Sequence[Candidate]) -> list[Candidate]:
    """The runs that were measured by how well they rebuild pictures."""
    return [run for run in runs if run.results is not None and run.results.measure == "psnr"]


def _peak_note(runs: Sequence[Candidate]) -> str:
    psnrs = [_metrics_of(run)["psnr"] for run in _rebuilding(runs)]
    return charts.peak_note(max(psnrs)) if psnrs else ""


def _rebuilt(contest: Contest) -> dict[str, Any] | None:
    """Per image its original, and per run what it made of that, the PSNR and whether it is the best."""
    rebuilt = contest.rebuilt
    if rebuilt is None:
        return None
    limits = embedding.window(rebuilt.originals)
    originals = embedding.pictures(rebuilt.originals, limits)
    results = {run.name: run.results for run in contest.candidates if run.results is not None}
    pictures = {name: embedding.pictures(images, limits) for name, images in rebuilt.by_run.items()}
    rows = []
    for k, place in enumerate(rebuilt.places):
        psnrs = {name: float(results[name].figures["psnr"][place]) for name in pictures}
        best = max(psnrs.values())
        cells = [(pictures[name][k], decibels(psnr), psnr == best) for name, psnr in psnrs.items()]
        rows.append((originals[k], cells))
    return {"names": list(pictures), "rows": rows}


def _samples(runs: Sequence[Candidate]) -> list[tuple[str, list[str]]]:
    """A few new images of each run that can make some, by name."""
    return [
        (run.name, embedding.pictures(drawn, embedding.window(drawn)))
        for run in runs
        if run.results is not None and run.results.samples is not None
        for drawn in [run.results.samples[:SAMPLES]]
    ]
