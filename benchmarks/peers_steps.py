"""Steps of the usual residual net, or of the published DCGAN, in Keras 3 on TensorFlow, on one thread.

A worker of restoring.py and playing.py, in the environment of the peers: `peers_steps.py residual|dcgan PRECISION`.
Each line of its input asks for so many steps, and is answered by the processor's seconds that one of them took, without
those that compile. Nothing but the training is counted: what Keras learns from lies in memory, as arrays in units of
the net, whereas Latente cuts, turns and shrinks, or scales, within its steps. bf16 is the policy "mixed_bfloat16".
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

WARM_UP = 4
Net = tuple[keras.Model, np.ndarray, Any, int]


def residual() -> Net:
    """Return 5 blocks of 32 channels beside the bicubic enlargement, the crops, what they should be, and the batch."""
    low = keras.Input((32, 32, 3))

    def convolution(width: int, activation: str | None = None) -> layers.Conv2D:
        return layers.Conv2D(width, 3, padding="same", activation=activation)

    first = x = convolution(32)(low)
    for _ in range(5):
        x = x + convolution(32)(convolution(32, "relu")(x))
    x = convolution(12)(first + convolution(32)(x))
    details = layers.Lambda(lambda values: tf.nn.depth_to_space(values, 2), dtype="float32")(x)
    enlarged = layers.Lambda(lambda values: ops.image.resize(values, (64, 64), "bicubic"), dtype="float32")(low)
    net = keras.Model(low, details + enlarged)
    ema = {"use_ema": True, "ema_momentum": 0.999}
    net.compile(optimizer=keras.optimizers.Adam(1e-3, **ema), loss="mae")
    crops = np.random.default_rng(0).random((16 * 8, 64, 64, 3), np.float32)
    return net, crops.reshape(-1, 32, 2, 32, 2, 3).mean((2, 4)), crops, 16


class DCGAN(keras.Model):
    """The networks and the step of TensorFlow's DCGAN tutorial, as Keras's guide to GANs overrides `train_step`."""

    def __init__(self) -> None:
        super().__init__()
        up = {"kernel_size": 5, "padding": "same", "use_bias": False}
        down = {"kernel_size": 5, "strides": 2, "padding": "same"}
        self.generator = keras.Sequential([layers.Dense(7 * 7 * 256, use_bias=False), *_normalised()])
        self.generator.add(layers.Reshape((7, 7, 256)))
        for width, stride in ((128, 1), (64, 2)):
            for layer in (layers.Conv2DTranspose(width, strides=stride, **up), *_normalised()):
                self.generator.add(layer)
        self.generator.add(layers.Conv2DTranspose(1, strides=2, activation="tanh", **up))
        self.critic = keras.Sequential()
        for width in (64, 128):
            for layer in (layers.Conv2D(width, **down), layers.LeakyReLU(negative_slope=0.3), layers.Dropout(0.3)):
                self.critic.add(layer)
        self.critic.add(layers.Flatten())
        self.critic.add(layers.Dense(1, dtype="float32"))
        self.players = [keras.optimizers.Adam(1e-4) for _ in range(2)]
        self.seeds = keras.random.SeedGenerator(0)
        self.entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def call(self, latents: Any, training: bool = False) -> Any:
        return self.generator(latents, training=training)

    def train_step(self, images: Any) -> dict[str, Any]:
        latents = keras.random.normal((ops.shape(images)[0], 100), seed=self.seeds)
        with tf.GradientTape(persistent=True) as tape:
            made = self.generator(latents, training=True)
            real, fake = self.critic(images, training=True), self.critic(made, training=True)
            generator_loss = self.entropy(ops.ones_like(fake), fake)
            critic_loss = self.entropy(ops.ones_like(real), real) + self.entropy(ops.zeros_like(fake), fake)
        for player, net, loss in zip(
            self.players, (self.generator, self.critic), (generator_loss, critic_loss), strict=True
        ):
            weights = net.trainable_weights
            player.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"critic": critic_loss, "generator": generator_loss}


def _normalised() -> tuple[layers.Layer, ...]:
    return layers.BatchNormalization(), layers.LeakyReLU(negative_slope=0.3)


def dcgan() -> Net:
    """Return the DCGAN, digits' shapes within [-1, 1], nothing beside them, and the batch."""
    model = DCGAN()
    model.compile()
    model(np.zeros((2, 100), np.float32))
    model.critic(np.zeros((2, 28, 28, 1), np.float32))
    return model, np.random.default_rng(0).random((256 * 8, 28, 28, 1), np.float32) * 2 - 1, None, 256


class Clock(keras.callbacks.Callback):
    """Notes when each step ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.ticks.append(time.process_time())


def on_one_thread(precision: str) -> None:
    """Let TensorFlow take one thread, and Keras compute in this precision."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bf16" else "float32")


def main() -> None:
    """Answer each line of the input."""
    on_one_thread(sys.argv[2])
    keras.utils.set_random_seed(0)
    model, x, y, batch = {"residual": residual, "dcgan": dcgan}[sys.argv[1]]()
    for line in sys.stdin:
        clock, steps = Clock(), int(line) + WARM_UP
        rounds = -(-steps * batch // len(x))
        model.fit(x, y, batch_size=batch, epochs=rounds, verbose=0, callbacks=[clock])
        print(float(np.mean(np.diff(clock.ticks)[WARM_UP:])), flush=True)


if __name__ == "__main__":
    main()
