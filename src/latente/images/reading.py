"""One picture file -> one array, or the reason why not.

Files are decoded by their content, whatever their name says, and only in the formats of `FORMATS`. What a
format can reveal of damage is looked for: PNG carries checksums, which are checked; JPEG, GIF, BMP, TIFF,
WebP and PNM carry none for their pixels, so that a flipped bit in them shows only where the decoder stumbles.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np
from PIL import Image

from latente.images import deep
from latente.images.damage import Damaged, stumbling
from latente.images.headers import header_of, header_of_page
from latente.images.opening import OtherTiff, opened_picture, other_tiff
from latente.images.pixels import in_target, mask_of, pixels_of
from latente.images.png import check_sums
from latente.images.sizing import Header, Target
from latente.languages import say

__all__ = [
    "read_frames",
    "read_headers",
    "read_masks",
    "read_picture",
]

_SUBFILE = 254  # the tag of a TIFF file that says what a page is which is none
_REDUCED, _TRANSPARENCY_MASK = 1, 4


def read_headers(file: BinaryIO, name: str, every_frame: bool = False) -> list[Header]:
    """Read the header of a picture, or of each page or frame of it, without decoding them.

    Raises Damaged with the reason.
    """
    with stumbling():
        try:
            with opened_picture(file, name) as image:
                frames = _frames(image)
                if len(frames) == 1 or not every_frame:
                    return [header_of(image, name, len(frames))]
                headers = []
                for frame in frames:
                    image.seek(frame)
                    headers.append(header_of(image, name, len(frames)))
                return headers
        except OtherTiff as reason:
            with other_tiff(file, reason) as pages:
                return [header_of_page(page, name, len(pages)) for page in (pages if every_frame else pages[:1])]


def read_picture(data: bytes, target: Target, name: str = "") -> np.ndarray:
    """Decode a picture file into the target's (C, H, W) and dtype; of several frames the first.

    Raises Damaged with the reason.
    """
    return read_frames(data, {None: target}, name)[0]


def read_frames(data: bytes, targets: Mapping[int | None, Target], name: str) -> list[np.ndarray]:
    """Decode the pages or frames of a file that are asked for, by their numbers; None is the file's main picture.

    Raises Damaged with the reason.
    """
    with stumbling():
        check_sums(data)
        try:
            with opened_picture(io.BytesIO(data), name) as image:
                return [pixels_of(at, target, data) for at, target in _at_frames(image, targets)]
        except OtherTiff as reason:
            with other_tiff(io.BytesIO(data), reason) as pages:
                chosen = [(pages[frame or 0], target) for frame, target in targets.items()]
                return [in_target(deep.values_of_page(page), target) for page, target in chosen]


def read_masks(data: bytes, targets: Mapping[int | None, Target], name: str) -> list[np.ndarray]:
    """Decode a mask file into (1, H, W) uint8 for each frame: 1 where it is not black; one mask may serve all frames.

    Raises Damaged with the reason.
    """
    with stumbling():
        check_sums(data)
        with opened_picture(io.BytesIO(data), name) as image:
            if len(_frames(image)) == 1:
                return [mask_of(image, target) for target in targets.values()]
            return [mask_of(at, target) for at, target in _at_frames(image, targets)]


def _frames(image: Image.Image) -> list[int]:
    """The numbers of an image's frames; smaller copies and masks of a TIFF file's pages are none, nor are previews."""
    count = getattr(image, "n_frames", 1)
    if count == 1 or image.format == "MPO":
        return [0]
    if image.format != "TIFF":
        return list(range(count))
    frames = []
    for frame in range(count):
        with contextlib.suppress(SyntaxError):  # a page of a rare kind, which whoever asks for it will be told
            image.seek(frame)
        if not image.tag_v2.get(_SUBFILE, 0) & (_REDUCED | _TRANSPARENCY_MASK):  # type: ignore[attr-defined]
            frames.append(frame)
    image.seek(0)
    return frames or [0]


def _at_frames(image: Image.Image, targets: Mapping[int | None, Target]) -> Iterator[tuple[Image.Image, Target]]:
    """Move the image from frame to frame; the numbers are those of `_frames`, and rise."""
    frames = _frames(image) if any(targets) else [0]
    for frame, target in targets.items():
        if frame is not None:
            if frame >= len(frames):
                raise Damaged(say("has only {count} frames", count=len(frames)))
            image.seek(frames[frame])
        yield image, target
