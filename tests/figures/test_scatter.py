"""Maps: points, colours, names."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox

from latente import figures
from latente.errors import InputError

rng = np.random.default_rng(0)


def test_the_map_draws_every_class_with_its_points_and_names_it() -> None:
    points, labels = rng.normal(size=(90, 2)), np.arange(90) % 3
    labels[0] = -1
    figure = figures.latent_map(points, labels, ["cat", "$dog$"], ("left", "up"))
    [panel] = figure.axes
    drawn = {str(c.get_label()): np.asarray(c.get_offsets()) for c in panel.collections}
    assert set(drawn) == {"unknown", "cat", r"\$dog\$", "2"}
    np.testing.assert_array_equal(drawn["cat"], points[labels == 0])
    np.testing.assert_array_equal(drawn["2"], points[labels == 2])
    np.testing.assert_array_equal(drawn["unknown"], points[:1])
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(drawn)
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("left", "up")
    colours = [tuple(c.get_facecolor()[0][:3]) for c in panel.collections]
    assert len(set(colours)) == 4


def test_beyond_twenty_classes_the_rarer_ones_share_a_grey() -> None:
    labels = np.repeat(np.arange(25), np.arange(1, 26))
    points = rng.normal(size=(len(labels), 2))
    [panel] = figures.latent_map(points, labels).axes
    names = [str(c.get_label()) for c in panel.collections]
    assert names == ["5 others", *map(str, range(5, 25))]
    looks = {(tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in panel.collections}
    assert len(looks) == 21


def test_every_class_is_named_on_the_map_and_no_name_covers_another() -> None:
    near = np.repeat([[0.0, 0.0], [0.01, 0.01], [0.0, 0.02], [5.0, 5.0]], 10, axis=0)
    figure = figures.latent_map(near, np.repeat(np.arange(4), 10), ["one", "two", "three", "four"])
    figures.on_white(figure)
    [panel] = figure.axes
    assert [text.get_text() for text in panel.texts] == ["one", "two", "three", "four"]
    boxes = [text.get_window_extent() for text in panel.texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    frames = [text.get_bbox_patch().get_edgecolor()[:3] for text in panel.texts]
    assert frames == [tuple(cloud.get_facecolor()[0][:3]) for cloud in panel.collections]


def test_a_name_beyond_which_there_is_no_room_is_left_to_the_legend() -> None:
    figure = figures.latent_map(np.zeros((40, 2)), np.repeat([0, 1], 20), ["one", "two"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["one"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]


def test_long_names_that_begin_alike_keep_their_ends() -> None:
    names = [f"a class with a long name, number {i}" for i in range(3)]
    figure = figures.latent_map(rng.normal(size=(30, 2)), np.arange(30) % 3, names)
    for texts in (figure.axes[0].texts, figure.legends[0].get_texts()):
        assert [text.get_text()[-1] for text in texts] == ["0", "1", "2"]
        assert len({text.get_text() for text in texts}) == 3


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_a_map_without_labels_has_no_legend(count: int) -> None:
    figure = figures.latent_map(rng.normal(size=(count, 2)))
    assert not figure.legends
    assert sum(len(c.get_offsets()) for c in figure.axes[0].collections) == count


def test_values_colour_the_points_by_a_bar() -> None:
    points, values = rng.normal(size=(200, 2)), np.linspace(0.0, 1.0, 200)
    values[0], values[1] = np.nan, 50.0
    figure = figures.latent_map(points, values=values, value_name="age")
    panel, bar = figure.axes
    unknown, known = panel.collections
    np.testing.assert_array_equal(np.asarray(unknown.get_offsets()), points[:1])
    np.testing.assert_array_equal(np.asarray(known.get_offsets()), points[1:])
    low, high = np.quantile(values[1:], [0.01, 0.99])
    expected = mpl.colormaps["viridis"](mpl.colors.Normalize(low, high)(values[1:]))
    np.testing.assert_allclose(known.get_facecolor()[:, :3], expected[:, :3])
    assert bar.get_ylabel() == "age"
    np.testing.assert_allclose(bar.get_ylim(), (low, high))


@pytest.mark.parametrize("values", [np.full(9, 3.0), np.full(9, np.nan)], ids=["all alike", "none known"])
def test_values_that_tell_nothing_apart_are_drawn_too(values: np.ndarray) -> None:
    figure = figures.latent_map(rng.normal(size=(9, 2)), values=values)
    assert sum(len(c.get_offsets()) for c in figure.axes[0].collections) == 9


def test_a_map_has_one_colouring() -> None:
    with pytest.raises(InputError, match="not by both"):
        figures.latent_map(np.zeros((3, 2)), np.arange(3), values=np.arange(3))


def test_maps_stand_side_by_side_in_the_same_colours_under_one_legend() -> None:
    labels = np.arange(60) % 3
    first, second = rng.normal(size=(2, 60, 2))
    figure = figures.maps([("autoencoder", first), ("PCA", second)], labels, ["cat", "dog", "emu"])
    left, right = figure.axes
    assert [panel.get_title(loc="left") for panel in (left, right)] == ["autoencoder", "PCA"]
    for panel, points in ((left, first), (right, second)):
        for k, cloud in enumerate(panel.collections):
            np.testing.assert_array_equal(np.asarray(cloud.get_offsets()), points[labels == k])
    colours = [[tuple(cloud.get_facecolor()[0]) for cloud in panel.collections] for panel in (left, right)]
    assert colours[0] == colours[1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["cat", "dog", "emu"]
    assert left.get_position().y0 == right.get_position().y0


def test_maps_without_labels_have_no_legend() -> None:
    assert not figures.maps([("a", rng.normal(size=(9, 2)))]).legends


def test_pictures_stand_at_their_points_within_the_axes() -> None:
    points = np.array([[0.0, 5.0], [2.0, -1.0], [0.5, 0.5]])
    images = rng.random((3, 1, 7, 5)) > 0.5
    figure = figures.pictures_at(points, images)
    (panel,) = figure.axes
    boxes = [artist for artist in panel.artists if isinstance(artist, AnnotationBbox)]
    np.testing.assert_array_equal([box.xy for box in boxes], points)
    for box, image in zip(boxes, images, strict=True):
        np.testing.assert_array_equal(box.offsetbox.get_data()[..., 0], 255 * image[0])
    assert panel.get_xlim()[0] < 0 < 2 < panel.get_xlim()[1]
    assert panel.get_ylim()[0] < -1 < 5 < panel.get_ylim()[1]


@pytest.mark.parametrize("aspect", [1.0, 0.02], ids=["round", "a line"])
def test_thumbnails_do_not_overlap_and_the_farthest_point_has_one_within_the_frame(aspect: float) -> None:
    points, images = rng.normal(size=(300, 2)) * [1, aspect], rng.random((300, 3, 6, 9))
    points[7] = [40, 3]
    asked: list[np.ndarray] = []

    def thumbnails(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return images[rows]

    figure = figures.latent_map(points, thumbnails=thumbnails)
    figure.draw_without_rendering()
    (panel,) = figure.axes
    [rows] = asked
    boxes = [artist for artist in panel.artists if isinstance(artist, AnnotationBbox)]
    np.testing.assert_array_equal([box.xy for box in boxes], points[rows])
    assert 7 in rows
    assert len(rows) >= 3
    frame = panel.get_window_extent()
    extents = [box.get_window_extent() for box in boxes]
    for k, extent in enumerate(extents):
        assert frame.x0 <= extent.x0 < extent.x1 <= frame.x1
        assert frame.y0 <= extent.y0 < extent.y1 <= frame.y1
        assert not any(extent.overlaps(other) for other in extents[:k])


def test_a_map_of_no_images_has_no_thumbnails() -> None:
    assert not figures.latent_map(np.zeros((0, 2)), thumbnails=lambda rows: np.zeros((0, 1, 2, 2))).axes[0].artists
