"""The sections of a report, as plain values that its template only has to lay out."""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from markupsafe import Markup

from latente import figures, metrics
from latente.report import embedding
from latente.report.inspection import Inspection
from latente.report.verdict import Training, decibel_text, how_many, percent, quantity
from latente.training import TrainingOptions

__all__ = [
    "Case",
    "Tile",
    "bars",
    "cases",
    "data_rows",
    "facts",
    "kl",
    "latent_map",
    "metric_rows",
    "option_rows",
    "samples",
    "tiles",
    "usage",
]

CASES = 6
PROTOCOLS = {
    **metrics.PROTOCOLS,
    "objective": "what training minimises; mean over images",
}
OF_TRAINING = {field.name for field in dataclasses.fields(TrainingOptions)} | {
    "validation",
    "random_state",
    "out",
    "init",
    "verbose",
}


@dataclasses.dataclass(frozen=True)
class Tile:
    """One key figure at the top of the page."""

    name: str
    value: str
    note: str


@dataclasses.dataclass(frozen=True)
class Case:
    """One image beside its reconstruction: (what it shows, data URI) of each picture, and a caption."""

    pictures: list[tuple[str, str]]
    score: str
    note: str


def facts(options: Mapping[str, Any], training: Training) -> list[tuple[str, str]]:
    """Who, where and when, for the page's head."""
    found = [("device", options.get("device")), ("started", _moment(options.get("started")))]
    if training.seconds is not None:
        found.append(("trained for", _duration(training.seconds)))
    if training.epochs:
        found.append(("epochs", f"{training.epochs:,}"))
    found.append(("latente", options.get("versions", {}).get("latente")))
    return [(name, str(value)) for name, value in found if value]


def tiles(seen: Inspection | None, training: Training, options: Mapping[str, Any]) -> list[Tile]:
    """The few figures to look at first."""
    found = []
    if seen is not None:
        if not seen.is_table:
            found.append(Tile("PSNR", decibel_text(seen.psnr), "peak 1.0, mean over images"))
        if "ssim" in seen.metrics:
            found.append(Tile("SSIM", f"{seen.metrics['ssim']:.3f}", "1 is identical"))
        found.append(Tile("Typical error", percent(math.sqrt(seen.mse)), "of the range, root mean square"))
        if "elbo" in seen.metrics:
            found.append(Tile("ELBO", quantity(seen.metrics["elbo"]), "nats per image"))
        found.append(Tile("Latent", f"{seen.codes.shape[1]:,}", f"numbers for {seen.originals[0].size:,} values"))
    elif training.best is not None:
        found.append(Tile("Objective", quantity(training.best), f"validation, epoch {training.best_epoch}"))
    if options.get("parameters"):
        found.append(Tile("Parameters", _compact(int(options["parameters"])), "in all networks"))
    if training.speed:
        found.append(Tile("Speed", _compact(training.speed), "images per second"))
    return found


def bars(seen: Inspection | None) -> list[tuple[str, str, float, bool]]:
    """Name, value, share of the widest bar (in per cent) and whether it is the model, for the comparison."""
    if seen is None or not seen.baselines:
        return []
    rows = [(baseline.name, baseline.mse, False) for baseline in seen.baselines] + [("this model", seen.mse, True)]
    widest = max(mse for _, mse, _ in rows) or 1.0
    return [(name, quantity(mse), max(0.5, 100 * mse / widest), own) for name, mse, own in rows]


def cases(seen: Inspection | None) -> tuple[list[tuple[str, list[Case]]], float]:
    """The best, median and worst reconstructions, each with its error, and the error that is drawn white."""
    if seen is None or seen.is_table:
        return [], 0.0
    order = np.argsort(seen.errors, kind="stable")
    each = min(CASES if max(seen.originals.shape[2:]) <= 64 else 4, len(order) // 3)
    if each == 0:
        groups = [("All, best first", order)]
    else:
        middle = (len(order) - each) // 2
        groups = [
            ("Best", order[:each]),
            ("Median", order[middle : middle + each]),
            ("Worst", order[-each:][::-1]),
        ]
    chosen = np.concatenate([rows for _, rows in groups])
    limits = embedding.window(seen.originals)
    columns = {"original": embedding.pictures(seen.originals[chosen], limits)}
    if seen.inputs is not None:
        columns["input"] = embedding.pictures(seen.inputs[chosen], limits)
    columns["reconstruction"] = embedding.pictures(seen.reconstructions[chosen], limits)
    columns["error"], peak = embedding.error_maps(seen.originals[chosen], seen.reconstructions[chosen])
    made = []
    for k, i in enumerate(chosen):
        shown = [(name, uris[k]) for name, uris in columns.items()]
        made.append(Case(shown, decibel_text(float(seen.psnrs[i])), _case_note(seen, int(i))))
    following = iter(made)
    return [(name, [next(following) for _ in rows]) for name, rows in groups], peak


def samples(seen: Inspection | None) -> list[str]:
    """Images drawn from the prior, as data URIs."""
    if seen is None or seen.samples is None:
        return []
    return embedding.pictures(seen.samples, embedding.window(seen.originals))


def latent_map(seen: Inspection | None) -> tuple[Markup, str] | None:
    """The map of the codes and how it was made; None for less than three points."""
    if seen is None or len(seen.points) < 3:
        return None
    dimensions = seen.codes.shape[1]
    if dimensions == 2:
        how, axes = "the two latent dimensions as they are", ("dimension 1", "dimension 2")
    elif dimensions == 1:
        how, axes = "the one latent dimension", ("dimension 1", "")
    else:
        axes = ("first component", "second component")
        share = f"{percent(seen.share)} of their variance"
        how = f"the two main directions (PCA) of {dimensions:,} latent dimensions, {share}"
    figure = figures.latent_map(seen.points, seen.labels, seen.evidence.judged.label_names, axes)
    return embedding.svg(figure, "map"), f"{how_many(seen)}; {how}."


def kl(seen: Inspection | None) -> tuple[Markup, int, int] | None:
    """The bars of KL per dimension, how many dimensions are active, and of how many."""
    if seen is None or seen.kl is None or seen.active is None:
        return None
    figure = figures.kl_bars(seen.kl, seen.active)
    return embedding.svg(figure, "kl"), int(seen.active.sum()), len(seen.kl)


def metric_rows(seen: Inspection | None) -> list[tuple[str, str, str]]:
    """Name, value and protocol of every metric of the evaluation."""
    if seen is None:
        return []
    return [(name, quantity(value), PROTOCOLS.get(name, "")) for name, value in seen.metrics.items()]


def data_rows(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the model was trained on."""
    rows = [
        ("set", data.get("name")),
        ("images", _count(data.get("count"))),
        ("for training", _count(data.get("train_count"))),
        ("for validation", _count(data.get("validation_count"))),
        ("shape", " × ".join(map(str, data.get("shape") or ()))),
        ("stored as", data.get("dtype")),
        ("columns", ", ".join(data.get("columns") or ())),
        ("classes", len(data.get("label_names") or ()) or None),
        (
            "opened with",
            json.dumps(data["source"], ensure_ascii=False) if data.get("source") else "an array in memory",
        ),
        ("fingerprint", data.get("fingerprint")),
    ]
    return [(name, str(value)) for name, value in rows if value not in (None, "")]


def option_rows(options: Mapping[str, Any], training: bool) -> list[tuple[str, str]]:
    """The options of the training, or those of the model."""
    rows = [(name, value) for name, value in options.items() if (name in OF_TRAINING) == training]
    return [(name, _plain(value)) for name, value in rows]


def usage(path: str, options: Mapping[str, Any], training: Training) -> list[tuple[str, str]]:
    """What to do with the model in the run folder `path`: a purpose, and the commands for it."""
    run, source = shlex.quote(path), (options.get("data", {}).get("source") or {}).get("source")
    images = shlex.quote(str(source)) if source else "IMAGES"
    kind = "VariationalAutoencoder" if options.get("model") == "vae" else "Autoencoder"
    python = (
        f"from latente import {kind}",
        "",
        f"model = {kind}.load({path!r})",
        "codes = model.encode(images)",
        "again = model.decode(codes)",
    )
    return [
        ("Reconstruct images", f"latente reconstruct {run} {images} --out reconstructed"),
        ("Draw new images", f"latente sample {run} -n 64 --out samples.png"),
        ("Get the codes", f"latente encode {run} {images} --out codes.npz"),
        ("Measure it on other images", f"latente evaluate {run} IMAGES --json"),
        ("Train it further", f"latente resume {run} --epochs {2 * max(1, training.epochs)}"),
        ("Use it from Python", "\n".join(python)),
    ]


def _case_note(seen: Inspection, i: int) -> str:
    """Which image it is: its class, where it has one, and its place in the set."""
    judged, row = seen.evidence.judged, int(seen.rows[i])
    parts = [f"MSE {quantity(float(seen.errors[i]))}"]
    if seen.labels is not None and seen.labels[i] >= 0:
        label = int(seen.labels[i])
        parts.append(str(judged.label_names[label]) if label < len(judged.label_names) else f"class {label}")
    return " · ".join([*parts, f"#{row:,}"])


def _moment(text: object) -> str | None:
    try:
        return datetime.fromisoformat(str(text)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return str(text) if text else None


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, rest = divmod(int(timedelta(seconds=seconds).total_seconds()), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _compact(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g} {letter}"
    return f"{value:,.0f}"


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def _plain(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_plain, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)
