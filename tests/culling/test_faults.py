"""Faults of pictures, each by itself: what has it, and what looks as if it had."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from latente.culling import faults

rng = np.random.default_rng(0)


def photograph() -> np.ndarray:
    """Return a sharp picture (3, 256, 256) within [0, 1]."""
    return np.moveaxis(data.astronaut()[::2, ::2], -1, 0).astype(np.float32) / 255


def test_a_wall_is_blank_and_a_word_on_paper_is_not() -> None:
    wall = np.full((3, 64, 64), 0.8) + rng.normal(0, 0.004, (3, 64, 64))
    assert faults.is_blank(wall)
    wall[1, 30:33, 20:40] -= 0.1
    assert not faults.is_blank(wall)
    assert not faults.is_blank(photograph())


def test_what_is_dark_has_no_bright_place() -> None:
    light = faults.lightness(photograph())
    assert faults.brightness(light) > 0.9
    assert faults.brightness(0.3 * light) < faults.DARK
    night = np.zeros((50, 50))
    night[20:25, 20:30] = 1.0
    assert faults.brightness(night) > faults.DARK


def test_lightness_weighs_colours_and_takes_no_alpha() -> None:
    assert faults.lightness(np.ones((4, 2, 2)) * np.array([1.0, 0.5, 0.25, 0.0])[:, None, None]) == pytest.approx(0.621)
    assert faults.lightness(np.stack([np.full((2, 2), 0.25), np.ones((2, 2))])) == pytest.approx(0.25)


@pytest.mark.parametrize("strength", [2.0, 3.0, 6.0])
def test_a_blurred_picture_is_soft_and_a_sharp_one_is_not(strength: float) -> None:
    light = faults.lightness(photograph())
    assert faults.softness(light) < 0.5
    assert faults.softness(ndimage.gaussian_filter(light, strength)) >= faults.SOFT
    assert faults.softness(rng.random((60, 60))) < 0.4
    assert faults.softness(np.zeros((9, 1))) == 0


def test_an_edge_keeps_what_the_closed_form_says() -> None:
    edge = np.repeat(np.arange(200)[None] >= 100, 40, 0).astype(float)
    assert faults.softness(edge) < 0.3
    for strength in (2.0, 4.0):
        kept = strength / np.hypot(strength, 1)
        assert faults.softness(ndimage.gaussian_filter(edge, strength)) == pytest.approx(kept, abs=0.01)
    both = np.concatenate([edge, ndimage.gaussian_filter(edge, 4.0)])
    assert faults.softness(both) < 0.4


def test_sizes_and_shapes_go_by_what_is_usual() -> None:
    sizes = np.array([(60, 80)] * 5 + [(80, 60), (15, 20), (14, 20), (20, 60), (20, 50), (7, 60)])
    assert np.flatnonzero(faults.tiny(sizes)).tolist() == [7, 10]
    assert np.flatnonzero(faults.odd_shapes(sizes)).tolist() == [8, 10]
    assert not faults.tiny(np.full((9, 2), 4)).any()
    assert not faults.odd_shapes(np.array([(20, 100)] * 5 + [(25, 100), (100, 20)])).any()


def test_equal_pictures_have_the_same_size_and_values() -> None:
    picture = rng.integers(0, 255, (3, 4, 6), np.uint8)
    others = [picture, picture.reshape(3, 6, 4), picture + 1, picture.copy(), picture + 1]
    assert faults.equal(others) == [[0, 3], [2, 4]]
    assert faults.equal([]) == []


def test_copies_that_were_changed_are_alike_and_other_pictures_are_not() -> None:
    light = faults.lightness(photograph())
    changed = [
        light,
        light[::2, ::2],
        0.85 * light,
        (light + rng.normal(0, 0.02, light.shape)).clip(0, 1),
        light[4:-4, 4:-4],
        faults.lightness(np.moveaxis(data.coffee(), -1, 0) / 255.0),
        light[:, ::-1],
    ]
    prints = np.array([faults.fingerprint(one) for one in changed])
    signatures = np.array([faults.signature(one) for one in changed])
    assert faults.alike(prints, signatures) == [[0, 1, 2, 3, 4]]
    assert faults.alike(prints[:1], signatures[:1]) == []
    assert faults.alike(prints[:0], signatures[:0]) == []


def test_a_near_fingerprint_alone_makes_no_copy() -> None:
    prints = np.array([0, 1], np.uint64)
    signatures = np.eye(2, 256, dtype=np.float32)
    assert faults.alike(prints, signatures) == []
    assert faults.alike(prints, signatures[[0, 0]]) == [[0, 1]]
