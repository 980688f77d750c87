"""What a detector adds to its features, and the memory it takes of a set that is larger.

    python benchmarks/detecting.py speed --weights squeezenet_v1_0.npz      about a minute
    python benchmarks/detecting.py memory --folder /tmp/detecting           about a quarter of an hour, 2 GB of disk
    python benchmarks/detecting.py memory --folder /tmp/detecting --count 500                                a look

speed: pictures a second of `fit` and of `score_samples`, a Gaussian on SqueezeNet's places of 256x256 colour pictures,
beside the network's own forward pass over the same batches; the three in turn, round after round, in seconds of the
processor. memory: `fit` by a memory of windows on 10,000 such pictures in one .npy file that is mapped into memory, in
a process of its own: the peak of its private memory (RssAnon), and of what is resident, with pages of the file.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from measure import PeakMemory, load, machine

__all__ = ["main"]

_SIDE = 256
_MOST_MB = 2000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "memory"])
    parser.add_argument("--weights", type=Path, help="SqueezeNet's file, for speed")
    parser.add_argument("--folder", type=Path, help="scratch folder, for memory; what is made in it is removed")
    parser.add_argument("--count", type=int, help="pictures (default: 64 and 10,000)")
    parser.add_argument("--rounds", type=int, default=5, help="of the three in turn (default: 5)")
    parser.add_argument("--own", action="store_true", help=argparse.SUPPRESS)  # what the process of its own does
    options = parser.parse_args(arguments)
    if options.own:
        print(json.dumps(_fit(options.folder)))
    elif options.what == "speed":
        _speed(options.weights, options.count or 64, options.rounds)
    else:
        _memory(options.folder, options.count or 10_000)


def _pictures(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return soft blots with some noise (N, 256, 256, 3), uint8."""
    coarse = rng.integers(40, 200, (count, 16, 16, 3)).repeat(16, 1).repeat(16, 2)
    return (coarse + rng.integers(0, 24, coarse.shape)).astype(np.uint8)


def _speed(weights: Path, count: int, rounds: int) -> None:
    import torch

    from latente import AnomalyDetector, open_images
    from latente.networks.features import open_features

    torch.set_num_threads(1)
    images = open_images(_pictures(count, np.random.default_rng(0)))
    options = {"method": "gaussian", "features": "squeezenet", "weights": str(weights), "validation": None}
    model = AnomalyDetector(**options, random_state=0, device="cpu").fit(images)
    network = open_features("squeezenet", weights).to(memory_format=torch.channels_last)
    batches = [
        torch.from_numpy(part).float().div(255).to(memory_format=torch.channels_last)
        for part in np.array_split(images.pixels, -(-count // model._chunk()))
    ]

    def forward() -> None:
        with torch.no_grad():
            for batch in batches:
                network(batch)

    jobs: dict[str, Callable[[], object]] = {
        "forward pass": forward,
        "score_samples": lambda: model.score_samples(images),
        "fit": lambda: model.fit(images),
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    before = load()
    gc.disable()  # as timeit does: it comes when it likes, and takes as long over torch's objects as 8 pictures do
    for _ in range(rounds):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            seconds[name].append(time.process_time() - start)
    about = machine()
    print(f"{count} pictures, {rounds} rounds, load before {before:.1f}, {about['processor']}, at {about['commit']}\n")
    print("| | pictures a second of the processor | of the forward pass, median (least-most) |\n|---|---|---|")
    for name, taken in seconds.items():
        shares = [own / other for own, other in zip(seconds["forward pass"], taken, strict=True)]
        middle = statistics.median(shares)
        print(f"| {name} | {count / min(taken):.1f} | {middle:.2f} ({min(shares):.2f}-{max(shares):.2f}) |", flush=True)


def _memory(folder: Path, count: int) -> None:
    place = folder / "latente-detecting"
    place.mkdir(parents=True, exist_ok=True)
    try:
        array = np.lib.format.open_memmap(place / "images.npy", "w+", np.uint8, (count, 3, _SIDE, _SIDE))
        rng = np.random.default_rng(0)
        for start in range(0, count, 100):
            part = array[start : start + 100]
            part[:] = _pictures(len(part), rng).transpose(0, 3, 1, 2)
        array.flush()
        del array
        command = [sys.executable, __file__, "memory", "--own", "--folder", str(place)]
        environment = {**os.environ, "LATENTE_CACHE": str(place / "cache")}
        answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        shutil.rmtree(place)
    result, about = json.loads(answer.stdout.splitlines()[-1]), machine()
    for name, title in (("anonymous", "private"), ("resident", "resident, with pages of the file")):
        within = "yes" if result[name] <= _MOST_MB else "no"
        print(f"at most {result[name]:.0f} MB {title}; within {_MOST_MB} MB: {within}")
    print(
        f"{count:,} pictures of {_SIDE}x{_SIDE}x3, {result['seconds']:.0f} s of the processor, {about['processor']}, "
        f"at {about['commit']}"
    )


def _fit(place: Path) -> dict[str, float]:
    from latente import AnomalyDetector, open_images

    with PeakMemory() as memory:
        images = open_images(place / "images.npy")
        AnomalyDetector(method="memory", features="windows", random_state=0, device="cpu").fit(images)
    return {"anonymous": memory.anonymous, "resident": memory.resident, "seconds": time.process_time()}


if __name__ == "__main__":
    main()
