"""What of a picture file comes back from being read and written again: everything but what is said to be lost."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from latente.images.damage import Damaged
from latente.images.kept import Picture, painted_over, read_picture, save_picture
from latente.images.png import write_deep_png

ICC = b"a profile, which nobody reads here" * 9
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:title="hill" tiff:Orientation="6"/></x:xmpmeta>'


@pytest.fixture
def photograph() -> Image.Image:
    """A picture of 24 x 36 pixels with smooth colours."""
    rows, columns = np.mgrid[:24, :36]
    waves = [128 + 100 * np.sin(rows / 5 + k) * np.cos(columns / 7) for k in range(3)]
    return Image.fromarray(np.stack(waves, axis=2).round().astype(np.uint8))


def encoded(picture: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def exif_of(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    tags[ExifTags.Base.Make] = "Camera"
    tags[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 36, ExifTags.Base.ISOSpeedRatings: 200}
    tags[ExifTags.IFD.GPSInfo] = {1: "N"}
    return tags.tobytes()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2**16, shape).astype(np.uint16)


@pytest.mark.parametrize(
    ("format_", "mode"),
    [
        *(("PNG", mode) for mode in ("L", "LA", "RGB", "RGBA")),
        *(("TIFF", mode) for mode in ("L", "LA", "RGB", "RGBA")),
        *(("BMP", "L"), ("BMP", "RGB"), ("PPM", "L"), ("PPM", "RGB"), ("TGA", "RGBA"), ("JPEG2000", "RGB")),
    ],
)
def test_formats_without_loss_come_back_to_the_last_value(
    photograph: Image.Image, tmp_path: Path, format_: str, mode: str
) -> None:
    picture = photograph.convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(photograph.getchannel(2))
    read = read_picture(encoded(picture, format_), f"a.{format_.lower()}")
    assert (read.format, read.suffix, read.notes) == (format_, None, ())
    save_picture(read, tmp_path / "b")
    with Image.open(tmp_path / "b") as again:
        assert (again.format, again.mode) == (format_, mode)
        np.testing.assert_array_equal(np.asarray(again), np.asarray(picture))


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "AVIF"])
def test_formats_with_loss_lose_next_to_nothing_more(photograph: Image.Image, tmp_path: Path, format_: str) -> None:
    data = encoded(photograph, format_, quality=90)
    save_picture(read_picture(data, "a"), tmp_path / "b")
    with Image.open(io.BytesIO(data)) as before, Image.open(tmp_path / "b") as after:
        assert after.format == format_
        assert np.abs(np.asarray(before).astype(int) - np.asarray(after)).mean() < 2


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_what_a_file_says_is_handed_on_and_which_way_is_up_is_seen_to_once(
    photograph: Image.Image, tmp_path: Path, format_: str
) -> None:
    options: dict[str, Any] = {"exif": exif_of(6), "icc_profile": ICC}
    if format_ in ("JPEG", "WEBP"):
        options["xmp"] = XMP
    read = read_picture(encoded(photograph, format_, **options), "a")
    assert read.sides == (36, 24)
    save_picture(read, tmp_path / "b")
    with Image.open(tmp_path / "b") as again:
        assert again.size == (24, 36)
        assert again.info["icc_profile"] == ICC
        tags = again.getexif()
        assert tags.get(ExifTags.Base.Orientation, 1) == 1
        assert tags[ExifTags.Base.Make] == "Camera"
        inner = tags.get_ifd(ExifTags.IFD.Exif)
        assert inner[ExifTags.Base.ISOSpeedRatings] == 200
        assert inner[ExifTags.Base.ExifImageWidth] == 24
        assert tags.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
        if "xmp" in options:
            assert b'dc:title="hill"' in again.info["xmp"]
            assert b"Orientation" not in again.info["xmp"]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [12, 16])
def test_sixteen_bits_of_a_png_file_come_back(tmp_path: Path, channels: int, depth: int) -> None:
    values = noise(300, 7, channels) >> (16 - depth)
    buffer = io.BytesIO()
    write_deep_png(buffer, values, depth, icc=ICC, xmp=b"<x/>", dpi=(300.0, 150.0))
    read = read_picture(buffer.getvalue(), "a.png")
    everything = read.colours if read.alpha is None else np.concatenate([read.colours, read.alpha])
    np.testing.assert_array_equal(everything, np.moveaxis(values, 2, 0))
    assert read.peak == 2**depth - 1
    assert (read.icc, read.xmp) == (ICC, b"<x/>")
    assert read.dpi == pytest.approx((300, 150), abs=0.1)
    save_picture(read, tmp_path / "b.png")
    assert np.array_equal(read_picture((tmp_path / "b.png").read_bytes(), "b.png").colours, read.colours)


@pytest.mark.parametrize(
    "values", [noise(20, 9), noise(20, 9, 3), noise(20, 9, 4), noise(20, 9, 3) / np.float32(65535)]
)
def test_sixteen_bits_and_floats_of_a_tiff_file_come_back(tmp_path: Path, values: np.ndarray) -> None:
    buffer = io.BytesIO()
    extra = ["unassalpha"] if values.shape[2:] == (4,) else None
    photometric = "minisblack" if values.ndim == 2 else "rgb"
    values = values.astype(np.float32) if values.dtype.kind == "f" else values
    tifffile.imwrite(buffer, values, photometric=photometric, extrasamples=extra, iccprofile=ICC)
    read = read_picture(buffer.getvalue(), "a.tif")
    save_picture(read, tmp_path / "b.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), values)
    again = read_picture((tmp_path / "b.tif").read_bytes(), "b.tif")
    assert (again.alpha is None) == (extra is None)


def test_palettes_cmyk_and_single_bits_are_converted_and_said(photograph: Image.Image) -> None:
    for picture, format_, words, channels in (
        (photograph.quantize(16), "PNG", "a palette, made into RGB", 3),
        (photograph.convert("CMYK"), "JPEG", "CMYK, made into RGB", 3),
        (photograph.convert("1"), "PNG", "1 bit a pixel, made into grey", 1),
    ):
        read = read_picture(encoded(picture, format_, icc_profile=ICC), "a")
        assert read.notes == (words,)
        assert len(read.colours) == channels
        assert (read.icc == b"") == (format_ == "JPEG")  # a profile of CMYK says nothing of RGB


def test_formats_that_hold_less_become_png(photograph: Image.Image) -> None:
    read = read_picture(encoded(photograph.quantize(16), "GIF"), "a.gif")
    assert (read.format, read.suffix) == ("PNG", ".png")
    assert "GIF, written as PNG" in read.notes


def test_several_frames_are_refused_with_the_way_out(photograph: Image.Image) -> None:
    frames = [photograph, photograph.rotate(90)]
    with pytest.raises(Damaged, match=r"holds 2 frames or pages; take them out .* ffmpeg"):
        read_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "a.gif")


def test_a_truncated_file_is_refused(photograph: Image.Image) -> None:
    with pytest.raises(Damaged, match="truncated"):
        read_picture(encoded(photograph, "PNG")[:-40], "a.png")


def test_what_is_painted_keeps_transparency_at_its_own_size_where_the_format_has_any(tmp_path: Path) -> None:
    alpha = np.zeros((1, 8, 12), np.uint8)
    alpha[:, :, 6:] = 255
    picture = Picture(np.zeros((1, 8, 12), np.uint8), alpha, 8, "TIFF", exif=exif_of(1), icc=ICC)
    colours = np.full((3, 4, 6), 200, np.uint8)
    for name, mode in (("a.png", "RGBA"), ("a.jpg", "RGB"), ("a.webp", "RGBA")):
        save_picture(painted_over(picture, colours, name), tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert (image.size, image.mode, "icc_profile" in image.info) == ((6, 4), mode, False)
            if mode == "RGBA":
                assert np.asarray(image)[:, [0, 5], 3].tolist() == [[0, 255]] * 4


@pytest.mark.parametrize(("name", "white"), [("a.png", 1023), ("a.jpg", 255), ("a.tif", 1023)])
def test_bits_that_a_format_has_not_are_rounded_away(name: str, white: int) -> None:
    picture = Picture(np.zeros((3, 4, 4), np.uint16), None, 10, "PNG")
    made = painted_over(picture, np.full((3, 2, 2), 1023, np.uint16), name)
    assert made.colours.max() == white == made.peak
