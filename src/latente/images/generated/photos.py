"""photos: patches of the colour pictures that scikit-image carries in its package."""

from __future__ import annotations

import numpy as np

from latente.errors import InputError
from latente.images.container import Images
from latente.images.generated.drawing import draws, package_folder, resolve_count

__all__ = ["PICTURES", "photos"]

# read as files: skimage.data would go to the network for a missing picture, and takes a second to import
PICTURES = {
    "astronaut": "astronaut.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
    "tissue": "ihc.png",
    "galaxies": "hubble_deep_field.jpg",
}
TEST_PER_CENT = 30  # of each picture's width, at the right
SMALLEST, LARGEST = 8, 135  # sides of a patch; the narrowest test region (cat) is 136 pixels wide


def photos(count: int | None = None, *, split: str = "train", seed: int = 0, size: int = 64) -> Images:
    """Return `count` (5,000; test: 1,000) labelled patches (3, size, size) uint8 RGB of seven pictures.

    Half of them are mirrored left to right. size: the side, 8 to 135 pixels, in the pictures' own resolution.
    label: the picture, an index into `PICTURES`. split: the right 30 % of each picture are for the test part
    alone, so that no pixel is in both. The first patches of a larger count are those of a smaller one. Raises
    InputError for a count below 1, a size that does not fit, a negative seed or an unknown split.
    Source: scikit-image's samples, in the public domain or CC0 but for motorcycle, which is of the Middlebury
    2014 stereo benchmark (Scharstein et al. 2014).
    """
    defaults = {"train": 5_000, "test": 1_000}
    count = resolve_count("photos", count, split, seed, defaults)
    regions = [_region(file, split) for file in PICTURES.values()]
    if not SMALLEST <= size <= LARGEST:
        raise InputError(f"size={size} for photos is out of range; give {SMALLEST} to {LARGEST} pixels")
    u = draws(seed, split, count, 4)
    label = (u[:, 0] * len(regions)).astype(np.int64)
    pixels = np.empty((count, 3, size, size), np.uint8)
    for k, picture in enumerate(label):
        height, width, _ = regions[picture].shape
        top, left = int(u[k, 1] * (height - size + 1)), int(u[k, 2] * (width - size + 1))
        patch = regions[picture][top : top + size, left : left + size].transpose(2, 0, 1)
        pixels[k] = patch[:, :, ::-1] if u[k, 3] < 0.5 else patch
    return Images(
        pixels,
        {"label": label},
        name="photos",
        label_names=tuple(PICTURES),
        source={"source": "photos", "split": split, "count": count, "seed": int(seed), "size": size},
        parts=tuple(defaults),
    )


def _region(file: str, split: str) -> np.ndarray:
    """Return the pixels (H, W, 3) of one picture that belong to the part `split`."""
    from PIL import Image

    path = package_folder("skimage") / "data" / file
    if not path.is_file():
        raise InputError(f"{path} is missing; for photos run: pip install --force-reinstall scikit-image")
    with Image.open(path) as opened:
        picture = np.asarray(opened.convert("RGB"))
    border = picture.shape[1] * (100 - TEST_PER_CENT) // 100
    return picture[:, border:] if split == "test" else picture[:, :border]
