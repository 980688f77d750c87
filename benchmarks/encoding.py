"""How fast are 70,000 images encoded, beside a bare forward pass batch by batch?

    LATENTE_DATA=DATA python benchmarks/encoding.py          about a minute; goal: 0.9 of the bare pass

Both encode the same uint8 images of 28x28 with the same networks, in turns; the bare pass converts, scales and encodes
slices of the array, of the same size as the estimator's, and puts the codes together. Medians, images per second.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

import latente
from latente.errors import InputError
from measure import load, machine

__all__ = ["main"]

NETWORKS = {"dense 784-512-256-128-64-16-2": ("dense", (512, 256, 128, 64, 16)), "conv 32, 64": ("conv", (32, 64))}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args(arguments)
    before = load()
    pixels, name = _images()
    print(f"{len(pixels):,} images of {name}; load before {before:.2f}; {machine()}")
    for title, (network, hidden) in NETWORKS.items():
        model = latente.Autoencoder(
            latent_dim=2, network=network, hidden=hidden, shortcut=None, epochs=1, validation=None, random_state=0
        )
        model.fit(pixels[:1280])
        contenders = {"latente": lambda m=model: m.encode(pixels), "bare": lambda m=model: _bare(m, pixels)}
        codes = {who: encode() for who, encode in contenders.items()}
        assert np.allclose(codes["latente"], codes["bare"], atol=1e-4)
        seconds: dict[str, list[float]] = {who: [] for who in contenders}
        for _ in range(options.repeats):
            for who, encode in contenders.items():
                seconds[who].append(_timed(encode))
        speeds = {who: len(pixels) / statistics.median(taken) for who, taken in seconds.items()}
        told = ", ".join(f"{who} {speed:,.0f}" for who, speed in speeds.items())
        print(f"{title}: images/s: {told}: {speeds['latente'] / speeds['bare']:.2f} of the bare pass")


def _images() -> tuple[np.ndarray, str]:
    try:
        parts = [latente.open_images("fashion-mnist", split=split).pixels for split in ("train", "test")]
        return np.concatenate(parts)[:, 0], "fashion-mnist"
    except InputError:
        return np.random.default_rng(0).integers(0, 256, (70_000, 28, 28), dtype=np.uint8), "noise"


@torch.no_grad()
def _bare(model: latente.Autoencoder, pixels: np.ndarray) -> np.ndarray:
    encoder = model.objective_.encoder
    images = torch.from_numpy(pixels).unsqueeze(1)
    return torch.cat([encoder(part.float().mul_(1 / 255)) for part in images.split(2048)]).numpy()


def _timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
