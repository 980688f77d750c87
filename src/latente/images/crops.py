"""The part of a picture that is used: around its centre, in the aspect ratio of what it is made into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latente.images.options import Size

__all__ = ["Box", "centre_box", "cropped"]

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels


def cropped(sides: Size, crop: Size | None) -> Size:
    """Return the (height, width) that is left of `sides` when at most `crop` is cut out of the centre."""
    return sides if crop is None else (min(sides[0], crop[0]), min(sides[1], crop[1]))


def centre_box(sides: Size, crop: Size | None, size: Size) -> Box:
    """Return the largest box around the centre of `sides` that has the aspect ratio of `size` and lies in the crop.

    It never reaches beyond the picture, and lies on whole pixels where it is as large as `size`.
    """
    (height, width), (cut_height, cut_width) = sides, cropped(sides, crop)
    # the ratios are compared as whole numbers: as floats, 224 * (225 / 224) is more than 225
    if cut_width * size[0] <= cut_height * size[1]:
        down, across = cut_width * size[0] / size[1], float(cut_width)
    else:
        down, across = float(cut_height), cut_height * size[1] / size[0]
    left, top = (width - across) / 2, (height - down) / 2
    if down == size[0] and across == size[1]:
        left, top = float(int(left)), float(int(top))
    return left, top, left + across, top + down
