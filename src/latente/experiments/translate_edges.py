"""Edges become pictures again: a translator with a critic beside plain regression, on emoji and on photographs.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders
Claim: among fifteen tasks of GANs are the translation of images, maps to photographs and the like (no figure).
Ours: not run in full yet.
Command: latente reproduce translate-edges --out DIR
Minutes: about 60 on two cores, a quarter of them for each of the four trainings.

The pairs are Canny edges (Canny 1986, as in scikit-image, of the grey picture, sigma 1) and the picture itself. The
same network learns them twice, by the distance alone, and with a critic of patches beside it: what the critic adds is
the difference. Beside the error stands how steep edges are, in parts of the real pictures': regression blurs what edges
do not tell, a critic makes something up.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.machine import fast_precision
from latente.experiments.made import sharpness
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import split_families, twemoji

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images, ImageTranslator

__all__ = ["edges", "pairs", "run", "translator"]

SIDES = {"emoji": 48, "photographs": 64}
KINDS = {"regression": 0.0, "with a critic": 0.01}  # the weight of what the critic says
COUNT, ROUNDS, SHOWN = 2_000, 40, 6
TONES = r"-1f3f[b-f]"  # a picture and its skin tones stay on one side of the split


def run(request: Request) -> Result:
    """Train both kinds on both sets, and set their errors and their sharpness side by side."""
    lines: list[Line] = []
    figures: dict[str, Figure] = {}
    told = []
    for name in SIDES:
        train, test, words = _open(name, request.tiny)
        told.append(words)
        shown: dict[str, np.ndarray] = {"edges": edges(test.pixels[:SHOWN])}
        for kind, weight in KINDS.items():
            model = translator(weight, tiny=request.tiny)
            trained = request.fit(f"{name}-{kind.replace(' ', '-')}", model, pairs(train))
            made = np.asarray(trained.restore(edges(test.pixels)))
            figured = trained.evaluate(pairs(test))
            lines.append(
                {
                    "pictures": name,
                    "learned by": kind,
                    "PSNR, dB": figured["psnr"],
                    "SSIM": figured["ssim"],
                    "sharpness": sharpness(made) / sharpness(test.pixels),
                }
            )
            request.tell(f"{name}, {kind}: {figured['psnr']:.2f} dB, sharpness {lines[-1]['sharpness']:.2f}")
            shown[kind] = made[:SHOWN]
        shown["picture"] = test.pixels[:SHOWN]
        figures[name] = _rows(shown)
    return Result(
        data="; ".join(told),
        claims=[
            Claim(f"{what}, {line['pictures']}, {line['learned by']}", "[UAO] no figure", line[what])
            for line in lines
            for what in ("PSNR, dB", "sharpness")
        ],
        notes=["Sharpness: the mean length of the gradient, in parts of that of the real pictures."],
        tables={"pictures of edges": lines},
        figures=figures,
    )


def edges(pictures: np.ndarray) -> np.ndarray:
    """Return the Canny edges of pictures (N, 3, H, W) uint8, white on black, in the same shape."""
    from skimage.feature import canny

    grey = pictures.mean(1) / 255
    found = np.stack([canny(one, sigma=1.0) for one in grey])
    return np.repeat(255 * found[:, None].astype(np.uint8), 3, axis=1)


def pairs(images: Images) -> Images:
    """Return edges with the pictures that they are of for targets."""
    from latente import open_images

    return open_images(edges(images.pixels), target=images.pixels, channels="first")


def translator(adversarial: float, *, tiny: bool = False, seed: int = 0) -> ImageTranslator:
    """Return a translator with a critic of this weight, 0 for none, untrained."""
    from latente import ImageTranslator

    if tiny:
        return ImageTranslator(
            adversarial=adversarial, hidden=(4, 4), epochs=1, batch_size=2, augmentation="crop:16", random_state=seed
        )
    return ImageTranslator(adversarial=adversarial, epochs=ROUNDS, precision=fast_precision(), random_state=seed)


def _open(name: str, tiny: bool) -> tuple[Images, Images, str]:
    """Return pictures to learn from, others to judge by, and a line on them."""
    from latente import open_images

    side, count = (16, 8) if tiny else (SIDES[name], COUNT)
    if name == "photographs":
        train = open_images("photos", split="train", size=side, count=count)
        test = open_images("photos", split="test", size=side, count=8 if tiny else 200)
        return train, test, f"photos, {len(train):,} + {len(test):,} parts of scikit-image's pictures"
    pictures = None if tiny else twemoji(side)
    if pictures is not None:
        stems = [re.sub(TONES, "", PurePosixPath(file).stem) for file in pictures.files]
        train, test = split_families(pictures, stems)
        return train, test, f"Twemoji, {len(train):,} + {len(test):,}"
    drawn = open_images("emoji", count=2 * count)
    coloured = open_images(np.repeat(drawn.pixels, 3, axis=1), channels="first")
    train, test = coloured.take(slice(count)), coloured.take(slice(count, 2 * count))
    return train, test, f"emoji drawn by code, {len(train):,} + {len(test):,}, which stand in for Twemoji"


def _rows(pictures: dict[str, np.ndarray]) -> Figure:
    from latente.figures import strips

    return strips(np.stack([row / 255 for row in pictures.values()]), list(pictures))
