"""What all pictures of a set are brought to: size, channels and depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from images.corpus import picture, save
from latente.errors import InputError
from latente.images import open_images


def test_the_most_common_small_size_is_kept_and_others_are_brought_to_it(tmp_path: Path) -> None:
    small = {f"p{k}": picture(k, size=(100, 40)) for k in range(3)}
    save(tmp_path, **small, large=picture(9, size=(300, 200)))
    images = open_images(tmp_path)
    assert images.image_shape == (3, 40, 100)
    np.testing.assert_array_equal(images.pixels[1].transpose(1, 2, 0), np.asarray(small["p0"]))
    assert "40x100 (the most common size)" in images.scan.choice
    assert images.scan.sizes == {"40x100": 3, "200x300": 1}


def test_larger_pictures_are_scaled_to_64(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k, size=(129, 90)) for k in range(3)})
    assert open_images(tmp_path).image_shape == (3, 64, 64)
    assert open_images(tmp_path, size=(40, 50)).image_shape == (3, 40, 50)
    assert open_images(tmp_path, size=32, channels=1).image_shape == (1, 32, 32)
    assert open_images(tmp_path, crop=80).image_shape == (3, 80, 80)


def test_channels_are_the_fewest_that_lose_nothing(tmp_path: Path) -> None:
    save(tmp_path / "grey", a=picture(0, "L"), b=picture(1, "1"), c=picture(2, "LA"))
    save(tmp_path / "mixed", a=picture(0, "L"), b=picture(1, "RGB"))
    deep = Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000)
    save(tmp_path / "deep", a=deep)
    save(tmp_path / "half-deep", a=deep, b=picture(0, "L", (8, 8)))
    opened = {name: open_images(tmp_path / name) for name in ("grey", "mixed", "deep", "half-deep")}
    found = {name: (images.image_shape[0], images.pixels.dtype.name) for name, images in opened.items()}
    assert found == {
        "grey": (1, "uint8"),
        "mixed": (3, "uint8"),
        "deep": (1, "uint16"),
        "half-deep": (1, "uint8"),
    }
    np.testing.assert_array_equal(opened["deep"].pixels[0, 0], np.asarray(deep))


@pytest.mark.parametrize("channels", ["first", 5])
def test_channels_that_pictures_do_not_have_are_refused(tmp_path: Path, channels: int | str) -> None:
    save(tmp_path, a=picture(0))
    with pytest.raises(InputError, match="picture files take"):
        open_images(tmp_path, channels=channels)


def test_all_parts_are_brought_to_one_size(tmp_path: Path) -> None:
    train = {f"train__{k}": picture(k, size=(20, 20)) for k in range(3)}
    save(tmp_path, **train, test__0=picture(9, size=(30, 10)))
    assert open_images(tmp_path, split="test").image_shape == open_images(tmp_path).image_shape == (3, 20, 20)


def test_pairs_keep_their_ratio_of_sizes(tmp_path: Path) -> None:
    low = {f"low__{k}": picture(k, size=(20, 24)) for k in range(3)}
    save(tmp_path, **low, **{f"high__{k}": picture(10 + k, size=(40, 48)) for k in range(3)})
    images = open_images(tmp_path)
    assert images.image_shape == (3, 24, 20)
    assert images.columns["target"].shape == (3, 3, 48, 40)
    np.testing.assert_array_equal(
        images.columns["target"][2].transpose(1, 2, 0), np.asarray(picture(12, size=(40, 48)))
    )
    assert open_images(tmp_path, size=10).columns["target"].shape == (3, 3, 20, 20)


def twelve(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 4096, (8, 8)).astype(np.uint16)


def states(bits: int) -> PngInfo:
    info = PngInfo()
    info.add(b"sBIT", bytes([bits]))
    return info


def test_the_depth_that_the_files_state_comes_with_the_images(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(twelve(number) // 8).save(tmp_path / f"{number}.png", pnginfo=states(12))
    images = open_images(tmp_path)
    assert (images.dtype, images.depth) == (np.uint16, 12)
    assert images.scan is not None
    assert "uint16 of 12 bits" in images.scan.choice
    assert images.take([0, 1]).depth == 12
    Image.fromarray(twelve(0) * np.uint16(16)).save(tmp_path / "0.png", pnginfo=states(12))  # spread over 16 after all
    assert open_images(tmp_path).depth is None


def test_a_picture_of_eight_bits_among_deeper_ones_is_brought_to_their_depth_and_named(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(twelve(number)).save(tmp_path / f"{number}.png")
    shallow = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    Image.fromarray(shallow).save(tmp_path / "shallow.png")
    images = open_images(tmp_path)
    assert (images.dtype, images.depth) == (np.uint16, 12)
    np.testing.assert_array_equal(images.pixels[:3, 0], [twelve(number) for number in range(3)])
    np.testing.assert_array_equal(images.pixels[3, 0], np.rint(shallow * (4095 / 255)))
    assert images.scan is not None
    assert "1 picture of 8 bits among those of 12: brought to 0 to 4,095: shallow.png" in str(images.scan)


def test_a_deeper_picture_among_those_of_eight_bits_is_brought_to_theirs_and_the_loss_said(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{number}": picture(number, "L", (8, 8)) for number in range(3)})
    Image.fromarray(twelve(0)).save(tmp_path / "deep.tif")
    images = open_images(tmp_path)
    assert (images.dtype, images.depth) == (np.uint8, None)
    np.testing.assert_array_equal(images.pixels[0, 0], np.rint(twelve(0) * (255 / 4095)))
    assert images.scan is not None
    assert "1 picture of 12 bits among those of 8: brought to 0 to 255, which loses" in str(images.scan)


def test_pictures_of_another_sort_of_numbers_are_left_out_by_name(tmp_path: Path) -> None:
    for number in range(19):
        tifffile.imwrite(tmp_path / f"{number:02}.tif", twelve(number).astype(np.float32))
    save(tmp_path, odd=picture(0, "L", (8, 8)))
    images = open_images(tmp_path)
    assert (images.image_shape, images.dtype, len(images)) == ((1, 8, 8), np.float32, 19)
    assert images.scan is not None
    assert images.scan.damaged == {"odd.png": "values of 8 or 16 bits among pictures of float32; convert it to them"}


def test_targets_keep_a_depth_of_their_own(tmp_path: Path) -> None:
    for number in range(2):
        for folder, values in (("noisy", twelve(number)), ("clean", (twelve(number) // 16).astype(np.uint8))):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(values).save(tmp_path / folder / f"{number}.png")
    images = open_images(tmp_path)
    np.testing.assert_array_equal(images.pixels[:, 0], [twelve(number) for number in range(2)])
    np.testing.assert_array_equal(images.columns["target"][:, 0], [twelve(number) // 16 for number in range(2)])
    assert images.columns["target"].dtype == np.uint8
