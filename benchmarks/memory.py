"""What the verbs take of the machine's memory on a set that is larger: 3 GB of images in one .npy file.

    python benchmarks/memory.py --folder /tmp/memory                        about half an hour, 10 GB of disk
    python benchmarks/memory.py --folder /tmp/memory --rows                 about 10 minutes
    python benchmarks/memory.py --folder /tmp/memory --gigabytes 0.3        a look

They are 64 x 64 grey in 8 bits, a tile of them over and over; with --rows the same as rows of a table, which is
quicker, since nothing compares them as pictures. Each command line runs in a process of its own, whose
private memory (RssAnon: what is its alone, without files mapped into memory) is read 50 times a second.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from measure import anonymous_memory, load, machine

__all__ = ["main"]

_SIDE, _TILE, _LIMIT_MB = 64, 4096, 700
_NETWORK = "--network dense --hidden 32 --latent-dim 8 --epochs 1 --batch-size 256 --seed 0 --no-report"

# HALF stands for half of the number of images
JOBS = {
    "fit, a tenth of it held out": f"fit images.npy --out run {_NETWORK}",
    "fit of a vae": f"fit images.npy --model vae --out vae {_NETWORK}",
    "fit of half of it, drawn": f"fit images.npy --count HALF --out half {_NETWORK}",
    "evaluate": "evaluate run images.npy",
    "evaluate of a vae": "evaluate vae images.npy",
    "evaluate of half of it, drawn": "evaluate run images.npy --count HALF",
    "encode": "encode run images.npy --out codes.npz",
    "data show": "data show images.npy",
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="scratch folder; what is made in it is removed")
    parser.add_argument("--gigabytes", type=float, default=3.0, help="size of the file (default: 3)")
    parser.add_argument("--rows", action="store_true", help="as rows of a table")
    parser.add_argument("--threads", type=int, default=2, help="(default: 2)")
    parser.add_argument("--only", default="", help="jobs whose name begins so; those that need a run need its job too")
    options = parser.parse_args(arguments)
    folder, count = options.folder / "latente-memory", int(options.gigabytes * 1e9) // _SIDE**2
    folder.mkdir(parents=True, exist_ok=True)
    before, peaks = load(), {}
    try:
        _make(folder / "images.npy", (count, _SIDE**2) if options.rows else (count, _SIDE, _SIDE))
        for name, line in JOBS.items():
            if name.startswith(options.only):
                peaks[name] = _peak(name, line.replace("HALF", str(count // 2)), folder, options.threads)
    finally:
        shutil.rmtree(folder)
    about = machine()
    print(
        f"\n{count:,} images of {_SIDE}x{_SIDE}, {options.gigabytes:g} GB, {options.threads} threads, load before: "
        f"{before:.2f}, {about['processor']}, {about['cores']} cores, at {about['commit']}.\n"
    )
    print("| job | peak private memory, MB | seconds |\n|---|---|---|")
    for name, (peak, seconds) in peaks.items():
        print(f"| {name} | {peak:.0f} | {seconds:.0f} |")
    within = max(peak for peak, _ in peaks.values()) <= _LIMIT_MB
    print(f"\nAll within {_LIMIT_MB} MB: {'yes' if within else 'no'}.")


def _make(file: Path, shape: tuple[int, ...]) -> None:
    """Write the images, a tile at a time."""
    count, size, free = shape[0], shape[0] * _SIDE**2, shutil.disk_usage(file.parent).free
    if free < 3 * size:
        raise SystemExit(f"{file.parent} has {free / 1e9:.1f} GB free, and {3 * size / 1e9:.1f} GB are needed")
    rng = np.random.default_rng(0)
    ramps = rng.random((_TILE, 2, 1, 1)) * np.linspace(0, 1, _SIDE)
    tile = (255 * ramps[:, :1].transpose(0, 1, 3, 2) * ramps[:, 1:])[:, 0].round().astype(np.uint8)
    with file.open("wb") as out:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        for start in range(0, count, _TILE):
            out.write((tile[: count - start] ^ np.uint8(start // _TILE % 256)).data)


def _peak(name: str, line: str, folder: Path, threads: int) -> tuple[float, float]:
    """Run a command line, and return its peak of private memory in MB and its time in seconds."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "LATENTE_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "latente", *shlex.split(line)]
    begin, peak = time.perf_counter(), 0.0
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        while process.poll() is None:
            peak = max(peak, anonymous_memory(process.pid))
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{name}: latente {line}\n{(folder / 'log').read_text()}")
    seconds = time.perf_counter() - begin
    print(f"{name}: {peak:.0f} MB, {seconds:.0f} s", flush=True)
    return peak, seconds


if __name__ == "__main__":
    main()
