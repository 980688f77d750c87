"""What GANs make of faces, of emoji and of three digits as colours, and whether a critic finds odd digits.

    LATENTE_DATA=DATA python benchmarks/new_pictures.py emoji --out DIR        4 x 10 minutes
    python benchmarks/new_pictures.py faces --out DIR                          2 x 30 minutes
    LATENTE_DATA=DATA python benchmarks/new_pictures.py colours --out DIR      40 minutes
    LATENTE_DATA=DATA python benchmarks/new_pictures.py odd --out DIR          10 x 2 minutes
    python benchmarks/new_pictures.py rarest --out DIR                         5 x 10 minutes

Each training takes one thread and `GAN()` without an option but its minutes and its seed; its run, and a sheet of what
it makes, stay in DIR. What is finished there is taken as it is.

emoji: Twemoji's faces (1f600 to 1f64f) of 32 and 48 pixels, with what `critic_augmentation` does for few images and
without; a fifth of the faces is held out, and the distance (root mean square of a value in [0, 1]) of new pictures to
the nearest one learned from stands beside that of the held-out ones. faces: the drawn faces of 64 pixels beside a VAE
with its fitted density, as long, by the Frechet distance of 2,000 new ones to the 2,000 test faces in the features of a
classifier of their attributes. colours: three digits of MNIST as red, green and blue (Metz et al. 2017), which of the
1,000 triples are among 26,000 new ones, and the KL divergence of their shares from equal ones, by a classifier of
digits. odd: for each digit a GAN that saw it alone; AUROC of the others by the critic's score and by what inversion
leaves of an image, beside what 30 principal components leave. rarest: the drawn digits, classes of 10,000 new ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import nn

from faces import Judge
from latente import GAN, VariationalAutoencoder, open_images
from latente.experiments.machine import fast_precision
from latente.experiments.made import measure_for
from latente.experiments.request import Request
from latente.experiments.sets import open_parts, split_families, twemoji
from latente.figures import grid
from latente.likeness import distances
from latente.metrics import auroc
from measure import load, machine

SHEET = 64  # new images on a sheet
TRIPLES, MADE = 1_000, 26_000
INVERTED = 50  # test images of each digit that are searched for among the generator's


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = {
        "emoji": (emoji, 10),
        "faces": (faces, 30),
        "colours": (colours, 40),
        "odd": (odd, 2),
        "rarest": (rarest, 10),
    }
    parser.add_argument("what", choices=ways)
    parser.add_argument("--out", type=Path, required=True, help="where trainings and sheets are kept")
    parser.add_argument("--minutes", type=float, help="of each training (default: as above)")
    parser.add_argument("--only", default="", help="of the trainings, those whose names hold this")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(f"load before {load():.1f}, {machine()['processor']}, at {machine()['commit']}")
    way, minutes = ways[asked.what]
    way(Request(out=asked.out / asked.what, progress=print), asked.minutes or minutes, asked.only)


def emoji(request: Request, minutes: float, only: str) -> None:
    for side in (32, 48):
        pictures = twemoji(side)
        assert pictures is not None, "LATENTE_DATA holds no Twemoji"
        stems = [PurePosixPath(file).stem for file in pictures.files]
        own = [number for number, stem in enumerate(stems) if "-" not in stem and 0x1F600 <= int(stem, 16) <= 0x1F64F]
        train, test = split_families(pictures.take(np.array(own)), [stems[number] for number in own])
        held_out = _to_nearest(test.pixels, train.pixels)
        for name, way in (("augmented", "auto"), ("plain", None)):
            if only not in (title := f"{name}-{side}"):
                continue
            model = request.fit(title, _gan(minutes, critic_augmentation=way), train)
            made = _sheet(request, title, model)
            own_distance = _to_nearest(np.concatenate([made, model.sample(436, random_state=3)]), train.pixels)
            print(
                f"{title}: {len(train)} faces, {len(test)} held out; {_steps(model)}; to the nearest one learned from, "
                f"median: new {own_distance:.4f}, held out {held_out:.4f}, ratio {own_distance / held_out:.2f}",
                flush=True,
            )


def faces(request: Request, minutes: float, only: str) -> None:
    train, test = (open_images("faces", split=part, size=64) for part in ("train", "test"))
    judge = Judge(train, 6, seed=1)
    layers = list(judge.objective.network)
    features = nn.Sequential(*layers[: next(n for n, layer in enumerate(layers) if isinstance(layer, nn.Flatten))])
    features.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten())
    right = (judge(test) == (test.columns["attributes"] > 0)).mean()
    print(
        f"{len(train):,} + {len(test):,} faces; the classifier tells {100 * right:.2f} % of the attributes", flush=True
    )
    vae = VariationalAutoencoder(minutes=minutes, precision=fast_precision(), threads=1, random_state=0)
    for title, model in (("gan", _gan(minutes)), ("vae", vae)):
        if only in title:
            fitted: Any = request.fit(title, model, train)
            _sheet(request, title, fitted)
            found = distances(test, fitted.sample(len(test), random_state=1), features=features, learned=train)
            print(f"{title}: {_steps(fitted)}; {found}; floor {found.floor}", flush=True)


def colours(request: Request, minutes: float, only: str) -> None:
    train, test, _ = open_parts("mnist")
    classifier = measure_for(request, train, test).classifier
    rng = np.random.default_rng(0)
    stacked = np.concatenate([train.pixels[rng.permutation(len(train))] for _ in range(3)], axis=1)
    for title, options in {
        "usual": {},
        "relativistic": {"loss": "relativistic", "r2": 1.0},
    }.items():
        if only not in title:
            continue
        model = request.fit(title, _gan(minutes, **options), open_images(stacked, channels="first"))
        _sheet(request, title, model)
        made = model.sample(MADE, random_state=1)
        digits = [classifier.predict(made[:, number]) for number in range(3)]
        shares = np.bincount(np.array([100, 10, 1]) @ np.array(digits), minlength=TRIPLES) / MADE
        some = shares[shares > 0]
        divergence = float((some * np.log(some * TRIPLES)).sum())
        print(f"{title}: {_steps(model)}; {len(some)} of {TRIPLES:,} triples, KL {divergence:.3f} nats", flush=True)


def odd(request: Request, minutes: float, only: str) -> None:
    train, test, _ = open_parts("mnist")
    assert train.labels is not None
    assert test.labels is not None
    few = np.concatenate([np.flatnonzero(test.labels == label)[:INVERTED] for label in range(10)])
    columns: list[tuple[float, float, float]] = []
    for label in range(10):
        if only not in str(label):
            continue
        own = train.take(np.flatnonzero(train.labels == label))
        model = request.fit(f"digit-{label}", _gan(minutes), own)
        is_odd = test.labels != label
        rows = [images.pixels.reshape(len(images), -1) / 255 for images in (own, test)]
        principal = PCA(30, random_state=0).fit(rows[0])
        left = ((rows[1] - principal.inverse_transform(principal.transform(rows[1]))) ** 2).mean(1)
        shown = test.take(few)
        rebuilt = model.decode(model.encode(shown)).reshape(len(few), -1) / 255
        missed = ((rebuilt - rows[1][few]) ** 2).mean(1)
        critic = auroc(is_odd, -model.score_samples(test))
        columns.append((critic, auroc(is_odd[few], missed), auroc(is_odd, left)))
        print(f"{label}: {_told(columns[-1])}", flush=True)
    print(f"mean: {_told(np.mean(columns, 0))}")


def rarest(request: Request, minutes: float, only: str) -> None:
    parts = []
    for split in ("train", "test"):
        drawn = open_images("glyphs", split=split, count=40_000 if split == "train" else 10_000)
        assert drawn.labels is not None
        is_digit = np.isin(drawn.labels, [n for n, name in enumerate(drawn.label_names) if name.isdigit()])
        parts.append(drawn.take(np.flatnonzero(is_digit)))
    measure = measure_for(request, *parts)
    for seed in range(5):
        if only in str(seed):
            model = request.fit(f"seed-{seed}", _gan(minutes, random_state=seed), parts[0])
            _sheet(request, f"seed-{seed}", model)
            print(f"seed {seed}: {_steps(model)}; {measure.line(model.sample(10_000, random_state=1))}", flush=True)


def _gan(minutes: float, **options: Any) -> GAN:
    return GAN(**{"minutes": minutes, "precision": fast_precision(), "threads": 1, "random_state": 0} | options)


def _sheet(request: Request, title: str, model: Any) -> np.ndarray:
    """Write a sheet of new images, and return them."""
    made: np.ndarray = model.sample(SHEET, random_state=2)
    assert request.out is not None
    figure = grid(made.reshape(SHEET, *model.image_shape_) / 255)
    figure.savefig(request.out / f"{title}.png", dpi=100)
    return made


def _steps(model: Any) -> str:
    last = [line for line in model.history_ if "step" in line][-1]
    return f"{last['step']:,} steps, the best epoch {model.best_epoch_} of {last['epoch']}"


def _to_nearest(images: np.ndarray, learned: np.ndarray) -> float:
    """Return the median of the distance to the nearest one learned from."""
    rows, others = (torch.from_numpy(part.reshape(len(part), -1) / 255.0) for part in (images, learned))
    nearest = torch.cdist(rows, others).min(1).values / rows.shape[1] ** 0.5
    return float(nearest.median())


def _told(areas: Sequence[float] | np.ndarray) -> str:
    critic, inversion, principal = (100 * area for area in areas)
    return f"AUROC by the critic {critic:.2f}, by inversion {inversion:.2f}, by PCA {principal:.2f}"


if __name__ == "__main__":
    main()
