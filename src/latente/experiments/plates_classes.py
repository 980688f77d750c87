"""How much of a damaged plate is damaged? A convolutional and a dense net sort plates into five classes.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders.
Claim: the nets of `plates-binary` with a softmax of 5 tell apart plates of which up to 5, 10, 15, 20 and 25 % are
damaged; curves are shown, no table.
Ours: the same nets on plates of our own, see `latente.images.generated.plates`; asked for is 0.95 of the damaged test
plates within one class of their own, by the convolutional net. Each training plate is measured four times, and mirrored
and turned; a tenth of them, measured once, chooses the epoch.
Command: latente reproduce plates-classes --seeds 3
Measured: 1.000 within one class by the convolutional net, 0.8563 right; 0.6593 and 0.3896 by the dense one.
Minutes: about 15 of one core with three seeds, 29 beside other work; the plates were there already.

Classes are cut out of a share that is continuous, so that plates near a border are hardly told from those across it:
the accuracy has a ceiling that no net passes, and what counts is how many fall within one class of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.plates import (
    CNN,
    MLP,
    class_counts,
    labelled,
    labels_of,
    losses,
    open_part,
    open_plates,
    train_nets,
    verdicts,
)
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.sweeps import Estimate

if TYPE_CHECKING:
    from latente import ImageClassifier, Images

__all__ = ["EPOCHS", "run"]

NOISE = 0.04
EPOCHS = {CNN: 14, MLP: 14}
MEASURED = 4  # times that each training plate is: its modes are solved once, and each measurement has noise of its own
AUGMENTATION = "flips,turns"  # a plate whose edges are all supported alike is as damaged seen from any side
WITHIN = 0.95
SHOWS = "[UAO] shows curves, no table"


def run(request: Request) -> Result:
    """Train both nets once per seed on the damaged plates, and judge them on those of every part and on five others."""
    from sklearn.metrics import confusion_matrix

    from latente.figures import confusions, curves

    whole, data = open_plates(NOISE, request.tiny)
    parts = {split: _damaged(images) for split, images in whole.items()}
    test = parts["test"]
    taught, aside = _taught(request.tiny)
    options = {"augmentation": AUGMENTATION, "validation": aside}
    nets = train_nets(request, {**parts, "train": taught}, EPOCHS, **options)
    truth = labels_of(test)
    answers = {net: [model.predict(test) for model in models] for net, models in nets.items()}
    figures = {net: [_figures(one, truth) for one in own] for net, own in answers.items()}
    tables = {net: confusion_matrix(truth, own[0], labels=range(len(test.label_names))) for net, own in answers.items()}
    return Result(
        data=data,
        claims=[
            Claim(
                f"{what} of the damaged test plates, mean of the seeds, {net}",
                SHOWS,
                float(np.mean([one[key] for one in figures[net]])),
                WITHIN if (net, key) == (CNN, "within one") else None,
                True,
            )
            for net in nets
            for key, what in (("within one", "within one class"), ("right", "accuracy"))
        ],
        tables={
            "loss and accuracy": losses(nets, parts, {}),
            "test plates, by seed": [
                {"net": net, "seed": seed, **one} for net, own in figures.items() for seed, one in enumerate(own)
            ],
            "spread over the seeds": _spreads(figures),
            "plates of each class": class_counts(whole),
            "five plates computed in another way": verdicts(
                {net: _judge(models, test.label_names) for net, models in nets.items()}
            ),
        },
        extra={"confusion": {net: table.tolist() for net, table in tables.items()}},
        figures={
            "confusion": confusions(tables, test.label_names, columns=2),
            **{
                f"course of the {net}": curves(models[0].history_, ("cross_entropy", "accuracy"), models[0].best_epoch_)
                for net, models in nets.items()
            },
        },
    )


def _taught(tiny: bool) -> tuple[Images, Images]:
    """Return the damaged training plates but every tenth, each measured several times, and those, measured once."""
    from latente import Images

    draws = [_damaged(open_part("train", NOISE, tiny, draw)) for draw in range(MEASURED)]
    is_aside = np.arange(len(draws[0])) % 10 == 9
    kept = [one.take(np.flatnonzero(~is_aside)) for one in draws]
    columns = {"label": np.concatenate([labels_of(one) for one in kept])}
    pixels = np.concatenate([one.pixels for one in kept])
    taught = Images(pixels, columns, name="plates", label_names=draws[0].label_names)
    return taught, draws[0].take(np.flatnonzero(is_aside))


def _damaged(images: Images) -> Images:
    """Return the damaged plates, their classes counted from 0."""
    own = images.take(np.flatnonzero(labels_of(images) > 0))
    return labelled(own, labels_of(own) - 1, images.label_names[1:])


def _figures(answers: np.ndarray, truth: np.ndarray) -> Line:
    """Return which shares of the plates are right, and are within one class of their own."""
    away = np.abs(answers - truth)
    return {"right": float(np.mean(away == 0)), "within one": float(np.mean(away <= 1))}


def _spreads(figures: Mapping[str, Sequence[Line]]) -> list[Line]:
    return [
        {"net": net, **{key: Estimate.of(one[key] for one in own).spread for key in ("right", "within one")}}
        for net, own in figures.items()
    ]


def _judge(models: Sequence[ImageClassifier], names: Sequence[str]) -> Callable[[Images], list[str]]:
    """Return what names the most probable class, by the mean of the seeds' nets; it has to take one as damaged."""

    def judge(plates: Images) -> list[str]:
        probabilities = np.mean([model.predict_proba(plates) for model in models], axis=0)
        return [f"{names[best]} ({probabilities[row, best]:.2f})" for row, best in enumerate(probabilities.argmax(1))]

    return judge
