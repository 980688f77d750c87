"""Is this good, and what now? The answer in plain words, by what a model can do."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping

import numpy as np

from latente.estimators.abilities import Classifies, Detects, Reconstructs, Restores, Stylises, classes_of
from latente.evidence import Evidence
from latente.objectives import players_of
from latente.report.advice import advise, copies
from latente.report.looks import look
from latente.report.oddness import oddness_of
from latente.report.training import Training
from latente.report.yardsticks import FLOOR, LARGEST, NEAREST, NORMAL, Yardstick
from latente.words import count, decibels, figure, percent

__all__ = ["Verdict", "how_many", "judge", "name_of_class", "name_of_judged"]

HALF = 0.5  # of the error of the simplest alternative: a model that leaves more of it has not learned much
GOOD_AUROC = 0.9  # of a detector, below which it misses much
COVERED = 0.25  # of the real images: a model that covers less leaves out whole kinds
LITTLE = 0.3  # dB over its input, below which a restorer gives nothing that anybody sees
PAINTED = 0.8  # of the way from a photograph to a style
SIGMAS = 2.0  # standard errors by which an accuracy must exceed that of the largest class, to be no chance


@dataclasses.dataclass(frozen=True)
class Verdict:
    """level: "good", "fair" or "poor", for the colour. answer: one sentence. reasons, advice: sentences."""

    level: str
    answer: str
    reasons: list[str]
    advice: list[str]


def judge(model: object, evidence: Evidence, yardstick: Yardstick | None, training: Training, run: str) -> Verdict:
    """Say whether the model is any good, why, and what to do next; `run` names the run folder in commands.

    Where the answer is anything but good there is advice.
    """
    if evidence.judged is None or model is None:
        answer = "Nobody can say yet: the model could not be tried on images."
        return Verdict("fair", answer, _of_training(training), advise(model, evidence, None, training, run, "fair"))
    reasons = [_measured_on(evidence)]
    level, answer = "fair", "It runs; this page has no yardstick for such a model but its own figures."
    if yardstick is not None and isinstance(model, Classifies):
        level, answer = _answer_on_classes(evidence, yardstick)
        reasons += _reasons_on_classes(model, evidence)
    elif isinstance(model, Detects):
        level, answer = _answer_on_odd(model, evidence, yardstick)
        reasons += _reasons_on_odd(model, evidence)
    elif yardstick is not None and isinstance(model, Reconstructs):
        level, answer = _answer_on_reconstructions(evidence, yardstick, training)
        reasons += _reasons_on_reconstructions(evidence, yardstick)
    elif yardstick is not None and isinstance(model, Restores):
        level, answer = _answer_on_restoration(evidence, yardstick)
        reasons += _reasons_on_restoration(model, evidence, yardstick)
    elif yardstick is not None and "frechet_distance" in evidence.metrics:
        level, answer = _answer_on_made(evidence, yardstick)
        reasons += _reasons_on_made(evidence, yardstick)
    elif isinstance(model, Stylises) and "closed" in evidence.metrics:
        level, answer = _answer_on_painting(evidence.metrics["closed"])
        reasons.append(
            "The way is the squared distance between the Gram matrices of photographs and those of the training's "
            "styles; none of it is the photograph as it was."
        )
    if level == "good" and evidence.is_unseen is False:
        level, answer = "fair", f"Nobody can say of new images. Of those that it learned from: {answer}"
    advice = advise(model, evidence, yardstick, training, run, level)
    if "epochs" in evidence.options.get("options", ("epochs",)):
        reasons += _of_training(training)
    return Verdict(level, answer, reasons, advice)


def how_many(evidence: Evidence) -> str:
    """Say on which images, and on how many of them, the figures were measured."""
    judged, measured = evidence.judged, evidence.measured
    assert judged is not None
    assert measured is not None
    if len(measured) < len(judged):
        return f"{len(measured):,} of {len(judged):,} {name_of_judged(evidence)}"
    name = name_of_judged(evidence)
    if len(judged) == 1:
        name = re.sub(r"(image|row)s", r"\1", name)
    return f"{len(judged):,} {name}"


def name_of_judged(evidence: Evidence) -> str:
    """Return what to call the judged images in a sentence; those of a table are rows."""
    assert evidence.judged is not None
    return evidence.judged.name.replace("images", "rows") if evidence.is_table else evidence.judged.name


def name_of_class(names: tuple[str, ...], classes: np.ndarray, position: int) -> str:
    """Return what the set, else the model, calls the class at a position among the model's `classes`."""
    label = classes[position]
    is_number = isinstance(label, int | np.integer)
    return str(names[int(label)]) if is_number and 0 <= int(label) < len(names) else str(label)


def _measured_on(evidence: Evidence) -> str:
    ends = {True: ", which training never saw", False: ", for want of others: the figures flatter it", None: ""}
    window = getattr(evidence.model, "window_", None)
    part = "" if window is None or evidence.is_table else f" Of each, the middle {' × '.join(map(str, window))} pixels."
    return f"Measured on {how_many(evidence)}{ends[evidence.is_unseen]}.{part}"


# -- reconstruction


def _answer_on_reconstructions(evidence: Evidence, yardstick: Yardstick, training: Training) -> tuple[str, str]:
    error, simple, pca = yardstick.error, yardstick.simple, yardstick.pca
    if simple is None or simple.error == 0:
        return "fair", "It runs; there is nothing simpler at hand to compare it with."
    if error > 0.95 * simple.error:
        return "poor", f"No: it does no better than {simple.name}. It has not learned yet."
    left, numbers = percent(error / simple.error), evidence.outputs["codes"].shape[1]
    if copies(evidence):
        values = evidence.originals[0].size
        return "fair", f"It copies: its code has {numbers:,} numbers for {values:,} values, so that this is no feat."
    if training.best_epoch == 0:
        plain = "a plain formula that needs no training"
        return "fair", f"It works, but training added nothing: PCA, {plain} and that it started from, does as well."
    part = error / (simple.error if pca is None or pca.error == 0 else pca.error)
    if pca is None or pca.error == 0:
        if part > HALF:
            return "fair", f"It has learned something, but {left} of the error of {simple.name} are left."
        return "good", f"Yes: it removes {percent(1 - part)} of the error of {simple.name}."
    if part < 1.05 and part > 0.95:
        return "fair", f"It has learned, and is on a par with {pca.name}, a plain formula that needs no training."
    if part > 1:
        gap = f"its squared error is {f'{part:.2g}' if part < 100 else 'over 100'} times that of {pca.name}"
        if evidence.latent_use is None:
            return "fair", f"It has learned, but a plain method still does better: {gap}."
        return "fair", f"It has learned, though {gap}; part of that is the price of a latent space to draw from."
    if evidence.inputs is not None:
        return (
            "good",
            f"Yes: it leaves {left} of the error of {simple.name}, and {percent(part)} of that of {pca.name}.",
        )
    size = f"{numbers:,} numbers per {'row' if evidence.is_table else 'image'}"
    return "good", f"For {size}, yes: its squared error is {percent(part)} of that of PCA with as many."


def _reasons_on_reconstructions(evidence: Evidence, yardstick: Yardstick) -> list[str]:
    reasons = []
    if not evidence.is_table:
        step, psnr = math.sqrt(yardstick.error), evidence.metrics["psnr"]
        reasons.append(
            f"Mean PSNR is {decibels(psnr)}, with 1.0, the whole range of the data, as the peak. "
            f"A value is typically off by {percent(step)} of it{_grey_levels(evidence, step)}."
        )
    if (eye := look(evidence)) is not None:
        reasons.append(eye)
    simple = yardstick.simple
    if simple is not None and yardstick.pca is not None and yardstick.error < simple.error:
        part = 1 - yardstick.error / simple.error
        reasons.append(f"It removes {percent(part)} of the squared error of {simple.name}.")
    if evidence.latent_use is not None:
        kl, active = evidence.latent_use
        nats = figure(float(kl.sum()))
        reasons.append(f"{active.sum()} of {len(kl)} latent dimensions are in use; together they carry {nats} nats.")
    return reasons


def _grey_levels(evidence: Evidence, step: float) -> str:
    is_bytes = evidence.judged is not None and evidence.judged.images.dtype == np.uint8
    return f" ({step * 255:.1f} of 255 grey levels)" if is_bytes else ""


# -- restoration


def _answer_on_restoration(evidence: Evidence, yardstick: Yardstick) -> tuple[str, str]:
    metrics, simple = evidence.metrics, yardstick.simple
    if simple is None or "input_psnr" not in metrics:
        return "fair", f"It runs: {decibels(metrics['psnr'])}; there is nothing simpler at hand to compare it with."
    gain = metrics["psnr"] - metrics["input_psnr"]
    beside = f"{decibels(metrics['psnr'])} PSNR, where {simple.name} has {decibels(metrics['input_psnr'])}"
    if gain <= 0:
        return "poor", f"No: what it makes of pictures is no better than what it is given: {beside}."
    if gain < LITTLE:
        return "fair", f"A little, and less than anybody sees: {beside}."
    return "good", f"Yes: {beside}."


def _reasons_on_restoration(model: object, evidence: Evidence, yardstick: Yardstick) -> list[str]:
    reasons, figures, simple = [], evidence.figures, yardstick.simple
    if simple is not None and 0 < yardstick.error < simple.error:
        reasons.append(
            f"It removes {percent(1 - yardstick.error / simple.error)} of the squared error of {simple.name}."
        )
    if simple is not None and "input_psnr" in figures:
        worse = int((figures["psnr"] < figures["input_psnr"]).sum())
        some = f"{worse:,} of {len(figures['psnr']):,} pictures come out worse than they went in"
        reasons.append(f"{some if worse else 'No picture comes out worse than it went in'}.")
    corruption = getattr(model, "corruption", None)
    if corruption is not None:
        reasons.append(f"It was tried on what {corruption} makes of pictures, as it learned; on others nobody knows.")
    return reasons


# -- classification


def _answer_on_classes(evidence: Evidence, yardstick: Yardstick) -> tuple[str, str]:
    right, simple = f"it names {percent(1 - yardstick.error)} of the classes right", yardstick.baseline(LARGEST)
    if simple is None or simple.error == 0:
        return "fair", f"{right[:1].upper()}{right[1:]}; there is nothing simpler at hand to compare it with."
    chance = math.sqrt(simple.error * (1 - simple.error) / max(1, _known(evidence)))
    always = f"always answering the largest class would name {percent(1 - simple.error)}"
    if simple.error - yardstick.error <= SIGMAS * chance:
        return "poor", f"No: {right}, and {always}. It has not learned yet."
    plain = yardstick.baseline(NEAREST)
    if plain is not None and yardstick.error > plain.error:
        means = f"the nearest class mean of the {'features' if evidence.is_table else 'pixels'}"
        return "fair", f"It has learned, but a plain method does better: {right}, {means} {percent(1 - plain.error)}."
    if yardstick.error > simple.error / 2:
        return "fair", f"It has learned: {right}, where {always}; more than half of that one's errors are left."
    return "good", f"Yes: {right}, where {always}."


def _reasons_on_classes(model: Classifies, evidence: Evidence) -> list[str]:
    probabilities, accuracy = evidence.outputs["probabilities"], evidence.metrics["accuracy"]
    answers, labels = probabilities.argmax(axis=1), evidence.outputs["labels"]
    known = labels >= 0
    confidence = float(probabilities[known].max(axis=1).mean())
    reasons = [f"It is {percent(confidence)} sure of its answers on the average, and right in {percent(accuracy)}."]
    wrong = known & (answers != labels)
    if not wrong.any():
        return [*reasons, "It is wrong in none."]
    pairs, counts = np.unique(np.stack([labels[wrong], answers[wrong]]), axis=1, return_counts=True)
    assert evidence.judged is not None
    names = evidence.judged.images.label_names
    true, answer = (name_of_class(names, classes_of(model), int(place)) for place in pairs[:, counts.argmax()])
    times = count(int(counts.max()), "time")
    reasons.append(
        f"It is wrong in {wrong.sum():,} of {known.sum():,}, most often with {true} taken for {answer}, {times}."
    )
    return reasons


def _known(evidence: Evidence) -> int:
    return 0 if evidence.labels is None else int((evidence.labels >= 0).sum())


# -- detection


def _answer_on_odd(model: Detects, evidence: Evidence, yardstick: Yardstick | None) -> tuple[str, str]:
    oddness = oddness_of(model, evidence)
    if oddness is None or not oddness.has_both or yardstick is None:
        scores = -evidence.outputs["scores"]
        taken = f"it takes {percent(float((scores > model.threshold_).mean()))} of {how_many(evidence)} for odd"
        return "fair", f"{taken[:1].upper()}{taken[1:]}; what it finds nobody can say without images known to be odd."
    area = oddness.estimate("auroc")
    low, high = area.interval
    found = f"AUROC {area.value:.3f}, 95 % interval {low:.3f} to {high:.3f}"
    if low <= HALF:
        return "poor", f"No: it finds odd images hardly odder than normal ones ({found}; 0.5 is chance)."
    best = min(yardstick.baselines, key=lambda baseline: baseline.error, default=None)
    beside = "" if best is None else f"; {best.name} alone reaches {1 - best.error:.3f}"
    if best is not None and best.error <= yardstick.error and yardstick.error > 0:
        return "fair", f"It finds odd images, but something plain does as well or better: {found}{beside}."
    if area.value < GOOD_AUROC:
        return "fair", f"It finds odd images, but far from all of them: {found}{beside}."
    return "good", f"Yes: {found}{beside}."


def _reasons_on_odd(model: Detects, evidence: Evidence) -> list[str]:
    oddness = oddness_of(model, evidence)
    if oddness is None:
        return []
    reasons = []
    if oddness.alarms is not None:
        promised = "" if oddness.promised is None else f", where {percent(oddness.promised)} were promised"
        normal = count(int((~oddness.odd).sum()), "normal image")
        reasons.append(f"At its threshold it takes {percent(oddness.alarms)} of {normal} for odd{promised}.")
    if oddness.missed is not None:
        reasons.append(f"It misses {percent(oddness.missed)} of {count(int(oddness.odd.sum()), 'odd image')}.")
    if oddness.has_both:
        precision, base = oddness.estimate("average_precision"), float(oddness.odd.mean())
        reasons.append(f"The average precision is {precision.value:.3f}, where {base:.3f} of the images are odd.")
        kinds = oddness.kinds()
        if len(kinds) > 1:
            best, worst = (f"{kind.name} ({kind.auroc:.3f})" for kind in (kinds[-1], kinds[0]))
            reasons.append(f"Of the kinds it tells {best} best and {worst} worst, by AUROC.")
    return reasons


# -- new images


def _answer_on_made(evidence: Evidence, yardstick: Yardstick) -> tuple[str, str]:
    floor, normal, coverage = yardstick.baseline(FLOOR), yardstick.baseline(NORMAL), evidence.metrics.get("coverage")
    beside = [f"{baseline.name} {figure(baseline.error)}" for baseline in (floor, normal) if baseline is not None]
    found = f"their Frechet distance to real ones is {figure(yardstick.error)}"
    found += f", where {' and '.join(beside)} have" if beside else ""
    if normal is not None and yardstick.error >= normal.error:
        return "poor", f"No: new images are less like real ones than noise with their mean and covariance: {found}."
    if coverage is not None and coverage < COVERED:
        return "fair", f"It makes new images, but only some kinds of them ({percent(coverage)} are covered): {found}."
    if normal is not None and yardstick.error > HALF * normal.error:
        return "fair", f"It makes new images that only begin to look real: {found}."
    return "good", f"Yes, as a crowd; look at them below: {found}."


def _reasons_on_made(evidence: Evidence, yardstick: Yardstick) -> list[str]:
    metrics = evidence.metrics
    if "precision" not in metrics:
        return ["There are too few images to say which of them are covered."]
    return [_overlap(metrics), *_of_players(evidence)]


def _overlap(metrics: Mapping[str, float]) -> str:
    precision, recall, coverage = (percent(metrics[name]) for name in ("precision", "recall", "coverage"))
    return (
        f"{precision} of the new images look like real ones (precision), {recall} of the real ones like new ones "
        f"(recall); {coverage} of the real ones have a new one among their nearest (coverage)."
    )


def _of_players(evidence: Evidence) -> list[str]:
    """Say who is ahead at the end of a training of two players; nothing where there are not two."""
    if (players := players_of(evidence.lines)) is None:
        return []
    right = f"{percent(players.real_right)} of the real and {percent(players.made_right)} of the new images right"
    return [f"At the end the critic got {right}; half of each is a draw."]


# -- pictures in a style


def _answer_on_painting(closed: float) -> tuple[str, str]:
    way = f"{percent(max(0.0, closed))} of the way from photograph to style"
    if closed >= PAINTED:
        return "good", f"Yes, by its figures; look at what it paints below: it goes {way}."
    if closed >= HALF:
        return "fair", f"It takes over colours and some texture: it goes {way}."
    return "poor", f"Hardly: it goes {way}."


# -- training


def _of_training(training: Training) -> list[str]:
    if not training.epochs:
        return ["No epoch has ended yet."]
    if training.best is None or training.last is None:
        return ["There was no validation part, so nothing says which epoch was best."]
    if training.best_epoch == 0:
        return ["No epoch bettered the start, the principal components of the training images: they are the model."]
    epoch = f"epoch {training.best_epoch} of {training.epochs}"
    best = f"The best validation objective, {figure(training.best)}, came in {epoch}"
    return [best + ("." if training.last == training.best else f"; the last was {figure(training.last)}.")]
