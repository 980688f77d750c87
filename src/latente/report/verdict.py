"""Is this good, and what now? The answer in plain words, from the figures of a run."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latente.report.inspection import Inspection
from latente.report.latent_space import Novelty

__all__ = ["Training", "Verdict", "decibel_text", "how_many", "judge", "newness", "percent", "quantity", "summarise"]

CLOSE = 0.05  # held-out images nearer to a training image than the rest of them: so near a sample is suspicious


@dataclasses.dataclass(frozen=True)
class Training:
    """How a training went. drop: by which part the best objective fell in the last quarter."""

    epochs: int
    best_epoch: int | None
    best: float | None
    last: float | None
    drop: float | None
    seconds: float | None
    speed: float | None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """level: "good", "fair" or "poor", for the colour. answer: one sentence. reasons, advice: sentences."""

    level: str
    answer: str
    reasons: list[str]
    advice: list[str]


def quantity(value: float) -> str:
    """Return a number for people: four significant digits, thousands set apart."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "–∞" if value < 0 else "not a number"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.2e}"


def summarise(lines: Sequence[Mapping[str, Any]]) -> Training:
    """Read from the metric lines how the training went."""
    judged = [(int(line["epoch"]), float(line["objective"])) for line in lines if line.get("objective") is not None]
    judged = [(epoch, value) for epoch, value in judged if math.isfinite(value)]
    epochs = max((int(line.get("epoch", 0)) for line in lines), default=0)
    seconds = sum(float(line["seconds"]) for line in lines if "seconds" in line) or None
    speeds = [float(line["images_per_second"]) for line in lines if "images_per_second" in line]
    speed = float(np.median(speeds)) if speeds else None
    if not judged:
        return Training(epochs, None, None, None, None, seconds, speed)
    best_epoch, best = min(judged, key=lambda pair: pair[1])
    before = min((value for epoch, value in judged if epoch <= 0.75 * epochs), default=0.0)
    drop = (before - best) / abs(before) if before else None
    return Training(epochs, best_epoch, best, judged[-1][1], drop, seconds, speed)


def judge(seen: Inspection | None, training: Training, run: str) -> Verdict:
    """Say whether the model is any good, why, and what to do next; `run` names the run folder in commands."""
    advice = _advice(seen, training, run)
    if seen is None:
        answer = "Nobody can say yet: the model could not be tried on images."
        return Verdict("fair", answer, _of_training(training), advice)
    level, answer = _answer(seen)
    return Verdict(level, answer, [*_reasons(seen), *_of_training(training)], advice)


def _answer(seen: Inspection) -> tuple[str, str]:
    simple, pca = seen.baseline("the "), seen.baseline("PCA")
    if simple is None or simple.mse == 0:
        return "fair", "It runs; there is nothing simpler at hand to compare it with."
    if seen.mse > 0.95 * simple.mse:
        return "poor", f"No: it does no better than {simple.name}. It has not learned yet."
    part = seen.mse / (simple.mse if pca is None or pca.mse == 0 else pca.mse)
    if pca is None or pca.mse == 0:
        return "good", f"It has learned: it removes {percent(1 - part)} of the error of {simple.name}."
    if part <= 0.95:
        size = f"For {seen.codes.shape[1]:,} numbers per image"
        return "good", f"{size}, yes: its squared error is {percent(part)} of that of PCA with as many."
    if part < 1.05:
        return "fair", f"It has learned, and is on a par with {pca.name}, the best linear code of that size."
    gap = f"its squared error is {f'{part:.2g}' if part < 100 else 'over 100'} times that of {pca.name}"
    if seen.kl is None:
        return "fair", f"It has learned, but a plain method still does better: {gap}."
    return "fair", f"It has learned, though {gap}; part of that is the price of a latent space to draw from."


def _reasons(seen: Inspection) -> list[str]:
    unseen = {
        True: ", which training never saw",
        False: ", for want of others: the figures flatter it",
        None: "",
    }
    found = [f"Measured on {how_many(seen)}{unseen[seen.evidence.unseen]}."]
    if not seen.is_table:
        step = math.sqrt(seen.mse)
        found.append(
            f"Mean PSNR is {decibel_text(seen.psnr)}, with 1.0, the whole range of the data, as the peak. "
            f"A value is typically off by {percent(step)} of it{_grey_levels(seen, step)}. "
            f"{_look(seen.psnr)}"
        )
    simple = seen.baseline("the ")
    if simple is not None and seen.baseline("PCA") is not None and seen.mse < simple.mse:
        found.append(f"It removes {percent(1 - seen.mse / simple.mse)} of the squared error of {simple.name}.")
    if seen.kl is not None and seen.active is not None:
        active, nats = int(seen.active.sum()), quantity(float(seen.kl.sum()))
        found.append(f"{active} of {len(seen.kl)} latent dimensions are in use; together they carry {nats} nats.")
    return found


def how_many(seen: Inspection) -> str:
    """Say on which images, and on how many of them, the figures were measured."""
    count, total = len(seen.rows), len(seen.evidence.rows)
    return f"{count:,} {'of ' + format(total, ',') + ' ' if count < total else ''}{seen.evidence.what}"


def newness(novelty: Novelty) -> str:
    """Say whether samples are new or copies of training images, by the yardstick of held-out images."""
    some = f"{novelty.searched:,} " + (f"of {novelty.learned:,} " if novelty.searched < novelty.learned else "")
    typical = f"A sample is typically {quantity(float(np.median(novelty.distances)))} of the range (root mean square "
    typical += f"per value) from the nearest of {some}training images"
    if novelty.held_out is None:
        return f"{typical}; nothing was held out that would tell whether that is near."
    near = float(np.quantile(novelty.held_out, CLOSE))
    if near == 0:
        return f"{typical}. Held-out images are copies of training images themselves, so that this set tells nothing."
    close, count = int((novelty.distances < near).sum()), len(novelty.distances)
    typical += (
        f", a held-out image {quantity(float(np.median(novelty.held_out)))}; {close} of {count} samples are nearer "
        f"than {percent(1 - CLOSE)} of the held-out images are"
    )
    if close > count / 2:
        return f"These samples look memorised. {typical}."
    if close > count / 4:
        return (
            f"Some of these samples may be copies. {typical}. Blurred images come near without being copies, so "
            "compare them with what stands below them."
        )
    return f"These samples are new, not copies. {typical}."


def decibel_text(value: float) -> str:
    """Return a PSNR with its unit."""
    return f"{value:.1f}\N{NO-BREAK SPACE}dB" if math.isfinite(value) else "∞\N{NO-BREAK SPACE}dB"


def _look(psnr: float) -> str:
    if psnr >= 38:
        return "At that, most eyes see no difference."
    if psnr >= 28:
        return "At that, fine detail is softened and the rest is right."
    if psnr >= 18:
        return "At that, images are recognised at once, but soft."
    return "At that, only coarse shapes come through."


def _grey_levels(seen: Inspection, step: float) -> str:
    dtype = seen.evidence.judged.pixels.dtype
    return f" ({step * 255:.1f} of 255 grey levels)" if dtype == np.uint8 else ""


def percent(part: float) -> str:
    """Return a part of one as a percentage for people."""
    digits = 1 if abs(part) < 0.1 or 0.99 < part < 1 else 0
    return f"{100 * part:.{digits}f}\N{NO-BREAK SPACE}%"


def _of_training(training: Training) -> list[str]:
    if not training.epochs:
        return ["No epoch has ended yet."]
    if training.best is None or training.last is None:
        return ["There was no validation part, so nothing says which epoch was best."]
    epoch = f"epoch {training.best_epoch} of {training.epochs}"
    best = f"The best validation objective, {quantity(training.best)}, came in {epoch}"
    return [best + ("." if training.last == training.best else f"; the last was {quantity(training.last)}.")]


def _advice(seen: Inspection | None, training: Training, run: str) -> list[str]:
    """What to try, most telling first; commands and options stand between backticks."""
    found = []
    if training.drop is not None and training.drop > 0.01 and training.best_epoch == training.epochs:
        found.append(
            f"It was still improving when it stopped (by {percent(training.drop)} over the last quarter): "
            f"go on with `latente resume {run} --epochs {2 * training.epochs}`."
        )
    elif _has_turned(training):
        found.append(
            f"Validation turned up after epoch {training.best_epoch}: it learned by heart. The model kept "
            "is that epoch's; more images, `--dropout` or a smaller network help, `--patience` saves time."
        )
    if seen is None:
        return found
    if seen.active is not None and seen.active.mean() < 0.5:
        found.append(
            "More than half of the latent dimensions are idle. That costs nothing but size; to use them, "
            "lower `--beta`, set `--free-bits` or `--beta-warmup`, or choose a smaller `--latent-dim`."
        )
    pca = seen.baseline("PCA")
    if pca is not None and seen.mse > pca.mse and not found:
        beta = ", or a lower `--beta`" if seen.kl is not None else ""
        found.append(f"To come past PCA: more `--epochs`, wider `--hidden`, `--schedule cosine`{beta}.")
    return found


def _has_turned(training: Training) -> bool:
    if training.best is None or training.last is None or training.best_epoch is None:
        return False
    return training.best_epoch < 0.75 * training.epochs and training.last > training.best + 0.01 * abs(training.best)
