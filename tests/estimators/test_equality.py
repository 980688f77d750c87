"""A model in memory and the same one loaded are equal, bit for bit, in all that they make of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from latente import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder, load
from latente.networks import FoldedUNet

RNG = np.random.default_rng(0)
SHAPES = {
    "NF": (24, 13),
    "NHW": (24, 12, 16),
    "NHWC": (24, 12, 16, 3),
    "NHW1": (24, 12, 16, 1),
    "NCHW": (24, 3, 12, 16),
}
X = {
    layout: RNG.normal(size=shape) if layout == "NF" else RNG.integers(0, 255, shape, dtype=np.uint8)
    for layout, shape in SHAPES.items()
}
Y = np.arange(24) % 3
TINY = {"epochs": 2, "random_state": 0, "device": "cpu", "batch_size": 8}
CONV = {"network": "conv", "hidden": (8, 6), **TINY}
DENSE = {"network": "dense", "hidden": (9, 7), "latent_dim": 5, **TINY}
METHODS = ("encode", "transform", "reconstruct", "score_samples", "predict_proba", "bound")


def unet(channels: int) -> tuple[nn.Module, nn.Module]:
    return FoldedUNet(channels, wide=4, deep=8), nn.Sigmoid()


CASES: dict[str, tuple[Any, str, tuple[nn.Module, nn.Module] | None]] = {
    "conv NHW": (Autoencoder(latent_dim=4, **CONV), "NHW", None),
    "conv NHWC": (Autoencoder(latent_dim=4, **CONV), "NHWC", None),
    "conv one channel last": (Autoencoder(latent_dim=4, **CONV), "NHW1", None),
    "conv NCHW, averaged": (Autoencoder(latent_dim=4, ema=0.9, **CONV), "NCHW", None),
    "conv spatial, batch normalisation": (
        Autoencoder(latent_dim=None, normalization="batch", depth=2, kernel_size=4, **CONV),
        "NHWC",
        None,
    ),
    "conv vae, group normalisation": (
        VariationalAutoencoder(latent_dim=4, normalization="group", **CONV),
        "NCHW",
        None,
    ),
    "dense": (Autoencoder(**DENSE), "NHWC", None),
    "dense table": (Autoencoder(normalization="batch", **DENSE), "NF", None),
    "dense vae table": (VariationalAutoencoder(**DENSE), "NF", None),
    "unet": (Autoencoder(network=unet(3), **TINY), "NHWC", unet(3)),
    "unet of one channel": (Autoencoder(network=unet(1), **TINY), "NHW", unet(1)),
    "stacked": (StackedAutoencoderClassifier(hidden=(9, 7), pretrain_epochs=1, **TINY), "NHWC", None),
}


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_model_makes_of_images_what_the_fitted_one_made_of_them(name: str, tmp_path: Path) -> None:
    estimator, layout, network = CASES[name]
    fitted = estimator.fit(X[layout], Y)
    loaded = load(fitted.save(tmp_path), **({} if network is None else {"network": network}))
    for method in filter(fitted.__dir__().__contains__, METHODS):
        for images in (X[layout], X[layout][:1], X[layout][3:10]):
            expected, result = getattr(fitted, method)(images), getattr(loaded, method)(images)
            np.testing.assert_array_equal(result, expected, err_msg=method, strict=True)
    if hasattr(fitted, "decode"):
        codes = fitted.encode(X[layout])
        np.testing.assert_array_equal(loaded.decode(codes), fitted.decode(codes))
