"""A folder laid out as CelebA's own is read by the door that reads every other folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from images.corpus import picture
from latente.errors import InputError
from latente.images import open_images

NAMES = ("Blond_Hair", "Eyeglasses", "Male", "Smiling", "Wearing_Hat")
COUNT = 9
PARTS = (0, 0, 0, 0, 1, 1, 2, 2, 2)  # as in list_eval_partition.txt: training, validation, testing
VALUES = np.where(np.random.default_rng(0).random((COUNT, len(NAMES))) < 0.5, -1, 1)
ROWS = {"train": slice(0, 4), "val": slice(4, 6), "test": slice(6, 9)}


@pytest.fixture(scope="module")
def celeba(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    files = [f"{number:06d}.jpg" for number in range(1, COUNT + 1)]
    for number, file in enumerate(files):
        picture(number, size=(178, 218)).save(folder / "img_align_celeba" / file, quality=95)
    rows = [f"{file} {' '.join(f'{value:2d}' for value in row)}" for file, row in zip(files, VALUES, strict=True)]
    attributes = "\n".join([str(COUNT), " ".join(NAMES) + " ", *rows]) + "\n"  # CelebA's header ends in a space
    (folder / "list_attr_celeba.txt").write_text(attributes)
    parts = "".join(f"{file} {part}\n" for file, part in zip(files, PARTS, strict=True))
    (folder / "list_eval_partition.txt").write_text(parts)
    return folder


@pytest.mark.parametrize("part", ROWS)
def test_a_part_holds_the_pictures_that_the_list_of_parts_gives_it(celeba: Path, part: str) -> None:
    images = open_images(celeba, split=part, crop=148, size=64)
    numbers = range(1, COUNT + 1)[ROWS[part]]
    assert images.pixels.shape == (len(numbers), 3, 64, 64)
    assert images.pixels.dtype == np.uint8
    assert images.files == tuple(f"img_align_celeba/{number:06d}.jpg" for number in numbers)
    assert images.parts == ("train", "val", "test")
    np.testing.assert_array_equal(images.columns["attributes"], VALUES[ROWS[part]])
    assert images.attribute_names == NAMES


def test_the_part_for_training_is_opened_where_none_is_named(celeba: Path) -> None:
    assert len(open_images(celeba)) == 4


def test_a_part_that_the_list_does_not_know_is_refused(celeba: Path) -> None:
    with pytest.raises(InputError, match="part of celeba 'dev'"):
        open_images(celeba, split="dev")


def test_the_folder_of_pictures_alone_finds_its_lists_beside_it(celeba: Path) -> None:
    images = open_images(celeba / "img_align_celeba", split="test")
    np.testing.assert_array_equal(images.columns["attributes"], VALUES[ROWS["test"]])


def test_the_list_of_attributes_leads_to_its_pictures(celeba: Path) -> None:
    images = open_images(celeba / "list_attr_celeba.txt", split="val")
    np.testing.assert_array_equal(images.columns["attributes"], VALUES[ROWS["val"]])
    assert images.attribute_names == NAMES


def test_pixels_are_those_of_the_pictures(celeba: Path) -> None:
    images = open_images(celeba, split="val", size=(218, 178))
    expected = np.asarray(picture(4, size=(178, 218)), np.float64).transpose(2, 0, 1)
    assert np.abs(images.pixels[0] - expected).mean() < 8  # JPEG


def test_attributes_are_columns_as_those_of_the_drawn_faces_are(celeba: Path) -> None:
    images, drawn = open_images(celeba, split="test"), open_images("faces", split="test", count=3)
    for found in (images, drawn):
        assert found.columns["attributes"].shape == (3, len(found.attribute_names))
        assert set(np.unique(found.columns["attributes"])) == {-1, 1}
