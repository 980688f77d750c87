"""The published DCGAN in Keras 3 on TensorFlow, trained on images (N, 28, 28): a worker of dcgan.py.

    peers_dcgan.py IMAGES.npy EPOCHS SEED SAMPLES.npy

In bf16, by the policy "mixed_bfloat16", on one thread; writes 10,000 new images as bytes and prints the processor's
seconds.
"""

from __future__ import annotations

import sys
import time

import keras
import numpy as np
import tensorflow as tf

from peers_steps import DCGAN, on_one_thread

COUNT, BATCH = 10_000, 256


def main(images: str, epochs: str, seed: str, samples: str) -> None:
    on_one_thread("bf16")
    keras.utils.set_random_seed(int(seed))
    pixels = np.load(images)[..., None].astype(np.float32) / 127.5 - 1
    model = DCGAN()
    model.compile()
    start = time.process_time()
    model.fit(pixels, batch_size=BATCH, epochs=int(epochs), verbose=0)
    print(time.process_time() - start)
    latents = tf.random.stateless_normal((COUNT, 100), seed=(int(seed), 1))
    made = np.concatenate([model.generator(part, training=False) for part in tf.split(latents, 20)])[..., 0]
    np.save(samples, np.rint(127.5 * (made.astype(np.float32) + 1)).clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    main(*sys.argv[1:])
