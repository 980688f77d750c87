"""Pictures in any units, of any depth and dtype, train to the same relative error."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from latente.errors import InputError
from latente.estimators import Autoencoder
from latente.images import Images, open_images

COUNT, TRAINING = 400, 300
TWINS = ((1, np.uint8), (257, np.uint16))


@cache
def digits() -> np.ndarray:
    return np.asarray(open_images("digits").pixels[:COUNT], np.float64)


def relative_error(images: object) -> float:
    """The error of a small autoencoder on images that it has not seen, over that of the mean image."""
    opened = open_images(images)
    model = Autoencoder(
        network="dense", hidden=(64,), latent_dim=8, epochs=20, learning_rate=4e-3, batch_size=16, random_state=0
    ).fit(opened.take(slice(TRAINING)))
    outputs = model.outputs(opened.take(slice(TRAINING, None)))
    mean = model.scaling_.to_range(opened.pixels[:TRAINING]).mean(axis=0)
    error = ((outputs["images"] - outputs["reconstructions"]) ** 2).mean()
    return float(error / ((outputs["images"] - mean) ** 2).mean())


@cache
def usual() -> float:
    """That of the digits in 8 bits."""
    return relative_error(digits().astype(np.uint8))


def is_close(error: float) -> bool:
    return 3 / 4 < error / usual() < 4 / 3


def test_the_usual_error_is_far_below_that_of_the_mean_image() -> None:
    assert usual() < 0.4


@pytest.mark.parametrize(
    ("dtype", "factor"),
    [
        ("uint8", 0.2),
        ("uint16", 1),
        ("uint16", 4.5),  # hardly more than 10 bits hold
        ("uint16", 16),
        ("uint16", 65),  # hardly more than 14 bits hold
        ("uint16", 257),
        ("int8", 0.49),
        ("int16", 1),
        ("int16", 100),
        ("int32", 1),
        ("int32", 2**20),
        ("int64", 2**40),
        ("uint32", 2**24),
        ("float16", 1 / 255),
        ("float16", 2.0**-12),
        ("float32", 1 / 255),
        ("float32", 0.51 / 255),
        ("float32", 0.49 / 255),
        ("float32", 1),
        ("float32", 0.0625 / 255),
        ("float32", 0.001 / 255),
        ("float64", 1e-30),
        ("float64", 1e30),
    ],
)
def test_a_constant_that_all_pictures_are_multiplied_by_changes_little(dtype: str, factor: float) -> None:
    assert is_close(relative_error((digits() * factor).astype(dtype)))


@pytest.mark.parametrize("low", [-1024.0, 30_000.0])
def test_nor_does_one_that_is_added_to_signed_integers(low: float) -> None:
    # as computed tomography has it: 4096 levels from -1024, air
    assert is_close(relative_error((digits() * 4095 / 255 + low).astype(np.int32 if low > 0 else np.int16)))


def test_rows_of_a_table_train_alike_whatever_they_are_multiplied_by() -> None:
    rows = digits().reshape(COUNT, -1)
    one, other = (relative_error((rows * factor).astype(np.float32)) for factor in (1, 1e-4))
    assert 3 / 4 < one / other < 4 / 3


@pytest.fixture(scope="module")
def of_eight_and_sixteen() -> tuple[Autoencoder, Autoencoder]:
    eight = digits()[:64].astype(np.uint8)
    options = {"network": "dense", "hidden": (8,), "latent_dim": 2, "epochs": 1, "random_state": 0}
    return tuple(Autoencoder(**options).fit(eight.astype(dtype) * np.array(factor, dtype)) for factor, dtype in TWINS)


def test_a_model_takes_pictures_of_another_depth_for_what_they_show(of_eight_and_sixteen) -> None:
    pictures = [digits()[64:96].astype(dtype) * np.array(factor, dtype) for factor, dtype in TWINS]
    for model, own in zip(of_eight_and_sixteen, pictures, strict=True):
        for images in pictures:
            np.testing.assert_array_equal(model.encode(images), model.encode(own))
            np.testing.assert_array_equal(model.reconstruct(images), model.reconstruct(own))
            np.testing.assert_array_equal(model.outputs(images)["images"], model.outputs(own)["images"])
            np.testing.assert_array_equal(model.as_seen(Images(images)).pixels, own)
            assert model.evaluate(images) == model.evaluate(own)
            assert model.score(images) == model.score(own)
        model.partial_fit(pictures[0])


def test_a_model_is_judged_while_it_trains_by_pictures_of_another_depth_for_what_they_show() -> None:
    eight, sixteen = (digits()[:64].astype(dtype) * np.array(factor, dtype) for factor, dtype in TWINS)
    options = {"network": "dense", "hidden": (8,), "latent_dim": 2, "epochs": 1, "random_state": 0}
    one, other = (Autoencoder(**options, validation=images).fit(eight) for images in (eight, sixteen))
    losses = [[line["objective"] for line in model.history_ if line["part"] == "validation"] for model in (one, other)]
    assert losses[0] == losses[1] != []


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_values_of_another_kind_are_refused_with_both_ranges(dtype: str, of_eight_and_sixteen) -> None:
    with pytest.raises(InputError, match=rf"{dtype}, but the model was trained on uint8 from 0 to 255 \(8 bits\)"):
        of_eight_and_sixteen[0].encode(digits()[:4].astype(dtype))


def written(folder: Path, values: np.ndarray, suffix: str) -> Path:
    folder.mkdir()
    for number, picture in enumerate(values):
        Image.fromarray(picture[0]).save(folder / f"{number:04}{suffix}")
    return folder


@pytest.mark.parametrize(
    ("dtype", "peak", "suffix"),
    [("uint16", 4095, ".png"), ("uint16", 65535, ".tif"), ("float32", 0.0625, ".tif"), ("int32", 4095, ".tif")],
)
def test_pictures_in_files_of_any_depth_train_to_the_error_of_their_twins_of_eight_bits(
    dtype: str, peak: float, suffix: str, tmp_path: Path
) -> None:
    values = np.rint(digits() * 100_000 * peak / 255) / 100_000
    assert is_close(relative_error(written(tmp_path / "twin", values.astype(dtype), suffix)))


def test_one_file_of_eight_bits_among_those_of_twelve_changes_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path / "twin", np.rint(digits() * (4095 / 255)).astype(np.uint16), ".png")
    Image.fromarray(digits()[7, 0].astype(np.uint8)).save(folder / "0007.png")
    images = open_images(folder)
    np.testing.assert_array_equal(images.pixels, np.rint(digits() * (4095 / 255)))
    assert images.depth == 12


def test_files_of_another_depth_are_taken_for_what_they_show_by_a_model(tmp_path: Path, of_eight_and_sixteen) -> None:
    few = digits()[:8]
    eight = written(tmp_path / "8", few.astype(np.uint8), ".png")
    twelve = written(tmp_path / "12", np.rint(few * (4095 / 255)).astype(np.uint16), ".png")
    sixteen = written(tmp_path / "16", few.astype(np.uint16) * np.uint16(257), ".tif")
    for model in of_eight_and_sixteen:
        expected = model.evaluate(few.astype(np.uint8))
        assert model.evaluate(eight) == model.evaluate(sixteen) == expected
    with pytest.raises(InputError, match="uint16 up to 4,095, and nothing states of how many bits"):
        of_eight_and_sixteen[0].evaluate(twelve)
    for path in twelve.iterdir():
        with Image.open(path) as image:
            image.load()
        info = PngInfo()
        info.add(b"sBIT", bytes([12]))
        image.save(path, pnginfo=info)
    assert of_eight_and_sixteen[0].evaluate(twelve) == of_eight_and_sixteen[0].evaluate(eight)
