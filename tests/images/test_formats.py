"""Which formats are opened, by their content, and what is said of all others."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from images.corpus import encode, picture
from latente.errors import InputError
from latente.images import open_images
from latente.images.damage import Damaged, pillow_rules
from latente.images.formats import FORMATS, SUFFIXES, describe, sniff
from latente.images.reading import read_headers, read_picture
from latente.images.sizing import Target


def heic(image: Image.Image, *more: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    heif = pillow_heif.from_pillow(image)
    for other in more:
        heif.add_from_pillow(other)
    heif.save(file, quality=-1, chroma=444, **options)  # -1: nothing is lost
    return file.getvalue()


def why_not(data: bytes, name: str) -> str:
    with pillow_rules(), pytest.raises(Damaged) as caught:
        read_headers(io.BytesIO(data), name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


LOSSLESS = {
    "qoi": ("QOI", {}),
    "tga": ("TGA", {}),
    "pcx": ("PCX", {}),
    "sgi": ("SGI", {}),
    "dds": ("DDS", {}),
    "ico": ("ICO", {"sizes": [(24, 24), (16, 16)]}),
    "jp2": ("JPEG2000", {"irreversible": False}),
    "j2k": ("JPEG2000", {"irreversible": False, "no_jp2": True}),
    "dib": ("DIB", {}),
    "webp": ("WEBP", {"lossless": True}),
}


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        (suffix, mode)
        for suffix in LOSSLESS
        for mode in ("RGB", "RGBA")
        if mode == "RGB" or suffix not in ("pcx", "dib")
    ],
)
def test_a_lossless_file_comes_out_pixel_for_pixel(suffix: str, mode: str) -> None:
    kind, options = LOSSLESS[suffix]
    image = picture(1, mode)
    if mode == "RGBA":
        image.putalpha(picture(2, "L"))
    data = encode(image, kind, **options)
    [header] = read_headers(io.BytesIO(data), f"a.{suffix}")
    assert (header.size, header.odd) == ((24, 24), "")
    pixels = read_picture(data, Target((24, 24), len(mode)), f"a.{suffix}")
    np.testing.assert_array_equal(pixels.transpose(1, 2, 0), np.asarray(image))


def test_avif_comes_out_with_the_colours_that_went_in() -> None:
    image = picture(1, size=(48, 32))
    pixels = read_picture(encode(image, "AVIF", quality=100, subsampling="4:4:4"), Target((32, 48), 3))
    assert np.abs(pixels.transpose(1, 2, 0).astype(int) - np.asarray(image)).max() <= 3


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic_comes_out_with_the_colours_that_went_in_and_upright(orientation: int) -> None:
    image = picture(1, size=(48, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = heic(image, exif=exif.tobytes())
    upright = image if orientation == 1 else image.transpose(Image.Transpose.ROTATE_270)
    for name in ("a.heic", "a.HIF"):
        [header] = read_headers(io.BytesIO(data), name)
        assert (header.size, header.odd) == (upright.size[::-1], "")
    pixels = read_picture(data, Target(header.size, 3))
    assert np.abs(pixels.transpose(1, 2, 0).astype(int) - np.asarray(upright)).max() <= 3


def test_without_its_extra_a_heic_file_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert 'pip install "latente[heif]"' in why_not(heic(picture(0)), "a.heic")


def test_a_heic_file_that_is_cut_says_so() -> None:
    assert "cannot be decoded" in why_not(heic(picture(0))[:200], "a.heic")


def test_a_tga_file_needs_its_suffix_for_nothing_in_it_tells() -> None:
    data = encode(picture(0), "TGA")
    assert read_headers(io.BytesIO(data), "a.vda")[0].odd == ""
    assert "not a picture" in why_not(data, "a.png")
    assert "not a picture" in why_not(np.random.default_rng(0).bytes(500), "a.png")


def test_pictures_without_a_suffix_are_known_by_their_first_bytes() -> None:
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "AVIF", "JPEG2000", "QOI", "DDS"):
        assert sniff(encode(picture(0), kind)[:512]), kind
    assert sniff(encode(picture(0), "TIFF", big_tiff=True)[:512])
    assert sniff(heic(picture(0))[:512])
    assert sniff(bytes(128) + b"DICM")  # scanners give no suffix
    assert not sniff(b"RIFF" + struct.pack("<I", 99) + b"WAVEfmt ")
    assert not sniff(b"\0\0\0\x20ftypisom")
    assert not sniff(b"")


FOREIGN = {
    "scan.dcm": (bytes(128) + b"DICM", "pydicom"),
    "IM0001": (bytes(128) + b"DICM", "pydicom"),
    "sky.fits": (b"SIMPLE  =                    T", "astropy"),
    "brain.nii": (bytes(344) + b"n+1\0", "nibabel"),
    "brain.nii.gz": (gzip.compress(bytes(352)), "nibabel"),
    "cells.czi": (b"ZISRAWFILE", "czifile"),
    "ct.nrrd": (b"NRRD0004\n", "pynrrd"),
    "camera.nef": (encode(picture(0), "TIFF"), "camera's raw file"),
    "camera.cr2": (b"II*\0\x10\0\0\0CR\2\0", "camera's raw file"),
    "camera": (b"II*\0\x10\0\0\0CR\2\0", "TIFF file that is damaged"),
    "camera.cr3": (b"\0\0\0\x18ftypcrx ", "camera's raw file"),
    "camera.raf": (b"FUJIFILMCCD-RAW", "camera's raw file"),
    "paper.pdf": (b"%PDF-1.7", "pdftoppm"),
    "drawing.svg": (b'<?xml version="1.0"?><svg xmlns="">', "rsvg-convert"),
    "layers.psd": (b"8BPS\0\1", "Photoshop"),
    "layers.xcf": (b"gimp xcf v011", "GIMP"),
    "film.mp4": (b"\0\0\0\x20ftypisom", "ffmpeg"),
    "film.mov": (b"\0\0\0\x14ftypqt  ", "ffmpeg"),
    "film.avi": (b"RIFF\0\0\0\0AVI ", "ffmpeg"),
    "film.mkv": (b"\x1aE\xdf\xa3", "ffmpeg"),
    "light.exr": (b"\x76\x2f\x31\x01", "OpenEXR"),
    "light.hdr": (b"#?RADIANCE\n", "Radiance"),
    "new.jxl": (b"\xff\x0a", "JPEG XL"),
    "print.eps": (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
    "old.wmf": (b"\xd7\xcd\xc6\x9a", "metafile"),
    "data.h5": (b"\x89HDF\r\n\x1a\n", "h5py"),
    "data.mat": (b"MATLAB 5.0 MAT-file", "loadmat"),
    "array.npy": (b"\x93NUMPY\1\0", ".npy array"),
    "missing.png": (b"<!DOCTYPE html><html><body>404", "HTML page"),
    "all.zip": (b"PK\x03\x04", "zip archive"),
    "all.tar": (bytes(257) + b"ustar", "tar archive"),
    "all.tar.gz": (gzip.compress(bytes(600)), "tar -xf"),
    "all.7z": (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    "all.rar": (b"Rar!\x1a", "RAR"),
    "one.png.gz": (gzip.compress(b"x"), "gunzip"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_in_another_format_is_named_with_what_would_open_it(name: str) -> None:
    data, cure = FOREIGN[name]
    assert cure in why_not(data, name)


@pytest.mark.parametrize("name", ["scan.dcm", "paper.pdf", "film.mp4", "brain.nii.gz", "all.tar.gz", "all.rar"])
def test_as_a_source_such_a_file_is_one_line(tmp_path: Path, name: str) -> None:
    data, cure = FOREIGN[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=cure) as caught:
        open_images(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name} ")
    assert "\n" not in str(caught.value)


def test_a_folder_of_nothing_else_says_what_they_are(tmp_path: Path) -> None:
    for name in ("film.mp4", "paper.pdf"):
        (tmp_path / name).write_bytes(FOREIGN[name][0])
    with pytest.raises(InputError, match=r"holds no pictures: film\.mp4 is a video.*paper\.pdf is a PDF document"):
        open_images(tmp_path)


@pytest.mark.parametrize("name", ["scan.dcm", "IM0001", "sky.fits", "camera.nef", "drawing.svg", "new.jxl"])
def test_among_pictures_they_are_left_out_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(encode(picture(0), "PNG"))
    (tmp_path / name).write_bytes(FOREIGN[name][0])
    images = open_images(tmp_path, budget=0.5)
    assert images.files == ("a.png",)
    assert FOREIGN[name][1] in images.scan.damaged[name]


def test_films_and_documents_beside_pictures_are_no_damaged_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(picture(0), "PNG"))
    for name in ("film.mp4", "paper.pdf", "all.tar.gz"):
        (tmp_path / name).write_bytes(FOREIGN[name][0])
    assert open_images(tmp_path).scan.damaged == {}


def test_the_small_preview_in_a_camera_file_is_never_taken_for_the_picture() -> None:
    tags = {50706: (1, 4, 0, 0)}  # DNGVersion
    data = encode(picture(0), "TIFF", tiffinfo=tags)
    for name in ("a.dng", "a.tif", "a"):
        assert "camera's raw file" in why_not(data, name)


def test_a_damaged_file_of_a_known_format_says_which_and_why() -> None:
    data = bytearray(encode(picture(0), "TIFF"))
    place = data.index(struct.pack("<HHI", 262, 3, 1))
    data[place + 8 : place + 10] = struct.pack("<H", 9)  # ICC's own Lab, which is not read
    assert "a TIFF file that is damaged or of a rare kind: unknown pixel mode" in why_not(bytes(data), "a.tif")


def test_archives_in_archives_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(picture(0), "PNG"))
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "a.png")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(tmp_path / "inner.zip", "inner.zip")
    with pytest.raises(InputError, match=r"outer\.zip holds no pictures: inner\.zip is a zip archive; .*unpack"):
        open_images(tmp_path / "outer.zip")
    for mode, suffix in (("w", ".tar"), ("w:gz", ".tar.gz"), ("w:gz", ".tgz"), ("w:xz", ".tar.xz")):
        path = tmp_path / f"all{suffix}"
        with tarfile.open(path, mode) as archive:
            archive.add(tmp_path / "a.png", "a.png")
        with pytest.raises(InputError, match=r"is a tar archive; unpack it and give the folder: tar -xf"):
            open_images(path)


def test_every_format_that_is_opened_has_a_suffix_and_every_foreign_one_a_word() -> None:
    Image.init()
    assert set(FORMATS) <= set(Image.OPEN)
    assert {".png", ".heic", ".avif", ".dcm", ".fits", ".dng"} <= SUFFIXES
    assert describe(b"nothing known", "a.txt") is None


def test_sniffing_knows_pictures_by_their_first_bytes() -> None:
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP"):
        assert sniff(encode(picture(0), kind)[:16]), kind
    assert not sniff(b"RIFF" + struct.pack("<I", 99) + b"WAVEfmt ")
    assert not sniff(b"")
