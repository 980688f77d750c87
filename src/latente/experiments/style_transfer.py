"""A photograph in the style of a painting, in a short and a long run, and what that leaves in its high frequencies.

Source: [UOH] Lagos: Tarea 4, Aprendizaje Profundo Avanzado (Universidad de O'Higgins, 2023)
Claim: a long run paints better than a short one; high frequencies grow, and the total variation keeps them down (no
    figure).
Ours: a loss of 1.480 after 40 steps and of 0.516 after 300, with 1.36 and 1.53 times the photograph's edges; a weight
    of 30 instead of 0.3 keeps these at 1.29; one pass, in a fraction of a second, comes to 15.3 (2026-12-01, seed 0).
Command: latente reproduce style-transfer --out DIR
Minutes: about 30 on one core with the distilled VGG-19, most of them for the 4,000 steps of the fast one.

The photograph is scikit-image's coffee; the painting is the Starry Night where LATENTE_DATA/style holds it, else a
stained tissue of scikit-image's stands in. High frequencies are the mean sizes of differences between neighbours,
across and down, and of Sobel's edges of the brightness, in parts of the photograph's own. In the place of the report's
ready-made fast network, which is not to be had without its weights, one learns to paint in one pass, from the 91
photographs of t91 where LATENTE_DATA holds them (else patches of the embedded ones, of which two are the coffee and the
astronaut) and the paintings that are there, but for the Shipwreck: a style that it has never seen.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import FastStyleTransfer, Images, StyleTransfer

__all__ = ["HIGH", "STEPS", "VARIATIONS", "high_frequencies", "painter", "run", "strengths", "transfer"]

STEPS = {"short": 40, "long": 300}
VARIATIONS = (0.0, 0.3, 3.0, 30.0)  # weights of the total variation, in a strip
HIGH = ("across", "down", "Sobel")
SIDE = 256
PAINTINGS = {  # files of LATENTE_DATA/style, and what they are called
    "starry_night": "Starry Night",
    "the_scream": "The Scream",
    "kandinsky_transverse_line_1923": "Transverse Line",
    "shipwreck": "Shipwreck",
}
UNSEEN = "shipwreck"  # which the fast network does not learn from
ROUNDS = 20  # of 200 steps each


def run(request: Request) -> Result:
    """Paint in a short and a long run, and at several weights of the total variation; look at the high frequencies."""
    import torch

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
    fast = request.fit("fast", painter(request.tiny), _photographs(request.tiny))
    start = time.perf_counter()
    painted["fast"] = fast.stylise(shown, painting)
    seconds = time.perf_counter() - start
    judge = transfer(painting, request.tiny, side=side).initialise(images)
    judge.objective_.start_from(torch.from_numpy(painted["fast"]).permute(2, 0, 1)[None].float() / 255)
    figures = judge.evaluate(open_images(shown[None], channels="last"))
    high = dict(zip(HIGH, strengths(painted["fast"], shown), strict=True))
    lines.append({"run": "fast", "loss": figures["objective"], "style": figures["style"], **high})
    request.tell(f"fast: {seconds:.2f} s a picture, loss {figures['objective']:.3f}")
    rows = {"photograph": shown, **{name: painted[name] for name in (*STEPS, "fast")}}
    strip = np.stack([painted[f"variation {weight:g}"] for weight in VARIATIONS])
    return Result(
        data=words,
        claims=[
            Claim(f"{what}, {line['run']} run", "[UOH] no figure", line[what])
            for line in lines
            if line["run"] in (*STEPS, "fast")
            for what in ("loss", "Sobel")
        ]
        + [Claim("seconds of the fast one, pictures of 256 pixels", "[UOH] no figure", seconds)],
        notes=["High frequencies are in parts of the photograph's own; the loss is that of the library's weights."],
        tables={"runs": lines},
        figures={
            "high frequencies": strips(
                np.stack([np.stack([_shown(one), *high_frequencies(one)]) for one in rows.values()]),
                list(rows),
                ["picture", *HIGH],
            ),
            "in one pass": _in_one_pass(fast, painting, side),
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


def painter(tiny: bool = False) -> FastStyleTransfer:
    """Return the network that learns to paint in one pass, by the paintings that are there, but for the unseen one."""
    from latente import FastStyleTransfer

    known = [str(path) for name in PAINTINGS if name != UNSEEN and (path := _path(name)) is not None]
    options: dict[str, Any] = {"styles": tuple(known) or None, "random_state": 0, "epochs": ROUNDS, "log_every": 25}
    if tiny:
        options |= {"network": "pyramid", "width": 2, "depth": 1, "minutes": 0.01, "styles": None}
        options |= {"augmentation": "crop:32,flips", "epochs": 1}
    return FastStyleTransfer(**options)


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


def _path(name: str) -> Path | None:
    """Return where a painting lies; None where it is not here."""
    folder = os.environ.get("LATENTE_DATA")
    path = None if folder is None else Path(folder).expanduser() / "style" / f"{name}.jpg"
    return path if path is not None and path.is_file() else None


def _open() -> tuple[np.ndarray, object, str]:
    """Return the photograph, the painting (a path, or pixels), and a line on them."""
    from skimage import data

    if (path := _path(next(iter(PAINTINGS)))) is not None:
        return data.coffee(), str(path), "scikit-image's coffee, van Gogh's Starry Night"
    return data.coffee(), data.immunohistochemistry(), "scikit-image's coffee, its stained tissue for a painting"


def _photographs(tiny: bool) -> Images:
    """Return what the fast network learns from: t91 where LATENTE_DATA holds it, else embedded photographs."""
    from latente import open_images

    folder = Path(os.environ.get("LATENTE_DATA", "")).expanduser() / "t91"
    if not tiny and folder.is_dir():
        return open_images(folder, size="keep")
    return open_images("photos", size=32 if tiny else 128, count=20 if tiny else 2_000)


def _in_one_pass(fast: FastStyleTransfer, painting: object, side: int) -> Figure:
    """Draw two photographs in each style that is there."""
    from skimage import data

    from latente.figures import strips

    known = {title: _path(name) for name, title in PAINTINGS.items()}
    styles: dict[str, object] = {title: str(path) for title, path in known.items() if path is not None}
    styles = styles or {"tissue": painting}
    rows = []
    for photograph in (data.coffee(), data.astronaut()):
        shown = np.asarray(Image.fromarray(photograph).resize((side, side), box=_square(photograph)))
        rows.append(np.stack([_shown(shown), *(_shown(fast.stylise(shown, style)) for style in styles.values())]))
    return strips(np.stack(rows), ["coffee", "astronaut"], ["photograph", *styles])


def _square(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Return the largest square around the middle of a picture: left, top, right, bottom."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _sides(pixels: np.ndarray, side: int) -> tuple[int, int]:
    """Return width and height with `side` for the longer one."""
    height, width = pixels.shape[:2]
    return round(width * side / max(height, width)), round(height * side / max(height, width))


def _shown(picture: np.ndarray) -> np.ndarray:
    shown: np.ndarray = picture.transpose(2, 0, 1).astype(np.float32) / 255
    return shown


def _shown_all(pictures: np.ndarray) -> np.ndarray:
    return np.stack([_shown(one) for one in pictures])
