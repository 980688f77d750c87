"""Characters of 5x7 pixels, of which some are flipped, and how near a denoiser comes to what can be known.

Source: [BFPS] Banfi, Fleischer, Perez Rivera, Szejer: Autoencoders.
Claim: the first 10 characters, nets 25-20-15-10-5, Powell's method, 50 iterations; mean wrong pixels after denoising on
the patterns trained on 0.2546 at noise 2, 0.3544 at 4, 0.447 at 6; on other patterns 1.327 at noise 1, 0.959 at 2,
1.337 at 4; of noise other than that of the training, "it cannot remove it as well".
Ours: every batch is flipped afresh, and so are 10,000 test patterns per level; target 1.15 times the limit + 0.05.
Measured with seed 0: 0.0036, 0.020, 0.124, 0.359 wrong pixels at noise 1, 2, 4, 6; limit 0.0036, 0.017, 0.091, 0.334.
Powell's method, 4 patterns a letter: 0 on these at every noise, 4.7, 6.2, 7.8, 8.7 on others.
Command: latente reproduce letters-denoise
Minutes: about 90 on one core, of which Powell's method takes most.

Noise of level k flips exactly k different pixels, all choices being equally likely. Then p(y | letter) is 1 / C(35, k)
for the letters at Hamming distance k from the pattern y, and 0 for all others: given y, the letters at exactly that
distance are equally likely, and no others are possible. The fewest wrong pixels are expected of the pixelwise median of
that posterior, the majority among those letters (`limit`). The nearest letter is another answer, and a worse one: it
forgets how many pixels were flipped.

The network has one wide layer on either side of the code. A letter's distance from y is linear in y, so that a few of
the first layer's units say whether it is k; the code has as many values as there are letters, for a posterior's
evidence, and the decoder turns it into the pixels' logits, whose cross-entropy is least at the posterior's means. Two
values, which do for the clean letters, would have to carry all mixtures of them.

What separates the source's two rows of figures is the finite set of patterns that it trained on, whose size it does not
tell: sets of 1, 4, 16 and 64 patterns a letter stand beside patterns that are drawn afresh for every step. Whether its
last 5 is the code, or the last layer before one of two numbers, is not told either: Powell's method trains both.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.patterns import distances, flipped, noisy, wrong_pixels
from latente.experiments.powell import minimise
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import open_letters
from latente.sweeps import Results, Sweep, Trial
from latente.words import typed

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Generator, Tensor

    from latente import Autoencoder, Images

__all__ = ["AnyLevel", "denoiser", "limit", "nearest_letter", "powell_trial", "run"]

# level: epochs, each of two steps of 1,024 patterns; the more patterns there are, the more of them it takes
EPOCHS = {1: 500, 2: 1000, 4: 2000, 6: 4000}
LEVELS = tuple(EPOCHS)
FINITE_EPOCHS = 1000  # each of one step of all patterns
KNOWN = {2: 0.2546, 4: 0.3544, 6: 0.447}  # the source's figures, on the patterns trained on
UNKNOWN = {1: 1.327, 2: 0.959, 4: 1.337}  # and on others
BATCH = 1024
DRAWS = 10_000
TEST_SEED = 20_000  # no seed of a training

FIRST = 10  # the characters of the source
COPIES = (1, 4, 16, 64)  # patterns a letter in a finite set
POWELL_COPIES = (1, 4)  # what a day allows
POWELL_ITERATIONS = 50
READINGS: Sequence[Mapping[str, Any]] = (
    {"hidden": (25, 20, 15, 10), "code": 5},
    {"hidden": (25, 20, 15, 10, 5), "code": 2},
)

OURS: Mapping[str, Any] = {"hidden": (512,), "activation": "gelu"}
SOURCES: Mapping[str, Any] = {**READINGS[0], "activation": "tanh"}

LEGEND = (
    "Limit: the pixelwise majority of the letters at exactly so many pixels from the pattern, on the same draws; "
    "expected: its mean error given those patterns, in closed form. Limit untold: the same for who knows only that the "
    f"noise is one of {typed(LEVELS)}, each as likely."
)
OTHER_NOISE = (
    f'"Trained at" by "tested at": the mean wrong pixels of fresh patterns; the nets by Powell\'s method saw '
    f"{POWELL_COPIES[-1]} patterns a letter, the others new ones at every step."
)


@dataclasses.dataclass(frozen=True)
class AnyLevel:
    """A corruption: flips so many pixels of each image as one of `levels` says, each being as likely."""

    levels: tuple[int, ...]

    def __call__(self, x: Tensor, generator: Generator, shared: bool = False) -> Tensor:
        import torch

        count = 1 if shared else len(x)
        level = torch.tensor(self.levels)[torch.randint(len(self.levels), (count, 1), generator=generator)]
        places = torch.rand(count, x[0].numel(), generator=generator).argsort(dim=1).argsort(dim=1)
        return torch.where((places < level).view(count, *x.shape[1:]), 1 - x, x)


def run(request: Request) -> Result:
    """Train a denoiser per level and seed; judge it beside the limit, and on other noise than its own."""
    letters = open_letters(request.font)
    few = letters.take(np.arange(min(FIRST, len(letters))))
    draws = DRAWS // (100 if request.tiny else 1)
    tests = {level: noisy(letters, level, draws, TEST_SEED + level) for level in LEVELS}
    few_tests = {level: noisy(few, level, draws, TEST_SEED + level) for level in LEVELS}
    models = {(level, seed): _told(letters, level, seed, request) for level in LEVELS for seed in range(request.seeds)}
    blind = [_told(letters, AnyLevel(LEVELS), seed, request) for seed in range(request.seeds)]
    few_models = {level: _told(few, level, 0, request) for level in LEVELS}
    lines = [_beside_limit(models[level, seed], level, seed, tests, letters) for level, seed in models]
    powell = request.study("study-powell", _powell_sweep(request, len(few)), powell_trial)
    other = [
        *_by_level(f"ours, {len(letters)} characters", {level: models[level, 0] for level in LEVELS}, tests),
        *_by_level(f"ours, {len(few)} characters", few_models, few_tests),
        *_powell_by_level(powell),
    ]
    finite = [*_finite(few, few_models, few_tests, request), *_powell_finite(powell)]
    untold = [_untold(blind, lines, level, tests, letters) for level in LEVELS]
    return Result(
        data="5x7 characters 0x60 to 0x7F, drawn by code" if request.font is None else f"{request.font}",
        claims=[*(_claim(lines, level) for level in LEVELS), *_claims_of_source(finite)],
        notes=[LEGEND, OTHER_NOISE],
        tables={
            f"wrong pixels of {draws:,} patterns": lines,
            "trained at, tested at": other,
            "finite sets of patterns": finite,
            "one net for all levels": untold,
        },
        figures={
            "patterns": _patterns({level: models[level, 0] for level in LEVELS}, tests, letters),
            "wrong pixels by noise": _curves(lines),
            "wrong pixels by patterns": _finite_figure(finite),
        },
    )


def denoiser(
    images: Images, *, code: int, seed: int, epochs: int, corruption: Any = None, hidden: Sequence[int], activation: str
) -> Autoencoder:
    """Return a dense autoencoder, trained to take back flipped pixels: the corruption's, or those of pairs."""
    from latente import Autoencoder

    return Autoencoder(
        latent_dim=code,
        network="dense",
        hidden=tuple(hidden),
        activation=activation,
        loss="bce",
        shortcut=None,
        corruption=corruption,
        epochs=epochs,
        batch_size=BATCH,
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0,
        precision="float32",
        validation=None,
        log_every=1000,
        threads=1,
        random_state=seed,
    ).fit(images)


def limit(patterns: np.ndarray, letters: np.ndarray, *levels: int) -> tuple[np.ndarray, float]:
    """Return the pictures of fewest expected wrong pixels, given the letters and the noise, and that expectation.

    patterns: (N, ...) booleans, each at Hamming distance `levels`, or of several one, from a letter at least; letters:
    (M, ...). Several levels are equally likely. Where as much speaks for a pixel as against it, either answer is as
    good, and it is left out.
    """
    known = letters.reshape(len(letters), -1).astype(np.float64)
    apart = distances(patterns, letters)
    # given the letter, each of the patterns at that distance is as likely
    possible = np.sum([(apart == level) / math.comb(known.shape[1], level) for level in levels], axis=0)
    share = possible @ known / possible.sum(axis=1, keepdims=True)
    expected = float(np.minimum(share, 1 - share).sum(axis=1).mean())
    return (share > 0.5).reshape(patterns.shape), expected


def nearest_letter(patterns: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Return for each pattern the letter at the least Hamming distance, the first of several."""
    chosen: np.ndarray = letters[distances(patterns, letters).argmin(axis=1)]
    return chosen


def powell_trial(
    seed: int,
    *,
    reading: int,
    level: int,
    copies: int,
    characters: int,
    iterations: int,
    draws: int,
    font: str | None = None,
) -> dict[str, float]:
    """Train the source's net by Powell's method on so many flipped patterns a letter, and return its wrong pixels.

    reading: which of `READINGS`. On its own patterns, and on fresh ones of each level.
    """
    letters = open_letters(font)
    few = letters.take(np.arange(characters))
    truth, patterns = _copies(few, level, copies, seed)
    net = READINGS[reading]
    trained = minimise(patterns, truth, hidden=net["hidden"], latent_dim=net["code"], iterations=iterations, seed=seed)
    fresh = {other: noisy(few, other, draws, TEST_SEED + other) for other in LEVELS}
    return {
        "on its own patterns": float(trained.wrong[-1].mean()),
        **{f"at {other}": _wrong(trained.rebuild(seen), clean) for other, (clean, seen) in fresh.items()},
        "iterations": float(len(trained.wrong) - 1),
    }


Test = Mapping[int, tuple[np.ndarray, np.ndarray]]  # by level: the letters, and what is seen of them


def _told(letters: Images, noise: int | AnyLevel, seed: int, request: Request) -> Autoencoder:
    """Return our denoiser of a level, or of all, which meets new patterns at every step."""
    level = max(LEVELS) if isinstance(noise, AnyLevel) else noise
    start = time.perf_counter()
    model = denoiser(
        letters.take(np.tile(np.arange(len(letters)), 2 * BATCH // len(letters))),
        code=len(letters),
        seed=seed,
        epochs=2 if request.tiny else EPOCHS[level],
        corruption=noise if isinstance(noise, AnyLevel) else f"flips:{noise}",
        **OURS,
    )
    which = "all levels" if isinstance(noise, AnyLevel) else f"noise {noise}"
    request.tell(f"{which}, {len(letters)} characters, seed {seed}: {time.perf_counter() - start:.1f} s")
    return model


def _beside_limit(model: Autoencoder, level: int, seed: int, tests: Test, letters: Images) -> Line:
    truth, patterns = tests[level]
    best, expected = limit(patterns, letters.pixels, level)
    return {
        "noise": level,
        "limit": _wrong(best, truth),
        "expected": expected,
        "nearest letter": _wrong(nearest_letter(patterns, letters.pixels), truth),
        "seed": seed,
        "denoiser": _wrong(model.reconstruct(patterns), truth),
    }


def _by_level(name: str, models: Mapping[int, Autoencoder], tests: Test) -> list[Line]:
    """Return a line for each net: the level that it was trained at, and its wrong pixels at each."""
    return [
        {
            "net": name,
            "trained at": level,
            **{f"at {other}": _wrong(model.reconstruct(seen), truth) for other, (truth, seen) in tests.items()},
        }
        for level, model in models.items()
    ]


def _untold(blind: Sequence[Autoencoder], lines: Sequence[Line], level: int, tests: Test, letters: Images) -> Line:
    """Return how a net that was trained at all levels, and is told none, does at one."""
    truth, patterns = tests[level]
    told = [line for line in lines if line["noise"] == level]
    return {
        "noise": level,
        "one net for all": max(_wrong(model.reconstruct(patterns), truth) for model in blind),
        "a net of its own": max(line["denoiser"] for line in told),
        "limit untold": _wrong(limit(patterns, letters.pixels, *LEVELS)[0], truth),
        "limit": told[0]["limit"],
    }


def _copies(letters: Images, level: int, copies: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a finite set: each letter so many times, and the same with `level` of their pixels flipped."""
    import torch

    truth = np.tile(letters.pixels, (copies, 1, 1, 1))
    return truth, flipped(truth, level, torch.Generator().manual_seed(seed))


def _finite(few: Images, fresh: Mapping[int, Autoencoder], tests: Test, request: Request) -> list[Line]:
    """Return the wrong pixels of nets that met the same patterns again and again, on these and on fresh ones."""
    from latente import Images

    lines: list[Line] = []
    epochs, sizes, levels = (2, COPIES[:2], LEVELS[1:2]) if request.tiny else (FINITE_EPOCHS, COPIES, LEVELS)
    nets = {"ours": {**OURS, "code": len(few)}, f"{_net(SOURCES)}, by Adam": SOURCES}
    for level in levels:
        truth, seen = tests[level]
        for name, net in nets.items():
            for copies in sizes:
                clean, patterns = _copies(few, level, copies, seed=0)
                model = denoiser(Images(patterns, {"target": clean}), seed=0, epochs=epochs, **net)
                own, other = _wrong(model.reconstruct(patterns), clean), _wrong(model.reconstruct(seen), truth)
                lines.append(_finite_line(name, level, copies, own, other))
                request.tell(typed(lines[-1]))
        wrong = _wrong(fresh[level].reconstruct(seen), truth)
        lines.append(_finite_line("ours", level, "new ones", wrong, wrong))
    return lines


def _finite_line(net: str, level: int, copies: int | str, own: float, fresh: float) -> Line:
    return {"net": net, "noise": level, "patterns a letter": copies, "on its own": own, "on fresh ones": fresh}


def _powell_sweep(request: Request, characters: int) -> Sweep:
    font = {} if request.font is None else {"font": str(request.font)}
    grid: dict[str, list[Any]] = {
        "reading": list(range(len(READINGS))),
        "copies": list(POWELL_COPIES),
        "level": list(LEVELS),
    }
    fixed = {"characters": characters, "iterations": POWELL_ITERATIONS, "draws": DRAWS}
    if request.tiny:
        grid, fixed = {**grid, "reading": [0], "copies": [1], "level": [2]}, {**fixed, "iterations": 1, "draws": 100}
    return Sweep(grid=grid, options={**fixed, **font}, metric="on its own patterns")


def _powell_by_level(powell: Results) -> list[Line]:
    most = max(trial.options["copies"] for trial in powell.done)
    return [
        {
            "net": _powell_net(trial),
            "trained at": trial.options["level"],
            **{f"at {level}": trial.metrics[f"at {level}"] for level in LEVELS},
        }
        for trial in powell.done
        if trial.options["copies"] == most
    ]


def _powell_finite(powell: Results) -> list[Line]:
    return [
        _finite_line(
            _powell_net(trial),
            trial.options["level"],
            trial.options["copies"],
            trial.metrics["on its own patterns"],
            trial.metrics[f"at {trial.options['level']}"],
        )
        for trial in powell.done
    ]


def _powell_net(trial: Trial) -> str:
    return f"{_net(READINGS[trial.options['reading']])}, by Powell"


def _net(reading: Mapping[str, Any]) -> str:
    return f"{'-'.join(map(str, reading['hidden']))}, a code of {reading['code']}"


def _wrong(pictures: np.ndarray, truth: np.ndarray) -> float:
    return float(wrong_pixels(pictures, truth).mean())


def _claim(lines: list[Line], level: int) -> Claim:
    """Return the worst seed of a level beside what it must reach."""
    seeds = [line for line in lines if line["noise"] == level]
    claimed = f"[BFPS] {UNKNOWN[level]} on patterns not trained on" if level in UNKNOWN else ""
    target = 1.15 * seeds[0]["limit"] + 0.05
    return Claim(f"wrong pixels at noise {level}", claimed, max(line["denoiser"] for line in seeds), target)


def _claims_of_source(finite: Sequence[Line]) -> list[Claim]:
    """Return what the source's net by Powell's method leaves, of its own patterns and of others, by their number."""
    rows = [line for line in finite if line["net"] == f"{_net(READINGS[0])}, by Powell"]
    wheres = (("on its own", "on the patterns trained on", KNOWN), ("on fresh ones", "on others", UNKNOWN))
    return [
        Claim(
            f"wrong pixels at noise {line['noise']} {words}, the source's net, {line['patterns a letter']} a letter",
            f"[BFPS] {claimed[line['noise']]}" if line["noise"] in claimed else "",
            line[where],
        )
        for where, words, claimed in wheres
        for line in rows
    ]


def _patterns(models: Mapping[int, Autoencoder], tests: Test, letters: Images) -> Figure:
    from latente.figures import strips

    rows: dict[str, np.ndarray] = {}
    for level, model in models.items():
        truth, seen = (part[:12] for part in tests[level])
        rows[f"noise {level}"], rows[f"denoised {level}"] = seen, model.reconstruct(seen)
        rows[f"limit {level}"], rows[f"letter {level}"] = limit(seen, letters.pixels, level)[0], truth
    return strips(np.stack(list(rows.values())), list(rows))


def _curves(lines: list[Line]) -> Figure:
    from latente.figures import comparison

    first = [line for line in lines if line["seed"] == 0]
    ways = ("denoiser", "limit", "nearest letter")
    rows = {way: {f"noise {line['noise']}": line[way] for line in first} for way in ways}
    return comparison(rows, better={f"noise {line['noise']}": "lower" for line in first})


def _finite_figure(finite: Sequence[Line], level: int = 2) -> Figure:
    """Draw the wrong pixels at one level by the number of patterns a letter, on these patterns and on fresh ones."""
    from latente.figures import lines

    rows = [line for line in finite if line["noise"] == level and isinstance(line["patterns a letter"], int)]
    series = {}
    for net in dict.fromkeys(line["net"] for line in rows):
        own = [line for line in rows if line["net"] == net]
        places = [line["patterns a letter"] for line in own]
        short = net.split(", ", 1)[-1]  # a legend wider than the figure would widen it
        series[f"{short}, its own"] = places, [line["on its own"] for line in own]
        series[f"{short}, fresh"] = places, [line["on fresh ones"] for line in own]
    return lines(series, "patterns a letter in the training set", f"wrong pixels at noise {level}", log="x")
