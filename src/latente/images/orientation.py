"""Which way is up in a picture, as its EXIF or XMP says."""

from __future__ import annotations

from PIL import Image

from latente.images.damage import STUMBLES

__all__ = [
    "TURNED",
    "UPRIGHT",
    "orientation_of",
]

# EXIF orientation -> the operation that puts the picture upright
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = (5, 6, 7, 8)  # width and height change places
_ORIENTATION = 0x0112
_PNG_EXIF = {"exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"}


def orientation_of(image: Image.Image) -> int:
    """The orientation by EXIF or XMP, 1 to 8; unreadable ones count as upright. Pillow itself turns TIFF upright."""
    if image.format == "TIFF" or (image.format == "PNG" and not _PNG_EXIF & image.info.keys()):
        return 1
    try:
        # a PNG file's own method would decode it whole where it has XMP alone
        value = Image.Image.getexif(image).get(_ORIENTATION, 1)
    except STUMBLES:
        return 1
    return value if value in UPRIGHT else 1
