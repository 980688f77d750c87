"""What to do now: the options and commands that help, by what was measured of a model and of its training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from latente.estimators.abilities import Classifies, Detects, Reconstructs, Restores
from latente.evidence import Evidence
from latente.languages import joined, say
from latente.objectives import players_of
from latente.report.oddness import oddness_of
from latente.report.training import Training
from latente.report.yardsticks import Yardstick
from latente.training.options import USUAL_STEPS, TrainingOptions
from latente.words import count, figure, percent

__all__ = ["SURE", "advise", "copies"]

SURE = 0.9  # a probability above which a classifier's mistakes are called confident
DETECTORS = ("memory", "gaussian", "neighbours", "transforms")  # that are worth a trial
DETECTORS_OF_PLACES = ("memory", "gaussian")  # those of them that take pictures of many sizes
DETECTORS_OF_TABLES = ("gaussian", "neighbours")  # and those that take tables
USUAL_RATE = TrainingOptions.learning_rate


def advise(
    model: object, evidence: Evidence, yardstick: Yardstick | None, training: Training, run: str, level: str
) -> list[str]:
    """Return what to try, most telling first; something always, where `level` is other than good.

    Commands and options stand between backticks; `run` names the run folder in them.
    """
    if model is None:
        begin = say("Let it train until there is a model: `latente resume {run}`.", run=run)
        return [begin, *_of_training(evidence, training, run, level)]
    if evidence.judged is None:
        begin = say("Show it images to be judged by: `latente report {run} IMAGES`.", run=run)
        return [begin, *_of_training(evidence, training, run, level)]
    advice = []
    rebuilds = isinstance(model, Reconstructs) and "reconstructions" in evidence.outputs
    if rebuilds:
        advice += _of_the_code(evidence, level)
    if level == "poor":
        advice += _of_steps(evidence)
    advice += _of_training(evidence, training, run, level)
    if evidence.is_unseen is False:
        template = (
            "Judge it by images that it did not learn from: `latente report {run} IMAGES`, or train with "
            "`--validation 0.1`."
        )
        advice.append(say(template, run=run))
    if isinstance(model, Detects):
        advice += _of_odd(model, evidence, level, run)
    if isinstance(model, Classifies):
        advice += _of_classes(evidence, yardstick, level, run)
    advice += _of_players(evidence)
    if level != "good" and isinstance(model, Restores) and not rebuilds:
        advice += _of_restoration(evidence)
    if level != "good" and not advice:
        advice += _to_go_on(evidence, yardstick, training, run) if rebuilds else [_beside_others(run)]
    return advice


def copies(evidence: Evidence) -> bool:
    """Whether the code has as many numbers as the image, which then has but to be passed on."""
    return evidence.inputs is None and evidence.outputs["codes"].shape[1] >= evidence.originals[0].size


def _options(evidence: Evidence) -> Mapping[str, Any]:
    options: Mapping[str, Any] = evidence.options.get("options", {})
    return options


def _beside_others(run: str) -> str:
    return say("Set it beside another run on the same images: `latente report {run} OTHER-RUN`.", run=run)


# -- by the code


def _of_the_code(evidence: Evidence, level: str) -> list[str]:
    if copies(evidence):
        numbers = max(1, evidence.originals[0].size // 8)
        template = "Make the code shorter than the image: `--latent-dim {numbers}` leaves something to learn."
        return [say(template, numbers=str(numbers))]
    if evidence.latent_use is None or evidence.latent_use[1].mean() >= 0.5:
        return []
    beta = _options(evidence).get("beta", 1.0)
    ways = say("set `--free-bits 0.1` or `--beta-warmup 1000`")
    if isinstance(beta, int | float) and beta > 0:
        ways = say("lower `--beta` (it was {beta}), {ways}", beta=figure(beta), ways=ways)
    if level == "good":
        template = "More than half of the latent dimensions are idle. That costs nothing but size; to use them, {ways}."
    elif evidence.latent_use[1].any():
        template = "More than half of the latent dimensions are idle, so that the code says little: {ways}."
    else:
        template = "All of the latent dimensions are idle, so that the code says little: {ways}."
    return [say(template, ways=ways)]


# -- by the training


def _of_training(evidence: Evidence, training: Training, run: str, level: str) -> list[str]:
    longer, last, loss = _longer(evidence, training, run), training.last, training.loss
    ways = say("more images help; `--augmentation`, such as flips or shift:2, may; `--patience` saves time")
    if evidence.is_table:
        ways = say("more rows help; `--dropout 0.2` may; `--patience` saves time")
    if training.is_still_improving and training.drop is not None:
        template = "It was still improving when it stopped (by {drop} over the last quarter): {longer}."
        return [say(template, drop=percent(training.drop), longer=longer)]
    if training.has_turned and training.best_epoch and players_of(evidence.lines) is None:
        template = (
            "Validation turned up after epoch {epoch}: it learned by heart. The model kept is that epoch's; {ways}."
        )
        return [say(template, epoch=str(training.best_epoch), ways=ways)]
    # of other models the objective may be something else than the loss
    if level != "good" and isinstance(evidence.model, Reconstructs) and training.learns_by_heart and last and loss:
        template = "It learned by heart: what it trained on comes out with {part} of the error of the rest; {ways}."
        return [say(template, part=percent(loss / last), ways=ways)]
    options = _options(evidence)
    is_fixed = bool(options) and not options.keys() & {"epochs", "minutes"}  # a length that nobody can choose
    if level != "good" and 0 < training.steps < USUAL_STEPS and not is_fixed:
        template = "It trained for {steps}, where networks need some {usual}: {longer}."
        return [say(template, steps=count(training.steps, "step"), usual=USUAL_STEPS, longer=longer)]
    return []


def _longer(evidence: Evidence, training: Training, run: str) -> str:
    if not evidence.is_counted_in_epochs:
        return say("train it for longer, as by `--minutes`")
    epochs = math.ceil(max(2, USUAL_STEPS / max(1, training.steps)) * training.epochs)
    return say("go on with `latente resume {run} --epochs {epochs}`", run=run, epochs=str(epochs))


def _of_steps(evidence: Evidence) -> list[str]:
    """What to say of the length of the steps of a training that taught nothing, where that is far from the usual."""
    rate = _options(evidence).get("learning_rate")
    if not isinstance(rate, int | float) or rate <= 0 or 0.1 < rate / USUAL_RATE < 10:
        return []
    template = "Shorter steps teach it more: `--learning-rate {usual}` (it was {rate})."
    if rate < USUAL_RATE:
        template = "Longer steps teach it more: `--learning-rate {usual}` (it was {rate})."
    return [say(template, usual=f"{USUAL_RATE:g}", rate=figure(rate))]


def _to_go_on(evidence: Evidence, yardstick: Yardstick | None, training: Training, run: str) -> list[str]:
    """What to say where the training has ended on a level."""
    if yardstick is None or not yardstick.baselines:
        return [_beside_others(run)]
    beta = _options(evidence).get("beta", 1.0)
    if evidence.latent_use is not None and isinstance(beta, int | float) and beta > 0:
        template = "A lower `--beta` (it was {beta}) rebuilds better; then more `--epochs`, wider `--hidden`."
        return [say(template, beta=figure(beta))]
    return [say("To come past PCA: more images, more `--epochs`, wider `--hidden`.")]


# -- by the odd ones


def _of_odd(model: Detects, evidence: Evidence, level: str, run: str) -> list[str]:
    oddness = oddness_of(model, evidence)
    if oddness is None or not oddness.has_both:
        template = "Show it odd images beside normal ones, in folders of their own: `latente report {run} IMAGES`."
        return [say(template, run=run)]
    advice = []
    if oddness.promised is not None and oddness.alarms is not None and oddness.alarms > 2 * oddness.promised:
        template = (
            "Normal images here differ from those that it learned from: more of them, from more days and places, help; "
            "near-duplicates among them call for `--groups`."
        )
        advice.append(say(template))
    if level != "good":
        options = _options(evidence)
        is_of_many_sizes = evidence.judged is not None and evidence.judged.images.is_photographs
        worth = DETECTORS_OF_PLACES if is_of_many_sizes else DETECTORS_OF_TABLES if evidence.is_table else DETECTORS
        others = [f"`--method {name}`" for name in worth if name != options.get("method")]
        if is_of_many_sizes and options.get("contrast") is None:
            others.append(say("`--contrast 31`, where light varies"))
        template = "Try {others}, or pictures at their own size (`--size keep`); more normal images help too."
        if evidence.judged is None or evidence.is_table or is_of_many_sizes:
            template = "Try {others}; more normal images help too."
        advice.append(say(template, others=joined(others, "{first} or {second}")))
    return advice


# -- by what is made


def _of_players(evidence: Evidence) -> list[str]:
    players, options = players_of(evidence.lines), _options(evidence)
    trouble = None if players is None else players.trouble(options.get("loss"), options.get("r1"))
    return [] if trouble is None else [trouble]


# -- by what is restored


def _of_restoration(evidence: Evidence) -> list[str]:
    options = _options(evidence)
    wider = [
        say("`--{name} {twice}` (it was {value})", name=name, twice=str(2 * value), value=str(value))
        for name in ("width", "depth")
        if isinstance(value := options.get(name), int)
    ]
    ways = joined([*wider, say("more `--epochs`"), say("more photographs")])
    return [say("To come further: {ways}.", ways=ways)]


# -- by the classes


def _of_classes(evidence: Evidence, yardstick: Yardstick | None, level: str, run: str) -> list[str]:
    if yardstick is None:
        return [say("Show it images whose classes are known: `latente report {run} IMAGES`.", run=run)]
    probabilities, labels = evidence.outputs["probabilities"], evidence.outputs["labels"]
    wrong = (labels >= 0) & (probabilities.argmax(axis=1) != labels)
    advice = []
    if level != "good":
        advice.append(say("To come further: more labelled images, more `--epochs`, wider `--hidden`."))
    if sure := int((wrong & (probabilities.max(axis=1) > SURE)).sum()):
        template = "{mistakes} of more than {sure} confidence: look at them below; wrong labels are often among them."
        advice.append(say(template, mistakes=count(sure, "mistake"), sure=percent(SURE)))
    return advice
