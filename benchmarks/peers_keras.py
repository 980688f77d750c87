"""Keras 3 on TensorFlow, as its documentation shows it: `Model.fit` on float32 arrays, compiled by XLA or not.

bf16 is its policy "mixed_bfloat16": layers compute in bfloat16 on weights of float32, and what they give is brought
back to float32 before the loss, as its guide to mixed precision asks for.
"""

from __future__ import annotations

import math
import os
import time
from typing import Any

import numpy as np

from models import Model
from segment import Segment, epochs_for

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras import layers, ops

__all__ = ["Keras", "KerasWithoutJit", "Network"]


class Keras:
    """With `jit_compile="auto"`, the default."""

    jit: bool | str = "auto"

    def __init__(self, model: Model, pixels: np.ndarray, precision: str) -> None:
        threads = int(os.environ["OMP_NUM_THREADS"])
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bf16" else "float32")
        self._batch = model.batch
        self._images = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)).astype(np.float32) / 255
        self._net = Network(model)
        self._net.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=self.jit)
        self._net(self._images[:2])
        self.parameters = self._net.count_params()
        self._clock = _Clock()

    def train(self, steps: int) -> Segment:
        images, epochs = epochs_for(steps, self._batch, len(self._images))
        part = self._images[:images]
        self._clock.seconds = 0.0
        result = self._net.fit(part, part, batch_size=self._batch, epochs=epochs, verbose=0, callbacks=[self._clock])
        return Segment(self._clock.seconds, epochs * images // self._batch, result.history["loss"][-1])


class KerasWithoutJit(Keras):
    """With `jit_compile=False`."""

    jit = False


class _Clock(keras.callbacks.Callback):
    """Times the epochs; a callback at every batch would slow Keras down."""

    seconds = 0.0
    _start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds += time.perf_counter() - self._start


class Network(keras.Model):
    """An encoder, a decoder and their loss."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.encoder, self.decoder = _convolutional(model) if model.convolutional else _dense(model)
        self.noise = layers.GaussianNoise(model.noise) if model.noise else None
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x: Any, training: bool = False) -> Any:
        seen = x if self.noise is None else ops.clip(self.noise(x, training=training), 0, 1)
        code = self.encoder(seen)
        if not self.model.variational:
            return ops.sigmoid(ops.cast(self.decoder(code), "float32"))
        mean, log_var = ops.split(ops.cast(code, "float32"), 2, axis=1)
        noise = keras.random.normal(ops.shape(mean), dtype="float32", seed=self.seeds)
        return ops.cast(self.decoder(mean + ops.exp(0.5 * log_var) * noise), "float32"), mean, log_var

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        if not self.model.variational:
            return ops.mean(ops.square(y_pred - y))
        logits, mean, log_var = y_pred
        error = ops.binary_crossentropy(y, logits, from_logits=True)
        divergence = 0.5 * (ops.square(mean) + ops.exp(log_var) - 1 - log_var)
        return (ops.sum(error) + ops.sum(divergence)) / ops.cast(ops.shape(mean)[0], "float32")


def _dense(model: Model) -> tuple[keras.Model, keras.Model]:
    hidden = [layers.Dense(width, activation="relu") for width in model.hidden]
    mirrored = [layers.Dense(width, activation="relu") for width in reversed(model.hidden)]
    height, width = model.shape[1:]
    code = layers.Dense(model.latent_dim * (2 if model.variational else 1))
    encoder = keras.Sequential([layers.Flatten(), *hidden, code])
    decoder = keras.Sequential([*mirrored, layers.Dense(model.values), layers.Reshape((height, width, model.shape[0]))])
    return encoder, decoder


def _convolutional(model: Model) -> tuple[keras.Model, keras.Model]:
    def convolution(channels: int, kind: Any, stride: int = 2, activation: str | None = "relu") -> Any:
        return kind(channels, model.kernel, strides=stride, padding="same", activation=activation)

    down, up = layers.Conv2D, layers.Conv2DTranspose
    last, channels = model.hidden[-1], model.shape[0]
    if model.latent_dim is None:
        encoder = [convolution(width, down) for width in model.hidden[:-1]]
        encoder.append(convolution(last, down, activation=None))
        decoder = [convolution(width, up) for width in reversed(model.hidden)]
        decoder.append(convolution(channels, down, stride=1, activation=None))
        return keras.Sequential(encoder), keras.Sequential(decoder)
    encoder = [convolution(width, down) for width in model.hidden]
    encoder += [layers.Flatten(), layers.Dense(model.latent_dim * (2 if model.variational else 1))]
    decoder = [
        layers.Dense(last * math.prod(model.sides), activation="relu"),
        layers.Reshape((*model.sides, last)),
        *[convolution(width, up) for width in reversed(model.hidden[:-1])],
        convolution(channels, up, activation=None),
    ]
    return keras.Sequential(encoder), keras.Sequential(decoder)
