"""emoji: the emoticons of DejaVu Sans under small random maps."""

from __future__ import annotations

import numpy as np

from latente.images.container import Images
from latente.images.generated.drawing import Shapes, affine, between, draws, resolve_count

__all__ = ["CODE_POINTS", "emoji"]

# what DejaVu Sans draws of the block U+1F600 to U+1F64F
CODE_POINTS = tuple(c for c in range(0x1F600, 0x1F641) if c not in (0x1F624, 0x1F62C))
TILTS = 5  # ranges of the tilt, of which each emoticon keeps one for the test part


def emoji(count: int | None = None, *, split: str = "train", seed: int = 0) -> Images:
    """Return `count` (10,000; test: 2,000) labelled grey pictures (1, 32, 32) uint8 of the 63 emoticons.

    White lines on black, anti-aliased, under a random map: tilt within 15 degrees, each side scaled by 0.86
    to 1.04, shifts within 1.5 pixels; each side of a line loses up to 0.1 or gains up to 0.3 pixels. label:
    index into `CODE_POINTS`, label_names: "U+1F600" and so on. split: of five ranges of the tilt, 6 degrees
    each, every emoticon keeps one, other ones for other emoticons, for the test part: no emoticon is tested
    at a tilt that was trained, at any seed. The first images of a larger count are those of a smaller one.
    Raises InputError for a count below 1, a negative seed or an unknown split.
    """
    defaults = {"train": 10_000, "test": 2_000}
    count = resolve_count("emoji", count, split, seed, defaults)
    u = draws(seed, split, count, 7)
    label = (u[:, 0] * len(CODE_POINTS)).astype(np.int64)
    maps = affine(
        degrees=_tilt(label, u[:, 1], split),
        shear=np.zeros(count),
        width=between(u[:, 2], 0.86, 1.04),
        height=between(u[:, 3], 0.86, 1.04),
        shift=between(u[:, 4:6], -1.5, 1.5),
    )
    shapes = [(chr(code), "DejaVuSans") for code in CODE_POINTS]
    pixels = Shapes(side=32, em=28, longest=26).draw(shapes, label, maps, between(u[:, 6], -0.1, 0.3))
    return Images(
        pixels,
        {"label": label},
        name="emoji",
        label_names=tuple(f"U+{code:X}" for code in CODE_POINTS),
        source={"source": "emoji", "split": split, "count": count, "seed": int(seed)},
        parts=tuple(defaults),
    )


def _tilt(label: np.ndarray, unit: np.ndarray, split: str) -> np.ndarray:
    """Degrees within [-15, 15): in range number label % 5 for testing, in the four others for training."""
    test_range = label % TILTS
    ranges = test_range + unit if split == "test" else (test_range + 1 + unit * (TILTS - 1)) % TILTS
    return between(ranges / TILTS, -15, 15)
