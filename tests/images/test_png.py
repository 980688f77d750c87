"""Damage that a PNG file's checksums reveal."""

from __future__ import annotations

import pytest

from images.corpus import as_it_is, encode, picture
from latente.images.damage import Damaged, pillow_rules
from latente.images.reading import read_picture


def test_a_flipped_bit_in_a_png_file_never_goes_unnoticed() -> None:
    data = encode(picture(10), "PNG")
    with pillow_rules():
        for place in range(0, len(data), 11):
            flipped = bytearray(data)
            flipped[place] ^= 1 << (place % 8)
            with pytest.raises(Damaged):
                read_picture(bytes(flipped), as_it_is(3))
