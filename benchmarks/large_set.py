"""Train on a set that need not fit in memory: 200,000 generated 64x64x3 images, 2.3 GiB, as one .npy file.

    python benchmarks/large_set.py --folder /tmp/large          about 5 minutes, 5 GiB of disk
    python benchmarks/large_set.py --count 20000 --folder ...   a look

The file lies as most do, (N, 64, 64, 3), so its first opening rearranges it into the cache (kept inside the folder).
Then an autoencoder's `fit` goes over all images once, with 1 % held out and everything written to a run folder: from
the file when the system has none of it in its own cache, again when it has, and from an array in memory. Each is a
process of its own, whose private memory (RssAnon) is watched all the time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from measure import PeakMemory, load, machine
from models import MODELS, images_for

__all__ = ["main"]

_SIDE, _BLOCK = 64, 4992  # images are written block by block
_LIMIT_MB, _LEAST_RATIO = 1024 * 1.048576, 0.5
_WAYS = ("open", "file, cold", "file, warm", "memory")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="scratch folder; what is made in it is removed")
    parser.add_argument("--count", type=int, default=200_000, help="images (default: 200000)")
    parser.add_argument("--threads", type=int, default=2, help="(default: 2)")
    parser.add_argument("--keep", action="store_true", help="keep the file and its cache for the next time")
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)  # what a process of its own does
    options = parser.parse_args(arguments)
    if options.way:
        print(json.dumps(_train(options.way, options.folder, options.threads)))
        return
    file = _file(options.folder)
    before = load()
    _make(file, options.count)
    results = {way: _in_own_process(way, options) for way in _WAYS}
    if not options.keep:
        shutil.rmtree(file.parent)
    _report(results, file, options, before)


def _file(folder: Path) -> Path:
    return folder / "latente-large-set" / "images.npy"


def _make(file: Path, count: int) -> None:
    """Write the images unless they lie there from the last time."""
    shape = (count, _SIDE, _SIDE, 3)
    size = int(np.prod(shape))
    if file.exists() and np.load(file, mmap_mode="r").shape == shape:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    needed, free = int(2.2 * size), shutil.disk_usage(file.parent).free
    if free < needed:
        raise SystemExit(f"{file.parent} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB are needed")
    block = np.ascontiguousarray(images_for(MODELS["M5"])[0][:_BLOCK].transpose(0, 2, 3, 1))
    array = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    for number, start in enumerate(range(0, count, _BLOCK)):
        part = array[start : start + _BLOCK]
        part[:] = block[: len(part)] ^ np.uint8(number)  # so that no two images are the same
    array.flush()
    print(f"made {file}: {size / 2**30:.2f} GiB", flush=True)


def _in_own_process(way: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--folder", str(options.folder)]
    command += ["--threads", str(options.threads)]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(options.threads),
        "LATENTE_CACHE": str(_file(options.folder).parent / "cache"),
    }
    answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    print(f"{way}: {result}", flush=True)
    return result


def _train(way: str, folder: Path, threads: int) -> dict[str, Any]:
    """Open the images, or train on them; say how it went."""
    from latente import Autoencoder, open_images

    file = _file(folder)
    with PeakMemory() as memory:
        begin = time.perf_counter()
        images = np.load(file) if way == "memory" else open_images(file)
        result = {"open_seconds": round(time.perf_counter() - begin, 2)}
        if way == "file, cold":
            _forget(file.parent)
        if way != "open":
            run = file.parent / "run"
            estimator = Autoencoder(
                network="conv",
                hidden=(16, 32),
                kernel_size=4,
                latent_dim=64,
                shortcut=None,
                batch_size=256,
                epochs=1,
                validation=0.01,
                threads=threads,
                random_state=0,
                out=run,
            )
            estimator.fit(images)
            lines = [line for line in estimator.history_ if line["part"] == "train"][1:]
            rows = 256 * (lines[-1]["step"] - 50)  # the first line stands for 50 steps
            result |= {"images_per_second": round(rows / sum(line["seconds"] for line in lines), 1)}
            result |= {"steps": lines[-1]["step"], "loss": lines[-1]["loss"]}
            shutil.rmtree(run)
    return result | {"peak_anonymous_mb": round(memory.anonymous, 1), "peak_rss_mb": round(memory.resident, 1)}


def _forget(folder: Path) -> None:
    """Ask the system to drop what it keeps of the files in memory, as if it had just been started."""
    for path in folder.rglob("*.npy"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _report(results: dict[str, dict[str, Any]], file: Path, options: argparse.Namespace, before: float) -> None:
    about = machine()
    print(
        f"\n{options.count} images of 64x64x3, {options.threads} threads, load before: {before:.2f}, "
        f"{about['processor']}, {about['cores']} cores, at {about['commit']}.\n"
        f"The first opening took {results['open']['open_seconds']} s and at most "
        f"{results['open']['peak_anonymous_mb']} MB of private memory, a later one "
        f"{results['file, warm']['open_seconds']} s.\n"
    )
    print(
        "| images come from | images/s | of in memory | peak private memory, MB | resident, MB |\n|---|---|---|---|---|"
    )
    fastest = results["memory"]["images_per_second"]
    for way in _WAYS[1:]:
        result = results[way]
        speed = result["images_per_second"]
        print(f"| {way} | {speed} | {speed / fastest:.2f} | {result['peak_anonymous_mb']} | {result['peak_rss_mb']} |")
    kept = max(results[way]["peak_anonymous_mb"] for way in _WAYS if way != "memory") < _LIMIT_MB
    fast = min(results[way]["images_per_second"] for way in _WAYS[1:3]) >= _LEAST_RATIO * fastest
    print(
        f"\nPrivate memory under 1 GiB: {'yes' if kept else 'no'}. At least half the speed: {'yes' if fast else 'no'}."
    )


if __name__ == "__main__":
    main()
