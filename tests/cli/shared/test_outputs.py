"""Files that the verbs write: whole, under the right names, and never over what is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente.cli.shared.outputs import refuse_used, refuse_used_for_images, save_arrays, save_images
from latente.errors import InputError
from latente.images import open_images


def noise(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_eight_bit_pictures_come_back_from_png_as_they_were(tmp_path: Path, channels: int) -> None:
    pixels = noise(3, channels, 5, 7)
    assert save_images(tmp_path / "out", pixels) == "3 PNG files"
    for i, image in enumerate(pixels):
        expected = image[0] if channels == 1 else image.transpose(1, 2, 0)
        np.testing.assert_array_equal(read(tmp_path / "out" / f"{i + 1}.png"), expected)


def test_sixteen_bit_grey_keeps_all_its_bits(tmp_path: Path) -> None:
    pixels = noise(1, 1, 5, 7, dtype="uint16")
    save_images(tmp_path / "out", pixels)
    np.testing.assert_array_equal(read(tmp_path / "out" / "1.png"), pixels[0, 0])


def test_pictures_of_twelve_bits_state_so_and_come_back_in_that_depth(tmp_path: Path) -> None:
    pixels = noise(1, 1, 5, 7, dtype="uint16") >> 5  # none of them needs more than 11
    save_images(tmp_path / "out", pixels, data_range=(0.0, 4095.0))
    images = open_images(tmp_path / "out")
    np.testing.assert_array_equal(images.pixels, pixels)
    assert images.depth == 12


def test_floats_of_the_unit_range_are_rounded_to_eight_bits(tmp_path: Path) -> None:
    save_images(tmp_path / "out", np.array([0, 0.5, 1], np.float32).reshape(1, 1, 1, 3))
    assert read(tmp_path / "out" / "1.png").tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((2, 1, 4, 4), 1.5),
        np.full((2, 1, 4, 4), np.nan),
        np.zeros((2, 5, 4, 4), np.uint8),
        np.zeros((2, 3, 4, 4), np.uint16),
        np.zeros((2, 16)),
    ],
    ids=["beyond 1", "nan", "five channels", "16-bit colour", "table"],
)
def test_what_no_png_can_hold_is_refused_with_a_cure_and_leaves_nothing(tmp_path: Path, pixels: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"name a \.npy file instead"):
        save_images(tmp_path / "out", pixels)
    assert list(tmp_path.iterdir()) == []


def test_any_array_goes_into_npy_and_npz(tmp_path: Path) -> None:
    pixels = noise(2, 5, 4, 4).astype(np.float32)
    save_images(tmp_path / "new" / "out.npy", pixels)
    save_images(tmp_path / "out.npz", pixels)
    np.testing.assert_array_equal(np.load(tmp_path / "new" / "out.npy"), pixels)
    with np.load(tmp_path / "out.npz") as file:
        np.testing.assert_array_equal(file["images"], pixels)


def test_pictures_are_called_like_the_files_they_came_from(tmp_path: Path) -> None:
    files = ["cats/a.jpg", "dogs/a.jpg", "dogs/a.png", "/abs/b.tif", "../up.gif"]
    save_images(tmp_path / "out", noise(5, 1, 4, 4), names=files)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    assert written == {"out/cats/a.png", "out/dogs/a.png", "out/dogs/a-2.png", "out/abs/b.png", "out/up.png"}


def test_numbered_pictures_sort_in_their_order(tmp_path: Path) -> None:
    save_images(tmp_path, noise(10, 1, 4, 4))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{i:02d}.png" for i in range(1, 11)]


def test_a_sheet_shows_all_images_in_a_square(tmp_path: Path) -> None:
    assert save_images(tmp_path / "out.png", np.full((4, 1, 56, 56), 7, np.uint8)) == "4 images on one sheet"
    assert read(tmp_path / "out.png").shape == (2 * 56 + 2, 2 * 56 + 2, 3)


def test_a_sheet_with_originals_has_each_image_below_its_original(tmp_path: Path) -> None:
    made, originals = np.full((20, 1, 56, 56), 200, np.uint8), np.full((20, 1, 56, 56), 100, np.uint8)
    told = save_images(tmp_path / "out.png", made, originals=originals)
    assert told == "20 images on one sheet, each below its original"
    picture = read(tmp_path / "out.png")
    assert picture[28::58, 28, 0].tolist() == [100, 200, 100, 200]
    assert picture[28::58, 58 * 15 + 28, 0].tolist() == [100, 200, 255, 255]


def test_a_sheet_has_room_for_400_images(tmp_path: Path) -> None:
    told = save_images(tmp_path / "out.png", np.zeros((401, 1, 8, 8), np.uint8))
    assert told == "the first 400 of 401 images on one sheet"


def test_a_sheet_shows_floats_between_the_ends_of_their_range(tmp_path: Path) -> None:
    pixels = np.broadcast_to(np.array([-1.0, 0, 1]).reshape(1, 1, 1, 3), (1, 1, 3, 3)).repeat(56, 2).repeat(56, 3)
    save_images(tmp_path / "out.png", pixels, data_range=(-1.0, 1.0))
    assert read(tmp_path / "out.png")[0, 28::56, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(("layout", "shape"), [("NHW", (2, 4, 6)), ("NHWC", (2, 4, 6, 3)), ("NHW", (2, 4, 6, 3))])
def test_pictures_lie_upright_whatever_the_layout(tmp_path: Path, layout: str, shape: tuple[int, ...]) -> None:
    pixels = noise(*shape)
    save_images(tmp_path / "out", pixels, layout)
    np.testing.assert_array_equal(read(tmp_path / "out" / "1.png"), pixels[0])


@pytest.mark.parametrize("name", ["out.jpg", "out.GIF", "out.tif", "out.txt", "out.pdf", "out.csv"])
def test_a_format_that_is_not_offered_is_refused_and_makes_no_folder(tmp_path: Path, name: str) -> None:
    for refuses in (lambda out: save_images(out, noise(1, 1, 4, 4)), lambda out: refuse_used_for_images(out, True)):
        with pytest.raises(InputError, match="name a folder for PNG files"):
            refuses(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["v1.0", "holidays.2024", "my.photos"])
def test_a_folder_may_have_dots_in_its_name(tmp_path: Path, name: str) -> None:
    refuse_used_for_images(tmp_path / name, force=False)
    assert save_images(tmp_path / name, noise(1, 1, 4, 4)) == "1 PNG file"


def test_endings_are_told_whatever_their_case(tmp_path: Path) -> None:
    assert save_images(tmp_path / "out.PNG", noise(1, 1, 4, 4)) == "1 images on one sheet"
    assert read(tmp_path / "out.PNG").ndim == 3
    save_images(tmp_path / "out.NPY", noise(1, 1, 4, 4))
    assert np.load(tmp_path / "out.NPY").shape == (1, 1, 4, 4)


def test_a_file_is_never_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file, and PNG files go into a folder"):
        refuse_used_for_images(tmp_path / "out", force=True)


def test_where_nothing_can_be_written_is_refused_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(InputError, match=r"--csv .*notes is a file; choose another folder"):
        refuse_used(tmp_path / "notes" / "deeper" / "out.csv", False, "--csv")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(InputError, match="may not be written to; choose another folder"):
        refuse_used(tmp_path / "new" / "out.png", force=True)


def test_what_exists_is_refused_unless_forced(tmp_path: Path) -> None:
    file, folder, empty = tmp_path / "a.npz", tmp_path / "folder", tmp_path / "empty"
    file.write_text("mine")
    empty.mkdir()
    folder.mkdir()
    (folder / "b.png").write_text("mine")
    for used in (file, folder):
        with pytest.raises(InputError, match="--force"):
            refuse_used(used, force=False)
        refuse_used(used, force=True)
    for free in (empty, tmp_path / "new"):
        refuse_used(free, force=False)


def test_forcing_replaces_files_of_the_same_name_and_keeps_the_others(tmp_path: Path) -> None:
    for name in ("1.png", "notes.txt"):
        (tmp_path / name).write_text("mine")
    save_images(tmp_path, noise(1, 1, 4, 4))
    assert read(tmp_path / "1.png").shape == (4, 4)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_failed_write_leaves_the_file_before_it(tmp_path: Path) -> None:
    out = tmp_path / "codes.npz"
    out.write_text("mine")
    with pytest.raises(ValueError, match="allow_pickle"):
        save_arrays(out, {"codes": np.array([object()])})
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]
