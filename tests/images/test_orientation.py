"""Pictures come out upright, whichever way their files say they lie."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from images.corpus import as_it_is, encode, picture, read_header
from latente.images.damage import pillow_rules
from latente.images.reading import read_picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (32, 16), "black")
    upright.paste((255, 255, 255), (0, 0, 16, 8))  # the upper left quarter is white
    undo = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # EXIF -> the transposition that a camera did, as Pillow counts
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    data = encode(stored, kind, exif=exif, **options)
    assert read_header(io.BytesIO(data), "a").size == (16, 32)
    pixels = read_picture(data, as_it_is(1, 16, 32))[0]
    assert pixels[:7, :15].min() > 200
    assert pixels[9:].max() < 60
    assert pixels[:, 17:].max() < 60


def test_a_broken_exif_block_leaves_the_picture_as_it_is() -> None:
    data = encode(picture(6), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    with pillow_rules():
        np.testing.assert_array_equal(
            read_picture(data, as_it_is(3)), read_picture(encode(picture(6), "JPEG"), as_it_is(3))
        )
