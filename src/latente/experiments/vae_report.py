"""The small variational autoencoder of a report, looked into, and two of its remarks put to it.

Source: [BFPS] Banfi, Fleischer, Perez Rivera, Szejer: Autoencoders
Claim: a dense VAE 784-64-16-8, 25 epochs: latent plot and traversal; its loss is a mean over L draws of a code, and it
is advisable that the input be normalised: no figure for either.
Ours: 119.6 nats of cross-entropy and KL, which is no likelihood. 50 draws divide the part of the gradient's variance
that draws make by 52, and all of it by 2, for 20 times the time; raw input costs 181 nats.
Command: latente reproduce vae-report --out DIR
Minutes: about 30 on one core; 53 beside other work.

With L draws of a code the loss is the ELBO still, its reconstruction's term the mean over the draws (Kingma & Welling
2014, eq. 7); that is not the bound of k samples, see `vae_mnist`. What L changes is the gradient's noise, and only the
part that the draws make, which is divided by L; the other part, that a batch holds these images and not others, stays.
The variance is that of the loss's gradient, summed over all weights, at the weights that a training with L = 1 ended
with: over draws for one and the same batch, and over new batches with their draws, as training meets them. The second
less the first is about what no L can take away. All L take as many steps of as many images, from the same first
weights. Kingma & Welling (sec. 2.3) find L = 1 enough in batches of 100; Burda and others (2016) have 86.76, 86.47 and
86.35 nats for the ELBO of 1, 5 and 50 draws.

Raw input: Latente always brings pixels into [0, 1], so here the encoder itself multiplies them by 255 before its first
layer, and is the same network after that. What comes out is compared within [0, 1] as ever, since a Bernoulli has no
value for anything else: only the input is raw, and the bounds can stand beside each other. With c for 255, W (c x) is
(c W) x: a network for raw input is one for [0, 1] whose first weights are c times as large. Adam's steps have the
length of the learning rate whatever the gradient, so that in those terms each step of theirs is c times as long, too.
The two are told apart by a third network, for raw input and with first weights that are 255 times smaller: it starts
from the same function as the network for [0, 1], and only its steps are too long.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import open_parts
from latente.sweeps import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images, VariationalAutoencoder

__all__ = ["dead_units", "gradient_variance", "model_for_input", "run", "small_model"]

CODE, HIDDEN, SMALL_EPOCHS = 8, (64, 16), 25

STUDY_SEEDS = 3
DRAWS, DRAWS_EPOCHS = (1, 5, 50), 8
REPEATS = 64  # gradients of which a variance is taken
NORMALISED, RAW, RAW_STARTED = "0 to 1", "0 to 255", "0 to 255, W/255"  # W: the first weights
# by the input: by what its pixels are multiplied, and by what the first weights are
INPUTS: Mapping[str, tuple[float, float]] = {NORMALISED: (1, 1), RAW: (255, 1), RAW_STARTED: (255, 1 / 255)}
BOUND = "cross-entropy + KL, nats"


def run(request: Request) -> Result:
    """Train the small VAE and show its codes, and ask it two things."""
    train, test, data = open_parts("mnist", request.tiny)
    small = request.fit("small", small_model(2 if request.tiny else SMALL_EPOCHS), train)
    judged = small.evaluate(test)
    figures = {"codes": _codes(small, test), "traversal": _traversal(small, test), "samples": _samples(small)}
    studies = (_study_of_draws(train, test, request), _study_of_inputs(train, test, request))
    return Result(
        data=data,
        claims=[
            Claim(f"784-64-16-8: {BOUND}", "[BFPS] no figure", judged["objective"]),
            *(claim for study in studies for claim in study.claims),
        ],
        notes=[_grey(judged), *(note for study in studies for note in study.notes)],
        tables={
            "784-64-16-8": [_plain(judged)],
            **{title: table for study in studies for title, table in study.tables.items()},
        },
        figures=figures | {name: figure for study in studies for name, figure in study.figures.items()},
    )


# -- the small VAE


def small_model(epochs: int, seed: int = 0) -> VariationalAutoencoder:
    """Return the VAE 784-64-16-8 of [BFPS]."""
    from latente import VariationalAutoencoder

    return VariationalAutoencoder(
        latent_dim=CODE,
        network="dense",
        hidden=HIDDEN,
        epochs=epochs,
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0,
        precision="float32",
        validation=None,
        prior="normal",
        threads=1,
        random_state=seed,
    )


def _plain(judged: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in judged.items() if isinstance(value, float)}


def _grey(judged: dict[str, Any]) -> str:
    return (
        f"The {judged['objective']:.1f} nats of the small VAE are a cross-entropy of grey pixels and no likelihood: a "
        "grey pixel costs its own entropy even when it is predicted exactly. They cannot stand beside the NLL of "
        "binarised pixels."
    )


def _codes(model: VariationalAutoencoder, test: Images) -> Figure:
    from latente.figures import latent_map
    from latente.latents import map_codes

    plane = map_codes(model.transform(test), test.labels)
    return latent_map(plane.points, test.labels, test.label_names, ("first component", "second component"))


def _traversal(model: VariationalAutoencoder, test: Images) -> Figure:
    from latente.figures import strips
    from latente.latents import traverse

    walks = traverse(model, model.encode(test), steps=9)
    names = [f"{s:+.2g} sd" if s else "mean" for s in np.linspace(-3, 3, 9)]
    pictures = walks.reshape(*walks.shape[:2], *model.image_shape_)
    return strips(pictures, [f"unit {i + 1}" for i in range(len(walks))], names)


def _samples(model: VariationalAutoencoder) -> Figure:
    from latente.figures import grid

    return grid(model.sample(64, random_state=0).reshape(-1, *model.image_shape_))


# -- L draws of each code


def gradient_variance(
    model: VariationalAutoencoder, images: Images, draws: int, repeats: int, *, of_batches: bool
) -> float:
    """Return the variance of the loss's gradient at a model's weights, summed over these, over so many repeats.

    draws: of each code. of_batches: whether each repeat has new images, or all have the first batch and vary by their
    draws alone. Raises InputError where there are too few images for as many batches.
    """
    from latente import InputError
    from latente.objectives import VariationalObjective
    from latente.training import Batches

    size = model.batch_size_ or len(images)
    if of_batches and repeats * size > len(images):
        raise InputError(f"{repeats} batches of {size} images need more than the {len(images)} that there are")
    objective = cast(VariationalObjective, copy.deepcopy(model.objective_))
    objective.samples = draws
    batches, source = Batches(images, model.scaling_, model.device_), torch.Generator(model.device_).manual_seed(0)
    weights, gradients = list(objective.parameters()), []
    for start in range(0, repeats * size, size):
        first = start if of_batches else 0
        loss, _ = objective("model", batches.batch(slice(first, first + size)), source)
        gradients.append(torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights)]))
    return float(torch.stack(gradients).var(dim=0).sum())


def _study_of_draws(train: Images, test: Images, request: Request) -> _Study:
    """Train with each number of draws, and take the gradient's variance at the weights that one draw led to."""
    seeds, epochs = range(2 if request.tiny else STUDY_SEEDS), 1 if request.tiny else DRAWS_EPOCHS
    lines: list[Line] = []
    points: list[VariationalAutoencoder] = []
    for draws in DRAWS:
        for seed in seeds:
            model = request.fit(f"draws-{draws}-{seed}", small_model(epochs, seed).set_params(samples=draws), train)
            points += [model] if draws == 1 else []
            repeats = min(REPEATS, len(train) // (model.batch_size_ or 1))
            by_draws, by_all = (
                gradient_variance(points[seed], train, draws, repeats, of_batches=new) for new in (False, True)
            )
            line: Line = {
                "L": draws,
                "seed": seed,
                "variance by draws": by_draws,
                "variance by draws and batches": by_all,
            }
            line |= {"ms a step": _fastest_step(model), BOUND: model.evaluate(test)["objective"]}
            lines.append(line)
            request.tell(f"L = {draws}, seed {seed}: {line[BOUND]:.2f} nats, {line['ms a step']:.3g} ms a step")
    single = lines[: len(seeds)]
    lines = [line | {"nats below L = 1": single[line["seed"]][BOUND] - line[BOUND]} for line in lines]
    return _Study(
        claims=_claims_of_draws(lines),
        notes=[_price_of_draws(lines)],
        tables={
            f"L draws of each code, mean ± standard deviation over {len(seeds)} seeds": [
                {"L": draws} | _spreads(_of(lines, "L", draws)) for draws in DRAWS
            ],
            "L draws of each code, seed by seed": lines,
        },
        figures={"variance by draws": _variances(lines), "bound by draws": _bounds_by_draws(lines)},
    )


def _claims_of_draws(lines: Sequence[Line]) -> list[Claim]:
    ratio, reported = f"L = {DRAWS[-1]} / L = {DRAWS[0]}", "[UAO] a mean over L draws, no figure"
    by_draws, by_all, time = (
        _mean(lines, "L", DRAWS[-1], column) / _mean(lines, "L", DRAWS[0], column)
        for column in ("variance by draws", "variance by draws and batches", "ms a step")
    )
    return [
        Claim(f"gradient's variance by the draws, {ratio}", f"{reported}; in theory 1/{DRAWS[-1]}", by_draws),
        Claim(f"gradient's variance by draws and batches, {ratio}", "", by_all),
        Claim(f"time of a step, {ratio}", "", time),
        *(Claim(f"784-64-16-8, L = {n}, mean of the seeds: {BOUND}", "", _mean(lines, "L", n, BOUND)) for n in DRAWS),
    ]


def _price_of_draws(lines: Sequence[Line]) -> str:
    by_draws, by_all, time = (
        _mean(lines, "L", 1, column) for column in ("variance by draws", "variance by draws and batches", "ms a step")
    )
    return (
        f"With one draw of each code, about {by_draws / by_all:.0%} of the variance of a step's gradient comes from "
        "the draws, which is all that more of them can take away; the rest is due to which images the batch holds. "
        f"{DRAWS[-1]} draws take the time of {_mean(lines, 'L', DRAWS[-1], 'ms a step') / time:.2g} steps with one."
    )


def _fastest_step(model: VariationalAutoencoder) -> float:
    """Return the milliseconds of a training step, of the fastest stretch between two lines of the log."""
    fastest = max(line["images_per_second"] for line in model.history_ if line["part"] == "train")
    return 1000 * float(model.batch_size_ or 1) / float(fastest)


def _variances(lines: Sequence[Line]) -> Figure:
    from latente import figures

    names = {"variance by draws": "draws, one batch", "variance by draws and batches": "draws and batches"}
    series = {name: (DRAWS, _by_draws(lines, column)) for column, name in names.items()}
    return figures.lines(series, "L, draws of each code", "variance, summed over weights", "The gradient", log="xy")


def _bounds_by_draws(lines: Sequence[Line]) -> Figure:
    from latente import figures

    series = {"test images, after as many steps": (DRAWS, _by_draws(lines, BOUND))}
    return figures.lines(series, "L, draws of each code", BOUND, "784-64-16-8", log="x")


def _by_draws(lines: Sequence[Line], column: str) -> np.ndarray:
    return np.array([[line[column] for line in _of(lines, "L", draws)] for draws in DRAWS])


# -- raw input


def model_for_input(
    shape: tuple[int, ...], pixels: float, weights: float, epochs: int, seed: int = 0
) -> VariationalAutoencoder:
    """Return the small VAE for input within [0, `pixels`], its first weights multiplied by `weights`."""
    from latente.networks import DenseDecoder, DenseEncoder

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        encoder, decoder = DenseEncoder(shape, 2 * CODE, HIDDEN), DenseDecoder(CODE, shape, HIDDEN)
        next(encoder.parameters()).mul_(weights)
    return small_model(epochs, seed).set_params(network=(nn.Sequential(_Times(pixels), encoder), decoder))


class _Times(nn.Module):
    """Multiply what comes in by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


def dead_units(model: VariationalAutoencoder, images: Images) -> int:
    """Return how many units of the first layer of a `model_for_input` are 0 for each of the images."""
    from latente.networks import DenseEncoder
    from latente.training import Batches

    times, encoder = cast(nn.Sequential, model.objective_.encoder)
    x = Batches(images, model.scaling_, model.device_).batch(slice(len(images)))["images"]
    with torch.no_grad():
        return int((cast(DenseEncoder, encoder).layers[:2](times(x)) <= 0).all(dim=0).sum())


def _study_of_inputs(train: Images, test: Images, request: Request) -> _Study:
    """Train for each of the `INPUTS`, and judge all of them by the same figures."""
    from latente.figures import main_effect
    from latente.metrics import latent_use

    seeds, epochs = range(2 if request.tiny else STUDY_SEEDS), 1 if request.tiny else SMALL_EPOCHS
    lines: list[Line] = []
    for number, (name, (pixels, weights)) in enumerate(INPUTS.items()):
        for seed in seeds:
            model = model_for_input(train.image_shape, pixels, weights, epochs, seed)
            model = request.fit(f"input-{number}-{seed}", model, train)
            judged = model.evaluate(test)
            line: Line = {
                "input": name,
                "seed": seed,
                BOUND: judged["objective"],
                "KL": judged["kl"],
                "MSE": judged["mse"],
            }
            line |= {"active units": int(latent_use(*model.posterior(test))[1].sum())}
            line |= {"dead units of the first 64": dead_units(model, test)}
            lines.append(line | {"loss of the first steps": model.history_[0]["loss"]})
            request.tell(f"input {name}, seed {seed}: {line[BOUND]:.2f} nats, MSE {line['MSE']:.4g}")
    return _Study(
        claims=[
            Claim(
                f"784-64-16-8, input {name}, middle seed: {what}",
                "[UAO], [BFPS]: advise to normalise, no figure" if name == RAW else "",
                # of the middle: one training of raw input in three ends beyond all bounds
                float(np.median([line[column] for line in _of(lines, "input", name)])),
            )
            for what, column in ((BOUND, BOUND), ("MSE, in [0, 1]", "MSE"))
            for name in INPUTS
        ],
        notes=[_advice(lines)],
        tables={
            f"raw and normalised input, mean ± standard deviation over {len(seeds)} seeds": [
                {"input": name} | _spreads(_of(lines, "input", name)) for name in INPUTS
            ],
            "raw and normalised input, seed by seed": lines,
        },
        figures={
            "bound by input": main_effect(
                [line["input"] for line in lines],
                np.array([line[BOUND] for line in lines]),
                "input",
                "bound in nats",
                better="lower",
            )
        },
    )


def _advice(lines: Sequence[Line]) -> str:
    """Say whether raw input did worse, by more than the seeds differ, and whether that is due to start or to steps."""
    best, raw, started = ([line[BOUND] for line in _of(lines, "input", name)] for name in INPUTS)
    verdict = "holds" if min(raw) > max(best) else "does not hold" if max(raw) < min(best) else "cannot be told here"
    cost, left = np.median(raw) - np.median(best), np.median(started) - np.median(best)
    return (
        f"That input should be normalised {verdict}: pixels from 0 to 255 cost {cost:.3g} nats in the middle seed "
        f"({min(raw):.5g} to {max(raw):.5g}, against {min(best):.5g} to {max(best):.5g}). Where the first weights are "
        "255 times smaller, so that the network starts as that for [0, 1] does and only its steps are too long, the "
        f"cost is {left:.3g}."
    )


# -- what both studies share


@dataclasses.dataclass(frozen=True)
class _Study:
    """What came of something asked of the small VAE: as in `Result`."""

    claims: Sequence[Claim]
    notes: Sequence[str]
    tables: Mapping[str, Sequence[Line]]
    figures: Mapping[str, Figure]


def _of(lines: Sequence[Line], name: str, value: object) -> list[Line]:
    return [line for line in lines if line[name] == value]


def _mean(lines: Sequence[Line], name: str, value: object, column: str) -> float:
    """Return the mean of a column over the lines that have such a value under that name."""
    return float(np.mean([line[column] for line in _of(lines, name, value)]))


def _spreads(lines: Sequence[Line]) -> Line:
    """Return mean and standard deviation, in words, of every column after that of the seed."""
    columns = list(lines[0])[list(lines[0]).index("seed") + 1 :]
    return {column: str(Estimate.of(line[column] for line in lines)) for column in columns}
