"""Damage is raised on, whatever Pillow was told by others, and nothing is written to the terminal."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageFile

from images.corpus import as_it_is, encode, picture, png_of, read_header
from latente.images.damage import Damaged, pillow_rules
from latente.images.reading import read_picture


def test_a_truncated_file_is_refused_even_where_others_told_pillow_to_be_lenient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pillow_rules(), pytest.raises(Damaged):
        read_picture(encode(picture(0), "JPEG")[:600], as_it_is(3))
    with pillow_rules(), pytest.raises(Damaged, match="pixels"):
        read_header(io.BytesIO(png_of(60_000, 60_000, 8, 0, b"\0")), "a.png")
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_what_a_decoder_would_write_to_stderr_by_itself_is_kept_back(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode(picture(1, size=(64, 64)), "TIFF", compression="tiff_deflate"))
    data[3000] ^= 0xFF
    with pytest.raises(Damaged):
        read_picture(bytes(data), as_it_is(3, 64, 64))
    assert capfd.readouterr().err, "this damage is one of which libtiff speaks"
    with pillow_rules(), pytest.raises(Damaged):
        read_picture(bytes(data), as_it_is(3, 64, 64))
    assert capfd.readouterr().err == ""
