"""Is the final loss in bf16 that in float32, within what another seed changes? Every family, on small sets.

    python benchmarks/losses.py                    about 3 minutes of one core where bf16 is emulated
    python benchmarks/losses.py --families dense,vae --steps 400 --seeds 5

The same seed means the same first weights, order and noise in both precisions, so that their losses are paired. The
final loss is the mean over the last fifth of the steps; "within seed noise" is a mean difference of the pairs that is
below the spread of float32 over the seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from latente import StackedAutoencoderClassifier, open_images
from measure import load, machine
from models import MODELS, Model, images_for
from ours import estimator_for
from training import names_of

__all__ = ["FAMILIES", "Family", "as_row", "finals", "main"]

_BATCHES = 16  # of which a set consists


@dataclasses.dataclass(frozen=True)
class Family:
    """estimator: makes one from options. data: gives so many images, and labels or None. batch: images in a step."""

    title: str
    estimator: Callable[..., Any]
    data: Callable[[int], tuple[Any, Any]]
    batch: int


def _of(model: Model, title: str, batch: int) -> Family:
    return Family(
        title,
        lambda **options: estimator_for(model, **options),
        lambda count: (images_for(model)[0][:count], None),
        batch,
    )


def _digits(count: int) -> tuple[np.ndarray, np.ndarray | None]:
    digits = open_images("digits")
    return digits.pixels[:count], None if digits.labels is None else digits.labels[:count]


def _stacked(**options: Any) -> StackedAutoencoderClassifier:
    return StackedAutoencoderClassifier(hidden=(512, 256, 64), pretrain_epochs=2, validation=None, **options)


def _but(model: Model, **changed: Any) -> Model:
    return dataclasses.replace(model, **changed)


FAMILIES = {
    "dense": _of(MODELS["M2"], "dense autoencoder, M2", 32),
    "conv": _of(_but(MODELS["M3"], noise=0.0), "convolutional autoencoder, M3 without noise", 16),
    "denoiser": _of(MODELS["M3"], "denoiser, M3", 16),
    "vae": _of(MODELS["M4"], "dense VAE, M4", 32),
    "stacked": Family("stacked classifier 64-512-256-64, digits", _stacked, _digits, 64),
    "conv64": _of(_but(MODELS["M5"], variational=False), "convolutional autoencoder 64x64x3, M5's networks", 4),
    "vae64": _of(MODELS["M5"], "convolutional VAE 64x64x3, M5", 4),
}


def finals(family: Family, seeds: int, steps: int, threads: int) -> dict[str, list[float]]:
    """Return the final loss of each seed in either precision."""
    images, labels = family.data(_BATCHES * family.batch)
    common = {"epochs": -(-steps // _BATCHES), "batch_size": family.batch, "log_every": max(1, steps // 20)}
    losses: dict[str, list[float]] = {"float32": [], "bf16": []}
    for seed in range(seeds):
        for precision, ends in losses.items():
            model = family.estimator(**common, precision=precision, random_state=seed, threads=threads, device="cpu")
            model.fit(images, labels)
            lines = [line["loss"] for line in model.history_ if line["part"] == "train"]
            ends.append(statistics.fmean(lines[-max(1, len(lines) // 5) :]))
    return losses


def as_row(title: str, losses: dict[str, list[float]]) -> str:
    """Return a line of the table: means and spreads, the ratios of the pairs, and whether seeds differ by more."""
    full, low = losses["float32"], losses["bf16"]
    ratios = [b / a for a, b in zip(full, low, strict=True)]
    difference, noise = statistics.fmean(b - a for a, b in zip(full, low, strict=True)), statistics.stdev(full)
    cells = [f"{statistics.fmean(ends):.6g} ({statistics.stdev(ends):.2g})" for ends in (full, low)]
    spread = f"{statistics.fmean(ratios):.4f} ({min(ratios):.4f}-{max(ratios):.4f})"
    return f"| {title} | {' | '.join(cells)} | {spread} | {'yes' if abs(difference) <= noise else 'no'} |"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    where = machine()
    print(f"{where['processor']}, {where['cores']} cores, at {where['commit']}, load before {load():.2f}")
    print("| | float32: mean (sd over seeds) | bf16 | bf16 / float32 (least-most) | within seed noise |")
    print("|---|---|---|---|---|", flush=True)
    for name in options.families:
        family = FAMILIES[name]
        print(as_row(family.title, finals(family, options.seeds, options.steps, options.threads)), flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ",".join(FAMILIES)
    parser.add_argument("--families", type=names_of(FAMILIES), default=tuple(FAMILIES), help=f"of {known} (all)")
    parser.add_argument("--seeds", type=int, default=3, help="runs in each precision, 2 or more (default: 3)")
    parser.add_argument("--steps", type=int, default=48, help="of each run, in whole epochs (default: 48)")
    parser.add_argument("--threads", type=int, default=1, help="(default: 1)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
