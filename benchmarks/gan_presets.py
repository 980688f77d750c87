"""Which options of a GAN give the best new digits in the same minutes?

    LATENTE_DATA=DATA python benchmarks/gan_presets.py --out DIR            ten trainings of 90 seconds, one thread

Each differs from `GAN()` in what it is called by. They are judged by training images alone: the Frechet distance of
10,000 new digits to as many of those, in the features of the classifier of `latente reproduce dcgan-mnist`, which is
trained into DIR, or taken from there. The floor is the distance of as many others of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latente.experiments.dcgan_mnist import usual
from latente.experiments.made import COUNT, measure_for
from latente.experiments.request import Request
from latente.experiments.sets import open_parts
from latente.metrics import frechet_distance
from measure import load, machine

FEW_LONG: Mapping[str, Any] = {"batch_size": 64, "learning_rate": 1e-3}
TRIALS: Mapping[str, Mapping[str, Any]] = {
    "the usual": {},
    "64 a step, a rate of 1e-3": FEW_LONG,
    "the same, two levels of 64 and 128": {**FEW_LONG, "hidden": (64, 128)},
    "two levels": {"hidden": (24, 48)},
    "32 a step": {"batch_size": 32},
    "a rate of 4e-3": {"learning_rate": 4e-3},
    "betas of 0.5 and 0.99": {"betas": (0.5, 0.99)},
    "batch normalisation": {"normalization": "batch"},
    "relativistic, R1 and R2": {"loss": "relativistic", "r2": 1.0},
    "R1 of 0.1": {"r1": 0.1},
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where the classifier is kept")
    parser.add_argument("--minutes", type=float, default=1.5, help="of each training (default: 1.5)")
    parser.add_argument("--only", default="", help="of the trainings, those whose names hold this")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(f"load before {load():.1f}, {machine()['processor']}, at {machine()['commit']}")
    train, test, _ = open_parts("mnist")
    classifier = measure_for(Request(out=asked.out, progress=print), train, test).classifier
    order = np.random.default_rng(1).permutation(len(train))
    real, others = (classifier.encode(train.take(np.sort(part))) for part in (order[:COUNT], order[COUNT : 2 * COUNT]))
    print(f"the floor: {frechet_distance(real, others):.3f}", flush=True)
    for name, options in TRIALS.items():
        if asked.only in name:
            model = usual(asked.minutes).set_params(**options, validation=None, verbose=False).fit(train)
            made = classifier.encode(model.sample(COUNT, random_state=1))
            steps = max(line.get("step", 0) for line in model.history_)
            print(f"{name}: {frechet_distance(real, made):.2f} after {steps:,} steps", flush=True)


if __name__ == "__main__":
    main()
