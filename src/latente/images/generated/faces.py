"""faces: portraits drawn by code with known attributes; an offline stand-in for CelebA."""

from __future__ import annotations

import numpy as np

from latente.images.cache import Note, Writer, cached, key_of
from latente.images.container import Images
from latente.images.generated.drawing import resolve_count
from latente.images.generated.faces_drawing import draw_face
from latente.images.generated.faces_looks import ATTRIBUTES, CONDITIONS, draw_traits, looks
from latente.images.options import Progress

__all__ = ["faces"]

VERSION = 2  # of what is drawn: raised with every change of a pixel, so that no cache gives the old ones
BATCH = 256  # portraits that go to the cache at a time


def faces(count: int | None = None, *, split: str = "train", seed: int = 0, progress: Progress | None = None) -> Images:
    """Return `count` (20,000; val and test: 2,000 each) portraits (3, 64, 64) uint8 RGB with what they show.

    attributes: (N, 13) int8, 1 or -1, in the order of `ATTRIBUTES`. condition: (N, 11) float32, the values
    behind them, in the order of `CONDITIONS`. Where a value decides an attribute its two ranges lie apart, so
    that every picture shows which one it is. Everything is drawn independently of everything else, uniformly
    within its range, but for the three colours of hair, of which a portrait has exactly one:

    =================  ==========================================  =====  ==================  ================
    attribute          it shows                                    share  with it             without it
    =================  ==========================================  =====  ==================  ================
    hair_black         hair_lightness                                1/3  0 to 0.15
    hair_brown         hair_lightness                                1/3  0.35 to 0.55
    hair_blond         hair_lightness                                1/3  0.8 to 1
    hat                one of three kinds; hair shows below it      0.35
    glasses            round or angular                             0.4
    long_hair          hair_length: beside the ears, or longer      0.45  0.6 to 1            0 to 0.25
    smile              smile: how far the corners are raised        0.5   0.55 to 1, open     -0.4 to 0.1
    pale_skin          skin_lightness                               0.45  0.75 to 1           0 to 0.5
    old                age: wrinkles; brows and beard are grey      0.4   0.6 to 1            0 to 0.3
    beard              beard: how much of it                        0.35  0.5 to 1            0
    facing_left        yaw in degrees; left is the picture's left   0.5   -30 to -12          12 to 30
    light_left         light: the side it comes from                0.5   -1 to -0.45         0.45 to 1
    dark_background    background_lightness (HSL)                   0.4   0.18 to 0.38        0.58 to 0.85
    =================  ==========================================  =====  ==================  ================

    Two values decide no attribute: hair_redness, from -1 (ash) to 1 (auburn), and background_hue, from 0 to 1
    (HSL). Place, size and shape of the head, clothes, eyes, hats, frames and the background's gradient, clouds
    and, in a third of them, stripes differ as well, and a grain of one grey level lies over all.

    split: the three parts share no portrait. Row k depends on seed, split and k alone: the first images of a
    larger count are those of a smaller one. They are drawn once, into the cache, which later calls only map
    into memory. progress: called as progress(done, total, what). Raises InputError for a count below 1, a
    negative seed or an unknown split.
    """
    defaults = {"train": 20_000, "val": 2_000, "test": 2_000}
    count = resolve_count("faces", count, split, seed, defaults)

    def build(writer: Writer) -> Note:
        attributes, condition, chances = draw_traits(seed, split, count)
        for start in range(0, count, BATCH):
            stop = min(start + BATCH, count)
            batch = looks(attributes[start:stop], condition[start:stop], chances[start:stop])
            writer.append("pixels", np.stack([draw_face(look) for look in batch]))
            if progress is not None:
                progress(stop, count, "drawing")
        writer.append("attributes", np.where(attributes, 1, -1).astype(np.int8))
        writer.append("condition", condition.astype(np.float32))
        return {}

    stored = cached(key_of("faces", VERSION, split, count, int(seed)), build, "faces")
    arrays = dict(stored.arrays)
    return Images(
        arrays.pop("pixels"),
        arrays,
        name="faces",
        attribute_names=ATTRIBUTES,
        condition_names=CONDITIONS,
        source={"source": "faces", "split": split, "count": count, "seed": int(seed)},
        parts=tuple(defaults),
        content_hash=stored.note["content_hash"],
    )
