"""Latente as its users call it: an estimator's `fit` on an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from latente import Autoencoder, VariationalAutoencoder
from models import Model
from segment import Segment, epochs_for

__all__ = ["Latente", "estimator_for"]


def estimator_for(model: Model, **options: Any) -> Any:
    """Return the unfitted estimator that is this model."""
    common = {
        "network": "conv" if model.convolutional else "dense",
        "hidden": model.hidden,
        "latent_dim": model.latent_dim,
        "kernel_size": model.kernel,
        "corruption": f"gaussian:{model.noise}" if model.noise else None,
        "batch_size": model.batch,
        "validation": None,
        "out": None,
        "random_state": 0,
    }
    if model.variational:
        return VariationalAutoencoder(**{**common, "likelihood": "bernoulli", **options})
    plain = {"shortcut": None} if "shortcut" in Autoencoder().get_params() else {}  # which a checkout of before has not
    return Autoencoder(**{**common, **plain, "loss": "mse", **options})


class Latente:
    """Steps are timed by the estimator's own log lines, without the first; logging itself is within the time."""

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        self._model, self._pixels, self._precision = model, pixels, precision
        self.parameters = 0

    def train(self, steps: int) -> Segment:
        images, epochs = epochs_for(steps, self._model.batch, len(self._pixels))
        log_every = 50 if steps >= 200 else max(1, steps // 5)
        estimator = estimator_for(self._model, epochs=epochs, log_every=log_every, precision=self._precision)
        estimator.fit(self._pixels[:images])
        self.parameters = sum(p.numel() for p in estimator.objective_.parameters())
        lines = [line for line in estimator.history_ if line["part"] == "train"]
        seconds = sum(line["seconds"] for line in lines[1:])
        return Segment(seconds, lines[-1]["step"] - lines[0]["step"], lines[-1]["loss"])
