"""How well are faults of magnetic tiles found, by detectors that saw sound tiles alone?

    LATENTE_DATA=DATA python benchmarks/tiles.py --weights FILE [--rows planted gaussian ...] [--no-maps]

Learns from train/good, every picture at its own size, and judges the test part: AUROC over all faults and by kind, the
false alarms beside the 5 % promised, pixel average precision beside its base rate, AUPRO, and seconds of wall time and
of processor time. Pictures of one tile (frames that follow each other) do not vouch for each other. FILE holds the
weights of the distilled VGG-19. With --rehearse the test part stays shut: two of three tiles of train/good teach, and
faults made by hand are planted in the pictures of the third, each kind in a fifth of them, beside the same as they are.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.special import expit

import latente
from latente import Images
from latente.images.photographs import Photographs
from latente.metrics import aupro, auroc, average_precision
from measure import load, machine

__all__ = ["main"]

ROWS = {  # what stands for a detector
    "windows": {},
    "contrast": {"contrast": 31},
    "memory": {"method": "memory", "features": "vgg19-distilled", "contrast": 31},
    "gaussian": {"method": "gaussian", "features": "vgg19-distilled", "contrast": 31},
    "planted": {"method": "planted", "features": "vgg19-distilled", "contrast": 31},
}
KINDS = ("blowhole", "break", "crack", "fray", "uneven")
GAP = 100  # frames, above which the next one is of another tile


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="file of the distilled VGG-19")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-maps", action="store_true")
    parser.add_argument("--rehearse", action="store_true", help="faults planted in train/good instead of the test part")
    options = parser.parse_args(arguments)
    folder = Path(os.environ["LATENTE_DATA"], "magnetic-tiles")
    train = latente.open_images(folder, split="train", size="keep")
    tiles = tiles_of(train.files)
    if options.rehearse:
        train, tiles, pictures, kinds, masks = rehearsal(train, tiles)
    else:
        pictures = latente.open_images(folder, split="test", size="keep")
        assert pictures.labels is not None
        kinds = np.array([pictures.label_names[label] for label in pictures.labels])
        masks = [np.asarray(mask[0] != 0) for mask in pictures.partners["mask"]]
    print(f"{len(train)} pictures of {tiles.max() + 1} tiles, seed {options.seed}; load {load():.2f}; {machine()}")
    for row in options.rows:
        start, used = time.perf_counter(), time.process_time()
        by_network = {"weights": options.weights} if "features" in ROWS[row] else {}
        model = latente.AnomalyDetector(
            **ROWS[row], **by_network, groups=tiles, validation=None, random_state=options.seed
        ).fit(train)
        print(f"{row}: fit in {_seconds(start, used)}", flush=True)
        oddness, odd = -model.score_samples(pictures), kinds != "good"
        figures = {"all": auroc(odd, oddness)}
        for kind in KINDS:
            own = ~odd | (kinds == kind)
            figures[kind] = auroc(odd[own], oddness[own])
        alarms = float((oddness[~odd] > model.threshold_).mean())
        told = ", ".join(f"{kind} {area:.3f}" for kind, area in figures.items())
        print(f"{row}: AUROC {told}; false alarms {alarms:.1%}; {_seconds(start, used)}", flush=True)
        if not options.no_maps:
            maps = list(model.anomaly_map(pictures))
            flat = np.concatenate([mask.ravel() for mask in masks])
            precision = average_precision(flat, np.concatenate([one.ravel() for one in maps]))
            print(
                f"{row}: pixel AP {precision:.3f} (base rate {flat.mean():.3f}), AUPRO {aupro(masks, maps):.3f}; "
                f"{_seconds(start, used)}",
                flush=True,
            )


def _seconds(start: float, used: float) -> str:
    return f"{time.perf_counter() - start:.0f} s, of the processor {time.process_time() - used:.0f} s"


def tiles_of(files: Sequence[str]) -> np.ndarray:
    """Return the number of each picture's tile (N,): each was photographed up to six times, one frame after another."""
    frames = np.array([int(match.group(1)) for match in (re.search(r"num_(\d+)", name) for name in files) if match])
    order = np.argsort(frames)
    tiles = np.empty(len(frames), np.int64)
    tiles[order] = np.cumsum(np.diff(frames[order], prepend=frames[order[0]]) > GAP)
    return tiles


def rehearsal(train: Images, tiles: np.ndarray) -> tuple[Images, np.ndarray, Images, np.ndarray, list[np.ndarray]]:
    """Return pictures to learn from with their tiles, and pictures to judge with what is odd about each, and where."""
    held_out = np.isin(tiles, np.random.default_rng(0).permutation(tiles.max() + 1)[: (tiles.max() + 1) // 3])
    sound, own = train.take(np.flatnonzero(held_out)), np.unique(tiles[~held_out], return_inverse=True)[1]
    faults = np.array(KINDS)[np.random.default_rng(1).permutation(np.arange(len(sound)) % len(KINDS))]
    pictures = [np.asarray(picture[0]) for picture in sound.content]
    pairs = [
        faulty(picture, kind, np.random.default_rng([2, k]))
        for k, (picture, kind) in enumerate(zip(pictures, faults, strict=True))
    ]
    every = Photographs.of([one[None] for one in [*pictures, *(picture for picture, _ in pairs)]])
    kinds = np.concatenate([np.full(len(sound), "good"), faults])
    masks = [np.zeros(picture.shape, bool) for picture in pictures] + [mask for _, mask in pairs]
    return train.take(np.flatnonzero(~held_out)), own, Images(every), kinds, masks


def faulty(picture: np.ndarray, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a tile (H, W) uint8 with a fault of a kind as the names of the kinds tell it, and where it is, bool."""
    x = picture.astype(np.float64)
    make = {"blowhole": _blowhole, "break": _break, "crack": _crack, "fray": _fray, "uneven": _uneven}[kind]
    x, mask = make(x, rng)
    return x.round().clip(0, 255).astype(np.uint8), mask


def _blowhole(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One or two dark dots with a bright rim on one side."""
    mask = np.zeros(x.shape)
    for _ in range(rng.integers(1, 3)):
        along, across = _axes(x, rng.uniform(0.1, 0.9, 2), rng.uniform(0, np.pi))
        radius = rng.uniform(2, 5)
        distance = np.hypot(along / rng.uniform(1, 1.6), across) + 0.12 * radius * _cloud(x, rng, 2)
        distance = np.where(np.hypot(along, across) < 4 * radius, distance, np.inf)
        one = expit((radius - distance) / 0.6)
        rim = np.exp(-np.square(distance - radius - 1.2)) * (along > 0) * rng.uniform(0, 0.15)
        x = x * (1 - one * rng.uniform(0.4, 0.8)) * (1 + rim)
        mask = np.maximum(mask, one)
    return x, mask > 0.5


def _break(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A piece that is missing at the edge, where it is darker and not ground."""
    inside = _at_edge(x, rng, 0, rng.uniform(10, 36), rng.uniform(1, 2.5), 0.8)
    ground = ndimage.gaussian_filter(x, 8) * rng.uniform(0.4, 0.8)
    rough = ground * (1 + 0.12 * _cloud(x, rng, 1.5) + 0.15 * _cloud(x, rng, 5))
    return x + inside * (rough - x), inside > 0.5


def _crack(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A dark line of 40 to 180 pixels that wanders."""
    steps = 2 * int(rng.uniform(40, 180))
    angles = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.12, steps))
    starts = rng.uniform(0.1, 0.9, 2) * x.shape
    y, across = (
        start + np.cumsum(0.5 * step) for start, step in zip(starts, (np.sin(angles), np.cos(angles)), strict=True)
    )
    outside = (y < 0) | (y >= x.shape[0]) | (across < 0) | (across >= x.shape[1])
    last = int(outside.argmax()) if outside.any() else steps
    line = np.zeros(x.shape)
    line[y[:last].astype(int), across[:last].astype(int)] = 1
    wide = ndimage.gaussian_filter(line, rng.uniform(0.5, 1.1))
    dark = np.clip(1.2 * wide / wide.max(), 0, 1) * rng.uniform(0.15, 0.45)
    return x * (1 - dark), ndimage.binary_dilation(line > 0)


def _fray(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A strip near the edge that is rubbed rough, lighter or darker."""
    inside = _at_edge(x, rng, 0.06, rng.uniform(10, 24), rng.uniform(1.5, 4), 2.5)
    shade = rng.choice([-1, 1]) * rng.uniform(0, 0.15)
    return x * (1 + inside * (rng.uniform(0.06, 0.18) * _cloud(x, rng, rng.uniform(0.8, 2)) + shade)), inside > 0.5


def _uneven(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A large part without the marks of grinding, lighter or darker."""
    along, across = _axes(x, rng.uniform(0.1, 0.9, 2), np.pi / 2)
    radius = rng.uniform(0.25, 0.6) * min(x.shape)
    inside = expit((radius - np.hypot(along / rng.uniform(1, 2), across) - 0.2 * radius * _cloud(x, rng, 15)) / 6)
    smooth = ndimage.gaussian_filter(x, rng.uniform(2, 5))
    shade = 1 + rng.choice([-1, 1]) * rng.uniform(0.05, 0.2)
    worse = (smooth + rng.uniform(0, 0.5) * (x - smooth)) * shade * (1 + 0.03 * _cloud(x, rng, 0.7))
    return x + inside * (worse - x), inside > 0.5


def _at_edge(
    x: np.ndarray, rng: np.random.Generator, inwards: float, radius: float, ratio: float, softness: float
) -> np.ndarray:
    """How far each pixel is inside a blot whose middle lies a share of the side inwards of an edge."""
    place, side = rng.uniform(0.05, 0.95), rng.integers(4)
    middle = [(place, inwards), (place, 1 - inwards), (inwards, place), (1 - inwards, place)][side]
    along, across = _axes(x, middle, np.pi / 2 if side < 2 else 0)
    return expit((radius - np.hypot(along / ratio, across) - 0.25 * radius * _cloud(x, rng, 5)) / softness)


def _axes(x: np.ndarray, middle: Sequence[float], angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's place along a line through a middle, a share of either side, and across it; angle 0 lies."""
    y, right = np.mgrid[: x.shape[0], : x.shape[1]]
    y, right = y - middle[0] * x.shape[0], right - middle[1] * x.shape[1]
    return right * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - right * np.sin(angle)


def _cloud(x: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    """Smooth noise of unit deviation."""
    noise = ndimage.gaussian_filter(rng.normal(size=x.shape), scale)
    return noise / noise.std()


if __name__ == "__main__":
    main()
