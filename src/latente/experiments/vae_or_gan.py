"""One loss, or two that compete: a variational autoencoder and a GAN of one latent size, in the same minutes.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders
Claim: a VAE has one loss that falls, a GAN two that compete; the VAE's pictures are blurred, the GAN's sharper and its
training unstable (no figure).
Ours: not run in full yet.
Command: latente reproduce vae-or-gan --seeds 5 --out DIR
Minutes: about 110 on one core with bf16: ten for each training of either kind and seed.

Both learn MNIST with 64 latents and the house's own options. Distance and precision say how real new digits look,
recall and coverage whether all kinds are there, sharpness whether edges are as steep as in real ones; the spread over
the seeds is what instability means here. What one loss gives is a bound that can be watched and compared; of two that
compete neither says how good the model is: the figures here are those of the crowd. Both walk from one digit to another
between codes, the VAE's its encoder's, the GAN's found by descent; and both add the difference of two digits' mean
codes to codes of a third.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.machine import fast_precision
from latente.experiments.made import FLOOR, measure_for
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import open_parts
from latente.sweeps import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import GAN, Images, VariationalAutoencoder

__all__ = ["LATENTS", "MINUTES", "arithmetic", "model", "run"]

LATENTS, MINUTES = 64, 10.0
KINDS = ("VAE", "GAN")
FIGURES = ("Frechet distance", "precision", "recall", "density", "coverage", "rarest class, %", "sharpness")
WALK = 8
EXAMPLES = 20  # codes of a class of which a mean is taken
SUM = (7, 1, 9)  # a seven without the difference between a one and a nine


def run(request: Request) -> Result:
    """Train both for each seed, compare what they make, and walk through both latent spaces."""
    train, test, data = open_parts("mnist", request.tiny)
    measure = measure_for(request, train, test)
    lines: list[Line] = []
    figures: dict[str, Figure] = {}
    for kind in KINDS:
        for seed in range(request.seeds):
            trained: Any = request.fit(f"{kind}-{seed}", model(kind, seed, tiny=request.tiny), train)
            seconds = sum(line.get("seconds", 0.0) for line in trained.history_)
            made = trained.sample(measure.count, random_state=1)
            lines.append({"model": kind, "seed": seed, "seconds": seconds, **measure.line(made)})
            request.tell(f"{kind}, seed {seed}: Frechet distance {lines[-1]['Frechet distance']:.2f}")
            if seed == 0:
                figures |= _figures(kind, trained, test)
    floor = measure.floor()
    means = {kind: _mean(lines, kind) for kind in KINDS}
    return Result(
        data=data,
        claims=[
            Claim(f"{name}, {kind}, mean of {request.seeds} seeds", "[UAO] no figure", float(means[kind][name]))
            for name in FIGURES
            for kind in KINDS
        ],
        notes=[
            measure.note,
            "Spread: the sample standard deviation over the seeds.",
        ],
        tables={
            "what they make": [*means.values(), {"model": FLOOR, "spread of the distance": math.nan, **floor}],
            "by seed": lines,
        },
        figures=figures,
    )


def model(kind: str, seed: int, *, tiny: bool = False) -> GAN | VariationalAutoencoder:
    """Return one of the `KINDS`, untrained, of 64 latents and for ten minutes."""
    from latente import GAN, VariationalAutoencoder

    options: dict[str, Any] = {"latent_dim": LATENTS, "random_state": seed, "threads": 1, "precision": fast_precision()}
    options |= {"epochs": 1, "hidden": (4, 4)} if tiny else {"minutes": MINUTES}
    return GAN(**options) if kind == "GAN" else VariationalAutoencoder(**options)


def arithmetic(trained: Any, test: Images, labels: Sequence[int] = SUM, count: int = WALK) -> np.ndarray:
    """Return images (3, count, ...): of one class, with another's mean code taken away and a third's added, and those.

    labels: the class that is changed, the one whose mean code is added, and the one whose is taken away. The rows: the
    class itself, what becomes of it, and real ones of the class that is added.
    """
    known = test.labels
    assert known is not None
    few = {label: test.take(np.flatnonzero(known == label)[:EXAMPLES]) for label in labels}
    codes = {label: trained.transform(images) for label, images in few.items()}
    start, added, taken = labels
    moved = codes[start] + codes[added].mean(0) - codes[taken].mean(0)
    rows = [trained.decode(codes[start][:count]), trained.decode(moved[:count]), trained.decode(codes[added][:count])]
    return np.stack([row.reshape(len(row), *trained.image_shape_) for row in rows])


def _mean(lines: Sequence[Line], kind: str) -> Line:
    """Return the means of a kind's figures over the seeds, and how far the distance is spread."""
    own = [line for line in lines if line["model"] == kind]
    spread = Estimate.of(line["Frechet distance"] for line in own).spread
    means = {name: float(np.mean([line[name] for line in own])) for name in FIGURES}
    return {"model": kind, "spread of the distance": spread, **means}


def _figures(kind: str, trained: Any, test: Images) -> dict[str, Figure]:
    from latente.figures import curves, grid, strips

    shape = trained.image_shape_
    walks = trained.interpolate(test.take(np.arange(4)), test.take(np.arange(4, 8)), steps=WALK)
    made = trained.sample(64, random_state=2)
    rows = arithmetic(trained, test)
    start, added, taken = SUM
    names = [f"{start}", f"{start} + {added} - {taken}", f"{added}"]
    return {
        f"samples, {kind}": grid(made.reshape(len(made), *shape)),
        f"walks, {kind}": strips(walks.reshape(*walks.shape[:2], *shape)),
        f"arithmetic, {kind}": strips(rows, names),
        f"curves, {kind}": curves(trained.history_, best_epoch=trained.best_epoch_),
    }
