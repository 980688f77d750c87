"""Lists of pictures: paths, Pillow's images and arrays, in the order of the list."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV

from latente import Autoencoder, InputError, StackedAutoencoderClassifier, open_images
from latente.images import Images

rng = np.random.default_rng(0)
PIXELS = rng.integers(0, 256, (6, 12, 10, 3), dtype=np.uint8)
TINY = {"latent_dim": 2, "network": "dense", "hidden": (4,), "epochs": 1, "random_state": 0}


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Six pictures in two folders, called so that their names alone would make classes and pairs of them."""
    files = [tmp_path / ("b" if n % 2 else "a") / f"{n // 2}_{'noisy' if n % 2 else 'clean'}.png" for n in range(6)]
    for file, pixels in zip(files, PIXELS, strict=True):
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(file)
    return files


def test_paths_are_opened_in_their_order_however_they_are_called(paths: list[Path]) -> None:
    order = [3, 0, 5, 1, 1]
    images = open_images([str(paths[place]) for place in order], labels=["x", "y", "x", "y", "y"])
    np.testing.assert_array_equal(images.pixels, PIXELS[order].transpose(0, 3, 1, 2))
    assert images.files == tuple(str(paths[place]) for place in order)
    assert (images.labels.tolist(), images.label_names, images.column_names) == (
        [0, 1, 0, 1, 1],
        ("x", "y"),
        ("label",),
    )


def test_pillow_s_pictures_are_what_their_files_would_be(paths: list[Path], tmp_path: Path) -> None:
    pictures = [Image.fromarray(PIXELS[0]).quantize(16), Image.fromarray(PIXELS[1]).convert("CMYK"), paths[2]]
    turned = Image.fromarray(PIXELS[3].transpose(1, 0, 2)[:, ::-1].copy())
    turned.getexif()[0x0112] = 8
    turned.save(tmp_path / "turned.jpg", quality=100, exif=turned.getexif())
    for number, picture in enumerate(pictures[:2]):
        picture.save(tmp_path / f"{number}.tif")
    files = [tmp_path / "0.tif", tmp_path / "1.tif", paths[2], tmp_path / "turned.jpg"]
    images = open_images([*pictures, Image.open(files[3])], channels=3)
    np.testing.assert_array_equal(images.pixels, open_images(files, channels=3).pixels)
    assert images.files[0] == "picture 0"


def test_damaged_files_of_a_list_are_left_out_with_their_labels(paths: list[Path]) -> None:
    paths[2].write_bytes(paths[2].read_bytes()[:60])
    with pytest.raises(InputError, match="1 of 6 pictures"):
        open_images(paths)
    images = open_images(paths, labels=[0, 1, 2, 3, 4, 5], budget=0.5)
    assert images.labels.tolist() == [0, 1, 3, 4, 5]
    assert [Path(file).name for file in images.files] == [path.name for path in paths if path != paths[2]]


def test_what_a_list_cannot_hold_is_named(paths: list[Path]) -> None:
    with pytest.raises(InputError, match=r"nowhere\.png cannot be opened"):
        open_images([*paths, "nowhere.png"])
    with pytest.raises(InputError, match="entry 1 of the list is no path and no picture of Pillow's: ndarray"):
        open_images([paths[0], PIXELS[0]])
    with pytest.raises(InputError, match="labels hold 2 entries for 6 pictures"):
        open_images(paths, labels=[0, 1])


def test_arrays_of_different_sizes_are_told_what_to_do_and_it_works() -> None:
    pictures = [PIXELS[0], PIXELS[1, :8], PIXELS[2, :, :9]]
    with pytest.raises(InputError, match=r"the pictures have 3 sizes \(12x10x3, .*size=64.* or with size='keep'"):
        open_images(pictures)
    assert open_images(pictures, size=8).image_shape == (3, 8, 8)
    assert open_images(pictures, size="keep").is_photographs
    with pytest.raises(InputError, match="size=64"):
        Autoencoder(**TINY).fit(pictures)


@pytest.mark.parametrize("kind", ["arrays", "pillow", "paths"])
def test_a_model_learns_from_a_list_and_is_used_on_one(kind: str, paths: list[Path]) -> None:
    lists = {"arrays": list(PIXELS), "pillow": [Image.fromarray(pixels) for pixels in PIXELS], "paths": paths}
    model = Autoencoder(**TINY).fit(lists[kind])
    expected = Autoencoder(**TINY).fit(PIXELS)
    np.testing.assert_array_equal(model.transform(lists[kind]), expected.transform(PIXELS))


def test_a_search_takes_images_apart_with_their_labels() -> None:
    images = open_images("digits", count=60)
    model = StackedAutoencoderClassifier(hidden=(8,), epochs=1, pretrain_epochs=0, random_state=0)
    search = GridSearchCV(model, {"hidden": [(4,), (8,)]}, cv=2, error_score="raise")
    search.fit(images, images.labels)
    as_array = GridSearchCV(model, {"hidden": [(4,), (8,)]}, cv=2).fit(np.asarray(images), images.labels)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], as_array.cv_results_["mean_test_score"])
    assert GridSearchCV(Autoencoder(**TINY), {"hidden": [(4,)]}, cv=2).fit(images).best_score_ < 0


@pytest.mark.parametrize("model", [Autoencoder(**TINY), StackedAutoencoderClassifier(hidden=(4,), epochs=1)])
@pytest.mark.parametrize("clean", [PIXELS, Images(PIXELS.transpose(0, 3, 1, 2))], ids=["array", "Images"])
def test_images_in_the_place_of_labels_are_refused_with_what_was_meant(model: Autoencoder, clean: object) -> None:
    with pytest.raises(InputError, match=r"fit\(open_images\(noisy, target=clean\)\)"):
        model.fit(PIXELS, clean)


def test_a_mask_that_hides_values_is_not_ignored() -> None:
    hidden = np.ma.masked_greater(PIXELS, 250)
    for take in (open_images, Autoencoder(**TINY).fit):
        with pytest.raises(InputError, match=r"hides \d+ of its values by a mask; fill them first"):
            take(hidden)
    assert len(open_images(np.ma.masked_array(PIXELS))) == 6


def test_minus_one_is_unknown_where_two_other_classes_stand_beside_it() -> None:
    y = np.array([0, 1, -1, 0, 1, -1])
    model = StackedAutoencoderClassifier(hidden=(4,), epochs=1, pretrain_epochs=1, validation=None, random_state=0)
    assert model.fit(PIXELS, y).classes_.tolist() == [0, 1]
    assert model.fit(PIXELS, np.where(y < 0, -1, 1)).classes_.tolist() == [-1, 1]
    assert model.fit(PIXELS, np.where(y < 0, "-1", "b")).classes_.tolist() == ["-1", "b"]
