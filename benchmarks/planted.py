"""How well are odd pictures ranked that were planted among 300, without a clean set: `latente rank FOLDER`, no option.

    python benchmarks/planted.py [--sets mixed brick t91] [--seeds 5] [--autoencoder]

Three folders of 300 pictures, 15 of which are odd, two of each kind but one: stripes, noise, blur, dark, colour cast,
hole, scratch, and a crop of another picture. `mixed`: crops of 128 pixels of four photographs that scikit-image brings;
`brick`: of 96 pixels of its one picture of bricks; `t91`: of 64 pixels of the 91 pictures of t91 (in LATENTE_DATA), on
a grid without overlap, so that the pictures share nothing. Prints the AUROC of each seed, their mean, the mean share of
normal pictures that each kind of odd one stands above, and the command's seconds of processors, which other work on the
machine changes little, and on the clock; with --autoencoder what a plain `latente fit FOLDER` reaches on seed 0
instead, scored by `latente rank RUN FOLDER`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from sklearn.metrics import roc_auc_score

PICTURES, ODD = 300, 15
KINDS = ("stripes", "noise", "blur", "dark", "cast", "hole", "scratch", "foreign")
SIDES = {"mixed": 128, "brick": 96, "t91": 64}
MIXED = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")
# of stripes, noise, casts and scratches: more where pictures differ more, so that an autoencoder finds some of them
STRENGTHS = {"mixed": 2.0, "brick": 1.0, "t91": 1.0}
FOREIGN = {
    "mixed": ("ihc.png", "hubble_deep_field.jpg"),
    "brick": ("gravel.png", "grass.png"),
    "t91": ("ihc.png", "hubble_deep_field.jpg"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SIDES), choices=list(SIDES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--autoencoder", action="store_true", help="what a plain autoencoder reaches on seed 0, alone")
    options = parser.parse_args()
    for name in options.sets:
        if options.autoencoder:
            area, share, took = _measured(name, 0, by_autoencoder=True)
            print(f"{name}, a plain autoencoder on seed 0: AUROC {area:.3f}, {took}; {_in_words([share])}", flush=True)
            continue
        figures = []
        for seed in range(options.seeds):
            figures.append(_measured(name, seed))
            print(f"{name} seed {seed}: AUROC {figures[-1][0]:.4f}, {figures[-1][2]}", flush=True)
        areas, shares, took = zip(*figures, strict=True)
        mean = f"{statistics.mean(areas):.4f} ({min(areas):.4f} to {max(areas):.4f})"
        print(f"{name}: mean AUROC {mean}, at most {max(took)}; {_in_words(shares)}", flush=True)


@dataclasses.dataclass(frozen=True, order=True)
class _Took:
    """What a command took: seconds of processors, and on the clock."""

    processor: float
    clock: float

    def __str__(self) -> str:
        return f"{self.processor:.0f} s of processors, {self.clock:.0f} s on the clock"


def _measured(name: str, seed: int, *, by_autoencoder: bool = False) -> tuple[float, dict[str, float], _Took]:
    """Return the AUROC, the share of normal pictures that each kind stands above, and what the command took."""
    pictures, kinds = planted(name, seed)
    with tempfile.TemporaryDirectory() as place:
        folder, table = Path(place, "pictures"), Path(place, "table.csv")
        folder.mkdir()
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / f"{number:03}.png")
        start, before = time.perf_counter(), _processor()
        if by_autoencoder:
            fit = [
                "fit",
                str(folder),
                "--size",
                str(SIDES[name]),
                "--seed",
                "0",
                "--no-report",
                "--out",
                f"{place}/run",
            ]
            _latente(*fit)
            _latente("rank", f"{place}/run", str(folder), "--out", str(table))
        else:
            _latente("rank", str(folder), "--out", str(table))
        took = _Took(_processor() - before, time.perf_counter() - start)
        with open(table, encoding="utf-8", newline="") as file:
            oddness = {row["file"]: -float(row["score"]) for row in csv.DictReader(file)}
    scores = np.array([oddness[f"{number:03}.png"] for number in range(len(pictures))])
    normal = np.sort(scores[kinds == ""])
    places = {kind: np.searchsorted(normal, scores[kinds == kind]) / len(normal) for kind in KINDS}
    return roc_auc_score(kinds != "", scores), {kind: float(own.mean()) for kind, own in places.items()}, took


def _processor() -> float:
    """Return the seconds of processors of all commands so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _latente(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "latente", *words], check=True, stdout=subprocess.DEVNULL)


def _in_words(shares: Sequence[dict[str, float]]) -> str:
    return ", ".join(f"{kind} {statistics.mean(share[kind] for share in shares):.2f}" for kind in KINDS)


def planted(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures (300, side, side, 3) uint8 and what is odd about each (300,): a kind, or "" of normal ones."""
    rng, side = np.random.default_rng(seed), SIDES[name]
    if name == "t91":
        places = [cell for path in sorted(_t91().glob("*.png")) for cell in _cells(_read(path), side)]
        pictures = [places[k] for k in rng.permutation(len(places))[:PICTURES]]
    else:
        sources = [_sample(file) for file in (MIXED if name == "mixed" else ("brick.png",))]
        pictures = [_crop(sources[rng.integers(len(sources))], side, rng) for _ in range(PICTURES)]
    kinds = np.full(PICTURES, "", dtype="<U8")
    kinds[rng.permutation(PICTURES)[:ODD]] = rng.permutation(np.repeat(KINDS, 2))[:ODD]
    foreign = [_sample(file) for file in FOREIGN[name]]
    for k in np.flatnonzero(kinds):
        pictures[k] = _crop(foreign[rng.integers(len(foreign))], side, rng) if kinds[k] == "foreign" else pictures[k]
        pictures[k] = worsened(pictures[k], kinds[k], STRENGTHS[name], rng)
    return np.stack(pictures), kinds


def worsened(picture: np.ndarray, kind: str, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 made odd in one way; "foreign" ones stay as they are."""
    x, side = picture.astype(np.float64), len(picture)
    y, across = np.mgrid[:side, :side]
    match kind:
        case "stripes":
            angle, period = rng.uniform(0, np.pi), rng.uniform(4, 8)
            x += 20 * strength * np.sin(2 * np.pi * (across * np.cos(angle) + y * np.sin(angle)) / period)[..., None]
        case "noise":
            x += rng.normal(0, 18 * strength, x.shape)
        case "blur":
            x = ndimage.gaussian_filter(x, (2, 2, 0))
        case "dark":
            x *= 0.45
        case "cast":
            x += strength * rng.permutation([30, 0, -30])
        case "hole":
            height, width = rng.integers(side // 6, side // 4, 2)
            top, left = rng.integers(0, side - height), rng.integers(0, side - width)
            x[top : top + height, left : left + width] = rng.uniform(10, 60)
        case "scratch":
            angle, through = rng.uniform(0, np.pi), rng.uniform(side / 4, 3 * side / 4, 2)
            apart = (across - through[0]) * np.sin(angle) - (y - through[1]) * np.cos(angle)
            along = (across - through[0]) * np.cos(angle) + (y - through[1]) * np.sin(angle)
            x[(np.abs(apart) < 0.8) & (np.abs(along) < side / 3)] += 90 * strength
    return x.round().clip(0, 255).astype(np.uint8)


def _t91() -> Path:
    folder = Path(os.environ.get("LATENTE_DATA", "."), "t91")
    if not folder.is_dir():
        raise SystemExit("t91 is not there: set LATENTE_DATA to the folder that holds it, or leave it out by --sets")
    return folder


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def _sample(file: str) -> np.ndarray:
    import skimage

    return _read(Path(skimage.__file__).parent / "data" / file)


def _crop(picture: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    top, left = (int(rng.integers(0, n - side + 1)) for n in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def _cells(picture: np.ndarray, side: int) -> list[np.ndarray]:
    rows, columns = (n // side for n in picture.shape[:2])
    return [picture[side * r : side * (r + 1), side * c : side * (c + 1)] for r in range(rows) for c in range(columns)]


if __name__ == "__main__":
    main()
