"""A photograph in the style of a painting, in a short and a long run, and what that leaves in its high frequencies.

Source: [UOH] Lagos: Tarea 4, Aprendizaje Profundo Avanzado (Universidad de O'Higgins, 2023)
Claim: a long run paints better than a short one; high frequencies grow, and the total variation keeps them down (no
    figure).
Ours: not run in full yet.
Command: latente reproduce style-transfer --out DIR
Minutes: about 10 on one core with the distilled VGG-19.

The photograph is scikit-image's coffee; the painting is the Starry Night where LATENTE_DATA/style holds it, else a
stained tissue of scikit-image's stands in. High frequencies are the mean sizes of differences between neighbours,
across and down, and of Sobel's edges of the brightness, in parts of the photograph's own. The report's ready-made fast
network is left out: it is not to be had without its weights.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from latente import StyleTransfer

__all__ = ["HIGH", "STEPS", "VARIATIONS", "high_frequencies", "run", "strengths", "transfer"]

STEPS = {"short": 40, "long": 300}
VARIATIONS = (0.0, 0.3, 3.0, 30.0)  # weights of the total variation, in a strip
HIGH = ("across", "down", "Sobel")
SIDE = 256


def run(request: Request) -> Result:
    """Paint in a short and a long run, and at several weights of the total variation; look at the high frequencies."""
    from latente import open_images
    from latente.figures import strips

    photograph, painting, words = _open()
    side = 32 if request.tiny else SIDE
    images = open_images(photograph[None], channels="last")
    lines: list[Line] = []
    painted: dict[str, np.ndarray] = {}

    def paint(name: str, **options: Any) -> None:
        model = request.fit(name.replace(" ", "-"), transfer(painting, request.tiny, side=side, **options), images)
        painted[name] = np.asarray(model.picture_)
        figures = model.evaluate(open_images(shown[None], channels="last"))
        high = dict(zip(HIGH, strengths(painted[name], shown), strict=True))
        lines.append({"run": name, "loss": figures["objective"], "style": figures["style"], **high})
        request.tell(f"{name}: loss {figures['objective']:.3f}, Sobel {high['Sobel']:.2f} of the photograph's")

    shown = np.asarray(Image.fromarray(photograph).resize(_sides(photograph, side)))
    for name, steps in STEPS.items():
        paint(name, steps=2 if request.tiny else steps)
    for weight in VARIATIONS:
        paint(f"variation {weight:g}", tv_weight=weight, steps=2 if request.tiny else STEPS["short"])
    rows = {"photograph": shown, **{name: painted[name] for name in STEPS}}
    strip = np.stack([painted[f"variation {weight:g}"] for weight in VARIATIONS])
    return Result(
        data=words,
        claims=[
            Claim(f"{what}, {line['run']} run", "[UOH] no figure", line[what])
            for line in lines[: len(STEPS)]
            for what in ("loss", "Sobel")
        ],
        notes=["High frequencies are in parts of the photograph's own; the loss is that of the library's weights."],
        tables={"runs": lines},
        figures={
            "high frequencies": strips(
                np.stack([np.stack([_shown(one), *high_frequencies(one)]) for one in rows.values()]),
                list(rows),
                ["picture", *HIGH],
            ),
            "total variation": strips(_shown_all(strip)[None], ["painted"], [f"{weight:g}" for weight in VARIATIONS]),
        },
    )


def transfer(painting: object, tiny: bool = False, **options: Any) -> StyleTransfer:
    """Return a style transfer as the experiment runs it."""
    from latente import StyleTransfer

    usual: dict[str, Any] = {
        "styles": painting,
        "random_state": 0,
        "side": SIDE,
        "network": "pyramid" if tiny else "auto",
    }
    return StyleTransfer(**{**usual, **options})


def high_frequencies(picture: np.ndarray) -> list[np.ndarray]:
    """Return where a picture (H, W, 3) uint8 changes, (3, H, W) in [0, 1] each.

    Its differences across and down, around a mid-grey, and the size of Sobel's edges of its brightness.
    """
    from skimage.filters import sobel

    values = picture.astype(np.float32) / 255
    across, down = (np.diff(values, axis=axis, append=values.take([-1], axis)) for axis in (1, 0))
    edges = np.repeat(sobel(values.mean(2))[..., None], 3, axis=2)
    return [np.clip(one, 0, 1).transpose(2, 0, 1) for one in (0.5 + across, 0.5 + down, 2 * edges)]


def strengths(picture: np.ndarray, photograph: np.ndarray) -> list[float]:
    """Return the mean sizes of the high frequencies of a picture, in parts of those of a photograph."""

    def sizes(one: np.ndarray) -> list[float]:
        across, down, edges = high_frequencies(one)
        return [float(np.abs(across - 0.5).mean()), float(np.abs(down - 0.5).mean()), float(edges.mean())]

    return [a / max(b, 1e-9) for a, b in zip(sizes(picture), sizes(photograph), strict=True)]


def _open() -> tuple[np.ndarray, object, str]:
    """Return the photograph, the painting (a path, or pixels), and a line on them."""
    from skimage import data

    folder = os.environ.get("LATENTE_DATA")
    path = None if folder is None else Path(folder).expanduser() / "style" / "starry_night.jpg"
    if path is not None and path.is_file():
        return data.coffee(), str(path), "scikit-image's coffee, van Gogh's Starry Night"
    return data.coffee(), data.immunohistochemistry(), "scikit-image's coffee, its stained tissue for a painting"


def _sides(pixels: np.ndarray, side: int) -> tuple[int, int]:
    """Return width and height with `side` for the longer one."""
    height, width = pixels.shape[:2]
    return round(width * side / max(height, width)), round(height * side / max(height, width))


def _shown(picture: np.ndarray) -> np.ndarray:
    shown: np.ndarray = picture.transpose(2, 0, 1).astype(np.float32) / 255
    return shown


def _shown_all(pictures: np.ndarray) -> np.ndarray:
    return np.stack([_shown(one) for one in pictures])
