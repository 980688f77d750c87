"""The head of a report: who, where and when, the few figures to look at first, and the bars of the comparison."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from latente.estimators.abilities import Classifies
from latente.evidence import Evidence
from latente.languages import Figure, say
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
        (say("device"), options.get("device")),
        (say("started"), _moment(options.get("started"))),
        (say("trained for"), None if training.seconds is None else duration(training.seconds)),
        (say("epochs"), figure(training.epochs) if training.epochs else None),
        ("latente", options.get("versions", {}).get("latente")),
    ]
    return [(name, value if isinstance(value, str) else str(value)) for name, value in rows if value]


def key_figures(model: object, evidence: Evidence, training: Training) -> list[KeyFigure]:
    """The few figures to look at first, as far as they are known."""
    figures = [
        *_of_reconstructions(evidence),
        *_of_classes(model, evidence),
        *_of_odd(model, evidence),
        *_of_made(evidence),
    ]
    if not figures and training.best is not None:
        note = say("validation, epoch {epoch}", epoch=str(training.best_epoch))
        figures.append(KeyFigure(say("Objective"), figure(training.best), note))
    if evidence.options.get("parameters"):
        parameters = compact(int(evidence.options["parameters"]))
        figures.append(KeyFigure(say("Parameters"), parameters, say("in all networks")))
    if training.speed:
        figures.append(KeyFigure(say("Speed"), compact(training.speed), say("images per second")))
    return figures


def bars(yardstick: Yardstick | None) -> list[Bar]:
    """The model's error below those of simpler methods; none without these."""
    if yardstick is None or not yardstick.baselines:
        return []
    errors = [(baseline.name, baseline.error, False) for baseline in yardstick.baselines]
    errors.append((say("this model"), yardstick.error, True))
    widest = max(error for _, error, _ in errors) or 1.0
    return [Bar(name, figure(error), max(0.5, 100 * error / widest), is_model) for name, error, is_model in errors]


def _of_reconstructions(evidence: Evidence) -> list[KeyFigure]:
    if "reconstructions" not in evidence.outputs:
        return []
    metrics, codes, originals = evidence.metrics, evidence.outputs.get("codes"), evidence.originals
    figures = []
    if not evidence.is_table:
        figures.append(KeyFigure("PSNR", decibels(metrics["psnr"]), say("peak 1.0, mean over images")))
    if codes is None and "input_psnr" in metrics:
        figures.append(KeyFigure(say("Before"), decibels(metrics["input_psnr"]), say("PSNR of what it is given")))
    if "ssim" in metrics:
        figures.append(KeyFigure("SSIM", Figure(f"{metrics['ssim']:.3f}"), say("1 is identical")))
    typical = percent(math.sqrt(metrics["mse"]))
    figures.append(KeyFigure(say("Typical error"), typical, say("of the range, root mean square")))
    if "elbo" in metrics:
        note = say("nats per image")
        if "elbo_error" in metrics:
            note = say("nats per image, ± {error}", error=figure(metrics["elbo_error"]))
        figures.append(KeyFigure("ELBO", figure(metrics["elbo"]), note))
    if codes is not None:
        note = say("numbers for {values} values", values=int(originals[0].size))
        figures.append(KeyFigure(say("Latent"), figure(codes.shape[1]), note))
    return figures


def _of_classes(model: object, evidence: Evidence) -> list[KeyFigure]:
    if not isinstance(model, Classifies) or "probabilities" not in evidence.outputs:
        return []
    probabilities, figures = evidence.outputs["probabilities"], []
    if "accuracy" in evidence.metrics:
        figures.append(KeyFigure(say("Accuracy"), percent(evidence.metrics["accuracy"]), say("of the known classes")))
    if "cross_entropy" in evidence.metrics:
        entropy = figure(evidence.metrics["cross_entropy"])
        figures.append(KeyFigure(say("Cross-entropy"), entropy, say("nats, mean over images")))
    sure = percent(float(probabilities.max(axis=1).mean()))
    figures.append(KeyFigure(say("Confidence"), sure, say("in its answers, mean over images")))
    figures.append(KeyFigure(say("Classes"), figure(probabilities.shape[1]), say("that it tells apart")))
    return figures


def _of_made(evidence: Evidence) -> list[KeyFigure]:
    metrics = evidence.metrics
    if "frechet_distance" not in metrics:
        return []
    distance = figure(metrics["frechet_distance"])
    figures = [KeyFigure(say("Frechet distance"), distance, say("of edges and tones; 0 is the best"))]
    notes = {
        "precision": (say("Precision"), say("of the new images look like real ones")),
        "recall": (say("Recall"), say("of the real ones look like new ones")),
        "coverage": (say("Coverage"), say("of the real ones have a new one nearby")),
    }
    return figures + [
        KeyFigure(title, percent(metrics[name]), note) for name, (title, note) in notes.items() if name in metrics
    ]


def _of_odd(model: object, evidence: Evidence) -> list[KeyFigure]:
    oddness, figures = oddness_of(model, evidence), []
    if oddness is None:
        return []
    if oddness.has_both:
        for name, title, chance in (
            ("auroc", "AUROC", "0.5"),
            ("average_precision", say("Average precision"), f"{oddness.odd.mean():.3f}"),
        ):
            estimate = oddness.estimate(name)
            low, high = estimate.interval
            ends = {"chance": Figure(chance), "low": Figure(f"{low:.3f}"), "high": Figure(f"{high:.3f}")}
            note = say("{chance} is chance; 95 %: {low} to {high}", **ends)
            figures.append(KeyFigure(title, Figure(f"{estimate.value:.3f}"), note))
    if oddness.alarms is not None:
        promised = say("of the normal images")
        if oddness.promised is not None:
            promised = say("promised {share}", share=percent(oddness.promised))
        figures.append(KeyFigure(say("False alarms"), percent(oddness.alarms), promised))
    if oddness.missed is not None:
        figures.append(KeyFigure(say("Missed"), percent(oddness.missed), say("of the odd images")))
    return figures


def _moment(text: object) -> str | None:
    try:
        return datetime.fromisoformat(str(text)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return str(text) if text else None
