"""Pictures of many sizes, kept as large as each is, from a folder or a list to slices of their values."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images.corpus import encode, picture
from latente.errors import InputError
from latente.images import Images, Photographs, Scaling, open_images

SIZES = [(40, 30), (24, 24), (31, 57), (9, 12)]  # (width, height), as Pillow counts


def pixels_of(image: Image.Image) -> np.ndarray:
    array = np.asarray(image)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, size in enumerate(SIZES):
        place = tmp_path / "set" / ("cat" if number % 2 else "dog") / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        picture(number, size=size).save(place)
    return tmp_path / "set"


def some(dtype: type = np.uint8) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(100 * rng.random((3, height, width))).astype(dtype) for width, height in SIZES]


def test_every_picture_of_a_folder_keeps_its_size_and_its_values(folder: Path) -> None:
    images = open_images(folder, size="keep")
    assert isinstance(images.content, Photographs)
    assert images.files == ("cat/1.png", "cat/3.png", "dog/0.png", "dog/2.png")
    assert [images.label_names[label] for label in images.labels] == ["cat", "cat", "dog", "dog"]
    for file, pixels in zip(images.files, images.content, strict=True):
        np.testing.assert_array_equal(pixels, pixels_of(Image.open(folder / file)))
    assert images.content.sizes.tolist() == [[24, 24], [12, 9], [30, 40], [57, 31]]
    assert repr(images) == "<Images set: 4 of 3x12x9 to 57x40 uint8, columns label>"
    assert images.scan is not None
    assert images.scan.choice == "each its own size, 3 channels, uint8"


def test_they_lie_memory_mapped_in_the_cache_and_open_again_from_their_source(folder: Path) -> None:
    images = open_images(folder, size="keep")
    again = open_images(**images.source)
    assert isinstance(again.content, Photographs)
    assert isinstance(again.content.values, np.memmap)
    assert images.source == {"source": str(folder), "size": "keep"}
    assert again.fingerprint == images.fingerprint
    # the note in the cache is that of the same pictures in memory
    in_memory = Photographs.of([np.array(pixels) for pixels in images.content])
    assert Images(in_memory, {"label": np.array(images.labels)}).fingerprint == images.fingerprint


def test_a_zip_archive_holds_the_same(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    assert open_images(tmp_path / "set.zip", size="keep").fingerprint == open_images(folder, size="keep").fingerprint


def test_crop_cuts_the_centre_of_those_that_are_larger(folder: Path) -> None:
    images = open_images(folder, size="keep", crop=20)
    whole = open_images(folder, size="keep")
    assert images.content.sizes.tolist() == [[20, 20], [12, 9], [20, 20], [20, 20]]
    np.testing.assert_array_equal(images.content[2], whole.content[2][:, 5:25, 10:30])


def test_count_and_damaged_pictures_go_by_the_door_s_own_rules(folder: Path) -> None:
    (folder / "cat" / "broken.png").write_bytes(encode(picture(9), "PNG")[:200])
    with pytest.raises(InputError, match=r"broken\.png"):
        open_images(folder, size="keep")
    images = open_images(folder, size="keep", count=2, seed=1, budget=0.5)
    assert len(images) == len(images.files) == len(images.labels) == 2


def test_deep_grey_stays_deep(tmp_path: Path) -> None:
    deep = np.arange(12 * 8, dtype=np.uint16).reshape(12, 8) * 600
    Image.fromarray(deep).save(tmp_path / "a.png")
    Image.fromarray(deep[:5]).save(tmp_path / "b.png")
    images = open_images(tmp_path, size="keep")
    assert images.dtype == np.uint16
    np.testing.assert_array_equal(images.content[1][0], deep[:5])


def test_pairs_and_masks_come_along_as_photographs(tmp_path: Path) -> None:
    for side, factor in (("low", 1), ("high", 2)):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for number, (width, height) in enumerate(SIZES):
            size = (factor * width, factor * height)
            picture(number, size=size).save(tmp_path / "pairs" / side / f"{number}.png")
    pairs = open_images(tmp_path / "pairs", size="keep")
    assert pairs.column_names == ("target",)
    np.testing.assert_array_equal(pairs.partners["target"].sizes, 2 * pairs.content.sizes)
    np.testing.assert_array_equal(
        pairs.take([2]).partners["target"][0], pixels_of(Image.open(tmp_path / "pairs/high/2.png"))
    )
    for part in ("train/good", "test/good", "test/hole", "ground_truth/hole"):
        (tmp_path / "tiles" / part).mkdir(parents=True)
        picture(1, "L", (20, 14)).save(tmp_path / "tiles" / part / ("0_mask.png" if "truth" in part else "0.png"))
    tiles = open_images(tmp_path / "tiles", size="keep", split="test")
    assert [mask.shape for mask in tiles.partners["mask"]] == [(1, 14, 20), (1, 14, 20)]
    assert [int(mask.max()) for mask in tiles.partners["mask"]] == [0, 1]


@pytest.mark.parametrize("shape", ["NHW", "NHWC", "NCHW"])
def test_a_list_of_arrays_is_read_in_the_layout_that_all_of_them_have(shape: str) -> None:
    pictures = [one if shape == "NCHW" else one.transpose(1, 2, 0) for one in some()]
    pictures = [one[..., 0] for one in pictures] if shape == "NHW" else pictures
    images = open_images(pictures, size="keep", labels=[3, 1, 2, 0])
    assert images.layout == shape
    assert images.labels.tolist() == [3, 1, 2, 0]
    for pixels, original in zip(images.content, some(), strict=True):
        np.testing.assert_array_equal(pixels, original[:1] if shape == "NHW" else original)


def test_a_list_of_other_things_is_one_line_that_says_what_to_do() -> None:
    with pytest.raises(InputError, match="with size='keep'"):
        open_images(some())
    with pytest.raises(InputError, match="several layouts"):
        open_images([some()[0], some()[1].transpose(1, 2, 0)], size="keep")
    with pytest.raises(InputError, match="one number and dtype"):
        open_images([some()[0], some(np.float32)[1]], size="keep")
    with pytest.raises(InputError, match="picture 0 has the shape"):
        open_images([np.zeros(3)], size="keep")
    with pytest.raises(InputError, match="empty"):
        open_images([], size="keep")


def test_an_array_has_one_size_and_keeps_it() -> None:
    images = open_images(np.zeros((2, 8, 9)), size="keep")
    assert (images.is_photographs, images.image_shape) == (False, (1, 8, 9))


def test_whoever_needs_one_array_is_refused_in_one_line(folder: Path) -> None:
    images = open_images(folder, size="keep")
    for ask in (lambda: images.pixels, lambda: images.image_shape):
        with pytest.raises(InputError, match=r"have many sizes .*size=64 or crop=64") as caught:
            ask()
        assert "\n" not in str(caught.value)
    assert images.is_photographs
    assert not images.is_table


def test_some_of_them_copy_nothing() -> None:
    photographs = Photographs.of(some())
    for rows in (slice(1, 3), [1, 2], np.array([False, True, True, False])):
        part = photographs[rows]
        assert len(part) == 2
        np.testing.assert_array_equal(part[0], some()[1])
        assert np.shares_memory(part[1], photographs.values)
    assert photographs[1:3].nbytes == some()[1].nbytes + some()[2].nbytes


def test_take_carries_labels_and_files_along(folder: Path) -> None:
    images = open_images(folder, size="keep")
    part = images.take(np.array([3, 0]))
    assert part.files == ("dog/2.png", "cat/1.png")
    assert part.labels.tolist() == [1, 0]
    np.testing.assert_array_equal(part.content[0], images.content[3])
    assert part.fingerprint != images.fingerprint
    assert part.fingerprint == images.take([3, 0]).fingerprint


def test_the_fingerprint_covers_values_sizes_and_partners() -> None:
    photographs = Photographs.of(some())
    turned = Photographs.of([one.reshape(3, one.shape[2], one.shape[1]) for one in some()])
    prints = {
        Images(photographs).fingerprint,
        Images(turned).fingerprint,
        Images(Photographs.of([one + 1 for one in some()])).fingerprint,
        Images(photographs[::-1]).fingerprint,
        Images(photographs, partners={"target": photographs}).fingerprint,
        Images(photographs, {"label": np.arange(4)}).fingerprint,
    }
    assert len(prints) == 6


def test_partners_go_with_photographs_of_their_number() -> None:
    photographs = Photographs.of(some())
    with pytest.raises(InputError, match="3 rows for 4 images"):
        Images(photographs, partners={"target": photographs[:3]})
    with pytest.raises(InputError, match="unknown column 'label'"):
        Images(photographs, partners={"label": photographs})
    with pytest.raises(InputError, match="go with photographs"):
        Images(np.zeros((4, 1, 2, 2)), partners={"target": photographs})


def test_an_array_seen_as_photographs_is_the_same_images() -> None:
    pixels = np.arange(4 * 3 * 5 * 7, dtype=np.int16).reshape(4, 3, 5, 7)
    photographs = Photographs.of_array(pixels)
    assert np.shares_memory(photographs.values, pixels)
    np.testing.assert_array_equal(np.stack(list(photographs)), pixels)


def test_the_scaling_is_that_of_all_values_of_the_rows() -> None:
    pictures = [one - 30.5 for one in some(np.float64)]
    scaling = Scaling.fit(Photographs.of(pictures), np.array([2, 0]))
    values = np.concatenate([pictures[row].reshape(3, -1) for row in (0, 2)], axis=1)
    assert scaling.offset == tuple(values.min(axis=1).tolist())
    np.testing.assert_allclose(scaling.scale, np.ptp(values, axis=1))
    assert Scaling.fit(Photographs.of(some())).scale == (255.0,)
