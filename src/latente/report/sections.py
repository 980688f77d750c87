"""The words and tables of a report, as plain values that its template only has to lay out."""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from latente import metrics
from latente.report.inspection import Inspection
from latente.report.verdict import Training, decibel_text, percent, quantity
from latente.training import TrainingOptions

__all__ = [
    "Tile",
    "bars",
    "compact",
    "data_rows",
    "duration",
    "facts",
    "metric_rows",
    "option_rows",
    "plain",
    "tiles",
    "usage",
]

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


def facts(options: Mapping[str, Any], training: Training) -> list[tuple[str, str]]:
    """Who, where and when, for the page's head."""
    found = [("device", options.get("device")), ("started", _moment(options.get("started")))]
    if training.seconds is not None:
        found.append(("trained for", duration(training.seconds)))
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
        found.append(Tile("Parameters", compact(int(options["parameters"])), "in all networks"))
    if training.speed:
        found.append(Tile("Speed", compact(training.speed), "images per second"))
    return found


def bars(seen: Inspection | None) -> list[tuple[str, str, float, bool]]:
    """Name, value, share of the widest bar (in per cent) and whether it is the model, for the comparison."""
    if seen is None or not seen.baselines:
        return []
    rows = [(baseline.name, baseline.mse, False) for baseline in seen.baselines] + [("this model", seen.mse, True)]
    widest = max(mse for _, mse, _ in rows) or 1.0
    return [(name, quantity(mse), max(0.5, 100 * mse / widest), own) for name, mse, own in rows]


def metric_rows(seen: Inspection) -> list[tuple[str, str, str]]:
    """Name, value and protocol of every metric of the evaluation."""
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
    return [(name, plain(value)) for name, value in rows]


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


def _moment(text: object) -> str | None:
    try:
        return datetime.fromisoformat(str(text)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return str(text) if text else None


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, rest = divmod(int(timedelta(seconds=seconds).total_seconds()), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def compact(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g} {letter}"
    return f"{value:,.0f}"


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def plain(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(plain, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)
