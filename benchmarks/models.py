"""The five models that are compared, their data, and plain torch networks for every contender that runs on torch.

Nothing here imports Latente: the peers' environment does not have it.
"""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

__all__ = ["MODELS", "Model", "images_for", "torch_pair"]


@dataclasses.dataclass(frozen=True)
class Model:
    """An autoencoder (loss: mean squared error per value) or a VAE (Bernoulli: nats per image), trained by Adam 1e-3.

    hidden: widths or channels of the encoder; the decoder mirrors them. latent_dim=None: the last convolution is the
    code, and one more convolution writes the image. noise: standard deviation of what the input is corrupted with.
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    hidden: tuple[int, ...]
    latent_dim: int | None
    batch: int
    convolutional: bool = False
    variational: bool = False
    kernel: int = 3
    noise: float = 0.0

    @property
    def values(self) -> int:
        return math.prod(self.shape)

    @property
    def sides(self) -> tuple[int, int]:
        """Sides of the last convolution's output; each one halves them."""
        return self.shape[1] >> len(self.hidden), self.shape[2] >> len(self.hidden)


_GREY, _RGB = (1, 28, 28), (3, 64, 64)
MODELS = {
    model.name: model
    for model in (
        Model("M1", "dense 784-64", _GREY, (), 64, 128),
        Model("M2", "dense 784-512-256-128-64-16-2", _GREY, (512, 256, 128, 64, 16), 2, 128),
        Model("M3", "conv denoiser 16, 8", _GREY, (16, 8), None, 128, convolutional=True, noise=0.2),
        Model("M4", "dense VAE 784-64-16-8", _GREY, (64, 16), 8, 128, variational=True),
        Model("M5", "conv VAE 64x64x3", _RGB, (32, 64, 128), 100, 64, convolutional=True, variational=True, kernel=4),
    )
}


def images_for(model: Model) -> tuple[np.ndarray, str]:
    """Return uint8 images (N, C, H, W), a whole number of batches of them, and a word on where they come from."""
    pixels, source = _fashion() if model.shape == _GREY else (_clouds(5000), "generated")
    return np.ascontiguousarray(pixels[: len(pixels) // model.batch * model.batch]), source


def _fashion() -> tuple[np.ndarray, str]:
    path = Path(os.environ.get("LATENTE_DATA", ".")) / "fashion-mnist" / "train-images-idx3-ubyte.gz"
    if path.is_file():
        pixels = np.empty((60_000, *_GREY), np.uint8)
        with gzip.open(path) as file:  # piece by piece: the peak of memory shall be the contender's
            file.read(16)
            for part in pixels:
                part[:] = np.frombuffer(file.read(part.size), np.uint8).reshape(part.shape)
        return pixels, "fashion-mnist"
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60_000, *_GREY), dtype=np.uint8)
    return np.where(pixels < 128, 0, pixels).astype(np.uint8), "random (LATENTE_DATA holds no fashion-mnist)"


def _clouds(count: int) -> np.ndarray:
    """Smooth coloured random fields: 8x8 noise enlarged to 64x64, so that there is something to compress."""
    rng = np.random.default_rng(0)
    coarse = rng.random((count, 3, 8, 8), dtype=np.float32)
    weights = np.clip(1 - np.abs((np.arange(64) / 64 * 7)[:, None] - np.arange(8)), 0, None).astype(np.float32)
    return (255 * (weights @ coarse @ weights.T)).astype(np.uint8)


def torch_pair(model: Model) -> tuple[nn.Module, nn.Module]:
    """Return (encoder, decoder); the encoder of a VAE gives means and log-variances, the decoder gives raw outputs."""
    return _convolutional_pair(model) if model.convolutional else _dense_pair(model)


def _dense_pair(model: Model) -> tuple[nn.Module, nn.Module]:
    from torch import nn

    def layers(widths: tuple[int, ...]) -> list[nn.Module]:
        made: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            made += [nn.Linear(inputs, outputs), nn.ReLU()]
        return made[:-1]

    assert model.latent_dim is not None
    code = model.latent_dim * (2 if model.variational else 1)
    encoder = layers((model.values, *model.hidden, code))
    decoder = layers((model.latent_dim, *reversed(model.hidden), model.values))
    return nn.Sequential(nn.Flatten(), *encoder), nn.Sequential(*decoder, nn.Unflatten(1, model.shape))


def _convolutional_pair(model: Model) -> tuple[nn.Module, nn.Module]:
    from torch import nn

    kernel, hidden = model.kernel, model.hidden
    padding = (kernel - 1) // 2
    extra = 2 + 2 * padding - kernel  # of a transposed convolution, so that it doubles the sides
    encoder: list[nn.Module] = []
    for inputs, outputs in zip((model.shape[0], *hidden), hidden, strict=False):
        encoder += [nn.Conv2d(inputs, outputs, kernel, 2, padding), nn.ReLU()]
    decoder: list[nn.Module] = []
    if model.latent_dim is None:
        encoder.pop()
        targets = hidden
    else:
        features = hidden[-1] * math.prod(model.sides)
        encoder += [nn.Flatten(), nn.Linear(features, model.latent_dim * (2 if model.variational else 1))]
        decoder += [nn.Linear(model.latent_dim, features), nn.Unflatten(1, (hidden[-1], *model.sides)), nn.ReLU()]
        targets = (model.shape[0], *hidden[:-1])
    inputs = hidden[-1]
    for outputs in reversed(targets):
        decoder += [nn.ConvTranspose2d(inputs, outputs, kernel, 2, padding, extra), nn.ReLU()]
        inputs = outputs
    if model.latent_dim is None:
        decoder.append(nn.Conv2d(inputs, model.shape[0], kernel, 1, padding))
    else:
        decoder.pop()
    return nn.Sequential(*encoder), nn.Sequential(*decoder)
