"""One picture file -> one array, or the reason why not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from images.corpus import as_it_is, encode, picture, png_of
from latente.images.damage import Damaged, pillow_rules
from latente.images.reading import read_picture


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (encode(picture(0), "JPEG")[:-40], "truncated"),
        (png_of(60_000, 60_000, 8, 0, b"\0"), "pixels"),
        (encode(Image.fromarray(np.full((4, 4), 70_000, np.int32)), "TIFF"), "int32 values, the others uint8"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pillow_rules(), pytest.raises(Damaged, match=reason):
        read_picture(data, as_it_is(1))


def test_only_formats_of_the_list_are_opened() -> None:
    with pytest.raises(Damaged, match="not a picture"):
        read_picture(encode(picture(0, "1"), "XBM"), as_it_is(3))
