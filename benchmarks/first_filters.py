"""How much sooner a restorer learns whose first filters start blind to brightness.

    LATENTE_DATA=DATA python benchmarks/first_filters.py [ROUNDS]

For each task the usual net learns for ROUNDS (3) times 200 steps from t91, from first filters as they are in use, whose
weights sum to zero over a channel, and from the same ones as they were drawn; seed 0, one thread. Figures are dB on
Set5: enlarged twice, of the luminance; in colour with noise of 25, of all values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from latente import Denoiser, Restorer, SuperResolver
from latente.experiments.denoise_photos import noisy
from latente.experiments.photographs import open_five, open_t91
from latente.experiments.sr_set5 import restored
from latente.metrics import measure_luminance, psnr
from latente.networks import restoring


def enlarging(model: Restorer) -> float:
    pairs, _ = open_five(2)
    made = [restored(model, pair.small)[:, : pair.clean.shape[1], : pair.clean.shape[2]] for pair in pairs]
    return float(
        np.mean([measure_luminance(pair.clean, one, 2)["psnr"] for pair, one in zip(pairs, made, strict=True)])
    )


def denoising(model: Restorer) -> float:
    figures = []
    for pair in open_five(2)[0]:
        with torch.no_grad():
            seen = torch.from_numpy(noisy(pair.clean, 25, 0)[None]).float()
            made = model.objective_.restore(seen).numpy()
        figures.append(psnr(pair.clean[None] / 255, made, data_range=1.0)[0])
    return float(np.mean(figures))


def as_drawn(layer: nn.Conv2d, fold: int) -> nn.Conv2d:
    return layer


TASKS: dict[str, tuple[Callable[..., Restorer], Callable[[Restorer], float]]] = {
    "enlarged twice": (lambda **how: SuperResolver(2, learning_rate=2e-3, **how), enlarging),
    "noise of 25": (lambda **how: Denoiser(25, **how), denoising),
    "noise of 25, by a net for any strength": (lambda **how: Denoiser("blind", **how), denoising),
}


def main() -> None:
    """Print a line for each task."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    photographs, data = open_t91()
    print(f"{data}, {rounds} rounds of 200 steps")
    for task, (model, judge) in TASKS.items():
        how = {"epochs": rounds, "validation": None, "random_state": 0, "threads": 1, "verbose": False}
        blind = judge(model(**how).fit(photographs))
        with patch.object(restoring, "_blind_to_brightness", as_drawn):
            drawn = judge(model(**how).fit(photographs))
        print(f"{task}: {blind:.2f} dB blind to brightness, {drawn:.2f} dB as drawn", flush=True)


if __name__ == "__main__":
    main()
