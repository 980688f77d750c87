"""The nets, objectives and yardsticks of the two experiments on the faces of [CIMAT]."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.faces import hair
from latente.experiments.machine import fast_precision

if TYPE_CHECKING:
    from latente import Autoencoder, Images, VariationalAutoencoder
    from latente.latents import Direction

__all__ = [
    "BERNOULLI",
    "FEW",
    "GAUSSIAN",
    "IN_A_ROW",
    "NET",
    "OBJECTIVES",
    "REPORT",
    "TRAINING",
    "VALUES",
    "WEIGHT",
    "WRONG_PEAK",
    "HairJudge",
    "autoencoder",
    "hair_direction",
    "open_faces",
    "sharpness",
]

WEIGHT = 500  # of the report on a mean of binary cross-entropy
VALUES = 3 * 64 * 64
WRONG_PEAK = 20 * math.log10(255)  # dB, what a peak of 255 adds to the PSNR of images in [0, 1]

NET: Mapping[str, Any] = {
    "latent_dim": 100,
    "network": "conv",
    "hidden": (32, 64, 128),
    "kernel_size": 4,
    "activation": "gelu",
    "normalization": "batch",
}
TRAINING: Mapping[str, Any] = {
    "epochs": 9,
    "batch_size": 32,
    "learning_rate": 4e-3,
    "warmup": 500,
    "schedule": "cosine",
    "log_every": 200,
}
REPORT, BERNOULLI, GAUSSIAN = "500 BCE", "Bernoulli", "Gaussian"  # the report's loss, and two bounds
OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    REPORT: {"likelihood": "bernoulli", "beta": VALUES / WEIGHT},
    BERNOULLI: {"likelihood": "bernoulli"},
    GAUSSIAN: {"likelihood": "gaussian"},
}

CELEBA_FACES = 50_000
FEW = {"train": 96, "test": 24}  # of the tiny variant
IN_A_ROW = 8  # faces of a figure


def open_faces(part: str, tiny: bool = False) -> Images:
    """Return a part of CelebA, cut to the faces at 64x64, where it is on this machine, else of the drawn faces."""
    from latente import InputError, open_images
    from latente.images.catalog import locate

    if not tiny:
        try:
            locate("celeba")
        except InputError:  # it cannot be fetched, and this says only that it is not there
            return open_images("faces", split=part)
        count = CELEBA_FACES if part == "train" else 2_000
        return open_images("celeba", split=part, crop=148, size=64, count=count)
    return open_images("faces", split=part, count=FEW[part])


def autoencoder(name: str, seed: int, **changed: Any) -> VariationalAutoencoder:
    """Return the net that is to be trained on one of OBJECTIVES."""
    from latente import VariationalAutoencoder

    options = {**NET, **TRAINING, "precision": fast_precision(), "prior": "normal", **OBJECTIVES[name]}
    return VariationalAutoencoder(**{**options, "random_state": seed, **changed})


def sharpness(pixels: np.ndarray) -> float:
    """Return the mean over images (N, C, H, W) of the variance of their Laplacian, a usual measure of focus.

    Of the mean over the channels, with the kernel of four neighbours; Pech-Pacheco et al. 2000.
    """
    grey = pixels.astype(np.float32).mean(axis=1)
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float((around - 4 * inner).var(axis=(1, 2)).mean())


def hair_direction(model: Autoencoder | VariationalAutoencoder, train: Images) -> Direction:
    """Return the direction from black to blond hair, of the codes of the training faces that have either."""
    from latente.latents import learn_direction

    colours = hair(train)
    known = np.flatnonzero(colours)
    return learn_direction(model.transform(train.take(known)), colours[known], attribute="blond for black hair")


class HairJudge:
    """Tells blond from black hair on means over 4x4 pixels, as it learned on real faces."""

    def __init__(self, train: Images) -> None:
        from latente.metrics import AttributeClassifier

        colours = hair(train)
        known = np.flatnonzero(colours)
        self.classifier = AttributeClassifier(train.pixels[known], colours[known, None] > 0, ["blond"])

    def blond(self, pixels: np.ndarray) -> np.ndarray:
        """Return whether the hair of each image (N, C, H, W) looks blond rather than black (N,)."""
        return self.classifier.tell(pixels)[:, 0]

    def accuracy(self, test: Images) -> str:
        """Say how often it is right on test faces."""
        colours = hair(test)
        known = np.flatnonzero(colours)
        right = (self.blond(test.pixels[known]) == (colours[known] > 0)).mean()
        return (
            "The judge of hair, a logistic regression on 16x16 means of real training faces, is "
            f"right on {100 * right:.1f} % of the {len(known):,} test faces with black or blond hair."
        )
