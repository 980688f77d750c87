"""The published DCGAN by Latente and by Keras: same layers, batches and steps, what each makes and in what time.

    LATENTE_DATA=DATA python benchmarks/dcgan.py --keras .venv-peers/bin/python --out DIR

The networks of `latente reproduce dcgan-mnist` on the 60,000 digits of MNIST, for a few epochs instead of its fifty,
each seed in a process of its own on one thread. Both are judged as there: Frechet distance of 10,000 new digits to the
10,000 test images by the features of its classifier, which is kept in DIR.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from latente.experiments.dcgan_mnist import published
from latente.experiments.made import measure_for
from latente.experiments.request import Request
from latente.experiments.sets import open_parts
from measure import load, machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras", type=Path, required=True, help="the python of an environment that has Keras")
    parser.add_argument("--out", type=Path, required=True, help="where the classifier is kept")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"load before {load():.1f}, {machine()['processor']}, at {machine()['commit']}")
    train, test, _ = open_parts("mnist")
    measure = measure_for(Request(out=asked.out, progress=print), train, test)
    print(f"floor: {measure.floor()['Frechet distance']:.3f}")
    found: dict[str, list[float]] = {"latente": [], "keras": []}
    for seed in range(asked.seeds):
        for name, (seconds, made) in {
            "latente": _ours(asked.epochs, seed, train),
            "keras": _theirs(asked.keras, asked.epochs, seed, train.pixels.reshape(-1, 28, 28)),
        }.items():
            figures = measure.line(made)
            found[name].append(figures["Frechet distance"])
            print(
                f"{name}, seed {seed}, {asked.epochs} epochs: Frechet distance {found[name][-1]:.2f}, coverage "
                f"{figures['coverage']:.3f}, {seconds:.0f} s of the processor",
                flush=True,
            )
    for name, distances in found.items():
        print(f"{name}: {np.mean(distances):.2f} ({min(distances):.2f} to {max(distances):.2f})")


def _ours(epochs: int, seed: int, train: object) -> tuple[float, np.ndarray]:
    model = published(seed=seed).set_params(epochs=epochs, verbose=False)
    start = time.process_time()
    model.fit(train)
    return time.process_time() - start, model.sample(10_000, random_state=1)


def _theirs(python: Path, epochs: int, seed: int, pixels: np.ndarray) -> tuple[float, np.ndarray]:
    with tempfile.TemporaryDirectory() as place:
        images, samples = Path(place, "images.npy"), Path(place, "samples.npy")
        np.save(images, pixels)
        command = [str(python), str(Path(__file__).with_name("peers_dcgan.py")), str(images), str(epochs), str(seed)]
        answer = subprocess.run([*command, str(samples)], stdout=subprocess.PIPE, text=True, check=True)
        return float(answer.stdout.split()[-1]), np.load(samples)


if __name__ == "__main__":
    main()
