"""Near copies among pictures that should share nothing: what a model learns from, and what it is judged by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import torch

from latente.culling import faults
from latente.culling.sizes import reduced
from latente.images import Images, Scaling
from latente.images.options import Progress
from latente.words import printable

__all__ = ["MOST_COMPARED", "Copies", "near_copies"]

MOST_COMPARED = 5_000  # pictures, of which each takes 1 to 3 ms
LONGEST_SIDE = 256  # pixels; larger pictures are looked at reduced to this, of which 32 are compared


@dataclasses.dataclass(frozen=True)
class Copies:
    """How many pictures of a part look like one of the first part, or another one of it, and the first two by name."""

    part: str
    count: int
    example: tuple[str, str]


def near_copies(parts: Mapping[str, Images], progress: Progress | None = None) -> list[Copies]:
    """Return for each part of a set which near copies it has: the first of its own, the others of the first.

    Copies are what `faults.alike` calls so. Parts without any are left out, and so are pictures that are blank or have
    a side below 32 pixels.
    """
    places: list[tuple[str, str]] = []
    fingerprints, signatures = [], []
    total = sum(map(len, parts.values()))
    for part, images in parts.items():
        scaling = Scaling.fit(images.content, depth=images.depth)
        for row, picture in enumerate(images.content):
            if progress is not None:
                progress(len(places), total, "looking for near copies")
            small = reduced(torch.from_numpy(scaling.to_range(picture[None])), LONGEST_SIDE)[0].numpy()
            light = faults.lightness(small)
            if min(light.shape) >= faults.HASHED and not faults.is_blank(small):
                places.append((part, printable(images.files[row])))
                fingerprints.append(faults.fingerprint(light))
                signatures.append(faults.signature(light))
    groups = faults.alike(np.array(fingerprints, np.uint64), np.array(signatures, np.float32))
    first, pairs = next(iter(parts)), {part: list[tuple[str, str]]() for part in parts}
    for group in groups:
        own = [places[row][1] for row in group if places[row][0] == first]
        for row in group:
            part, name = places[row]
            others = [other for other in own if part != first or other != name]
            if others:
                pairs[part].append((name, others[0]))
    return [Copies(part, len(found), found[0]) for part, found in pairs.items() if found]
