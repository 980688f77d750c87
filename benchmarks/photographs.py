"""Does it cost speed to cut crops out of photographs on the fly, and to flip them?

python benchmarks/photographs.py [--side 64] [--batch 64] [--steps 100] [--folder FOLDER]

Trains the default convolutional autoencoder in two ways that take turns step by step: on random crops of the
photographs of a folder, flipped at random, cut out of the memory-mapped store at each step; and on an array of crops
at rest. Prints the steps per second of each, by the median step, and their ratio. Without a folder it takes the set t91
in LATENTE_DATA.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from latente import Images, open_images
from latente.augmentations import Flips
from latente.images import Scaling
from latente.networks import build_pair
from latente.objectives import AutoencoderObjective
from latente.training.batches import Batches

LATENT_DIM = 32  # an Autoencoder's own default
_CROPS = 5_000  # at rest
_WARM_UP = 3  # steps of each way before those that count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("LATENTE_DATA", "."), "t91"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    ways = _ways(options.folder, options.side, options.batch)
    trainers = {name: _trainer(batch, options.side) for name, batch in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in trainers}
    for turn in range(options.steps + _WARM_UP):
        names = list(trainers) if turn % 2 else list(reversed(trainers))
        for name in names:
            seconds[name].append(_seconds(trainers[name]))
    medians = [statistics.median(times[_WARM_UP:]) for times in seconds.values()]
    for name, median in zip(seconds, medians, strict=True):
        print(f"{name}: {1 / median:.2f} steps/s")
    print(f"crops on the fly against crops at rest: {medians[1] / medians[0]:.3f} (medians of {options.steps} steps)")


def _ways(folder: Path, side: int, size: int) -> dict[str, Callable[[], dict[str, Tensor]]]:
    """Return what gives the next batch, by the way in which it does."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    photographs = open_images(folder, size="keep")
    scaling = Scaling.fit(photographs.content)
    on_the_fly = Batches(photographs, scaling, device, memory_format=torch.channels_last, crop=side)
    draws = torch.Generator(device).manual_seed(0)
    rows = torch.Generator().manual_seed(0)
    count = 5_000
    crops = [
        on_the_fly.batch(torch.arange(k, k + size) % len(photographs), draws)["images"] for k in range(0, count, size)
    ]
    at_rest = Batches(Images(scaling.invert(torch.cat(crops))), scaling, device, memory_format=torch.channels_last)
    flips = Flips()

    def cut() -> dict[str, Tensor]:
        return flips(on_the_fly.batch(torch.randint(len(on_the_fly), (size,), generator=rows), draws), draws)

    def gather() -> dict[str, Tensor]:
        return at_rest.batch(torch.randint(len(at_rest), (size,), generator=rows))

    return {"on the fly": cut, "at rest": gather}


def _trainer(batch: Callable[[], dict[str, Tensor]], side: int) -> Callable[[], None]:
    """Return what takes one training step on the next batch, the same network and optimiser for every way."""
    torch.manual_seed(0)
    first = batch()["images"]
    encoder, decoder = build_pair("conv", (3, side, side), LATENT_DIM)
    objective = AutoencoderObjective(encoder, decoder)
    objective.to(device=first.device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(objective.parameters(), 1e-3, fused=True)
    draws = torch.Generator(first.device).manual_seed(0)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss, _ = objective("model", batch(), draws)
        loss.backward()
        optimizer.step()

    return step


def _seconds(step: Callable[[], None]) -> float:
    """Return the time of one step; on one core it is the processor's, however busy the machine is with others."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    start = clock()
    step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


if __name__ == "__main__":
    main()
