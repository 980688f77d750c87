"""32 characters of 5x7 pixels in a latent space of two dimensions.

Source: [BFPS] Banfi, Fleischer, Perez Rivera, Szejer: Autoencoders.
Claim: at most 1 wrong pixel per character, by Powell's method, hidden layers 25-20-15-10; Adam got stuck at 12 to 15
wrong pixels whatever the architecture. A mean error of 0.26 pixels on 11 characters.
Ours: every pixel of all 32 characters right, from each of 10 seeds, in 1.7 s each on one core, by Adam.
Command: latente reproduce letters --seeds 10
Minutes: 4 on one core, of which the 10 seeds take 17 seconds, and the studies and Powell's method the others.

A network whose code says nothing answers every character with the same picture, at best the pixelwise majority; that
leaves 10.25 pixels wrong on average, and 19 of the worst character. So 12 to 15 wrong pixels are no local minimum near
a solution, but a code that carries little or nothing. The first study trains the widths of the source by Adam and
varies what else there is to choose: sigmoid units, at either loss and rate, end with 2 to 6 different pictures for the
32 characters and 14 to 20 wrong pixels of the worst one, while rectified ones with cross-entropy and a rate of 0.01 get
every pixel right. (The source does not say what its units were.) The second study varies optimiser, architecture and
initialisation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import open_letters
from latente.sweeps import Results, Sweep
from latente.words import typed

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from latente import Autoencoder, Images

__all__ = [
    "autoencoder",
    "networks",
    "new_letters",
    "powell",
    "run",
    "trial",
    "wrong_pixels",
]

NARROW = (25, 20, 15, 10)  # the widths of the source
NET: Mapping[str, Any] = {"hidden": (64, 64), "activation": "tanh", "loss": "bce"}  # and `trial`'s defaults
ADAM: Mapping[str, Any] = {"optimizer": "adam", "learning_rate": 0.01, "schedule": "cosine", "epochs": 2000}
# each optimiser as it does best with the net above; an epoch of L-BFGS is up to 20 iterations
OPTIMISERS: Mapping[str, Mapping[str, Any]] = {
    "adam": ADAM,
    "sgd": {**ADAM, "optimizer": "sgd", "learning_rate": 0.3},
    "lbfgs": {"optimizer": "lbfgs", "learning_rate": 1.0, "epochs": 50},
}
INITIALISATIONS = ("scaled", "torch", "normal")  # He's or Glorot's, torch's default, N(0, 1)
POWELL_EVALUATIONS = 400_000
STUDY_SEEDS = 2


def run(request: Request) -> Result:
    """Train once per seed, then study what decides whether it works, and draw letters between the letters."""
    from latente.figures import main_effect

    letters = open_letters(request.font)
    epochs = 100 if request.tiny else ADAM["epochs"]
    autoencoder(0, **NET, **{**ADAM, "epochs": 1}).fit(letters)  # imports what it needs, on nobody's time
    models, seconds = [], []
    for seed in range(request.seeds):
        start = time.process_time()  # with one thread, the seconds of one core, whatever else the machine is at
        models.append(autoencoder(seed, **NET, **{**ADAM, "epochs": epochs}).fit(letters))
        seconds.append(time.process_time() - start)
        request.tell(f"seed {seed}: {wrong_pixels(models[-1], letters).sum()} wrong pixels in {seconds[-1]:.1f} s")
    wrong = np.array([wrong_pixels(model, letters) for model in models])
    studies = {name: request.study(f"study-{name}", sweep, trial) for name, sweep in _sweeps(request).items()}
    powell = _powell_table(letters, request)
    between, pictures = new_letters(models[0], letters)
    return Result(
        data="5x7 characters 0x60 to 0x7F, drawn by code" if request.font is None else f"{request.font}",
        claims=_claims(wrong, seconds),
        notes=[_constant(letters), _cause(studies["why"]), _between(between)],
        tables={
            "wrong pixels per seed": _per_seed(wrong, seconds, letters),
            **{title: results.summary() for title, results in studies.items()},
            "powell": powell,
            "new letters": between,
        },
        extra={"max_wrong_pixels": int(wrong.max()), "wrong_pixels": wrong.tolist()},
        figures={
            "letters at their codes": _codes_figure(models[0], letters),
            "between letters": pictures,
            **{
                f"{title} {factor}": main_effect(**study.panel(factor)._asdict())
                for title, study in studies.items()
                for factor in study.factors
            },
        },
    )


def autoencoder(seed: int, *, hidden: Sequence[int], initialisation: str = "scaled", **options: Any) -> Autoencoder:
    """Return a dense autoencoder with a code of two values, all characters in one batch, on one core."""
    from latente import Autoencoder

    hidden, loss = tuple(hidden), options["loss"]
    network = (
        "dense" if initialisation == "scaled" else networks(seed, hidden, options["activation"], initialisation, loss)
    )
    return Autoencoder(
        latent_dim=2,
        network=network,
        hidden=hidden,
        shortcut=None,
        precision="float32",
        validation=None,
        batch_size=1024,
        log_every=1000,
        threads=1,
        random_state=seed,
        **{"schedule": "constant", "warmup": 0, **options},
    )


def networks(
    seed: int, hidden: Sequence[int], activation: str, initialisation: str, loss: str = "bce"
) -> tuple[nn.Module, nn.Module]:
    """Return the encoder and the decoder of `autoencoder`, initialised in another way."""
    import torch
    from torch import nn

    from latente.networks import DenseDecoder, DenseEncoder

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = DenseEncoder((1, 7, 5), 2, hidden, activation=activation)
        decoder: nn.Module = DenseDecoder(2, (1, 7, 5), hidden, activation=activation)
        for layer in (*encoder.modules(), *decoder.modules()):
            if isinstance(layer, nn.Linear) and initialisation == "torch":
                layer.reset_parameters()
            elif isinstance(layer, nn.Linear) and initialisation == "normal":
                nn.init.normal_(layer.weight)
    return encoder, decoder if loss == "bce" else nn.Sequential(decoder, nn.Sigmoid())


def wrong_pixels(model: Autoencoder, letters: Images) -> np.ndarray:
    """Return how many pixels of each letter come back wrong, (N,)."""
    wrong: np.ndarray = (model.reconstruct(letters) != letters.pixels).sum(axis=(1, 2, 3))
    return wrong


def trial(
    seed: int,
    *,
    optimizer: str = "adam",
    hidden: Sequence[int] = (64, 64),
    activation: str = "tanh",
    loss: str = "bce",
    initialisation: str = "scaled",
    font: str | None = None,
    **options: Any,
) -> dict[str, float]:
    """Train once, and return the wrong pixels per character, those of the worst, and how many pictures differ.

    optimizer: where it is a name among OPTIMISERS, the options it does best with count unless others are given.
    """
    letters = open_letters(font)
    net: dict[str, Any] = {"hidden": hidden, "activation": activation, "loss": loss, "initialisation": initialisation}
    best = {**OPTIMISERS.get(optimizer, {}), "optimizer": optimizer}
    model = autoencoder(seed, **net, **{**best, **options}).fit(letters)
    wrong, pictures = wrong_pixels(model, letters), model.reconstruct(letters)
    different = len(np.unique(pictures.reshape(len(pictures), -1), axis=0))
    return {"wrong pixels": float(wrong.mean()), "worst": float(wrong.max()), "different pictures": float(different)}


def _sweeps(request: Request) -> dict[str, Sweep]:
    """Return the study of what stops Adam with the widths of the source, and that of what else there is to choose."""
    font = {} if request.font is None else {"font": str(request.font)}
    fixed: dict[str, Any] = {"optimizer": "adam", "hidden": NARROW, "schedule": "constant", **font}
    why: dict[str, list[Any]] = {
        "activation": ["sigmoid", "tanh", "relu", "gelu"],
        "loss": ["mse", "bce"],
        "learning_rate": [0.001, 0.01],
    }
    cure: dict[str, list[Any]] = {
        "optimizer": list(OPTIMISERS),
        "hidden": [NARROW, (64,), (64, 64)],
        "initialisation": list(INITIALISATIONS),
    }
    short: dict[str, Any] = {}
    if request.tiny:
        why = {"activation": ["sigmoid", "gelu"], "loss": ["bce"], "learning_rate": [0.01]}
        cure = {"optimizer": list(OPTIMISERS), "hidden": [(16,)], "initialisation": ["scaled", "normal"]}
        short = {"epochs": 2}
    seeds = 1 if request.tiny else STUDY_SEEDS
    rest = {"activation": NET["activation"], "loss": NET["loss"], **font, **short}
    return {
        "why": Sweep(grid=why, options={**fixed, "epochs": 1000, **short}, seeds=seeds, metric="wrong pixels"),
        "cure": Sweep(grid=cure, options=rest, seeds=seeds, metric="wrong pixels"),
    }


def powell(letters: Images, seed: int, hidden: Sequence[int], evaluations: int) -> tuple[np.ndarray, int]:
    """Minimise the cross-entropy of a tanh net by Powell's method (1964), which asks for no gradients.

    Returns the wrong pixels of each letter and how often the loss was evaluated.
    """
    from scipy.optimize import minimize
    from torch import nn

    pair = networks(seed, hidden, "tanh", "scaled")
    layers = [layer for part in pair for layer in part.modules() if isinstance(layer, nn.Linear)]
    weights = [array.detach().numpy().astype(np.float64) for layer in layers for array in (layer.weight.T, layer.bias)]
    ends = np.cumsum([array.size for array in weights])[:-1]
    linear = (len(layers) // 2 - 1, len(layers) - 1)  # the code and the logits
    pixels = letters.pixels.reshape(len(letters), -1)

    def logits(parameters: np.ndarray) -> np.ndarray:
        x = pixels.astype(np.float64)
        parts = [part.reshape(like.shape) for part, like in zip(np.split(parameters, ends), weights, strict=True)]
        for i, (weight, bias) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
            x = x @ weight + bias
            x = x if i in linear else np.tanh(x)
        return x

    def loss(parameters: np.ndarray) -> float:
        raw = logits(parameters)
        return float((np.logaddexp(0, raw) - pixels * raw).mean())

    start = np.concatenate([array.ravel() for array in weights])
    end = minimize(loss, start, method="Powell", options={"maxfev": evaluations, "ftol": 0, "xtol": 1e-3})
    return ((logits(end.x) > 0) != pixels).sum(axis=1), int(end.nfev)


def new_letters(model: Autoencoder, letters: Images, steps: int = 7, walks: int = 8) -> tuple[list[Line], Figure]:
    """Decode the straight lines between the codes of pairs of letters; return what lies there, and the picture of it.

    Each line of figures names the nearest letter of the set, and by how many pixels the new one differs from it.
    """
    from latente.figures import strips
    from latente.latents import interpolate_codes, nearest

    names, count = letters.label_names, len(letters)
    starts = np.linspace(0, count - 2, min(walks, count - 1)).astype(int)
    codes = model.encode(letters)
    paths = interpolate_codes(codes[starts], codes[starts + 1], steps)
    pictures = model.decode(paths.reshape(-1, 2)).reshape(len(starts), steps, *letters.image_shape)
    neighbours = nearest(pictures[:, 1:-1].reshape(-1, *letters.image_shape), letters.pixels)
    values = letters.pixels[0].size
    apart = np.rint(neighbours.distances[:, 0] ** 2 * values).astype(int).reshape(len(starts), -1)
    near = neighbours.indices[:, 0].reshape(len(starts), -1)
    lines = [
        {
            "from": names[start],
            "to": names[start + 1],
            "way": f"{step + 1}/{steps - 1}",
            "nearest letter": names[near[row, step]],
            "pixels apart": int(apart[row, step]),
        }
        for row, start in enumerate(starts)
        for step in range(steps - 2)
    ]
    return lines, strips(pictures, [f"{names[start]} to {names[start + 1]}" for start in starts])


def _powell_table(letters: Images, request: Request) -> list[Line]:
    hidden, evaluations = ((4,), 500) if request.tiny else (NARROW, POWELL_EVALUATIONS)
    start = time.perf_counter()
    wrong, spent = powell(letters, 0, hidden, evaluations)
    seconds = time.perf_counter() - start
    request.tell(f"powell: {wrong.mean():.3g} wrong pixels after {spent} evaluations in {seconds:.1f} s")
    return [
        {
            "hidden": typed(hidden),
            "evaluations": spent,
            "wrong pixels": float(wrong.mean()),
            "worst": int(wrong.max()),
            "seconds": round(seconds, 1),
        }
    ]


def _claims(wrong: np.ndarray, seconds: Sequence[float]) -> list[Claim]:
    return [
        Claim("wrong pixels of the worst character", "[BFPS] 1 by Powell, 12 to 15 by Adam", int(wrong.max()), 0),
        Claim("wrong pixels per character", "[BFPS] 0.26 on 11 characters", float(wrong.mean()), 0),
        Claim(
            "seeds without a wrong pixel", "", int((wrong.sum(axis=1) == 0).sum()), len(wrong), higher_is_better=True
        ),
        Claim("CPU seconds of the slowest seed, one thread", "", float(max(seconds)), 20),
    ]


def _per_seed(wrong: np.ndarray, seconds: Sequence[float], letters: Images) -> list[Line]:
    lines = []
    for seed, row in enumerate(wrong):
        which = ", ".join(f"{letters.label_names[i]} {row[i]}" for i in np.flatnonzero(row)) or "none"
        line = {"seed": seed, "sum": int(row.sum()), "worst": int(row.max()), "characters": which}
        lines.append({**line, "seconds": round(seconds[seed], 2)})
    return lines


def _constant(letters: Images) -> str:
    wrong = (letters.pixels != (letters.pixels.mean(axis=0) > 0.5)).sum(axis=(1, 2, 3))
    return (
        f"The same picture for every character, the pixelwise majority, leaves {wrong.mean():.4g} pixels wrong on "
        f"average and {wrong.max()} of the worst character: this is what a code that says nothing gives."
    )


def _between(lines: Sequence[Line]) -> str:
    new = sum(line["pixels apart"] > 0 for line in lines)
    return f"Of {len(lines)} pictures decoded between two letters' codes {new} are no letter of the set."


def _cause(results: Results) -> str:
    """Say in figures how each activation does with the widths of the source."""
    wrong = results.levels("activation")
    different = dict(results.levels("activation", "different pictures"))
    words = ", ".join(f"{level} {mean} ({different[level].mean:.3g})" for level, mean in wrong)
    return f"Adam with hidden layers {typed(NARROW)}, wrong pixels per character (different pictures): {words}."


def _codes_figure(model: Autoencoder, letters: Images) -> Figure:
    from latente.figures import pictures_at

    return pictures_at(model.encode(letters), ~letters.pixels)  # dark on light, as one writes
