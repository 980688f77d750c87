"""How fast a restorer trains and works, and how much memory a large picture takes.

    python benchmarks/restoring.py train              a minute: steps of a training beside those of a bare loop
    python benchmarks/restoring.py train --keras .venv-peers/bin/python        beside those of Keras, too
    python benchmarks/restoring.py use                seconds: 512x512 pixels of 256x256
    python benchmarks/restoring.py folder             a minute: many small files, several at once and one by one
    python benchmarks/restoring.py memory             some minutes: 24 megapixels, made twice as large, and denoised

train: the usual net that enlarges twice, batches of 16 crops of 64x64 out of 91 pictures, flipped and turned, L1, Adam,
averaged weights. The bare loop does the same on torch alone, in float32. Keras's `fit` learns the same net in both of
its precisions from crops that are cut and shrunk beforehand; Latente, beside it, in the precision that it chooses. All
take turns, a stretch of steps each, in seconds of the processor on one thread; the figure is the ratio of the median
steps of a turn. use, folder, memory: by the model sr-x2 that comes with Latente, medians; memory by its denoiser too,
each in a process of its own, which reads and writes the file, its private memory (RssAnon).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from latente import Images, Restorer, load_shipped
from latente.corruptions import Downscale
from latente.images import Photographs
from latente.networks import ResidualNet
from latente.objectives import RestorationObjective
from latente.resampling import shrunk
from latente.restoring import find_pictures, restore_files
from latente.training.devices import limited_threads
from measure import PeakMemory, beside, load, machine, peer_steps

CROP, BATCH, PICTURES = 64, 16, 91
STEPS, WARM_UP = 30, 5  # of a stretch, of which the first ones do not count
FILES, SIDE = 40, 256


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "use", "folder", "memory"])
    parser.add_argument("--rounds", type=int, default=5, help="of all that is compared, in turn (default: 5)")
    parser.add_argument("--megapixels", type=int, default=24, help="of the photograph, for memory (default: 24)")
    parser.add_argument("--keras", type=Path, help="the python of an environment that has Keras (make bench-peers)")
    parser.add_argument("--own", nargs=2, help=argparse.SUPPRESS)  # what the process of its own does
    options = parser.parse_args(arguments)
    if options.own:
        name, place = options.own
        print(json.dumps(_large(name, Path(place))))
        return
    print(f"load before {load():.1f}, {machine()['processor']}, at {machine()['commit']}")
    if options.what == "train":
        _train(options.rounds, options.keras)
    elif options.what == "use":
        _use(options.rounds)
    elif options.what == "folder":
        _folder(options.rounds)
    else:
        _memory(options.megapixels)


def _pictures(count: int, sides: tuple[int, int]) -> list[np.ndarray]:
    """Return soft blots with some noise (3, H, W), uint8."""
    rng = np.random.default_rng(0)
    cells = tuple(-(-side // 16) for side in sides)
    made = []
    for _ in range(count):
        coarse = rng.integers(40, 200, (3, *cells), np.uint8).repeat(16, 1).repeat(16, 2)[:, : sides[0], : sides[1]]
        made.append(coarse + rng.integers(0, 24, coarse.shape, np.uint8))
    return made


# training


TICKS: list[float] = []


class Clocked(Downscale):
    """Notes when it is asked, once a step."""

    def degrade(
        self, x: Tensor, generator: torch.Generator, shared: bool = False, highest: int | None = None
    ) -> Tensor:
        TICKS.append(time.process_time())
        return super().degrade(x, generator, shared, highest)


def _train(rounds: int, keras: Path | None) -> None:
    torch.set_num_threads(1)
    pictures = _pictures(PICTURES, (256, 320))

    def step(way: Callable[[], list[float]]) -> Callable[[], float]:
        return lambda: float(np.median(np.diff(way())[WARM_UP:]))

    ours = {precision: step(_ours(pictures, precision)) for precision in ("float32", "auto")}
    beside({"latente": ours["float32"], "the bare loop": step(_bare(pictures))}, rounds, BATCH, "crops", 0.95)
    if keras is not None:
        with (
            peer_steps(keras, "residual", "float32", STEPS) as whole,
            peer_steps(keras, "residual", "bf16", STEPS) as half,
        ):
            ways = {"latente": ours["auto"], "keras in float32": whole, "keras in bf16": half}
            beside(ways, rounds, BATCH, "crops", 1.3)


def _ours(pictures: list[np.ndarray], precision: str) -> Callable[[], list[float]]:
    images = Images(Photographs.of(pictures))
    RestorationObjective.epoch_steps = STEPS

    def stretch() -> list[float]:
        TICKS.clear()
        Restorer(
            corruption=Clocked(2),
            epochs=1,
            validation=None,
            precision=precision,
            random_state=0,
            verbose=False,
            device="cpu",
        ).fit(images)
        return TICKS[:STEPS]

    return stretch


def _bare(pictures: list[np.ndarray]) -> Callable[[], list[float]]:
    """Return the tuned loop: crops cut out of bytes, one conversion, channels last, fused Adam, no `.item()`."""
    tensors = [torch.from_numpy(picture) for picture in pictures]
    draw = np.random.default_rng(0)
    network = ResidualNet(3, factor=2).to(memory_format=torch.channels_last)
    averaged = [weight.detach().clone() for weight in network.parameters()]
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)

    def batch() -> Tensor:
        crops = torch.empty(BATCH, 3, CROP, CROP, dtype=torch.uint8)
        for place, row in enumerate(draw.permutation(len(tensors))[:BATCH]):
            picture = tensors[row]
            top, left = (int(draw.integers(side - CROP + 1)) for side in picture.shape[1:])
            crop = picture[:, top : top + CROP, left : left + CROP]
            crop = crop.flip(2) if draw.random() < 0.5 else crop
            crops[place] = crop.rot90(int(draw.integers(4)), (1, 2))
        return crops.float().div_(255).contiguous(memory_format=torch.channels_last)

    def stretch() -> list[float]:
        ticks = []
        for _ in range(STEPS):
            x = batch()
            ticks.append(time.process_time())
            low = (shrunk(x * 255, 2, 255) / 255).contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.l1_loss(network(low), x).backward()
            optimizer.step()
            torch._foreach_lerp_(averaged, [weight.detach() for weight in network.parameters()], 1e-3)
        return ticks

    return stretch


# using


def _median(job: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the seconds of the clock and of the processor that a job takes, medians after a round that is not counted.

    On a machine that others share those of the processor tell more.
    """
    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter(), time.process_time()
        job()
        taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    clock, processor = (statistics.median(one) for one in zip(*taken[1:], strict=True))
    return clock, processor


def _use(rounds: int) -> None:
    [picture] = _pictures(1, (SIDE, SIDE))
    model = load_shipped("sr-x2")
    clock, processor = _median(lambda: model.restore_picture(picture), rounds)
    threads = torch.get_num_threads()
    print(f"512x512 of 256x256, {threads} threads: {clock:.3f} s (goal 0.15), {processor:.3f} s of the processor")


def _folder(rounds: int) -> None:
    model, threads = load_shipped("sr-x2"), torch.get_num_threads()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "pictures")
        folder.mkdir()
        for number, picture in enumerate(_pictures(FILES, (SIDE, SIDE))):
            Image.fromarray(np.moveaxis(picture, 0, 2)).save(folder / f"{number}.png")
        places = find_pictures([folder])
        count = iter(range(1_000))

        def restore(own: list) -> None:
            restore_files(model, own, Path(place, f"out{next(count)}"))

        def one_by_one() -> None:
            for one in places:
                restore([one])

        alone, together = _median(one_by_one, rounds), _median(lambda: restore(places), rounds)
    for name, taken in (("one by one, on all threads", alone), (f"{threads} at once, a thread each", together)):
        clock, processor = (FILES / seconds for seconds in taken)
        print(
            f"{FILES} files of {SIDE}x{SIDE}, {name}: {clock:.2f} a second, {processor:.2f} a second of the processor"
        )


def _memory(megapixels: int) -> None:
    rows = round((megapixels * 1e6 / 1.5) ** 0.5)
    sides = rows, round(1.5 * rows)
    with tempfile.TemporaryDirectory() as place:
        [picture] = _pictures(1, sides)
        Image.fromarray(np.moveaxis(picture, 0, 2)).save(Path(place, "large.png"), compress_level=1)
        own = picture.nbytes / 1e6
        for name, scale in (("sr-x2", 2), ("denoise", 1)):
            command = [sys.executable, __file__, "memory", "--own", name, place]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            result = json.loads(answer.stdout.splitlines()[-1])
            print(
                f"{sides[1]}x{sides[0]} by {name}: up to {result['peak']:.0f} MB private, {result['before']:.0f} "
                f"before it began; picture and result are {own:.0f} + {scale**2 * own:.0f} MB; "
                f"{result['seconds']:.0f} s of the processor"
            )


def _large(name: str, place: Path) -> dict[str, float]:
    model = load_shipped(name)
    model.restore_picture(_pictures(1, (SIDE, SIDE))[0])
    with PeakMemory() as memory, limited_threads(1):
        before, start = memory.anonymous, time.process_time()
        restore_files(model, find_pictures([place / "large.png"]), place / f"out-{name}")
    return {"before": before, "peak": memory.anonymous, "seconds": time.process_time() - start}


if __name__ == "__main__":
    main()
