"""The head of a report: who, where and when, the few figures to look at first, and the bars of the comparison."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from latente.estimators.abilities import Classifies
from latente.evidence import Evidence
from latente.report.oddness import oddness_of
from latente.report.training import Training
from latente.report.yardsticks import Yardstick
from latente.words import compact, decibels, duration, figure, percent

__all__ = ["Bar", "KeyFigure", "bars", "facts", "key_figures"]


@dataclasses.dataclass(frozen=True)
class KeyFigure:
    """One figure to look at first."""

    name: str
    value: str
    note: str


@dataclasses.dataclass(frozen=True)
class Bar:
    """An error beside others. width: in per cent of the widest."""

    name: str
    value: str
    width: float
    is_model: bool


def facts(options: Mapping[str, Any], training: Training) -> list[tuple[str, str]]:
    """Who, where and when, for the page's head."""
    rows = [
        ("device", options.get("device")),
        ("started", _moment(options.get("started"))),
        ("trained for", None if training.seconds is None else duration(training.seconds)),
        ("epochs", f"{training.epochs:,}" if training.epochs else None),
        ("latente", options.get("versions", {}).get("latente")),
    ]
    return [(name, str(value)) for name, value in rows if value]


def key_figures(model: object, evidence: Evidence, training: Training) -> list[KeyFigure]:
    """The few figures to look at first, as far as they are known."""
    figures = [
        *_of_reconstructions(evidence),
        *_of_classes(model, evidence),
        *_of_odd(model, evidence),
        *_of_made(evidence),
    ]
    if not figures and training.best is not None:
        figures.append(KeyFigure("Objective", figure(training.best), f"validation, epoch {training.best_epoch}"))
    if evidence.options.get("parameters"):
        figures.append(KeyFigure("Parameters", compact(int(evidence.options["parameters"])), "in all networks"))
    if training.speed:
        figures.append(KeyFigure("Speed", compact(training.speed), "images per second"))
    return figures


def bars(yardstick: Yardstick | None) -> list[Bar]:
    """The model's error below those of simpler methods; none without these."""
    if yardstick is None or not yardstick.baselines:
        return []
    errors = [(baseline.name, baseline.error, False) for baseline in yardstick.baselines]
    errors.append(("this model", yardstick.error, True))
    widest = max(error for _, error, _ in errors) or 1.0
    return [Bar(name, figure(error), max(0.5, 100 * error / widest), is_model) for name, error, is_model in errors]


def _of_reconstructions(evidence: Evidence) -> list[KeyFigure]:
    if "reconstructions" not in evidence.outputs:
        return []
    metrics, codes, originals = evidence.metrics, evidence.outputs.get("codes"), evidence.originals
    figures = []
    if not evidence.is_table:
        figures.append(KeyFigure("PSNR", decibels(metrics["psnr"]), "peak 1.0, mean over images"))
    if codes is None and "input_psnr" in metrics:
        figures.append(KeyFigure("Before", decibels(metrics["input_psnr"]), "PSNR of what it is given"))
    if "ssim" in metrics:
        figures.append(KeyFigure("SSIM", f"{metrics['ssim']:.3f}", "1 is identical"))
    figures.append(KeyFigure("Typical error", percent(math.sqrt(metrics["mse"])), "of the range, root mean square"))
    if "elbo" in metrics:
        error = f", ± {figure(metrics['elbo_error'])}" if "elbo_error" in metrics else ""
        figures.append(KeyFigure("ELBO", figure(metrics["elbo"]), f"nats per image{error}"))
    if codes is not None:
        figures.append(KeyFigure("Latent", f"{codes.shape[1]:,}", f"numbers for {originals[0].size:,} values"))
    return figures


def _of_classes(model: object, evidence: Evidence) -> list[KeyFigure]:
    if not isinstance(model, Classifies) or "probabilities" not in evidence.outputs:
        return []
    probabilities, figures = evidence.outputs["probabilities"], []
    if "accuracy" in evidence.metrics:
        figures.append(KeyFigure("Accuracy", percent(evidence.metrics["accuracy"]), "of the known classes"))
    if "cross_entropy" in evidence.metrics:
        figures.append(KeyFigure("Cross-entropy", figure(evidence.metrics["cross_entropy"]), "nats, mean over images"))
    sure = percent(float(probabilities.max(axis=1).mean()))
    figures.append(KeyFigure("Confidence", sure, "in its answers, mean over images"))
    figures.append(KeyFigure("Classes", f"{probabilities.shape[1]:,}", "that it tells apart"))
    return figures


def _of_made(evidence: Evidence) -> list[KeyFigure]:
    metrics = evidence.metrics
    if "frechet_distance" not in metrics:
        return []
    figures = [KeyFigure("Frechet distance", figure(metrics["frechet_distance"]), "of edges and tones; 0 is the best")]
    notes = {
        "precision": "of the new images look like real ones",
        "recall": "of the real ones look like new ones",
        "coverage": "of the real ones have a new one nearby",
    }
    return figures + [
        KeyFigure(name.capitalize(), percent(metrics[name]), note) for name, note in notes.items() if name in metrics
    ]


def _of_odd(model: object, evidence: Evidence) -> list[KeyFigure]:
    oddness, figures = oddness_of(model, evidence), []
    if oddness is None:
        return []
    if oddness.has_both:
        for name, title, note in (
            ("auroc", "AUROC", "0.5 is chance"),
            ("average_precision", "Average precision", f"{oddness.odd.mean():.3f} is chance"),
        ):
            estimate = oddness.estimate(name)
            low, high = estimate.interval
            figures.append(KeyFigure(title, f"{estimate.value:.3f}", f"{note}; 95 %: {low:.3f} to {high:.3f}"))
    if oddness.alarms is not None:
        promised = "of the normal images" if oddness.promised is None else f"promised {percent(oddness.promised)}"
        figures.append(KeyFigure("False alarms", percent(oddness.alarms), promised))
    if oddness.missed is not None:
        figures.append(KeyFigure("Missed", percent(oddness.missed), "of the odd images"))
    return figures


def _moment(text: object) -> str | None:
    try:
        return datetime.fromisoformat(str(text)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return str(text) if text else None
