"""Two readings of three autoencoders under one softmax: each on the codes of the one before, or all on the images.

A report that names 784-512-784, 512-256-512 and 256-64-256 and then a softmax may mean a stack: each autoencoder learns
from the codes of the one before, and the softmax gets the last code. Or it may mean three that know nothing of each
other, 784-512-784, 784-512-256-512-784 and 784-256-64-256-784, all of which learn from the images, and whose codes,
512 + 256 + 64 numbers, meet under the softmax. In either the encoders may stay as they are while the softmax learns the
labels (frozen), or learn them with it (fine-tuned). All four nets have the layers, corruption, rates and passes over
the images of a stack that was trained before; what makes its fine-tuning hard, noise on its input and dropout, is left
away where the softmax learns alone, which has too few weights to learn by heart.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from latente.experiments.record import Line
from latente.experiments.request import Request
from latente.sweeps import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Autoencoder, Images, StackedAutoencoderClassifier
    from latente.objectives import Batch, ClassificationObjective
    from latente.training import Run

__all__ = [
    "FINE_TUNED",
    "FROZEN",
    "SIDE",
    "STACK",
    "Joined",
    "Net",
    "autoencoders",
    "four_nets",
    "gains",
    "matrices",
    "summary",
]

STACK, SIDE = "one after the other", "side by side"
FROZEN, FINE_TUNED = "frozen", "fine-tuned"
ROWS_AT_ONCE = 1024


@dataclasses.dataclass(frozen=True)
class Net:
    """One of the four nets of a seed, judged.

    reading: STACK or SIDE. encoders: FROZEN or FINE_TUNED. minutes: of all trainings that lead to it. table: how many
    test images of each class (row) it took for each (column).
    """

    reading: str
    encoders: str
    seed: int
    minutes: float
    table: np.ndarray

    @property
    def error(self) -> float:
        """The share of the test images that are wrong, in %."""
        return float(100 * (1 - np.trace(self.table) / self.table.sum()))


class Joined(nn.Module):
    """Map images (B, C, H, W) to the codes of several encoders, one beside the other, (B, the sum of their widths).

    encoders: sequences of layers; `dropout` is the share of each layer's values that training drops.
    """

    def __init__(self, encoders: Sequence[nn.Sequential], dropout: float) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            nn.Sequential(*(part for layer in encoder for part in (layer, nn.Dropout(dropout)))) for encoder in encoders
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([encoder(x) for encoder in self.encoders], dim=1)


def four_nets(request: Request, run: str, train: Images, test: Images) -> list[Net]:
    """Return both readings, frozen and fine-tuned; all learn as the stack did whose finished run OUT/runs/`run` is.

    That stack is the fine-tuned one of the first reading. The other trainings are kept beside it.
    """
    from latente import load
    from latente.training import Run

    assert request.out is not None
    runs = request.out / "runs"
    stack, layers = load(runs / run), sorted((runs / run / "pretraining").glob("layer-*"))
    seed = stack.random_state
    alone = {f"seed-{seed}-autoencoder-{widths}": model for widths, model in autoencoders(stack).items()}
    fitted = [request.fit(name, model, train) for name, model in alone.items()]
    joined = Joined([cast("nn.Sequential", model.objective_.encoder) for model in fitted], stack.dropout)
    readings: tuple[tuple[str, nn.Module, int, list[Path]], ...] = (
        (STACK, load(runs / run / "pretraining").objective_.encoder, stack.hidden[-1], layers),
        (SIDE, joined, sum(stack.hidden), [runs / name for name in alone]),
    )
    nets = []
    for reading, encoder, codes, before in readings:
        for encoders in (FROZEN, FINE_TUNED):
            if (reading, encoders) == (STACK, FINE_TUNED):
                last, answers = runs / run, stack.predict(test)
            else:
                last = runs / f"seed-{seed}-{reading.replace(' ', '-')}-{encoders}"
                objective = _learn_labels(copy.deepcopy(encoder), codes, stack, train, Run(last), encoders == FROZEN)
                answers = _answers(objective, stack, test)
            minutes = sum(map(_minutes, [*before, last]))
            nets.append(Net(reading, encoders, seed, minutes, _table(test, answers)))
            request.tell(f"seed {seed}: {nets[-1].error:.2f} % wrong, {reading}, encoders {encoders}")
    return nets


def autoencoders(stack: StackedAutoencoderClassifier) -> dict[str, Autoencoder]:
    """Return three autoencoders of images, not yet trained, of the widths of a fitted stack of three, by these.

    They learn as its layers did: through the same corruption, at the same rate, in as many passes.
    """
    from latente import Autoencoder
    from latente.networks import DenseDecoder
    from latente.networks.layers import Finish
    from latente.training import isolated_rng

    first, second, third = stack.hidden
    look: dict[str, Any] = {"activation": stack.activation, "normalization": stack.normalization}
    shape, finish = stack.image_shape_, Finish(**look)
    models = {}
    for number, widths in enumerate([(first,), (first, second), (second, third)]):
        sizes = pairwise([math.prod(shape), *widths])
        with isolated_rng(stack.random_state, number):
            layers = [nn.Sequential(nn.Flatten(), *finish.after(nn.Linear(*ends))) for ends in sizes]
            decoder = DenseDecoder(widths[-1], shape, widths[:-1], **look)
        models["-".join(map(str, widths))] = Autoencoder(
            network=(nn.Sequential(*layers), decoder),
            latent_dim=widths[-1],
            shortcut=None,
            loss="bce",
            corruption=stack.corruption,
            epochs=stack.pretrain_epochs,
            learning_rate=stack.pretrain_learning_rate,
            schedule=stack.schedule,
            warmup=stack.warmup,
            precision=stack.precision,
            validation=None,
            log_every=stack.log_every,
            threads=stack.threads,
            random_state=stack.random_state,
        )
    return models


# -- what is said of them


def summary(nets: Sequence[Net]) -> list[Line]:
    """Return a line for each of the four: its error over the seeds, and the minutes that a seed took."""
    lines = []
    for (reading, encoders), own in _by_kind(nets).items():
        errors = np.array([net.error for net in own])
        line: Line = {
            "autoencoders": reading,
            "encoders": encoders,
            "mean": float(errors.mean()),
            "sd": Estimate.of(errors).spread,
        }
        minutes = float(np.mean([net.minutes for net in own]))
        lines.append(line | {"worst": float(errors.max()), "minutes": minutes})
    return lines


def gains(nets: Sequence[Net]) -> str:
    """Say what fine-tuning does to the error, and what the second reading does, seed by seed."""
    errors = {kind: np.array([net.error for net in own]) for kind, own in _by_kind(nets).items()}
    tuned = [(reading, errors[reading, FROZEN] - errors[reading, FINE_TUNED]) for reading in (STACK, SIDE)]
    moved = [(encoders, errors[STACK, encoders] - errors[SIDE, encoders]) for encoders in (FROZEN, FINE_TUNED)]
    return (
        "Percentage points of test error, of the same seeds, that are taken away by fine-tuning the encoders: "
        f"{_told(tuned)}; by autoencoders side by side instead of one after the other: {_told(moved)}."
    )


def matrices(nets: Sequence[Net], names: Sequence[str]) -> Figure:
    """Draw what each of the four nets of the first seed takes for what."""
    from latente.figures import confusions

    first = {f"{net.reading}, {net.encoders}": net.table for net in nets if net.seed == nets[0].seed}
    return confusions(first, names, columns=2)


def _by_kind(nets: Sequence[Net]) -> dict[tuple[str, str], list[Net]]:
    kinds: dict[tuple[str, str], list[Net]] = {}
    for net in nets:
        kinds.setdefault((net.reading, net.encoders), []).append(net)
    return kinds


def _told(differences: Sequence[tuple[str, np.ndarray]]) -> str:
    return ", ".join(f"{which} {Estimate.of(values)}" for which, values in differences)


# -- learning the labels, and being judged by them


def _learn_labels(
    encoder: nn.Module, codes: int, stack: StackedAutoencoderClassifier, train: Images, run: Run, is_frozen: bool
) -> ClassificationObjective:
    """Train a softmax on the codes of an encoder, and the encoder unless it is frozen, as the stack was; return both.

    codes: how many numbers the encoder gives.
    """
    from latente import corruptions, training
    from latente.networks.layers import initialise
    from latente.objectives import ClassificationObjective

    assert train.labels is not None
    with training.isolated_rng(stack.random_state):
        head = initialise(nn.Linear(codes, int(train.labels.max()) + 1))
    corruption = None if is_frozen else corruptions.from_option("input_corruption", stack.input_corruption)
    objective = ClassificationObjective(encoder, head, corruption=corruption)
    if is_frozen:
        objective.frozen = ("encoder",)
    fields = dataclasses.fields(training.TrainingOptions)
    options = training.TrainingOptions(**{field.name: getattr(stack, field.name) for field in fields})
    if not run.options_file.exists():
        run = training.Run.create(run.path, {"format": 1, "model": "labels", "options": dataclasses.asdict(options)})
    training.train(objective, train, stack.scaling_, options, seed=stack.random_state, run=run)
    return objective.eval()


def _answers(objective: ClassificationObjective, stack: StackedAutoencoderClassifier, test: Images) -> np.ndarray:
    """Return the most probable class of each image, (N,)."""
    from latente.training import Batches
    from latente.training.passes import over

    def answer(batch: Batch) -> dict[str, Tensor]:
        return {"class": objective.logits(batch["images"]).argmax(1)}

    return over(Batches(test, stack.scaling_, stack.device_), torch.arange(len(test)), ROWS_AT_ONCE, answer)["class"]


def _table(test: Images, answers: np.ndarray) -> np.ndarray:
    from sklearn.metrics import confusion_matrix

    table: np.ndarray = confusion_matrix(test.labels, answers, labels=range(len(test.label_names)))
    return table


def _minutes(run: Path) -> float:
    """Return how long the steps of a run took, in as many sittings as it was."""
    from latente.training import Run

    return sum(line.get("seconds", 0.0) for line in Run(run).lines()) / 60
