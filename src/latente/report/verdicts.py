"""Is this good, and what now? The answer in plain words, by what a model can do."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from latente.estimators.abilities import Classifies, Detects, Reconstructs, Restores, Stylises, classes_of
from latente.evidence import Evidence
from latente.languages import LANGUAGES, Figure, joined, say, translated
from latente.objectives import players_of
from latente.report.advice import advise, copies
from latente.report.looks import look
from latente.report.oddness import oddness_of
from latente.report.training import Training
from latente.report.yardsticks import FLOOR, LARGEST, NEAREST, NORMAL, Baseline, Yardstick
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

    def spoken(self, language: str) -> Verdict:
        """Return the same verdict in a language."""
        reasons, advice = ([translated(text, language) for text in texts] for texts in (self.reasons, self.advice))
        return Verdict(self.level, translated(self.answer, language), reasons, advice)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict in English, and under the code of each other language its sentences in that one."""
        others = {language: dataclasses.asdict(self.spoken(language)) for language in LANGUAGES[1:]}
        return {**dataclasses.asdict(self), **others}


def judge(model: object, evidence: Evidence, yardstick: Yardstick | None, training: Training, run: str) -> Verdict:
    """Say whether the model is any good, why, and what to do next; `run` names the run folder in commands.

    Where the answer is anything but good there is advice.
    """
    if evidence.judged is None or model is None:
        answer = say("Nobody can say yet: the model could not be tried on images.")
        return Verdict("fair", answer, _of_training(training), advise(model, evidence, None, training, run, "fair"))
    reasons = [_measured_on(evidence)]
    level, answer = "fair", say("It runs; this page has no yardstick for such a model but its own figures.")
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
        template = (
            "The way is the squared distance between the Gram matrices of photographs and those of the training's "
            "styles; none of it is the photograph as it was."
        )
        reasons.append(say(template))
    if level == "good" and evidence.is_unseen is False:
        level, answer = (
            "fair",
            say("Nobody can say of new images. Of those that it learned from: {answer}", answer=answer),
        )
    advice = advise(model, evidence, yardstick, training, run, level)
    if "epochs" in evidence.options.get("options", ("epochs",)):
        reasons += _of_training(training)
    return Verdict(level, answer, reasons, advice)


def how_many(evidence: Evidence) -> str:
    """Say on which images, and on how many of them, the figures were measured."""
    judged, measured = evidence.judged, evidence.measured
    assert judged is not None
    assert measured is not None
    name = name_of_judged(evidence)
    if len(measured) < len(judged):
        return say("{some} of {all} {name}", some=len(measured), all=len(judged), name=name)
    if len(judged) == 1:
        name = say(re.sub(r"(image|row)s", r"\1", name))
    return say("{all} {name}", all=len(judged), name=name)


def name_of_judged(evidence: Evidence) -> str:
    """Return what to call the judged images in a sentence; those of a table are rows."""
    assert evidence.judged is not None
    return say(evidence.judged.name.replace("images", "rows") if evidence.is_table else evidence.judged.name)


def name_of_class(names: tuple[str, ...], classes: np.ndarray, position: int) -> str:
    """Return what the set, else the model, calls the class at a position among the model's `classes`."""
    label = classes[position]
    is_number = isinstance(label, int | np.integer)
    return str(names[int(label)]) if is_number and 0 <= int(label) < len(names) else str(label)


def _measured_on(evidence: Evidence) -> str:
    images = how_many(evidence)
    text = say("Measured on {images}.", images=images)
    if evidence.is_unseen is not None:
        template = "Measured on {images}, for want of others: the figures flatter it."
        if evidence.is_unseen:
            template = "Measured on {images}, which training never saw."
        text = say(template, images=images)
    window = getattr(evidence.model, "window_", None)
    if window is None or evidence.is_table:
        return text
    sides = " × ".join(map(str, window))
    return say("{text} Of each, the middle {sides} pixels.", text=text, sides=sides)


# -- reconstruction


def _answer_on_reconstructions(evidence: Evidence, yardstick: Yardstick, training: Training) -> tuple[str, str]:
    error, simple, pca = yardstick.error, yardstick.simple, yardstick.pca
    if simple is None or simple.error == 0:
        return "fair", say("It runs; there is nothing simpler at hand to compare it with.")
    if error > 0.95 * simple.error:
        return "poor", say("No: it does no better than {simple}. It has not learned yet.", simple=simple.name)
    left, numbers = percent(error / simple.error), evidence.outputs["codes"].shape[1]
    if copies(evidence):
        template = "It copies: its code has {numbers} numbers for {values} values, so that this is no feat."
        return "fair", say(template, numbers=numbers, values=evidence.originals[0].size)
    if training.best_epoch == 0:
        template = (
            "It works, but training added nothing: PCA, a plain formula that needs no training and that it started "
            "from, does as well."
        )
        return "fair", say(template)
    part = error / (simple.error if pca is None or pca.error == 0 else pca.error)
    if pca is None or pca.error == 0:
        if part > HALF:
            template = "It has learned something, but {left} of the error of {simple} are left."
            return "fair", say(template, left=left, simple=simple.name)
        return "good", say(
            "Yes: it removes {part} of the error of {simple}.", part=percent(1 - part), simple=simple.name
        )
    if part < 1.05 and part > 0.95:
        template = "It has learned, and is on a par with {pca}, a plain formula that needs no training."
        return "fair", say(template, pca=pca.name)
    if part > 1:
        times = Figure(f"{part:.2g}") if part < 100 else say("over 100")
        gap = say("its squared error is {times} times that of {pca}", times=times, pca=pca.name)
        if evidence.latent_use is None:
            return "fair", say("It has learned, but a plain method still does better: {gap}.", gap=gap)
        template = "It has learned, though {gap}; part of that is the price of a latent space to draw from."
        return "fair", say(template, gap=gap)
    if evidence.inputs is not None:
        template = "Yes: it leaves {left} of the error of {simple}, and {part} of that of {pca}."
        return "good", say(template, left=left, simple=simple.name, part=percent(part), pca=pca.name)
    template = "For {numbers} numbers per image, yes: its squared error is {part} of that of PCA with as many."
    if evidence.is_table:
        template = "For {numbers} numbers per row, yes: its squared error is {part} of that of PCA with as many."
    return "good", say(template, numbers=numbers, part=percent(part))


def _reasons_on_reconstructions(evidence: Evidence, yardstick: Yardstick) -> list[str]:
    reasons: list[str] = []
    if not evidence.is_table:
        reasons.append(_typical_error(evidence, math.sqrt(yardstick.error)))
    if (eye := look(evidence)) is not None:
        reasons.append(eye)
    simple = yardstick.simple
    if simple is not None and yardstick.pca is not None and yardstick.error < simple.error:
        reasons.append(_removed(yardstick.error, simple))
    if evidence.latent_use is not None:
        kl, active = evidence.latent_use
        template = "{active} of {all} latent dimensions are in use; together they carry {nats} nats."
        reasons.append(say(template, active=int(active.sum()), all=len(kl), nats=figure(float(kl.sum()))))
    return reasons


def _typical_error(evidence: Evidence, step: float) -> str:
    is_bytes = evidence.judged is not None and evidence.judged.images.dtype == np.uint8
    typical = say("A value is typically off by {step} of it.", step=percent(step))
    if is_bytes:
        template = "A value is typically off by {step} of it ({levels} of 255 grey levels)."
        typical = say(template, step=percent(step), levels=Figure(f"{step * 255:.1f}"))
    template = "Mean PSNR is {psnr}, with 1.0, the whole range of the data, as the peak. {typical}"
    return say(template, psnr=decibels(evidence.metrics["psnr"]), typical=typical)


def _removed(error: float, simple: Baseline) -> str:
    template = "It removes {part} of the squared error of {simple}."
    return say(template, part=percent(1 - error / simple.error), simple=simple.name)


# -- restoration


def _answer_on_restoration(evidence: Evidence, yardstick: Yardstick) -> tuple[str, str]:
    metrics, simple = evidence.metrics, yardstick.simple
    psnr = decibels(metrics["psnr"])
    if simple is None or "input_psnr" not in metrics:
        return "fair", say("It runs: {psnr}; there is nothing simpler at hand to compare it with.", psnr=psnr)
    gain, before = metrics["psnr"] - metrics["input_psnr"], decibels(metrics["input_psnr"])
    beside = say("{psnr} PSNR, where {simple} has {before}", psnr=psnr, simple=simple.name, before=before)
    if gain <= 0:
        return "poor", say("No: what it makes of pictures is no better than what it is given: {beside}.", beside=beside)
    if gain < LITTLE:
        return "fair", say("A little, and less than anybody sees: {beside}.", beside=beside)
    return "good", say("Yes: {found}.", found=beside)


def _reasons_on_restoration(model: object, evidence: Evidence, yardstick: Yardstick) -> list[str]:
    reasons, figures, simple = [], evidence.figures, yardstick.simple
    if simple is not None and 0 < yardstick.error < simple.error:
        reasons.append(_removed(yardstick.error, simple))
    if simple is not None and "input_psnr" in figures:
        worse = int((figures["psnr"] < figures["input_psnr"]).sum())
        template = "{worse} of {all} pictures come out worse than they went in."
        none = say("No picture comes out worse than it went in.")
        reasons.append(say(template, worse=worse, all=len(figures["psnr"])) if worse else none)
    corruption = getattr(model, "corruption", None)
    if corruption is not None:
        template = "It was tried on what {corruption} makes of pictures, as it learned; on others nobody knows."
        reasons.append(say(template, corruption=str(corruption)))
    return reasons


# -- classification


def _answer_on_classes(evidence: Evidence, yardstick: Yardstick) -> tuple[str, str]:
    simple, part = yardstick.baseline(LARGEST), percent(1 - yardstick.error)
    right = say("it names {part} of the classes right", part=part)
    if simple is None or simple.error == 0:
        template = "It names {part} of the classes right; there is nothing simpler at hand to compare it with."
        return "fair", say(template, part=part)
    chance = math.sqrt(simple.error * (1 - simple.error) / max(1, _known(evidence)))
    always = say("always answering the largest class would name {part}", part=percent(1 - simple.error))
    if simple.error - yardstick.error <= SIGMAS * chance:
        return "poor", say("No: {right}, and {always}. It has not learned yet.", right=right, always=always)
    plain = yardstick.baseline(NEAREST)
    if plain is not None and yardstick.error > plain.error:
        means = say(
            "the nearest class mean of the features" if evidence.is_table else "the nearest class mean of the pixels"
        )
        template = "It has learned, but a plain method does better: {right}, {means} {part}."
        return "fair", say(template, right=right, means=means, part=percent(1 - plain.error))
    if yardstick.error > simple.error / 2:
        template = "It has learned: {right}, where {always}; more than half of that one's errors are left."
        return "fair", say(template, right=right, always=always)
    return "good", say("Yes: {right}, where {always}.", right=right, always=always)


def _reasons_on_classes(model: Classifies, evidence: Evidence) -> list[str]:
    probabilities, accuracy = evidence.outputs["probabilities"], evidence.metrics["accuracy"]
    answers, labels = probabilities.argmax(axis=1), evidence.outputs["labels"]
    known = labels >= 0
    confidence = float(probabilities[known].max(axis=1).mean())
    template = "It is {sure} sure of its answers on the average, and right in {right}."
    reasons: list[str] = [say(template, sure=percent(confidence), right=percent(accuracy))]
    wrong = known & (answers != labels)
    if not wrong.any():
        return [*reasons, say("It is wrong in none.")]
    pairs, counts = np.unique(np.stack([labels[wrong], answers[wrong]]), axis=1, return_counts=True)
    assert evidence.judged is not None
    names = evidence.judged.images.label_names
    true, answer = (name_of_class(names, classes_of(model), int(place)) for place in pairs[:, counts.argmax()])
    times = count(int(counts.max()), "time")
    template = "It is wrong in {wrong} of {all}, most often with {true} taken for {answer}, {times}."
    counted = {"wrong": int(wrong.sum()), "all": int(known.sum())}
    return [*reasons, say(template, **counted, true=true, answer=answer, times=times)]


def _known(evidence: Evidence) -> int:
    return 0 if evidence.labels is None else int((evidence.labels >= 0).sum())


# -- detection


def _answer_on_odd(model: Detects, evidence: Evidence, yardstick: Yardstick | None) -> tuple[str, str]:
    oddness = oddness_of(model, evidence)
    if oddness is None or not oddness.has_both or yardstick is None:
        scores = -evidence.outputs["scores"]
        taken = percent(float((scores > model.threshold_).mean()))
        template = "It takes {part} of {images} for odd; what it finds nobody can say without images known to be odd."
        return "fair", say(template, part=taken, images=how_many(evidence))
    area = oddness.estimate("auroc")
    low, high = area.interval
    interval = {name: Figure(f"{value:.3f}") for name, value in (("area", area.value), ("low", low), ("high", high))}
    found = say("AUROC {area}, 95 % interval {low} to {high}", **interval)
    if low <= HALF:
        return "poor", say(
            "No: it finds odd images hardly odder than normal ones ({found}; 0.5 is chance).", found=found
        )
    best = min(yardstick.baselines, key=lambda baseline: baseline.error, default=None)
    if best is not None:
        value = Figure(f"{1 - best.error:.3f}")
        found = say("{found}; {best} alone reaches {value}", found=found, best=best.name, value=value)
    if best is not None and best.error <= yardstick.error and yardstick.error > 0:
        return "fair", say("It finds odd images, but something plain does as well or better: {found}.", found=found)
    if area.value < GOOD_AUROC:
        return "fair", say("It finds odd images, but far from all of them: {found}.", found=found)
    return "good", say("Yes: {found}.", found=found)


def _reasons_on_odd(model: Detects, evidence: Evidence) -> list[str]:
    oddness = oddness_of(model, evidence)
    if oddness is None:
        return []
    reasons = []
    if oddness.alarms is not None:
        template = "At its threshold it takes {alarms} of {normal} for odd."
        fields = {"alarms": percent(oddness.alarms), "normal": count(int((~oddness.odd).sum()), "normal image")}
        if oddness.promised is not None:
            template = "At its threshold it takes {alarms} of {normal} for odd, where {promised} were promised."
            fields["promised"] = percent(oddness.promised)
        reasons.append(say(template, **fields))
    if oddness.missed is not None:
        odd = count(int(oddness.odd.sum()), "odd image")
        reasons.append(say("It misses {missed} of {odd}.", missed=percent(oddness.missed), odd=odd))
    if oddness.has_both:
        precision = Figure(f"{oddness.estimate('average_precision').value:.3f}")
        base = Figure(f"{float(oddness.odd.mean()):.3f}")
        template = "The average precision is {precision}, where {base} of the images are odd."
        reasons.append(say(template, precision=precision, base=base))
        kinds = oddness.kinds()
        if len(kinds) > 1:
            best, worst = (
                say("{kind} ({value})", kind=kind.name, value=Figure(f"{kind.auroc:.3f}"))
                for kind in (kinds[-1], kinds[0])
            )
            reasons.append(
                say("Of the kinds it tells {best} best and {worst} worst, by AUROC.", best=best, worst=worst)
            )
    return reasons


# -- new images


def _answer_on_made(evidence: Evidence, yardstick: Yardstick) -> tuple[str, str]:
    floor, normal, coverage = yardstick.baseline(FLOOR), yardstick.baseline(NORMAL), evidence.metrics.get("coverage")
    found = say("their Frechet distance to real ones is {distance}", distance=figure(yardstick.error))
    others = [
        say("{name} {distance}", name=baseline.name, distance=figure(baseline.error))
        for baseline in (floor, normal)
        if baseline is not None
    ]
    if others:
        found = say("{found}, where {others} have", found=found, others=joined(others, "{first} and {second}"))
    if normal is not None and yardstick.error >= normal.error:
        template = "No: new images are less like real ones than noise with their mean and covariance: {found}."
        return "poor", say(template, found=found)
    if coverage is not None and coverage < COVERED:
        template = "It makes new images, but only some kinds of them ({coverage} are covered): {found}."
        return "fair", say(template, coverage=percent(coverage), found=found)
    if normal is not None and yardstick.error > HALF * normal.error:
        return "fair", say("It makes new images that only begin to look real: {found}.", found=found)
    return "good", say("Yes, as a crowd; look at them below: {found}.", found=found)


def _reasons_on_made(evidence: Evidence, yardstick: Yardstick) -> list[str]:
    metrics = evidence.metrics
    if "precision" not in metrics:
        return [say("There are too few images to say which of them are covered.")]
    return [_overlap(metrics), *_of_players(evidence)]


def _overlap(metrics: Mapping[str, float]) -> str:
    template = (
        "{precision} of the new images look like real ones (precision), {recall} of the real ones like new ones "
        "(recall); {coverage} of the real ones have a new one among their nearest (coverage)."
    )
    return say(template, **{name: percent(metrics[name]) for name in ("precision", "recall", "coverage")})


def _of_players(evidence: Evidence) -> list[str]:
    """Say who is ahead at the end of a training of two players; nothing where there are not two."""
    if (players := players_of(evidence.lines)) is None:
        return []
    template = (
        "At the end the critic got {real} of the real and {made} of the new images right; half of each is a draw."
    )
    return [say(template, real=percent(players.real_right), made=percent(players.made_right))]


# -- pictures in a style


def _answer_on_painting(closed: float) -> tuple[str, str]:
    level, template = "poor", "Hardly: it goes {part} of the way from photograph to style."
    if closed >= HALF:
        level = "fair"
        template = "It takes over colours and some texture: it goes {part} of the way from photograph to style."
    if closed >= PAINTED:
        level = "good"
        template = (
            "Yes, by its figures; look at what it paints below: it goes {part} of the way from photograph to style."
        )
    return level, say(template, part=percent(max(0.0, closed)))


# -- training


def _of_training(training: Training) -> list[str]:
    if not training.epochs:
        return [say("No epoch has ended yet.")]
    if training.best is None or training.last is None:
        return [say("There was no validation part, so nothing says which epoch was best.")]
    if training.best_epoch == 0:
        template = "No epoch bettered the start, the principal components of the training images: they are the model."
        return [say(template)]
    fields = {"best": figure(training.best), "epoch": str(training.best_epoch), "epochs": str(training.epochs)}
    if training.last == training.best:
        return [say("The best validation objective, {best}, came in epoch {epoch} of {epochs}.", **fields)]
    template = "The best validation objective, {best}, came in epoch {epoch} of {epochs}; the last was {last}."
    return [say(template, **fields, last=figure(training.last))]
