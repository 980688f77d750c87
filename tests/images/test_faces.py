"""The drawn faces: what the columns say is what the pictures show."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latente.errors import InputError
from latente.images import Images, open_images
from latente.images.generated import GENERATED
from latente.images.generated.faces_drawing import draw_face
from latente.images.generated.faces_looks import (
    ATTRIBUTES,
    CHANCES,
    CONDITIONS,
    HAIR,
    SWITCHES,
    TRAITS,
    Look,
    draw_traits,
    looks,
)
from latente.images.generated.faces_shapes import Head, ellipse, mouth, smooth

faces = GENERATED["faces"]
MODULE = sys.modules[faces.__module__]

LOOKS = list(looks(*draw_traits(5, "train", 20)))
DECIDED = {trait.attribute: trait for trait in TRAITS}


@pytest.fixture(scope="module")
def some() -> Images:
    return faces(300)


def has(images: Images, attribute: str) -> np.ndarray:
    return images.columns["attributes"][:, images.attribute_names.index(attribute)] == 1


def both(look: Look, attribute: str) -> tuple[np.ndarray, np.ndarray]:
    """One face without and with an attribute, everything else the same, as floats (3, 64, 64)."""
    if attribute in SWITCHES:
        values = {attribute: False}, {attribute: True}
    elif attribute in DECIDED:
        trait = DECIDED[attribute]
        values = {trait.condition: np.mean(trait.without)}, {trait.condition: np.mean(trait.having)}
    else:
        others = {"hair_black": "hair_brown", "hair_brown": "hair_blond", "hair_blond": "hair_brown"}
        values = tuple({"hair_lightness": np.mean(HAIR[name])} for name in (others[attribute], attribute))
    without, having = (draw_face(dataclasses.replace(look, **change)).astype(np.float64) for change in values)
    return without, having


def changed(look: Look, attribute: str) -> np.ndarray:
    """The pixels (64, 64) that an attribute changes by more than 12 grey levels."""
    without, having = both(look, attribute)
    return np.abs(having - without).max(axis=0) > 12


# ---- the columns


def test_the_columns_are_named_and_of_their_stated_kind(some: Images) -> None:
    assert some.pixels.shape == (300, 3, 64, 64)
    assert some.pixels.dtype == np.uint8
    assert some.columns["attributes"].shape == (300, len(some.attribute_names))
    assert some.columns["attributes"].dtype == np.int8
    assert set(np.unique(some.columns["attributes"])) == {-1, 1}
    assert some.columns["condition"].shape == (300, len(some.condition_names))
    assert some.columns["condition"].dtype == np.float32
    assert some.parts == ("train", "val", "test")
    taken = some.take([2, 0])
    assert (taken.attribute_names, taken.condition_names) == (ATTRIBUTES, CONDITIONS)


def test_a_value_says_the_same_as_its_attribute_and_keeps_away_from_the_border(some: Images) -> None:
    value = dict(zip(some.condition_names, some.columns["condition"].T, strict=True))
    for attribute, (low, high) in HAIR.items():
        np.testing.assert_array_equal(
            has(some, attribute), (value["hair_lightness"] >= low) & (value["hair_lightness"] <= high)
        )
    for trait in TRAITS:
        for there, ends in ((True, trait.having), (False, trait.without)):
            own = value[trait.condition][has(some, trait.attribute) == there]
            assert own.min() >= np.float32(min(ends))
            assert own.max() <= np.float32(max(ends))
        gap = max(min(trait.having) - max(trait.without), min(trait.without) - max(trait.having))
        widest = max(abs(end) for end in (*trait.having, *trait.without))
        assert gap >= 0.2 * widest


def test_shares_are_as_stated_and_attributes_independent_of_each_other() -> None:
    attributes, conditions, chances = draw_traits(1, "train", 20_000)
    stated = {**dict.fromkeys(HAIR, 1 / 3), **SWITCHES, **{trait.attribute: trait.share for trait in TRAITS}}
    np.testing.assert_allclose(attributes.mean(axis=0), [stated[name] for name in ATTRIBUTES], atol=0.015)
    np.testing.assert_array_equal(attributes[:, : len(HAIR)].sum(axis=1), 1)
    between = np.corrcoef(attributes.T) - np.eye(len(ATTRIBUTES))
    between[: len(HAIR), : len(HAIR)] = 0  # which exclude each other
    assert np.abs(between).max() < 0.03
    across = np.corrcoef(np.concatenate([attributes, chances], axis=1).T)[: len(ATTRIBUTES), len(ATTRIBUTES) :]
    assert np.abs(across).max() < 0.035
    assert (conditions.shape, chances.shape) == ((20_000, len(CONDITIONS)), (20_000, len(CHANCES)))
    assert chances.min() >= 0
    assert chances.max() < 1


# ---- what they show


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_attribute_is_to_be_seen_in_every_face(attribute: str) -> None:
    fewest = min(changed(look, attribute).sum() for look in LOOKS)
    assert fewest >= (20 if attribute == "smile" else 60)


def test_glasses_change_the_band_of_the_eyes_alone() -> None:
    rows = np.flatnonzero(np.any([changed(look, "glasses") for look in LOOKS], axis=(0, 2)))
    assert rows.min() >= 22
    assert rows.max() <= 42


def test_a_smile_changes_the_mouth_alone_and_opens_it() -> None:
    for look in LOOKS:
        rows, columns = np.nonzero(changed(look, "smile"))
        assert rows.min() >= 36
        assert rows.max() <= 52
        assert np.ptp(columns) <= 24
        without, having = both(look, "smile")
        assert having[2][rows, columns].max() > without[2][rows, columns].max()  # teeth are bluer than skin


def test_a_hat_covers_the_crown_but_leaves_the_hair_s_colour_to_be_seen() -> None:
    for look in LOOKS:
        assert np.nonzero(changed(look, "hat"))[0].max() <= 40
        covered = dataclasses.replace(look, hat=True)
        assert changed(covered, "hair_blond").sum() >= 60


def test_a_beard_lies_below_the_eyes_and_a_background_behind_everything() -> None:
    for look in LOOKS:
        assert np.nonzero(changed(look, "beard"))[0].min() >= 30
        without, having = both(look, "dark_background")
        face = slice(30, 40), slice(28, 36)
        np.testing.assert_array_equal(without[:, *face], having[:, *face])
        assert without[:, 0, 0].mean() > having[:, 0, 0].mean() + 40


def test_hair_brightens_from_black_over_brown_to_blond(some: Images) -> None:
    crown = some.pixels[:, :, 15:20, 27:37].mean(axis=(1, 2, 3))
    bare = ~has(some, "hat")
    black, brown, blond = (crown[bare & has(some, name)] for name in ("hair_black", "hair_brown", "hair_blond"))
    assert black.max() < blond.min()
    assert black.mean() + 30 < brown.mean() < blond.mean() - 50


def test_skin_and_background_are_as_bright_as_their_columns_say(some: Images) -> None:
    for attribute, part, brighter in (
        ("pale_skin", some.pixels[:, :, 34:40, 26:38], 1),
        ("dark_background", some.pixels[:, :, :6, :6], -1),
    ):
        level = brighter * part.mean(axis=(1, 2, 3))
        there = has(some, attribute)
        right = (level[there][:, None] > level[~there][None, :]).mean()  # the area under the ROC curve
        assert right > 0.99


def test_light_falls_from_the_side_that_its_column_names(some: Images) -> None:
    left, right = some.pixels[..., 58:, 16:24].mean(axis=(1, 2, 3)), some.pixels[..., 58:, 40:48].mean(axis=(1, 2, 3))
    assert ((left > right) == has(some, "light_left")).mean() > 0.97
    x, _ = np.meshgrid(np.arange(64), np.arange(64))
    for look in LOOKS:
        without, having = both(look, "light_left")
        brighter = (having - without).mean(axis=0)
        assert x[brighter > 10].mean() < x[brighter < -10].mean()


def test_a_face_turned_left_has_its_mouth_further_left() -> None:
    for look in LOOKS:
        left, right = (
            np.nonzero(changed(dataclasses.replace(look, yaw=yaw), "smile"))[1].mean() for yaw in (-20.0, 20.0)
        )
        assert left < right - 5


def test_more_of_a_value_shows_more_of_it() -> None:
    sizes: dict[str, Callable[[Look], float]] = {
        "hair_length": lambda look: changed(look, "hair_blond").sum(),
        "beard": lambda look: np.abs(
            draw_face(look).astype(float) - draw_face(dataclasses.replace(look, beard=0.0))
        ).sum(),
    }
    for condition, size in sizes.items():
        for look in LOOKS[:10]:
            plain = dataclasses.replace(look, hat=False, hair_lightness=0.05, skin_lightness=0.9)
            steps = [size(dataclasses.replace(plain, **{condition: value})) for value in (0.6, 0.8, 1.0)]
            assert steps[0] < steps[1] < steps[2]


def test_textures_are_smooth_but_for_a_grain_of_one_grey_level(some: Images) -> None:
    corner = some.pixels[:, :, :8, :4].astype(np.float64)
    bends = np.diff(corner, n=2, axis=2)  # of white noise: six times its variance
    assert np.median(bends.std(axis=(1, 2, 3))) / np.sqrt(6) < 1.5


def test_edges_move_by_parts_of_a_pixel() -> None:
    for look in LOOKS[:5]:
        places = [{**look.chances, "x": by / 2.4} for by in (0, 0.5, 1)]  # x covers 2.4 pixels
        none, half, whole = (
            draw_face(dataclasses.replace(look, chances=chances)).astype(np.float64) for chances in places
        )
        step = np.abs(whole - none).mean()
        assert np.abs(half - none).mean() == pytest.approx(step / 2, rel=0.3)
        assert np.abs(np.roll(none, 1, axis=2) - whole)[:, 22:50, 20:44].mean() < 3


def test_what_is_drawn_stays_the_same_until_its_version_is_raised(some: Images) -> None:
    assert MODULE.VERSION == 2
    expected = [[112.81, 88.07, 69.71], [199.97, 204.74, 164.81], [161.95, 171.24, 130.46]]
    np.testing.assert_allclose(some.pixels[:3].mean(axis=(2, 3)), expected, atol=0.1)


# ---- shapes


def test_a_turned_head_moves_its_face_and_keeps_its_place() -> None:
    ahead, left = (Head(32, 32, 15, 18, yaw, 0.0, 0.2) for yaw in (0.0, -0.4))
    assert ahead.on_face([(0.0, 0.0)]) == [(32.0, 32.0)]
    assert left.on_face([(0.0, 0.0)])[0][0] < 30
    assert left.around([(1.0, 0.0)]) == ahead.around([(1.0, 0.0)]) == [(47.0, 32.0)]
    tilted = dataclasses.replace(ahead, tilt=np.pi / 2)
    np.testing.assert_allclose(tilted.around([(1.0, 0.0), (0.0, -1.0)]), [(32, 47), (50, 32)])


def test_the_corners_of_a_mouth_rise_with_its_curve() -> None:
    head = Head(32, 32, 15, 18, 0.0, 0.0, 0.2)
    for curve in (-0.4, 0.0, 0.9):
        lips = mouth(head, curve, 0.3, 1.0)
        middle, corner = lips["line"][5][1], lips["line"][0][1]
        assert middle - corner == pytest.approx(0.15 * curve * 18)
        assert ("open" in lips) == (curve > 0.3)


def test_rounding_keeps_an_outline_within_itself() -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    rounded = smooth(square)
    assert len(rounded) == 16
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in rounded)
    assert not set(square) & set(rounded)


@pytest.mark.parametrize(("power", "area"), [(1.0, np.pi), (1e-9, 4.0)])
def test_an_ellipse_is_full_of_what_its_power_says(power: float, area: float) -> None:
    x, y = np.array(ellipse(0.5, 0.5, 2.0, 3.0, power=power, steps=400)).T
    assert abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2 == pytest.approx(area * 6, rel=1e-3)


# ---- rows, parts and the cache


def test_a_face_depends_on_nothing_but_its_look() -> None:
    drawn = [draw_face(look) for look in LOOKS[:5]]
    for look, picture in zip(reversed(LOOKS[:5]), reversed(drawn), strict=True):
        np.testing.assert_array_equal(draw_face(look), picture)


def test_a_larger_count_begins_with_the_smaller_one(some: Images) -> None:
    few = faces(7)
    np.testing.assert_array_equal(some.pixels[:7], few.pixels)
    for name in ("attributes", "condition"):
        np.testing.assert_array_equal(some.columns[name][:7], few.columns[name])


def test_parts_and_seeds_share_no_face() -> None:
    sets = [faces(40, split=part, seed=seed) for part in ("train", "val", "test") for seed in (0, 1)]
    assert len({picture.tobytes() for images in sets for picture in images.pixels}) == 40 * len(sets)
    assert len({row.tobytes() for images in sets for row in images.columns["condition"]}) == 40 * len(sets)


def test_the_source_gives_the_same_faces_again() -> None:
    images = faces(np.int64(5), split="val", seed=np.int64(3))
    arguments = json.loads(json.dumps(dict(images.source)))
    assert arguments.pop("source") == "faces"
    assert faces(**arguments).fingerprint == images.fingerprint


def test_the_second_time_they_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path))
    drawn: list[Look] = []
    monkeypatch.setattr(MODULE, "draw_face", lambda look: drawn.append(look) or draw_face(look))
    first, second = open_images("faces", count=6, seed=2), open_images("faces", count=6, seed=2)
    assert len(drawn) == 6
    assert isinstance(second.pixels, np.memmap)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.fingerprint == second.fingerprint == Images(np.array(first.pixels), first.columns).fingerprint
    for changes in ({"count": 7}, {"seed": 3}, {"split": "val"}):
        drawn.clear()
        open_images("faces", **{"count": 6, "seed": 2, **changes})
        assert drawn
    drawn.clear()
    monkeypatch.setattr(MODULE, "VERSION", MODULE.VERSION + 1)
    open_images("faces", count=6, seed=2)
    assert len(drawn) == 6


def test_the_parts_have_their_stated_lengths_and_drawing_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(MODULE, "draw_face", lambda look: np.zeros((1, 1, 1), np.uint8))
    reports: list[tuple[int, int, str]] = []
    found = [
        len(open_images("faces", split=part, progress=lambda *report: reports.append(report)))
        for part in ("train", "val", "test")
    ]
    assert found == [20_000, 2_000, 2_000]
    assert (20_000, 20_000, "drawing") in reports


def test_other_sizes_are_made_from_the_same_faces(some: Images) -> None:
    small = open_images("faces", count=300, size=32)
    assert small.image_shape == (3, 32, 32)
    halves = some.pixels[:20].reshape(20, 3, 32, 2, 32, 2).mean(axis=(3, 5))
    assert np.abs(small.pixels[:20] - halves).mean() < 3
    assert small.fingerprint == Images(np.array(small.pixels), small.columns).fingerprint != some.fingerprint


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"count": 0}, "count=0 for faces is below 1"),
        ({"count": 3, "seed": -1}, "seed=-1 for faces"),
        ({"split": "dev"}, "faces has no part 'dev'; choose one of: train, val, test"),
    ],
)
def test_what_cannot_be_drawn_is_refused(request_: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        faces(**request_)
