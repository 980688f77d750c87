"""Array files through the door: .npy, .npz, idx."""

from __future__ import annotations

import gzip
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import InputError
from latente.images import Images, open_images

RNG = np.random.default_rng(0)


def write_idx(path: Path, array: np.ndarray) -> Path:
    kinds = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    head = struct.pack(">BBBB", 0, 0, kinds[array.dtype.str[1:]], array.ndim)
    data = head + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.fixture
def pixels() -> np.ndarray:
    return RNG.integers(0, 256, (40, 8, 9), dtype=np.uint8)


def test_a_npy_file_is_mapped_as_it_lies(tmp_path: Path, pixels: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", pixels)
    images = open_images(tmp_path / "x.npy")
    assert isinstance(images.pixels.base, np.memmap)
    np.testing.assert_array_equal(images.pixels[:, 0], pixels)
    assert images.name == "x"
    assert images.fingerprint == Images(pixels[:, None]).fingerprint


def test_torch_takes_mapped_images_without_a_warning(tmp_path: Path, pixels: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    np.save(tmp_path / "x.npy", pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.from_numpy(open_images(tmp_path / "x.npy").pixels).shape == (40, 1, 8, 9)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", ">f4"])
def test_a_npy_file_that_lies_otherwise_is_rearranged_into_the_cache(tmp_path: Path, order: Any, dtype: str) -> None:
    array = np.asarray(RNG.integers(0, 256, (30, 8, 9, 3)), dtype=dtype, order=order)
    np.save(tmp_path / "x.npy", array)
    images = open_images(tmp_path / "x.npy")
    assert images.layout == "NHWC"
    assert images.pixels.flags.c_contiguous
    assert images.pixels.dtype.isnative
    np.testing.assert_array_equal(images.pixels, array.transpose(0, 3, 1, 2))


def test_a_table_in_a_npy_file_stays_a_table(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", RNG.random((12, 5)))
    assert open_images(tmp_path / "x.npy").is_table


def test_a_npy_file_of_objects_is_refused_and_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"x\.npy"):
        open_images(tmp_path / "x.npy")


@pytest.mark.parametrize("keep", [0, 20, 200])
def test_a_truncated_npy_file_is_refused(tmp_path: Path, pixels: np.ndarray, keep: int) -> None:
    np.save(tmp_path / "x.npy", pixels)
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:keep])
    with pytest.raises(InputError, match=r"x\.npy is damaged"):
        open_images(tmp_path / "x.npy")


def test_nan_in_a_file_is_refused_with_its_place_at_every_start(tmp_path: Path) -> None:
    array = np.zeros((50, 2, 8, 8), np.float32)
    array[31, 1, 2, 3] = np.nan
    np.save(tmp_path / "first.npy", array)
    np.save(tmp_path / "last.npy", np.ascontiguousarray(array.transpose(0, 2, 3, 1)))
    for _ in range(2):
        with pytest.raises(InputError, match=r"\(31, 1, 2, 3\)"):
            open_images(tmp_path / "first.npy")
        with pytest.raises(InputError, match=r"\(31, 2, 3, 1\)"):
            open_images(tmp_path / "last.npy")


def test_arrays_of_a_npz_file_become_columns(tmp_path: Path, pixels: np.ndarray) -> None:
    columns = {
        "target": RNG.random((40, 16, 18)).astype(np.float32),
        "labels": RNG.integers(0, 3, (40, 1)),
        "attributes": RNG.integers(-1, 2, (40, 4)),
        "condition": RNG.random((40, 2)),
        "mask": RNG.integers(0, 2, (40, 8, 9)) * 255,
    }
    names = {"label_names": np.array(["a", "b", "c"]), "attribute_names": np.array(list("wxyz"))}
    np.savez_compressed(tmp_path / "x.npz", images=pixels, other=np.zeros(3), **columns, **names)
    images = open_images(tmp_path / "x.npz")
    np.testing.assert_array_equal(images.pixels[:, 0], pixels)
    np.testing.assert_array_equal(images.columns["target"][:, 0], columns["target"])
    np.testing.assert_array_equal(images.labels, columns["labels"][:, 0])
    np.testing.assert_array_equal(images.columns["attributes"], columns["attributes"])
    np.testing.assert_array_equal(images.columns["condition"], columns["condition"])
    np.testing.assert_array_equal(images.columns["mask"][:, 0] * 255, columns["mask"])
    assert images.columns["mask"].dtype == np.uint8
    assert images.label_names == ("a", "b", "c")
    assert images.attribute_names == tuple("wxyz")
    assert "other" in str(images.scan)


def test_parts_of_a_npz_file(tmp_path: Path, pixels: np.ndarray) -> None:
    np.savez(
        tmp_path / "x.npz",
        x_train=pixels[:30],
        y_train=np.arange(30),
        x_test=pixels[30:],
        y_test=np.arange(10),
    )
    assert open_images(tmp_path / "x.npz").parts == ("train", "test")
    assert len(open_images(tmp_path / "x.npz")) == 30
    test = open_images(tmp_path / "x.npz", split="test")
    np.testing.assert_array_equal(test.pixels[:, 0], pixels[30:])
    np.testing.assert_array_equal(test.labels, np.arange(10))
    with pytest.raises(InputError, match="known: test, train"):
        open_images(tmp_path / "x.npz", split="val")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"foo": np.zeros((2, 8, 8))}, "call them 'images' .*foo"),
        ({"images": np.zeros((2, 8, 8)), "y": np.zeros(3, int)}, "3 rows for 2 images"),
        ({"images": np.array([{}], object)}, "objects"),
        ({"images": np.full((2, 8, 8), np.inf)}, "infinity"),
        ({"images": np.zeros((2, 8, 8)), "condition": np.full((2, 1), np.nan)}, "NaN"),
    ],
)
def test_npz_files_that_cannot_be_used_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InputError, match=message):
        open_images(tmp_path / "x.npz")


def test_a_damaged_npz_file_is_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    np.savez_compressed(tmp_path / "x.npz", images=pixels)
    whole = (tmp_path / "x.npz").read_bytes()
    for data in (b"", whole[:500], whole[:300] + b"\xff" * 30 + whole[330:]):
        (tmp_path / "x.npz").write_bytes(data)
        with pytest.raises(InputError, match=r"x\.npz"):
            open_images(tmp_path / "x.npz")


def test_a_npz_member_in_fortran_order_is_read_right(tmp_path: Path, pixels: np.ndarray) -> None:
    np.savez(tmp_path / "x.npz", images=np.asfortranarray(pixels))
    np.testing.assert_array_equal(open_images(tmp_path / "x.npz").pixels[:, 0], pixels)


@pytest.mark.parametrize("compressed", ["", ".gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_idx_files_of_every_kind(tmp_path: Path, dtype: str, compressed: str) -> None:
    array = RNG.integers(0, 100, (20, 8, 9)).astype(dtype)
    images = open_images(write_idx(tmp_path / f"images-idx3-ubyte{compressed}", array))
    np.testing.assert_array_equal(images.pixels[:, 0], array)
    assert images.pixels.dtype == array.dtype


def test_the_labels_of_an_idx_file_are_found_beside_it_compressed_or_not(tmp_path: Path, pixels: np.ndarray) -> None:
    path = write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", pixels)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.arange(40, dtype=np.uint8))
    np.testing.assert_array_equal(open_images(path).labels, np.arange(40))


def test_a_folder_of_idx_files_has_parts(tmp_path: Path, pixels: np.ndarray) -> None:
    for part, rows in (("train", slice(30)), ("t10k", slice(30, 40))):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", pixels[rows])
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", np.arange(40, dtype=np.uint8)[rows])
    train, test = open_images(tmp_path), open_images(tmp_path, split="test")
    assert train.parts == test.parts == ("train", "test")
    assert train.scan.parts == {"train": 30, "test": 10}
    np.testing.assert_array_equal(test.labels, np.arange(30, 40))
    np.testing.assert_array_equal(train.pixels[:, 0], pixels[:30])


def damaged_idx(whole: bytes, gz: bool) -> list[bytes]:
    cut = [b"", whole[:3], whole[: len(whole) // 2], whole[:-1], b"hello" + whole]
    longer = [] if gz else [whole + b"\0"]
    claims_more = [] if gz else [whole[:4] + struct.pack(">I", 2**31) + whole[8:]]
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 16
    return [*cut, *longer, *claims_more, *([bytes(flipped)] if gz else [])]


@pytest.mark.parametrize("compressed", ["", ".gz"])
def test_a_damaged_idx_file_is_refused(tmp_path: Path, pixels: np.ndarray, compressed: str) -> None:
    path = write_idx(tmp_path / f"images-idx3-ubyte{compressed}", pixels)
    for data in damaged_idx(path.read_bytes(), bool(compressed)):
        path.write_bytes(data)
        with pytest.raises(InputError, match="images-idx3-ubyte"):
            open_images(path)


def test_a_gz_file_that_claims_more_than_it_can_hold_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**10, 2**10)))
    with pytest.raises(InputError, match="too short"):
        open_images(path)


def test_labels_of_another_number_are_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    path = write_idx(tmp_path / "train-images-idx3-ubyte", pixels)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(39, dtype=np.uint8))
    with pytest.raises(InputError, match="39 rows for 40 images"):
        open_images(path)


def test_labels_may_come_from_a_file_or_an_array(tmp_path: Path, pixels: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", pixels)
    np.save(tmp_path / "y.npy", np.arange(40))
    by_path = open_images(tmp_path / "x.npy", labels=tmp_path / "y.npy")
    by_array = open_images(tmp_path / "x.npy", labels=np.arange(40))
    np.testing.assert_array_equal(by_path.labels, by_array.labels)
    assert by_path.fingerprint == by_array.fingerprint != open_images(tmp_path / "x.npy").fingerprint
    np.testing.assert_array_equal(open_images(**by_path.source).labels, np.arange(40))
    assert by_array.source == {}


def test_a_changed_file_is_read_anew(tmp_path: Path, pixels: np.ndarray) -> None:
    path = write_idx(tmp_path / "images-idx3-ubyte.gz", pixels)
    open_images(path)
    write_idx(path, 255 - pixels)
    np.testing.assert_array_equal(open_images(path).pixels[:, 0], 255 - pixels)


def test_the_same_images_have_the_same_fingerprint_whatever_file_they_come_from(
    tmp_path: Path, pixels: np.ndarray
) -> None:
    np.save(tmp_path / "x.npy", pixels)
    np.savez(tmp_path / "x.npz", images=pixels)
    write_idx(tmp_path / "images-idx3-ubyte.gz", pixels)
    prints = {open_images(tmp_path / name).fingerprint for name in ("x.npy", "x.npz", "images-idx3-ubyte.gz")}
    assert prints == {open_images(pixels).fingerprint}


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "images-idx3-ubyte.gz"])
def test_count_draws_the_same_sample_from_every_kind_of_file(tmp_path: Path, pixels: np.ndarray, name: str) -> None:
    np.save(tmp_path / "x.npy", pixels)
    np.savez(tmp_path / "x.npz", images=pixels)
    write_idx(tmp_path / "images-idx3-ubyte.gz", pixels)
    images = open_images(tmp_path / name, count=7, seed=3)
    np.testing.assert_array_equal(images.pixels, open_images(pixels, count=7, seed=3).pixels)
    again = open_images(**images.source)
    assert again.fingerprint == images.fingerprint


def test_size_applies_to_array_files(tmp_path: Path, pixels: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", pixels)
    np.testing.assert_array_equal(open_images(tmp_path / "x.npy", size=4).pixels, open_images(pixels, size=4).pixels)
    np.savez(tmp_path / "pairs.npz", images=pixels, target=pixels)
    with pytest.raises(InputError, match="leave size and crop out"):
        open_images(tmp_path / "pairs.npz", size=4)


def test_a_npz_member_with_a_broken_header_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00\x02\x00{}")
    with pytest.raises(InputError, match=r"x\.npz"):
        open_images(tmp_path / "x.npz")


def test_a_crop_that_is_scaled_back_to_the_files_own_size_is_not_passed_over(
    tmp_path: Path, pixels: np.ndarray
) -> None:
    np.save(tmp_path / "x.npy", pixels)
    images = open_images(tmp_path / "x.npy", crop=4, size=(8, 9))
    np.testing.assert_array_equal(images.pixels, open_images(pixels, crop=4, size=(8, 9)).pixels)
    assert not np.array_equal(images.pixels[:, 0], pixels)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_many_drawn_rows_are_mapped_from_the_cache_and_equal_those_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 4, 4), dtype=np.uint8)
    path = tmp_path / f"set{suffix}"
    if suffix == ".npy":
        np.save(path, pixels)
    else:
        np.savez(path, images=pixels, labels=np.arange(50))
    few = open_images(path, count=20, seed=3)
    monkeypatch.setattr("latente.images.arrayfiles._MOST_IN_MEMORY", 100)
    many = open_images(path, count=20, seed=3)
    assert isinstance(many.pixels, np.memmap)
    np.testing.assert_array_equal(many.pixels, few.pixels)
    assert many.fingerprint == few.fingerprint
    assert many.scan == few.scan
    assert len(many) == 20
    if suffix == ".npz":
        np.testing.assert_array_equal(many.labels, few.labels)
        assert many.pixels[0, 0, 0, 0] == pixels[many.labels[0], 0, 0]
    labelled = open_images(path, count=20, seed=3, labels=np.arange(50) % 7)
    np.testing.assert_array_equal(labelled.pixels[:, 0], pixels[np.sort(np.random.default_rng(3).permutation(50)[:20])])
