"""Draws the README's first picture, front.jpg: `python docs/pictures/front.py [RUN]`.

RUN: a run folder that holds the model already; without it the model is trained first, into runs/front.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import latente
from latente import latents
from latente.figures import latent_map, on_white, strips

RUN = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/front")
OPTIONS = {
    "latent_dim": 100,
    "hidden": (32, 64, 128, 256),
    "activation": "gelu",
    "normalization": "batch",
    "likelihood": "gaussian",
    "batch_size": 32,
    "epochs": 6,
    "learning_rate": 4e-3,
    "warmup": 500,
    "random_state": 0,
}
SHOWN = 8

train = latente.open_images("faces")
if not (RUN / "model").exists():
    latente.VariationalAutoencoder(**OPTIONS, out=RUN).fit(train)
model = latente.load(RUN)
test = latente.open_images("faces", split="test", count=400)
has = {name: test.columns["attributes"][:, column] > 0 for column, name in enumerate(test.attribute_names)}

# dark hair, no hat, no glasses: what is added can be seen
few = test.take(np.flatnonzero(has["hair_black"] & ~has["hat"] & ~has["glasses"])[:SHOWN])
codes = model.encode(train)


def with_more(attribute: str, strength: float) -> np.ndarray:
    column = train.columns["attributes"][:, train.attribute_names.index(attribute)]
    direction = latents.learn_direction(codes, column, attribute=attribute)
    return latents.edit(model, few.pixels, direction, [strength], keep_detail=True)[:, 0]


rows = {
    "never seen": few.pixels,
    "from 100 numbers": model.reconstruct(few),
    "made blond": with_more("hair_blond", 1.3),
    "with glasses": with_more("glasses", 2.0),
    "first to last": latents.interpolate(model, few.take([0]), few.take([SHOWN - 1]), steps=SHOWN)[0],
}
left = on_white(strips(np.stack(list(rows.values())), list(rows)))
found = latents.map_codes(model.encode(test), method="tsne")
landscape = latent_map(found.points, thumbnails=lambda some: test.pixels[some], axis_names=("", ""))
landscape.axes[0].set(xticks=[], yticks=[])  # t-SNE's units mean nothing
right = on_white(landscape)

height = max(len(left), len(right))
picture = np.full((height, left.shape[1] + right.shape[1], 3), 255, np.uint8)
for part, start in ((left, 0), (right, left.shape[1])):
    top = (height - len(part)) // 2
    picture[top : top + len(part), start : start + part.shape[1]] = part
Image.fromarray(picture).save(Path(__file__).with_name("front.jpg"), quality=88)
