"""What a picture's header says: its colours, and whether its name tells what it is."""

from __future__ import annotations

import io

import pytest

from images.corpus import encode, picture, read_header


@pytest.mark.parametrize(
    ("mode", "grey"), [("1", True), ("L", True), ("LA", True), ("RGB", False), ("RGBA", False), ("P", False)]
)
def test_the_header_tells_grey_from_colour(mode: str, grey: bool) -> None:
    assert read_header(io.BytesIO(encode(picture(8, mode), "PNG")), "a.png").grey == grey


def test_a_palette_of_greys_is_grey() -> None:
    image = picture(9, "L").convert("P")
    image.putpalette([level for level in range(256) for _ in range(3)])
    assert read_header(io.BytesIO(encode(image, "GIF")), "a.gif").grey


def test_the_content_counts_and_a_wrong_suffix_is_named() -> None:
    data = encode(picture(11), "PNG")
    assert read_header(io.BytesIO(data), "a.PNG").odd == ""
    assert "PNG" in read_header(io.BytesIO(data), "a.jpg").odd
    assert read_header(io.BytesIO(encode(picture(11), "JPEG")), "a.jpeg").odd == ""
