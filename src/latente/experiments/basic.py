"""A dense autoencoder 784-64-784 on Fashion-MNIST, and why the first thirty steps decide how good it gets.

Source: [UOH] Lagos: Tarea 4, Aprendizaje Profundo Avanzado (Universidad de O'Higgins, 2023).
Claim: one layer of 64 rectified units, a sigmoid output, Adam, 10 epochs; originals beside reconstructions, no figure.
Ours: a mean squared error per pixel, in [0, 1], of 0.00848 on the 10,000 test images, with that shape, Adam and 10
epochs (asked for: 0.0088); as torch draws its weights 0.0106.
Command: latente reproduce basic
Minutes: 6 on one core beside other work, of which the study takes 5.

A rectified unit that is 0 for every image gets no gradient any more: it is dead, and the code has a dimension less.
None is dead at the start. But all pictures of clothes have much in common, the network's first picture is grey (0.5)
where theirs is dark, and so the first gradients are of one mind: every code unit that makes the picture lighter
shall say less, for all images alike. Adam's first steps have the length of the learning rate in each weight, whatever
the gradient, so that one step moves the input of a unit by up to the rate times the sum of the image's pixels. By
torch's default initialisation the inputs of the units spread over hardly more than that: a few steps carry a third of
the units below zero for all images, and there they stay. By Glorot's rule the weights are larger, and few die.

What cures it: weights that are not small beside a step (Glorot; or `tied`: orthonormal rows, the decoder their
transpose, whose first picture is the mean picture, so that there is nothing that all images agree on), or first steps
that are small (a warm-up). Smaller batches mean more steps in as many epochs, and a rate that falls to 0 takes out the
noise of the last ones; neither brings a dead unit back. All of it is chosen on 10,000 images held out from training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import held_out, open_parts
from latente.sweeps import Results, Sweep
from latente.words import typed

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from latente import Autoencoder, Images

__all__ = [
    "autoencoder",
    "dead_units",
    "first_steps",
    "mse_of",
    "networks",
    "run",
    "trial",
]

CODE, EPOCHS, RATE = 64, 10, 1e-3
TARGET = 0.0088
INITIALISATIONS = ("torch", "scaled", "tied")
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "constant": {"schedule": "constant"},
    "cosine": {"schedule": "cosine", "warmup": 0},
    "warm-up, cosine": {"schedule": "cosine", "warmup": 1000},
}
STEPS = (0, 1, 3, 10, 30, 100, 300, 1000)
STUDY_SEEDS = 1


def run(request: Request) -> Result:
    """Study initialisation, batch size and schedule, train the best of them on all images, and look at the dead."""
    from latente.figures import main_effect

    train, test, data = open_parts("fashion-mnist", request.tiny)
    results = request.study("study", _sweep(request), trial)
    chosen = dict(results.best().options)
    models, errors, dead = [], [], []
    for seed in range(request.seeds):
        models.append(autoencoder(train, seed, epochs=1 if request.tiny else EPOCHS, **chosen).fit(train))
        errors.append(mse_of(models[-1], test))
        dead.append(dead_units(models[-1], test))
        request.tell(f"seed {seed}: test MSE {errors[-1]:.5f}")
    plain: dict[str, Any] = {"initialisation": "torch", "batch_size": 128, "schedule": "constant"}
    default = autoencoder(train, 0, epochs=1 if request.tiny else EPOCHS, **plain).fit(train)
    beginnings = [line for name in INITIALISATIONS for line in first_steps(name, 0, train, test, _steps(train))]
    default_error, linear = mse_of(default, test), _pca_mse(train, test)
    request.tell(f"as torch draws the weights: test MSE {default_error:.5f}; by PCA {linear:.5f}")
    return Result(
        data=data,
        claims=[
            Claim("test MSE, the worst seed", "[UOH] shows pictures, no figure", max(errors), TARGET),
            Claim("dead code units, the worst seed", "", max(dead)),
            Claim("test MSE as torch draws the weights, batches of 128", "", default_error),
            Claim("dead code units of that", "", dead_units(default, test)),
            Claim(f"test MSE by PCA, {CODE} components", "", linear),
        ],
        notes=[_choice(results), _causes(beginnings)],
        tables={
            "initialisation, batch size, schedule": results.summary(),
            "the first steps": beginnings,
            "seeds": [
                {"seed": seed, "test MSE": error, "dead": lost}
                for seed, (error, lost) in enumerate(zip(errors, dead, strict=True))
            ],
        },
        extra={"test_mse": errors, "chosen": chosen},
        figures={
            "originals and reconstructions": _pictures(test, models[0], default),
            "dead units in the first steps": _first_steps_figure(beginnings),
            "what dead units cost": _cost(results),
            **{
                f"by {name.replace('_', ' ')}": main_effect(**results.panel(name, "test MSE")._asdict())
                for name in results.factors
            },
        },
    )


def autoencoder(
    train: Images, seed: int, *, initialisation: str, batch_size: int, schedule: str, epochs: int = EPOCHS
) -> Autoencoder:
    """Return the network of the source, untrained, its weights drawn by one of the `INITIALISATIONS`.

    schedule: one of `SCHEDULES`.
    """
    from latente import Autoencoder

    return Autoencoder(
        latent_dim=CODE,
        network=networks(initialisation, seed, train),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=RATE,
        **SCHEDULES[schedule],
        precision="float32",
        validation=None,
        log_every=1000,
        threads=1,
        device="cpu",
        random_state=seed,
    )


def networks(initialisation: str, seed: int, train: Images) -> tuple[nn.Module, nn.Module]:
    """Return encoder and decoder of that shape, whose weights are drawn by one of the `INITIALISATIONS`.

    torch: as its layers are by default. scaled: Glorot's rule, as Latente's are. tied: the encoder's rows are
    orthonormal and its bias 0, the decoder is its transpose, and its bias alone gives the mean of the training images.
    """
    import torch
    from torch import nn

    from latente.networks import DenseDecoder, DenseEncoder

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        encoder = DenseEncoder(train.image_shape, CODE, (), output_activation="relu")
        decoder = DenseDecoder(CODE, train.image_shape, ())
        first, last = _linear(encoder), _linear(decoder)
        if initialisation == "torch":
            first.reset_parameters()
            last.reset_parameters()
        elif initialisation == "tied":
            mean = torch.from_numpy(train.pixels.mean(axis=0) / 255).flatten()
            nn.init.orthogonal_(first.weight)
            last.weight.copy_(first.weight.T)
            last.bias.copy_(torch.logit(mean, eps=0.01))
    return encoder, nn.Sequential(decoder, nn.Sigmoid())


def mse_of(model: Autoencoder, images: Images) -> float:
    """Return the mean squared error per pixel in [0, 1], which is what these models minimise."""
    return -model.score(images)


def dead_units(model: Autoencoder, images: Images) -> int:
    """Return how many units of the code are 0 for each of the images."""
    return int((model.encode(images) <= 0).all(axis=0).sum())


def trial(
    seed: int, *, initialisation: str, batch_size: int, schedule: str, epochs: int, tiny: bool = False
) -> dict[str, float]:
    """Train once without the held-out images, and return the error on these and on the test images, and the dead."""
    train, test, _ = open_parts("fashion-mnist", tiny)
    kept, judges = held_out(train)
    way: dict[str, Any] = {"initialisation": initialisation, "batch_size": batch_size, "schedule": schedule}
    model = autoencoder(kept, seed, epochs=epochs, **way).fit(kept)
    return {
        "held-out MSE": mse_of(model, judges),
        "test MSE": mse_of(model, test),
        "dead": float(dead_units(model, test)),
        "active": float((model.encode(test) > 0).mean()),
    }


def first_steps(
    initialisation: str, seed: int, train: Images, judges: Images, steps: Sequence[int], batch_size: int = 32
) -> list[Line]:
    """Return after each number of steps how many code units are dead; every step sees new images.

    active: share of the code's values above 0. spread: standard deviation of the units' inputs over images and units.
    one step: by how much Adam's next step moves an input at most, on average over the images: the learning rate times
    the sum of the pixels.
    """
    way: dict[str, Any] = {"initialisation": initialisation, "batch_size": batch_size, "schedule": "constant"}
    model = autoencoder(train, seed, **way)
    encoder, done = model.network[0], 0
    reach = RATE * float(judges.pixels.reshape(len(judges), -1).sum(axis=1).mean()) / 255
    lines: list[Line] = []
    for upto in steps:
        if upto > done:
            model.partial_fit(train.take(np.arange(done * batch_size, upto * batch_size)))
            encoder, done = model.objective_.encoder, upto
        inputs = _inputs(encoder, judges)
        line = {"initialisation": initialisation, "steps": upto, "dead": int((inputs <= 0).all(axis=0).sum())}
        line |= {"active": float((inputs > 0).mean()), "spread": float(inputs.std()), "one step": reach}
        lines.append(line)
    return lines


def _linear(part: nn.Module) -> nn.Linear:
    from torch import nn

    return next(layer for layer in part.modules() if isinstance(layer, nn.Linear))


def _inputs(encoder: nn.Module, images: Images) -> np.ndarray:
    """Return what the code's units get before they are rectified, (N, units)."""
    layer = _linear(encoder)
    weight, bias = (tensor.detach().cpu().numpy() for tensor in (layer.weight, layer.bias))
    inputs: np.ndarray = images.pixels.reshape(len(images), -1).astype(np.float32) / 255 @ weight.T + bias
    return inputs


def _sweep(request: Request) -> Sweep:
    grid: dict[str, list[Any]] = {
        "initialisation": list(INITIALISATIONS),
        "batch_size": [16, 32, 128],
        "schedule": list(SCHEDULES),
    }
    fixed: dict[str, Any] = {"epochs": EPOCHS}
    if request.tiny:
        grid = {"initialisation": ["torch", "tied"], "batch_size": [32], "schedule": ["constant"]}
        fixed = {"epochs": 1, "tiny": True}
    return Sweep(grid=grid, options=fixed, seeds=1 if request.tiny else STUDY_SEEDS, metric="held-out MSE")


def _pca_mse(train: Images, test: Images) -> float:
    from sklearn.decomposition import PCA

    x, y = (images.pixels.reshape(len(images), -1).astype(np.float32) / 255 for images in (train, test))
    pca = PCA(CODE, random_state=0).fit(x)
    return float(((pca.inverse_transform(pca.transform(y)) - y) ** 2).mean())


def _steps(train: Images, batch_size: int = 32) -> list[int]:
    return [steps for steps in STEPS if steps * batch_size <= len(train)]


def _choice(results: Results) -> str:
    best = results.best()
    errors = [combination.metrics["held-out MSE"].mean for combination in results.combinations()]
    return (
        f"Chosen on held-out images, of {len(errors)} combinations from {errors[0]:.5f} to {errors[-1]:.5f}: "
        f"{typed(best.options)}. The tests of the study, of networks that did not see the held-out images, chose "
        "nothing."
    )


def _causes(beginnings: Sequence[Line]) -> str:
    """Say in figures what the first steps do to each initialisation."""
    words = []
    for name, lines in _by_initialisation(beginnings).items():
        worst = max(lines, key=lambda line: line["dead"])
        words.append(f"{name} {lines[0]['spread']:.2f}, {worst['dead']} dead after {worst['steps']} steps")
    reach = beginnings[0]["one step"]
    return (
        f"One step of Adam moves a code unit's input by up to {reach:.2f}; at the start the inputs spread over "
        f"{'; '.join(words)}."
    )


def _by_initialisation(beginnings: Sequence[Line]) -> dict[str, list[Line]]:
    names = dict.fromkeys(line["initialisation"] for line in beginnings)
    return {name: [line for line in beginnings if line["initialisation"] == name] for name in names}


def _pictures(test: Images, model: Autoencoder, default: Autoencoder) -> Figure:
    """Draw an image of each class above what the chosen and the default training make of it."""
    from latente.figures import strips

    labels = np.asarray(test.columns["label"])
    few = test.take(np.array([int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)[:10]]))
    rows = [few.pixels, *(m.reconstruct(few).reshape(few.pixels.shape) for m in (model, default))]
    return strips(np.stack(rows), ["original", "chosen", "torch's default"])


def _first_steps_figure(beginnings: Sequence[Line]) -> Figure:
    from latente import figures

    series = {
        name: ([line["steps"] for line in lines], [line["dead"] for line in lines])
        for name, lines in _by_initialisation(beginnings).items()
    }
    figure = figures.lines(
        series, "steps (batches of 32)", "dead code units", f"Dead units of {CODE}, learning rate {RATE:g}"
    )
    figure.axes[0].set_xscale("symlog", linthresh=1)
    figure.axes[0].set_xticks([step for step in STEPS if step in next(iter(series.values()))[0]])
    figure.axes[0].xaxis.set_major_formatter("{x:g}")
    return figure


def _cost(results: Results) -> Figure:
    from latente.figures import main_effect

    dead = [trial.metrics["dead"] for trial in results.done]
    errors = np.array([trial.metrics["test MSE"] for trial in results.done])
    return main_effect(dead, errors, "dead code units", "test MSE", better="lower")
