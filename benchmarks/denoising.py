"""BM3D on the photographs and the noise of `latente reproduce denoise-photos`, beside which its nets are judged.

    LATENTE_DATA=DATA python benchmarks/denoising.py --bm3d .venv-peers/bin/python          some ten minutes

Grey Set5, noise of 15, 25 and 50 levels of 255, not clipped, of five seeds; BM3D (Dabov et al. 2007) as its authors
publish it for Python, told how strong the noise is. Its licence forbids commercial use, which is why it is in no
environment but that of the peers. Results are clipped to the levels that a picture has, PSNR is the mean of all.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from latente.experiments.denoise_photos import SEEDS, SIGMAS, noisy
from latente.experiments.photographs import grey, open_five
from latente.metrics import psnr
from measure import load, machine

# in the other environment: each array of noisy pictures in its place, under its name
WORKER = """
import sys
import bm3d, numpy as np
given = np.load(sys.argv[1])
np.savez(sys.argv[2], **{name: bm3d.bm3d(given[name], int(name.split("/")[0]) / 255) for name in given})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bm3d", type=Path, required=True, help="the python of an environment that has bm3d")
    python = parser.parse_args().bm3d
    print(f"load before {load():.1f}, {machine()['processor']}, at {machine()['commit']}")
    clean = {pair.name: grey(pair.clean) for pair in open_five(2)[0]}
    seen = {
        f"{sigma}/{seed}/{name}": noisy(picture, sigma, seed)[0]
        for sigma in SIGMAS
        for seed in SEEDS
        for name, picture in clean.items()
    }
    with tempfile.TemporaryDirectory() as place:
        given, made = Path(place, "given.npz"), Path(place, "made.npz")
        np.savez(given, **seen)
        subprocess.run([str(python), "-c", WORKER, str(given), str(made)], check=True)
        results = dict(np.load(made))
    for sigma in SIGMAS:
        decibels = [
            float(psnr(clean[name.split("/")[2]] / 255, picture.clip(0, 1)[None], data_range=1.0)[0])
            for name, picture in results.items()
            if name.startswith(f"{sigma}/")
        ]
        print(f"sigma {sigma}: {np.mean(decibels):.2f} dB of {len(decibels)} pictures")


if __name__ == "__main__":
    main()
