"""Figures of pictures: which stand where, under which names."""

from __future__ import annotations

import numpy as np

from latente import figures, sheets

rng = np.random.default_rng(0)


def test_pairs_stand_in_columns_with_their_errors_below() -> None:
    originals = rng.integers(0, 256, (3, 1, 8, 6), dtype=np.uint8)
    errors = rng.random((3, 8, 6))
    axes = figures.pairs(originals, originals // 2, errors, ["a", "b"]).axes
    assert len(axes) == 9
    shown = [np.asarray(panel.get_images()[0].get_array()) for panel in axes]
    np.testing.assert_array_equal(shown[1], sheets.to_rgb(originals)[1])
    np.testing.assert_array_equal(shown[4], sheets.to_rgb(originals // 2)[1])
    np.testing.assert_array_equal(shown[7], errors[1])
    assert axes[7].get_images()[0].get_clim() == (0, errors.max())
    assert [panel.get_title() for panel in axes[:3]] == ["a", "b", ""]
    assert [axes[k].get_ylabel() for k in (0, 3, 6)] == ["original", "reconstruction", "error"]
    assert len(figures.pairs(originals, originals).axes) == 6


def test_a_grid_shows_the_sheet_of_all_images() -> None:
    images = rng.random((7, 3, 10, 10))
    [panel] = figures.grid(images).axes
    np.testing.assert_array_equal(np.asarray(panel.get_images()[0].get_array()), sheets.sheet([images], 3))


def test_strips_show_every_picture_in_its_row_and_column_under_the_names() -> None:
    images = rng.integers(0, 256, (2, 3, 3, 64, 64), dtype=np.uint8)
    [panel] = figures.strips(images, ["smile", "$hat$"], ["-1", "0", "1"]).axes
    picture = np.asarray(panel.get_images()[0].get_array())
    names = {axis: [label.get_text() for label in axis.get_ticklabels()] for axis in (panel.xaxis, panel.yaxis)}
    assert names[panel.yaxis] == ["smile", r"\$hat\$"]
    assert names[panel.xaxis] == ["-1", "0", "1"]
    for i, y in enumerate(panel.get_yticks()):
        for j, x in enumerate(panel.get_xticks()):
            top, left = round(y) - 32, round(x) - 32
            np.testing.assert_array_equal(picture[top : top + 64, left : left + 64], images[i, j].transpose(1, 2, 0))


def test_small_pictures_are_enlarged_with_their_names_in_the_middle() -> None:
    images = np.zeros((2, 2, 1, 8, 6))
    images[1, 0] = 1.0
    [panel] = figures.strips(images, ["a", "b"], ["c", "d"]).axes
    picture = np.asarray(panel.get_images()[0].get_array())
    y, x = round(panel.get_yticks()[1]), round(panel.get_xticks()[0])
    white = (picture == 255).all(axis=-1)
    assert white[y - 27 : y + 27, x - 20 : x + 20].all()
    assert not white[round(panel.get_yticks()[0]), x]
    assert panel.get_images()[0].get_interpolation() == "nearest"


def test_strips_without_names_have_none() -> None:
    [panel] = figures.strips(rng.random((2, 3, 1, 8, 8))).axes
    assert not len(panel.get_xticks())
    assert not len(panel.get_yticks())


def test_names_wider_than_their_picture_stand_aslant() -> None:
    images = rng.random((1, 3, 1, 28, 28))
    for names, angle in ((["-1", "0", "1"], 0), (["hat", "eyeglasses", "smile"], 40)):
        [panel] = figures.strips(images, (), names).axes
        assert {label.get_rotation() for label in panel.get_xticklabels()} == {angle}


def test_each_row_of_pictures_stands_above_its_partners() -> None:
    images = {name: rng.integers(0, 256, (3, 1, 64, 64), dtype=np.uint8) for name in ("a", "b")}
    partners = {name: 255 - pictures for name, pictures in images.items()}
    [panel] = figures.above_partners(images, partners, "nearest").axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["a", "nearest", "b", "nearest"]
    rows = np.stack([images["a"], partners["a"], images["b"], partners["b"]])
    [other] = figures.strips(rows).axes
    np.testing.assert_array_equal(*(np.asarray(one.get_images()[0].get_array()) for one in (panel, other)))


def test_a_lattice_shows_all_pictures_without_gaps() -> None:
    images = rng.random((4, 3, 1, 56, 56))
    [panel] = figures.lattice(images).axes
    picture = np.asarray(panel.get_images()[0].get_array())
    rows = [np.concatenate(list(row[:, 0]), axis=1) for row in sheets.to_uint8(images)]
    np.testing.assert_array_equal(picture[..., 0], np.concatenate(rows, axis=0))
    assert panel.get_xlabel().startswith("first dimension")
    assert panel.get_ylabel().startswith("second dimension")
