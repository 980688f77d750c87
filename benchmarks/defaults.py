"""What a model reaches when nobody chose an option: `latente fit SET` and `latente fit SET --model vae`.

    python benchmarks/defaults.py [--sets digits t91 ...] [--models autoencoder vae] [--out FOLDER] [--seed 0]

For each set and model: the mean squared error on images that training never saw (the set's own test part, else a fixed
fifth of its images), beside that of PCA with as many numbers, of PCA cut to the pictures' range, and of the mean image;
the minutes, and those of the processors, which other work on the machine does not lengthen; and whether it collapsed
(no better than the mean image; a VAE with fewer than two active units). Each line is printed and kept in
FOLDER/results.jsonl as soon as it is known, and what is there is not trained again; the table of all of them ends the
run. Sets that LATENTE_DATA must hold (mnist, fashion-mnist, t91, magnetic-tiles) are left out, by name, where it does
not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from latente import load, open_images
from latente.comparison import compare_with_pca
from latente.formulas import active_units
from latente.images import Images

NAMED = ("digits", "glyphs", "emoji", "photos", "faces", "mnist", "fashion-mnist")
FOLDERS = ("t91", "magnetic-tiles")
MIXED = "mixed-photographs"
MODELS = ("autoencoder", "vae")
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry", "retina")
COLUMNS = (
    *("set", "model", "mse", "of_pca", "of_clipped_pca", "of_mean_image"),
    *("minutes", "processor_minutes", "best_epoch", "collapsed"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=[*NAMED, *FOLDERS, MIXED])
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--out", type=Path, default=Path("runs/defaults"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    results = options.out / "results.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    known = {(row["set"], row["model"], row["seed"]) for row in rows}
    for name in options.sets:
        try:
            train, test = parts_of(name, options.out)
        except ValueError as error:
            print(f"{name} is left out: {error}", flush=True)
            continue
        for model in options.models:
            if (name, model, options.seed) in known:
                continue
            row = measure(name, model, train, test, options.out, options.seed)
            with results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)
            rows.append(row)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for row in rows:
        print("| " + " | ".join(f"{row[c]:.4g}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS) + " |")


def measure(name: str, model: str, train: str, test: Images, out: Path, seed: int) -> dict[str, Any]:
    """Train by the command line, and return one line of the table."""
    run = out / f"{name}-{model}-{seed}"
    command = [sys.executable, "-m", "latente", "fit", train, "--model", model, "--seed", str(seed), "--out", str(run)]
    start, used = time.perf_counter(), _processor_minutes()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    minutes = (time.perf_counter() - start) / 60
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    fitted, images = load(run), open_images(train)
    comparison = compare_with_pca(fitted, images, test)
    mine, pca = (comparison.contestants[who].mse for who in ("autoencoder", "PCA"))
    targets = fitted.scaling_.to_range(test.pixels)
    mean_image = fitted.scaling_.to_range(np.asarray(images.pixels)).mean(axis=0)
    of_mean = float(np.square(targets - mean_image).mean(dtype=np.float64))
    clipped = clipped_pca(fitted, images, targets)
    collapsed = mine >= of_mean
    if model == "vae":
        import torch

        collapsed |= int(active_units(torch.from_numpy(fitted.transform(test)).double()).sum()) < 2
    return {
        "set": name,
        "model": model,
        "seed": seed,
        "mse": mine,
        "of_pca": mine / pca,
        "of_clipped_pca": mine / clipped,
        "of_mean_image": mine / of_mean,
        "minutes": round(minutes, 2),
        "processor_minutes": round(_processor_minutes() - used, 2),
        "best_epoch": fitted.best_epoch_,
        "collapsed": bool(collapsed),
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor_minutes() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def clipped_pca(fitted: Any, images: Images, targets: np.ndarray) -> float:
    """Return the error of PCA whose images are cut to [0, 1]."""
    from sklearn.decomposition import PCA

    from latente.estimators.data import split

    rows = split(images, fitted.validation, fitted.seed_).rows
    known = fitted.scaling_.to_range(np.asarray(images.pixels[rows])).reshape(len(rows), -1)
    pca = PCA(int(np.prod(fitted.code_shape_)), random_state=0).fit(known)
    flat = targets.reshape(len(targets), -1)
    rebuilt = np.clip(pca.inverse_transform(pca.transform(flat)), 0, 1)
    return float(np.square(rebuilt - flat).mean(dtype=np.float64))


def parts_of(name: str, out: Path) -> tuple[str, Images]:
    """Return what `latente fit` trains on, and the images to judge by; raises ValueError where the set is not here."""
    if name in NAMED:
        return name, open_images(name, split="test")
    if name == MIXED:
        source: str | Images = mixed_photographs(out / MIXED)
    else:
        folder = Path(os.environ.get("LATENTE_DATA", "."), name)
        if not folder.is_dir():
            raise ValueError(f"LATENTE_DATA holds no {name}")
        if (folder / "test").is_dir():
            return str(folder), open_images(folder, split="test")
        source = str(folder)
    train, test = out / f"{name}-train", out / f"{name}-test"
    if not test.exists():
        files = sorted(path for path in Path(source).iterdir() if path.suffix.lower() in (".png", ".jpg", ".bmp"))
        held_out = set(np.random.default_rng(0).permutation(len(files))[: len(files) // 5].tolist())
        for folder in (train, test):
            folder.mkdir()
        for number, path in enumerate(files):
            ((test if number in held_out else train) / path.name).symlink_to(path.resolve())
    images = open_images(train)
    return str(train), open_images(test, size=images.image_shape[1:], channels=images.channels)


def mixed_photographs(folder: Path) -> str:
    """Make a folder of 300 crops, 96 pixels a side, of scikit-image's photographs, and return its path."""
    from skimage import data

    if not folder.exists():
        folder.mkdir(parents=True)
        rng = np.random.default_rng(0)
        pictures = [getattr(data, name)() for name in PHOTOGRAPHS]
        for number in range(300):
            picture = pictures[number % len(pictures)]
            top, left = (int(rng.integers(0, side - 96)) for side in picture.shape[:2])
            crop = Image.fromarray(picture[top : top + 96, left : left + 96, :3])
            crop.save(folder / f"{number:03}.png")
    return str(folder)


if __name__ == "__main__":
    main()
