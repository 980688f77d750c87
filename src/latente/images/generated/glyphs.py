"""glyphs: letters and digits in DejaVu's faces under random maps; an offline stand-in for MNIST."""

from __future__ import annotations

import string

import numpy as np

from latente.images.container import Images
from latente.images.generated.drawing import Shapes, affine, between, draws, resolve_count

__all__ = ["CHARACTERS", "FACES", "glyphs"]

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase

# a face and the one six places on are held out together: they differ in more than a slant
FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
    "DejaVuSansMono-Oblique",
    "DejaVuSansMono-BoldOblique",
)
HELD_OUT = 2  # faces of each character that only the test part shows


def glyphs(count: int | None = None, *, split: str = "train", seed: int = 0) -> Images:
    """Return `count` (20,000; test: 4,000) labelled grey pictures (1, 28, 28) uint8 of letters and digits.

    White on black, anti-aliased, centred by the bounding box before a random map: rotation within 12 degrees,
    shear within 0.15, each side scaled by 0.9 to 1.1, shifts within 2 pixels; each side of a stroke loses up
    to 0.2 or gains up to 0.5 pixels. label: index into the 62 characters 0-9, A-Z, a-z. The relative sizes of
    the face are kept, so that c and C, or s and S, mostly differ by their size; O, 0 and o, and I, l and 1,
    are confusable in some faces. split: of the 12 faces each character has two, other ones for other
    characters, that only the test part shows: no outline of the test part is in the training part, at any
    seed. The first images of a larger count are those of a smaller one. Raises InputError for a count below
    1, a negative seed or an unknown split.
    """
    defaults = {"train": 20_000, "test": 4_000}
    count = resolve_count("glyphs", count, split, seed, defaults)
    u = draws(seed, split, count, 9)
    label = (u[:, 0] * len(CHARACTERS)).astype(np.int64)
    face = _face(label, u[:, 1], split)
    maps = affine(
        degrees=between(u[:, 2], -12, 12),
        shear=between(u[:, 3], -0.15, 0.15),
        width=between(u[:, 4], 0.9, 1.1),
        height=between(u[:, 5], 0.9, 1.1),
        shift=between(u[:, 6:8], -2, 2),
    )
    shapes = [(character, name) for character in CHARACTERS for name in FACES]
    pixels = Shapes(side=28, em=22, longest=21).draw(
        shapes, label * len(FACES) + face, maps, between(u[:, 8], -0.2, 0.5)
    )
    return Images(
        pixels,
        {"label": label},
        name="glyphs",
        label_names=tuple(CHARACTERS),
        source={"source": "glyphs", "split": split, "count": count, "seed": int(seed)},
        parts=tuple(defaults),
    )


def _face(label: np.ndarray, unit: np.ndarray, split: str) -> np.ndarray:
    """Choose faces: character c is tested on the faces c % 6 and c % 6 + 6, and trained on the others."""
    step = len(FACES) // HELD_OUT
    if split == "test":
        return label % step + step * (unit * HELD_OUT).astype(np.int64)
    place = (unit * (len(FACES) - HELD_OUT)).astype(np.int64)
    half, ahead = np.divmod(place, step - 1)
    return half * step + (label + 1 + ahead) % step
