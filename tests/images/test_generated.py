"""The embedded sets hold what they say, come out the same again, and never share an image between parts."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from latente.errors import InputError
from latente.images.container import Images
from latente.images.door import open_images
from latente.images.generated import GENERATED
from latente.images.generated.drawing import Shapes, affine, package_folder
from latente.images.generated.emoji import CODE_POINTS, _tilt
from latente.images.generated.glyphs import CHARACTERS, FACES, _face
from latente.images.generated.photos import PICTURES, _region

SHAPES = {
    "digits": (1, 8, 8),
    "emoji": (1, 32, 32),
    "glyphs": (1, 28, 28),
    "letters": (1, 7, 5),
    "photos": (3, 64, 64),
}
SPLIT = [name for name in SHAPES if name != "letters"]
PARTS = [("letters", "train"), *((name, part) for name in SPLIT for part in ("train", "test"))]
each_part = pytest.mark.parametrize(("name", "part"), PARTS)
each_set = pytest.mark.parametrize("name", SHAPES)


def rows(images: Images) -> set[bytes]:
    return {picture.tobytes() for picture in images.pixels}


def test_every_set_is_registered_under_its_name() -> None:
    assert set(GENERATED) == {*SHAPES, "faces", "flow", "plates"}  # which have tests of their own


def test_importing_the_sets_loads_no_large_library() -> None:
    code = (
        "import sys, latente.images.generated; "
        "print([m for m in ('skimage', 'sklearn', 'scipy', 'matplotlib', 'torch') if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert output.strip() == b"[]"


def test_the_fonts_and_pictures_are_found_without_importing_their_packages() -> None:
    code = (
        "import sys; from latente.images.generated import GENERATED; "
        "[GENERATED[name](3) for name in ('glyphs', 'emoji', 'photos')]; "
        "print([m for m in ('skimage', 'sklearn', 'matplotlib', 'torch') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout.strip() == b"[]"


@each_part
def test_a_set_is_labelled_and_of_its_stated_shape(name: str, part: str) -> None:
    images = GENERATED[name](30, split=part)
    assert images.pixels.shape == (30, *SHAPES[name])
    assert images.pixels.dtype == (np.bool_ if name == "letters" else np.uint8)
    assert images.name == name
    assert images.labels is not None
    assert images.labels.min() >= 0
    assert images.labels.max() < len(images.label_names)
    assert part in images.parts


@each_part
def test_the_source_gives_the_same_images_again(name: str, part: str) -> None:
    images = GENERATED[name](np.int64(20), split=part, seed=np.int64(3))
    arguments = json.loads(json.dumps(dict(images.source)))
    assert arguments.pop("source") == name
    assert GENERATED[name](**arguments).fingerprint == images.fingerprint


@each_part
def test_a_larger_count_begins_with_the_smaller_one(name: str, part: str) -> None:
    few, many = GENERATED[name](7, split=part, seed=1), GENERATED[name](25, split=part, seed=1)
    assert np.array_equal(many.pixels[:7], few.pixels)
    assert np.array_equal(many.labels[:7], few.labels)


@pytest.mark.parametrize("name", SPLIT)
def test_seeds_and_parts_give_different_images(name: str) -> None:
    draw = GENERATED[name]
    first = draw(40)
    assert draw(40, seed=1).fingerprint != first.fingerprint
    assert not rows(first) & rows(draw(40, split="test"))
    assert first.parts == ("train", "test")


@each_set
@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(name: str, count: int) -> None:
    with pytest.raises(InputError, match=f"count={count} for {name} is below 1"):
        GENERATED[name](count)


@each_set
def test_an_unknown_part_is_refused_and_the_parts_on_offer_named(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} has no part 'val'; choose one of: train"):
        GENERATED[name](split="val")


@each_set
def test_a_negative_seed_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="seed=-1"):
        GENERATED[name](3, seed=-1)


# ---- digits


def test_digits_are_scikit_learns_with_16_stretched_to_255() -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    expected = np.rint(bunch.images * 255 / 16).astype(np.uint8)
    train, test = GENERATED["digits"](), GENERATED["digits"](split="test")
    ours = sorted(
        (int(label), picture.tobytes())
        for part in (train, test)
        for picture, label in zip(part.pixels, part.labels, strict=True)
    )
    assert ours == sorted((int(t), picture.tobytes()) for picture, t in zip(expected, bunch.target, strict=True))
    assert train.pixels.max() == 255


def test_the_digits_test_part_is_stratified_and_independent_of_the_seed() -> None:
    train, test = GENERATED["digits"](), GENERATED["digits"](split="test")
    assert (len(train), len(test)) == (1442, 355)
    share = np.bincount(test.labels) / (np.bincount(train.labels) + np.bincount(test.labels))
    assert np.all(np.abs(share - 0.2) < 0.01)
    assert rows(GENERATED["digits"](split="test", seed=5)) == rows(test)


def test_digits_are_enlarged_on_request_and_keep_their_mean() -> None:
    small, large = GENERATED["digits"](50), GENERATED["digits"](50, size=28)
    assert large.image_shape == (1, 28, 28)
    assert np.array_equal(large.labels, small.labels)
    means = [images.pixels.mean(axis=(1, 2, 3)) for images in (small, large)]
    assert np.corrcoef(*means)[0, 1] > 0.98
    assert np.abs(means[0] - means[1]).max() < 12


def test_a_count_above_the_digits_that_there_are_gives_all_of_them_and_says_so() -> None:
    images = open_images("digits", split="test", count=1000)
    assert len(images) == 355
    assert images.scan.notes == ["1,000 were asked for, and there are no more than these"]
    np.testing.assert_array_equal(images.pixels, open_images("digits", split="test").pixels)


def test_digits_of_a_size_too_small_are_refused() -> None:
    with pytest.raises(InputError, match="size=7 for digits"):
        GENERATED["digits"](size=7)


# ---- what glyphs and emoji are drawn with


def still(count: int, **changes: np.ndarray) -> np.ndarray:
    plain = {"degrees": np.zeros(count), "shear": np.zeros(count), "width": np.ones(count)}
    return affine(**{**plain, "height": np.ones(count), "shift": np.zeros((count, 2)), **changes})


def drawn(maps: np.ndarray, stroke: float = 0.0, character: str = "R") -> np.ndarray:
    count = len(maps)
    shapes = Shapes(side=28, em=22, longest=21)
    which = np.zeros(count, np.int64)
    return shapes.draw([(character, "DejaVuSans")], which, maps, np.full(count, stroke))[:, 0].astype(np.float64)


def test_an_unmoved_glyph_is_the_area_average_of_a_fine_rendering() -> None:
    from PIL import Image, ImageDraw, ImageFont

    fine = 16
    path = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    canvas = Image.new("L", (40 * fine, 40 * fine))
    ImageDraw.Draw(canvas).text((8 * fine, 2 * fine), "R", fill=255, font=ImageFont.truetype(path, 22 * fine))
    left, top, right, bottom = canvas.getbbox()
    middle = ((left + right) / 2 - 14 * fine, (top + bottom) / 2 - 14 * fine)
    box = (*middle, middle[0] + 28 * fine, middle[1] + 28 * fine)
    expected = np.asarray(canvas.resize((28, 28), Image.Resampling.BOX, box=box), np.float64)
    assert np.abs(drawn(still(1))[0] - expected).mean() < 3.5
    assert np.corrcoef(drawn(still(1))[0].ravel(), expected.ravel())[0, 1] > 0.99


def test_maps_move_glyphs_as_they_say() -> None:
    here = drawn(still(1))[0]
    shifted = drawn(still(1, shift=np.array([[3.0, -2.0]])))[0]
    assert np.abs(np.roll(here, (-2, 3), axis=(0, 1)) - shifted).max() <= 1
    clockwise = drawn(still(1, degrees=np.array([90.0])))[0]
    assert np.abs(np.rot90(here, -1) - clockwise).max() <= 1
    mirrored = drawn(still(1, width=np.array([-1.0])))[0]
    assert np.abs(here[:, ::-1] - mirrored).max() <= 1


def test_stretching_and_thickening_change_the_area_as_geometry_says() -> None:
    bar = drawn(still(1), character="|").sum() / 255
    assert drawn(still(1, height=np.array([0.5])), character="|").sum() / 255 == pytest.approx(bar / 2, rel=0.08)
    column = drawn(still(1), character="|")[0].max(axis=1) > 128
    height = column.sum()
    grown = drawn(still(1), stroke=0.4, character="|").sum() / 255
    width = bar / height
    assert grown - bar == pytest.approx(2 * 0.4 * (height + width), rel=0.1)


# ---- glyphs


def test_each_character_is_tested_on_two_faces_that_it_is_not_trained_on() -> None:
    unit = np.linspace(0, 1, 240, endpoint=False)
    for character in range(len(CHARACTERS)):
        label = np.full(len(unit), character)
        train, test = (set(_face(label, unit, part).tolist()) for part in ("train", "test"))
        assert len(test) == 2
        assert train | test == set(range(len(FACES)))
        assert not train & test


def test_glyphs_show_every_character_white_on_black_and_rarely_touch_the_border() -> None:
    images = GENERATED["glyphs"](3000)
    assert set(images.labels.tolist()) == set(range(62))
    assert images.label_names[10] == "A"
    ink = images.pixels.mean(axis=(1, 2, 3)) / 255
    assert ink.min() > 0.02
    assert ink.max() < 0.45
    framed = images.pixels.copy()
    framed[:, :, 1:-1, 1:-1] = 0
    assert (framed.max(axis=(1, 2, 3)) > 128).mean() < 0.01


# ---- emoji


def test_the_code_points_are_the_emoticons_that_dejavu_draws() -> None:
    from matplotlib.ft2font import FT2Font

    path = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    drawn_by_font = [code for code in sorted(FT2Font(str(path)).get_charmap()) if 0x1F600 <= code <= 0x1F64F]
    assert list(CODE_POINTS) == drawn_by_font
    assert len(CODE_POINTS) == 63


def test_no_emoticon_is_tested_at_a_tilt_it_is_trained_at() -> None:
    unit = np.linspace(0, 1, 500, endpoint=False)
    for emoticon in range(len(CODE_POINTS)):
        label = np.full(len(unit), emoticon)
        train, test = (_tilt(label, unit, part) for part in ("train", "test"))
        assert np.all((np.concatenate([train, test]) >= -15) & (np.concatenate([train, test]) < 15))
        assert test.max() - test.min() < 6
        assert not np.any((train >= test.min()) & (train <= test.max()))


def test_emoji_labels_name_their_code_points() -> None:
    images = GENERATED["emoji"](1500)
    assert images.label_names[0] == "U+1F600"
    assert images.label_names[-1] == "U+1F640"
    assert set(images.labels.tolist()) == set(range(63))


# ---- photos


def test_the_parts_of_a_picture_touch_but_do_not_overlap() -> None:
    from PIL import Image

    for file in PICTURES.values():
        with Image.open(package_folder("skimage") / "data" / file) as opened:
            whole = np.asarray(opened.convert("RGB"))
        parts = [_region(file, part) for part in ("train", "test")]
        assert np.array_equal(np.concatenate(parts, axis=1), whole)
        assert parts[1].shape[1] == pytest.approx(0.3 * whole.shape[1], abs=1)


@pytest.mark.parametrize("part", ["train", "test"])
def test_every_patch_is_cut_from_its_own_part_of_the_labelled_picture(part: str) -> None:
    images = GENERATED["photos"](12, split=part, size=20)
    for patch, label in zip(images.pixels, images.labels, strict=True):
        region = _region(list(PICTURES.values())[label], part).transpose(2, 0, 1)
        windows = np.lib.stride_tricks.sliding_window_view(region, (20, 20), axis=(1, 2))
        found = False
        for turned in (patch, patch[:, :, ::-1]):
            places = np.argwhere((windows[:, :, :, 0, :5] == turned[:, None, None, 0, :5]).all(axis=(0, 3)))
            found = found or any(np.array_equal(windows[:, y, x], turned) for y, x in places)
        assert found


def test_patches_have_any_side_that_fits_and_no_other() -> None:
    for size in (8, 135):
        assert GENERATED["photos"](3, split="test", size=size).image_shape == (3, size, size)
    for size in (7, 136):
        with pytest.raises(InputError, match="give 8 to 135 pixels"):
            GENERATED["photos"](3, size=size)
