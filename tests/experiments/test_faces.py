"""What faces show, as the experiments with faces tell it."""

from __future__ import annotations

import numpy as np
import pytest

from latente import open_images
from latente.experiments.faces import LONG_OR_BLOND, NEAR, errors_by_look, having, looks_of, near_background
from latente.images import Images
from latente.images.generated.faces_colours import hair_colour


def faces() -> Images:
    """Eight faces of long or short, black or blond hair on grey grounds; the first is black on black."""
    lightness = np.array([0.0, 0.0, 0.1, 0.1, 0.85, 0.9, 0.95, 1.0], np.float32)
    grounds = np.array([20, 200, 200, 200, 90, 90, 90, 90], np.uint8)
    attributes = np.where(np.stack([lightness > 0.5, np.arange(8) % 2 == 0], axis=1), 1, -1).astype(np.int8)
    columns = {"attributes": attributes, "condition": np.stack([lightness, np.zeros(8, np.float32)], axis=1)}
    pixels = grounds[:, None, None, None] + np.zeros((1, 3, 64, 64), np.uint8)
    names = {"attribute_names": ("hair_blond", "long_hair"), "condition_names": ("hair_lightness", "hair_redness")}
    return Images(pixels, columns, **names)


def test_hair_is_near_the_background_where_its_colour_is_that_of_the_upper_corners() -> None:
    images = faces()
    images.pixels[:, :, 8:] = 255  # what lies below the corners has no say
    images.pixels[:, :, :8, 8:-8] = 0
    black = np.array(hair_colour(0.0, 0.0))
    assert np.abs(black - 20).max() <= 3
    assert np.flatnonzero(near_background(images)).tolist() == [0, 4]  # black on 20, and the darkest blond on 90


def test_what_faces_show_is_their_attributes_and_what_is_made_of_them() -> None:
    images = faces()
    own, names = looks_of(images)
    assert names == ["hair_blond", "long_hair", LONG_OR_BLOND, NEAR]
    np.testing.assert_array_equal(own[:, 2], own[:, 0] | own[:, 1])
    np.testing.assert_array_equal(own[:, 3], near_background(images))
    assert not having(images, "wavy_hair").any()
    del images.columns["condition"]  # type: ignore[attr-defined]
    assert looks_of(images)[1] == names[:3]


def test_errors_are_compared_between_faces_with_and_without_each_look() -> None:
    images = faces()
    errors = np.where(having(images, "long_hair"), 3.0, 1.0) + np.arange(8) % 4 // 2 * 0.5
    groups = errors_by_look(errors, images)
    assert groups[0].name == "long_hair"
    assert groups[0].gap == pytest.approx(2)
    assert groups[0].is_higher


def test_no_drawn_face_reaches_into_the_upper_corners(monkeypatch: pytest.MonkeyPatch) -> None:
    from latente.images.generated import faces_drawing
    from latente.images.generated.faces_looks import draw_traits, looks

    drawn = []
    for ground in (40.0, 80.0):
        monkeypatch.setattr(faces_drawing, "background", lambda look, level=ground: np.full((64, 64, 3), level))
        drawn.append(np.stack([faces_drawing.draw_face(look) for look in looks(*draw_traits(0, "test", 40))]))
    changes = drawn[1].astype(int) - drawn[0]
    corners = np.concatenate([changes[..., :8, :8], changes[..., :8, -8:]], axis=3)
    assert (corners == 40).mean() > 0.99
    assert open_images("faces", count=2).condition_names[:2] == ("hair_lightness", "hair_redness")
