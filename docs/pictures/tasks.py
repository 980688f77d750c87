"""Draws the pictures of docs/tasks.md, task-*.jpg: `python docs/pictures/tasks.py [RUN]`.

RUN: the run folder of front.py, whose model of the drawn faces is used. Everything else is trained here, a few minutes
each, from pictures that come with Latente.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage import data

import latente
from latente import latents
from latente.corruptions import Strokes
from latente.experiments.sr_set5 import bicubic
from latente.figures import on_white, strips
from latente.resampling import shrunk_picture

RUN = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/front")
MINUTES = 2
SHOWN = 5


def write(name: str, rows: dict[str, np.ndarray], columns: tuple[str, ...] = ()) -> None:
    figure = strips(np.stack(list(rows.values())), list(rows), columns)
    Image.fromarray(on_white(figure)).save(Path(__file__).with_name(f"task-{name}.jpg"), quality=85)


def new_digits() -> None:
    digits = latente.open_images("digits")
    made = latente.GAN(random_state=0).fit(digits).sample(3 * SHOWN, random_state=0)
    real = latente.open_images("digits", split="test").pixels[:SHOWN]
    new = (np.asarray(made) / 255).reshape(3, SHOWN, *made.shape[1:])
    write("new", {"real": real / 255, **{f"new, {place + 1}": one for place, one in enumerate(new)}})


def with_most_to_see(pictures: np.ndarray) -> np.ndarray:
    """Return the pictures (N, C, H, W) whose values differ most."""
    return pictures[np.argsort(pictures.std((1, 2, 3)))[-SHOWN:]]


def edited_faces() -> None:
    model = latente.load(RUN)
    train = latente.open_images("faces")
    test = latente.open_images("faces", split="test", count=400)
    names = list(train.attribute_names)
    codes = model.encode(train)

    def walk(
        file: str,
        attribute: str,
        strengths: list[float],
        lacks: tuple[str, ...],
        has: str = "",
        keep_detail: bool = True,
    ) -> None:
        values = test.columns["attributes"]
        fits = np.all([values[:, names.index(name)] < 0 for name in lacks], axis=0)
        if has:
            fits &= values[:, names.index(has)] > 0
        few = test.take(np.flatnonzero(fits)[:2]).pixels
        direction = latents.learn_direction(
            codes, train.columns["attributes"][:, names.index(attribute)], attribute=attribute
        )
        moved = latents.edit(model, few, direction, strengths, keep_detail=keep_detail)
        rows = np.concatenate([few[:, None] / 255, np.clip(moved / 255, 0, 1)], axis=1)
        write(file, {"one": rows[0], "another": rows[1]}, ("given", *(f"{one:+g}" for one in strengths)))

    # what turns takes its details along: those of the picture itself would stay behind as ghosts
    walk("frontal", "facing_left", [-0.25, -0.5, -0.75], (), "facing_left", keep_detail=False)
    walk("edited", "hair_blond", [0.4, 0.8, 1.3], ("hair_blond", "hat", "glasses"))
    walk("aged", "old", [2.0, 4.0, 6.0], ("old",))
    few = test.pixels
    write("blended", {"": latents.interpolate(model, few[:1], few[7:8], steps=6)[0] / 255})


def larger() -> None:
    tissue = data.immunohistochemistry().transpose(2, 0, 1)  # of scikit-image's, sr-x2 learned from the photographs
    small = shrunk_picture(tissue, 2)
    enlarged = {
        "bicubic": bicubic(small, 2, tissue.shape),
        "sr-x2": np.asarray(latente.load_shipped("sr-x2").restore(small[None]))[0],
        "photograph": tissue,
    }
    middle = np.s_[:, 208:304, 208:304]
    write("larger", {"": np.stack([one[middle] for one in enlarged.values()])}, tuple(enlarged))


def filled() -> None:
    photos = latente.open_images("photos")
    model = latente.Inpainter("strokes:6", minutes=MINUTES, random_state=0).fit(photos)
    clean = with_most_to_see(latente.open_images("photos", split="test", count=40).pixels)
    generator = torch.Generator().manual_seed(0)
    hidden = Strokes(6).hidden(torch.zeros(len(clean), 1, *clean.shape[2:]), generator).numpy()[:, 0]
    spoilt = np.where(hidden[:, None], 0, clean).astype(np.uint8)
    write("filled", {"given": spoilt, "filled in": np.asarray(model.restore(spoilt, mask=hidden)), "photograph": clean})


edited_faces()
larger()
new_digits()
filled()
