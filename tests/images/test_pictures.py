"""Folders and archives of pictures through the door."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images.corpus import Case, cases, encode, picture, save, write, zipped
from latente.errors import InputError
from latente.images import Images, open_images
from latente.images.reading import read_picture
from latente.images.sizing import Target
from latente.words import printable


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Case], Images]:
    folder = tmp_path_factory.mktemp("corpus")
    return write(folder, cases()), open_images(folder, budget=1.0)


def test_the_corpus_holds_more_than_300_damaged_or_odd_files(corpus: tuple[list[Case], Images]) -> None:
    written, _ = corpus
    assert len({case.name for case in written}) == len(written)
    assert len(written) > 370
    assert sum(case.verdict != "good" for case in written) > 300


def test_every_file_of_the_corpus_is_either_used_or_named_as_damaged(
    corpus: tuple[list[Case], Images],
) -> None:
    written, images = corpus
    scan, files = images.scan, set(map(printable, images.files))
    for case in written:
        name = printable(case.name)
        assert (name in files) != (name in scan.damaged), f"{name} is either used or named as damaged"
        if case.verdict == "damaged":
            assert name in scan.damaged, f"{name} got into the images"
        elif case.verdict != "either":
            assert name in files, f"{name}: {scan.damaged.get(name)}"
            assert (name in scan.odd) == (case.verdict == "odd"), f"{name}: {scan.odd.get(name)}"
    assert scan.total == len(written)
    assert scan.count == len(images) == len(written) - len(scan.damaged)


def test_each_image_of_the_corpus_is_the_picture_of_its_own_file(corpus: tuple[list[Case], Images]) -> None:
    written, images = corpus
    exact = {case.name: case.data for case in written if case.name.startswith("really-") and ".jpg" not in case.name}
    by_name = dict(zip(images.files, images.pixels, strict=True))
    for name, data in exact.items():
        alone = read_picture(data, Target((24, 24), 3))
        np.testing.assert_array_equal(by_name[name], alone)


def test_damage_beyond_the_budget_is_refused_with_names_and_cure(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(19)})
    (tmp_path / "bad1.png").write_bytes(b"")
    assert len(open_images(tmp_path)) == 19  # 1 of 20
    (tmp_path / "bad2.jpg").write_bytes(b"no picture")
    with pytest.raises(
        InputError, match=r"2 of 21 pictures \(9.5%\).* budget of 5.0%: bad1\.png \(empty.*bad2.*budget=0\.1 "
    ) as caught:
        open_images(tmp_path)
    assert "\n" not in str(caught.value)
    images = open_images(tmp_path, budget=0.1)
    assert list(images.scan.damaged) == ["bad1.png", "bad2.jpg"]
    with pytest.raises(InputError, match=r"budget of 9\.0%"):
        open_images(tmp_path, budget=0.09)  # also once it lies in the cache


def test_damage_that_only_decoding_finds_counts_as_well(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(9)})
    data = encode(picture(10), "PNG")
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"1 of 10 pictures .* cut\.png"):
        open_images(tmp_path)
    assert len(open_images(tmp_path, budget=0.1)) == 9


def test_the_budget_that_a_refusal_advises_counts_damage_of_headers_and_of_pixels(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(10)})
    (tmp_path / "header.png").write_bytes(b"")
    for number in range(3):
        (tmp_path / f"cut{number}.png").write_bytes(encode(picture(number), "PNG")[:-20])
    with pytest.raises(InputError, match="4 of 14 pictures") as caught:
        open_images(tmp_path)
    advised = str(caught.value).rpartition("--budget ")[2].rstrip(")")
    assert len(open_images(tmp_path, budget=float(advised))) == 10


@pytest.mark.parametrize("make", ["empty", "other", "damaged"])
def test_a_folder_without_usable_pictures_is_one_line(tmp_path: Path, make: str) -> None:
    if make == "other":
        (tmp_path / "notes.md").write_text("hello")
    if make == "damaged":
        (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="holds no picture") as caught:
        open_images(tmp_path, budget=1.0)
    assert "\n" not in str(caught.value)


def test_one_picture_is_a_set_of_one(tmp_path: Path) -> None:
    save(tmp_path, only=picture(0))
    for source in (tmp_path, tmp_path / "only.png"):
        images = open_images(source)
        np.testing.assert_array_equal(images.pixels[0].transpose(1, 2, 0), np.asarray(picture(0)))
    assert images.name == "only"


def test_a_file_that_is_no_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(InputError, match=r"notes\.md is no picture"):
        open_images(tmp_path / "notes.md")


def test_a_pair_with_one_damaged_side_is_left_out_whole(tmp_path: Path) -> None:
    save(tmp_path, **{f"{side}__{k}": picture(k) for side in "AB" for k in range(4)})
    (tmp_path / "B" / "2.png").write_bytes(b"")
    images = open_images(tmp_path, budget=0.25)
    assert images.files == ("A/0.png", "A/1.png", "A/3.png")
    assert len(images.columns["target"]) == 3
    assert list(images.scan.damaged) == ["B/2.png"]


def test_defects_come_with_masks(tmp_path: Path) -> None:
    mask = Image.new("L", (24, 24))
    mask.paste(255, (3, 4, 9, 8))
    save(
        tmp_path,
        train__good__0=picture(0),
        test__good__0=picture(1),
        test__cut__0=picture(2),
        ground_truth__cut__0_mask=mask,
    )
    assert "mask" not in open_images(tmp_path).columns
    images = open_images(tmp_path, split="test")
    assert images.label_names == ("good", "cut")
    np.testing.assert_array_equal(images.labels, [1, 0])
    np.testing.assert_array_equal(images.columns["mask"][0, 0], np.asarray(mask) // 255)
    assert images.columns["mask"][1].max() == 0


def test_a_class_whose_pictures_only_decoding_finds_damaged_is_said_to_be_empty(tmp_path: Path) -> None:
    save(tmp_path, **{f"{label}__{k}": picture(k) for label in "ab" for k in range(2)}, c__1=picture(9))
    data = (tmp_path / "c" / "1.png").read_bytes()
    (tmp_path / "c" / "1.png").write_bytes(data[: len(data) // 2])
    assert any("the class c is empty" in note for note in open_images(tmp_path, budget=0.5).scan.notes)


def test_masks_are_counted(tmp_path: Path) -> None:
    save(tmp_path, **{f"{kind}__{k}": picture(k, "L") for kind in ("images", "labels") for k in range(3)})
    images = open_images(tmp_path)
    assert images.columns["mask"].shape == (3, 1, 24, 24)
    assert images.scan.partners == {"masks": 3}


def test_the_fingerprint_is_that_of_the_same_images_in_memory(tmp_path: Path) -> None:
    save(tmp_path, x__a=picture(0), y__b=picture(1))
    images = open_images(tmp_path)
    assert images.fingerprint == Images(np.array(images.pixels), {"label": np.array([0, 1])}).fingerprint


def test_progress_is_reported_to_the_end(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1))
    seen: list[tuple[int, int, str]] = []
    open_images(tmp_path, progress=lambda done, total, what: seen.append((done, total, what)))
    assert seen[-1] == (2, 2, "decoding")
    assert {what for _, _, what in seen} == {"reading headers", "decoding"}


def test_a_zip_archive_is_read_like_the_folder_it_holds(tmp_path: Path) -> None:
    folder = save(tmp_path / "set", cat__a=picture(0), dog__b=picture(1, "RGBA"))
    from_folder, from_zip = open_images(folder), open_images(zipped(folder))
    assert from_zip.fingerprint == from_folder.fingerprint
    assert from_zip.name == "set"


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "..\\evil.png", "C:/evil.png"])
def test_an_archive_that_names_files_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), encode(picture(0), "PNG"))
    with pytest.raises(InputError, match="outside itself"):
        open_images(tmp_path / "x.zip")


def test_bombs_and_damage_inside_an_archive_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", encode(picture(0), "PNG"))
        archive.writestr("bomb.bmp", bytes(30 * 2**20))
        archive.writestr("flipped.png", encode(picture(1), "PNG"), zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(encode(picture(1), "PNG")) + 200] ^= 4
    path.write_bytes(data)
    images = open_images(path, budget=0.8)
    assert images.files == ("good.png",)
    assert "decompression bomb" in images.scan.damaged["bomb.bmp"]
    assert "CRC" in images.scan.damaged["flipped.png"]


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_damaged_archive_is_refused(tmp_path: Path, keep: int) -> None:
    path = zipped(save(tmp_path / "set", a=picture(0)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"set\.zip"):
        open_images(path)


def test_names_that_no_terminal_can_show_are_escaped(tmp_path: Path) -> None:
    for name in (b"esc\x1b[31m.png", b"latin-\xe9.png", "ünï.png".encode()):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(encode(picture(0), "PNG"))
    images = open_images(tmp_path)
    shown = [images.name_of(row) for row in range(len(images))]
    assert all(name.isprintable() for name in shown)
    assert all((tmp_path / name).is_file() for name in images.files)
    assert "ünï.png" in images.files
    str(images.scan).encode()


def test_a_plain_folder_of_photographs(data_folder: Path) -> None:
    images = open_images(data_folder / "t91")
    assert (len(images), images.image_shape) == (91, (3, 64, 64))
    assert images.scan.damaged == {}
    assert 60 < images.pixels.mean() < 160


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_pairs_of_photographs(data_folder: Path, factor: int) -> None:
    images = open_images(data_folder / "set5" / f"x{factor}", size=24)
    assert images.columns["target"].shape == (5, 3, 24 * factor, 24 * factor)
    small = images.columns["target"].reshape(5, 3, 24, factor, 24, factor).mean(axis=(3, 5))
    assert np.abs(small - images.pixels).mean() < 6  # the same places of the same pictures
