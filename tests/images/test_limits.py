"""Work that a small file could make endless is refused, in one line, before it begins."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from images.corpus import encode, picture
from latente.errors import InputError
from latente.images import decoding, limits, open_images, streams, workers
from latente.images.cache import Writer

MIB = 2**20


@pytest.fixture(autouse=True)
def _nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of these sets gets as far as a row in the cache, except where a test says so."""

    def append(*_: Any) -> None:
        raise AssertionError("work began before the check")

    monkeypatch.setattr(Writer, "append", append)


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        open_images(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))


def memory(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    for module in (limits, decoding):
        monkeypatch.setattr(module, "free_memory", lambda: free)


def npz(path: Path, member: bytes, **arrays: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", member)
    return path


def npy(shape: tuple[int, ...], body: bytes, descr: str = "|u1", fortran: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": fortran, "shape": shape})
    return file.getvalue() + body


def test_an_idx_file_that_unpacks_to_gigabytes_of_nothing_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "images-idx3-ubyte.gz"
    with gzip.open(path, "wb", 9) as file:
        file.write(struct.pack(">BBBBIII", 0, 0, 8, 3, 300, 1024, 1024))
        file.write(bytes(300 * MIB))
    assert "decompression bomb" in refusal(path)


def test_a_small_array_of_nothing_but_zeros_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    np.savez_compressed(tmp_path / "x.npz", images=np.zeros((400, 64, 64), np.uint8))
    assert len(open_images(tmp_path / "x.npz")) == 400


@pytest.mark.parametrize("name", ["x.npz", "x-images-idx3-ubyte", "fortran.npy", "pictures"])
def test_sets_for_which_the_disk_has_no_room_say_how_much_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 32, 32), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(pixels))
    head = struct.pack(">BBBBIII", 0, 0, 8, 3, *pixels.shape)
    (tmp_path / "x-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
    (tmp_path / "pictures").mkdir()
    for k in range(50):
        (tmp_path / "pictures" / f"{k}.png").write_bytes(encode(picture(k, "L", (32, 32)), "PNG"))
    disk(monkeypatch, 50 * 1024)
    message = refusal(tmp_path / name)
    assert "needs 50.0 KiB in the cache folder" in message
    assert "LATENTE_CACHE" in message


@pytest.mark.parametrize("name", ["x.npz", "x-images-idx3-ubyte.gz", "big.png", "fortran.npz"])
def test_what_does_not_fit_in_the_free_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 2048, 1024), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels)
    np.savez(tmp_path / "fortran.npz", images=np.asfortranarray(np.repeat(pixels, 2, axis=0)))
    head = struct.pack(">BBBBIII", 0, 0, 8, 3, *pixels.shape)
    (tmp_path / "x-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + pixels.tobytes(), 1))
    (tmp_path / "big.png").write_bytes(encode(picture(0, "L", (1024, 512)), "PNG"))
    memory(monkeypatch, 3 * MIB)
    assert "of memory at once, and 3.0 MiB are free" in refusal(tmp_path / name)


def test_fewer_pictures_are_decoded_at_once_where_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(encode(picture(k, "L", (256, 256)), "PNG"))
    counts = []
    pool = workers.concurrent.futures.ThreadPoolExecutor
    monkeypatch.setattr(
        workers.concurrent.futures, "ThreadPoolExecutor", lambda count: counts.append(count) or pool(count)
    )
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 8)
    memory(monkeypatch, 2 * MIB)
    assert len(open_images(tmp_path)) == 3
    assert counts == [8, 1]  # headers, pictures


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (npy((2**30, 1024, 1024), b"x" * 100), "damaged"),
        (npy((2**30, 1024, 1024), b"x" * 100, fortran=True), "damaged"),
        (npy((-1, 8, 8), b"x" * 64), "damaged"),
        (npy((2**60, 8), b"", "<U0"), "empty"),
        (npy((), b"x"), "single number"),
    ],
)
def test_members_of_a_npz_file_are_held_against_their_headers(tmp_path: Path, member: bytes, reason: str) -> None:
    assert reason in refusal(npz(tmp_path / "x.npz", member))


def test_one_image_of_an_array_is_no_larger_than_a_picture_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_PIXELS", 1000)
    assert "images of 40x30 have more than 1,000 pixels" in refusal(
        npz(tmp_path / "x.npz", npy((1, 40, 30), bytes(1200)))
    )


def test_labels_that_do_not_fit_in_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    np.savez(tmp_path / "x.npz", images=np.zeros((9, 8, 8), np.uint8), label_names=np.array(["x" * MIB] * 2))
    memory(monkeypatch, 10 * MIB)
    assert "label_names needs 16.0 MiB of memory" in refusal(tmp_path / "x.npz")


def test_a_table_that_unpacks_to_hundreds_of_times_its_size_is_named_and_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", encode(picture(0), "PNG"))
        archive.writestr("labels.csv", "file,label\n" + "a.png,1\n" * 400_000)
    images = open_images(tmp_path / "x.zip")
    assert "label" not in images.columns
    assert any(note.startswith("labels.csv was not used: a decompression bomb") for note in images.scan.notes)


def test_an_archive_whose_members_lie_over_one_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.bmp", encode(picture(0, size=(200, 200)), "BMP"))
        for k in range(3):  # further names for the same bytes
            twin = zipfile.ZipInfo(f"{k}.bmp")
            for name in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(twin, name, getattr(archive.infolist()[0], name))
            archive.filelist.append(twin)
            archive._didModify = True
    assert "lie over one another" in refusal(path)


def test_folders_linked_in_diamonds_are_each_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for level in range(40):  # 2^40 ways down
        (tmp_path / f"n{level}").mkdir()
        for side in ("left", "right"):
            (tmp_path / f"n{level}" / side).symlink_to(tmp_path / f"n{level + 1}")
    (tmp_path / "n40").mkdir()
    for name in ("n0/a.png", "n40/b.png"):
        (tmp_path / name).write_bytes(encode(picture(0), "PNG"))
    images = open_images(tmp_path)
    assert images.files == ("n0/a.png", "n40/b.png")  # by the folders' own names, not by a link
    assert any("n0/left, n0/right, n1/left and 77 more" in note for note in images.scan.notes)
    assert open_images(tmp_path / "n39").files == ("left/b.png",)


def test_thousands_of_nested_folders_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (tmp_path / "a.png").write_bytes(encode(picture(0), "PNG"))
    monkeypatch.chdir(tmp_path)
    levels = ["d"] * 1100 + ["long" * 60] * 15  # deeper than Python recurses, and then longer than a path may be
    for name in levels:
        os.mkdir(name)
        os.chdir(name)
    try:
        images = open_images(tmp_path)
    finally:
        for name in reversed(levels):
            os.chdir("..")
            os.rmdir(name)
    assert images.files == ("a.png",)
    [note] = [note for note in images.scan.notes if "cannot be read" in note]
    assert len(note) < 200


def test_where_the_system_does_not_tell_what_is_free_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: None)
    limits.check_memory(2**60, "x")
    assert streams.check_memory is limits.check_memory
