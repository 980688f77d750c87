"""What is wrong with pictures of a set: each fault one function over pictures or their sizes, its threshold stated."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

import imagehash
import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = [
    "alike",
    "brightness",
    "equal",
    "fingerprint",
    "is_blank",
    "lightness",
    "odd_shapes",
    "signature",
    "softness",
    "tiny",
]

_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue (ITU-R BT.601, as Pillow weighs them)

BLANK = 0.05  # of the range, which a wall or a closed lens cap keeps within and the faintest writing on paper does not
# The bound is CleanVision's (0.3), which asks it of 99 %: of 285 crops of photographs 24 are dark by that, and
# 7 by 99.9 %.
DARK = 0.32
# Of 420 sharp pictures (crops of photographs, whole ones, drawn faces, digits and letters) none is above .69. Blurred
# by a Gaussian of 3 pixels all are at .85 or more, and by one of 2 most are above .75, but for digits of 8x8 pixels.
SOFT = 0.75
SMALL = 4  # a picture is tiny whose side is less than a quarter of the usual: enlarged, 15 of 16 pixels are made up
LEAST = 8  # pixels, the least side that a convolutional net here takes
LONG = 1 / 0.35  # the ratio of sides from which CleanVision 0.3 calls a shape odd
LONGER = 1.5  # times the usual ratio, so that in a set of panoramas none is odd for being one
# Of 64 bits: 97 to 100 of 100 photographs' copies by JPEG at 50, at half the size, brighter by 15 % or with noise are
# within 6, and of 49,000 pairs of other crops, photographs and drawn faces one is.
NEAR = 6
AGREE = 0.95  # correlation of both at 16x16, which pictures of digits with near hashes mostly do not reach
HASHED = 32  # pixels; of smaller pictures the hash knows too little to tell a copy from what merely looks alike


def lightness(picture: np.ndarray) -> np.ndarray:
    """Return the lightness (H, W) of a picture (C, H, W), in its units; alpha does not count."""
    return picture[0] if len(picture) < 3 else np.tensordot(_WEIGHTS, picture[:3], 1)


def is_blank(picture: np.ndarray) -> bool:
    """Whether no two places of a picture (C, H, W) within [0, 1] differ by more than 0.05 in any channel.

    Give it reduced to 64 pixels, so that it is places that are compared and not the noise of single pixels.
    """
    return bool((np.ptp(picture, axis=(1, 2)) < BLANK).all())


def brightness(light: np.ndarray) -> float:
    """Return the 99.9 % quantile of a lightness (H, W); a picture is dark whose own is below 0.32.

    So bright strokes on black, and lights in the night, are not dark.
    """
    return float(np.quantile(light, 0.999))


def softness(light: np.ndarray) -> float:
    """Return the share of the energy of differences between neighbours in a lightness (H, W) that outlives a blur.

    What is blurred already loses little more, the idea of Crete, Dolmiere, Ladret and Nicolas (2007); here by a
    Gaussian of standard deviation 1, and with squares, so that it is the sharpest edges that count and a sharp thing
    before a blurred ground is sharp. An edge that is blurred by s pixels keeps s / sqrt(s^2 + 1). A picture is blurred
    from 0.75 on. 0 where there are no differences.
    """
    before = _energy(light)
    return _energy(ndimage.gaussian_filter(light, 1.0)) / before if before else 0.0


def _energy(light: np.ndarray) -> float:
    return sum(float(np.square(np.diff(light, axis=axis)).mean()) for axis in (0, 1) if light.shape[axis] > 1)


def tiny(sizes: np.ndarray) -> np.ndarray:
    """Return which of the sizes (N, 2), height and width, are tiny (N,).

    A side is less than 8 pixels, where that is not usual, or the root of the area is less than a quarter of its median
    in the set.
    """
    sides = np.sqrt(sizes.prod(axis=1))
    shorter = sizes.min(axis=1)
    return ((shorter < LEAST) & (np.median(shorter) >= LEAST)) | (sides < np.median(sides) / SMALL)


def odd_shapes(sizes: np.ndarray) -> np.ndarray:
    """Return which of the sizes (N, 2), height and width, have an odd shape (N,), lying or standing.

    The longer side is over 2.9 times the shorter (a ratio below CleanVision's 0.35), and 1.5 times as long as usual.
    """
    ratios = sizes.max(axis=1) / sizes.min(axis=1)
    return (ratios > LONG) & (ratios > LONGER * np.median(ratios))


def equal(pictures: Iterable[np.ndarray]) -> list[list[int]]:
    """Return groups of pictures (C, H, W) of the same size and values, whatever their files' format."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for row, picture in enumerate(pictures):
        digest = hashlib.blake2b(repr(picture.shape).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(picture).data)
        places[digest.digest()].append(row)
    return [rows for rows in places.values() if len(rows) > 1]


def fingerprint(light: np.ndarray) -> np.uint64:
    """Return the 64 bits of the perceptual hash of a lightness (H, W) within [0, 1].

    pHash as ImageHash has it: which of the 8x8 lowest frequencies of the picture at 32x32 are above their median.
    """
    bits = imagehash.phash(Image.fromarray(_levels(light))).hash
    return np.packbits(bits.reshape(-1)).view(np.uint64)[0]


def signature(light: np.ndarray) -> np.ndarray:
    """Return a lightness (H, W) within [0, 1] at 16x16 without its mean, of length 1 (256,), float32."""
    small = Image.fromarray(_levels(light)).resize((16, 16), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).reshape(-1)
    values = values - values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-9)


def _levels(light: np.ndarray) -> np.ndarray:
    return np.rint(255 * light.clip(0, 1)).astype(np.uint8)


def alike(fingerprints: np.ndarray, signatures: np.ndarray) -> list[list[int]]:
    """Return groups of pictures, by their `fingerprint` (N,) and `signature` (N, 256), that show the same.

    Of two, at most 6 of the 64 bits differ, and their signatures correlate by at least 0.95. Who is like one of a group
    is of the group.
    """
    pairs = []
    for row, bits in enumerate(fingerprints[:-1]):
        near = row + 1 + np.flatnonzero(np.bitwise_count(fingerprints[row + 1 :] ^ bits) <= NEAR)
        near = near[signatures[near] @ signatures[row] >= AGREE]
        pairs += [(row, other) for other in near.tolist()]
    if not pairs:
        return []
    one, other = np.array(pairs).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=2 * (len(fingerprints),))
    _, owners = connected_components(graph, directed=False)
    groups: dict[int, list[int]] = defaultdict(list)
    for row, owner in enumerate(owners.tolist()):
        groups[owner].append(row)
    return [rows for rows in groups.values() if len(rows) > 1]
