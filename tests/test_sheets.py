"""Picture sheets, PNG files and films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente import InputError, sheets
from latente.sheets import film, magnification, save_png, sheet, to_rgb, to_uint8

rng = np.random.default_rng(0)


def test_bytes_stay_and_deeper_integers_go_by_the_range_given() -> None:
    given = np.array([0, 7, 255], np.uint8)
    assert to_uint8(given) is given
    np.testing.assert_array_equal(to_uint8(np.array([0, 257, 65535], np.uint16), 0, 65535), [0, 1, 255])
    np.testing.assert_array_equal(to_uint8(np.array([0, 819, 4095], np.uint16), 0, 4095), [0, 51, 255])
    np.testing.assert_array_equal(to_uint8(np.array([False, True])), [0, 255])


def test_floats_go_by_the_range_given_and_beyond_it_are_clipped() -> None:
    np.testing.assert_array_equal(to_uint8(np.array([-1.0, 0.0, 0.5, 1.0, 9.0])), [0, 0, 128, 255, 255])
    np.testing.assert_array_equal(to_uint8(np.array([-1.0, 0.0, 1.0]), -1, 1), [0, 128, 255])
    np.testing.assert_array_equal(to_uint8(np.array([np.nan, np.inf, -np.inf])), [0, 255, 0])


def test_grey_is_repeated_and_transparency_is_laid_over_white() -> None:
    grey = np.full((1, 1, 2, 2), 9, np.uint8)
    np.testing.assert_array_equal(to_rgb(grey), np.full((1, 2, 2, 3), 9))
    pixel = np.array([100, 0, 200, 51], np.uint8).reshape(1, 4, 1, 1)  # a fifth opaque
    np.testing.assert_array_equal(to_rgb(pixel)[0, 0, 0], [224, 204, 244])
    assert to_rgb(np.array([50, 0], np.uint8).reshape(1, 2, 1, 1))[0, 0, 0].tolist() == [255] * 3
    many = np.arange(5, dtype=np.uint8).reshape(1, 5, 1, 1) + 40
    assert to_rgb(many)[0, 0, 0].tolist() == [40] * 3


@pytest.mark.parametrize(("height", "width", "factor"), [(28, 28, 2), (8, 8, 7), (7, 5, 8), (64, 64, 1), (999, 9, 1)])
def test_small_images_are_enlarged_by_a_whole_number(height: int, width: int, factor: int) -> None:
    assert magnification(height, width) == factor


def test_each_array_starts_a_line_and_every_pixel_is_where_it_belongs() -> None:
    top, bottom = (rng.integers(0, 256, (3, 1, 7, 5), dtype=np.uint8) for _ in range(2))
    picture = sheet([top, bottom], pad=2)
    assert picture.shape == (2 * 56 + 2, 3 * 40 + 4, 3)
    shrunk = picture[:56, 42:82][::8, ::8]
    np.testing.assert_array_equal(shrunk, to_rgb(top)[1])
    np.testing.assert_array_equal(picture[58:, 84:][::8, ::8], to_rgb(bottom)[2])
    assert (picture[56:58] == 255).all()


def test_a_long_array_goes_on_in_the_next_line() -> None:
    picture = sheet([rng.random((5, 3, 64, 64))], columns=2, pad=0)
    assert picture.shape == (3 * 64, 2 * 64, 3)
    assert (picture[128:, 64:] == 255).all()


def test_no_images_make_an_empty_sheet() -> None:
    assert sheet([]).shape == sheet([np.zeros((0, 1, 8, 8))]).shape == (1, 1, 3)


def test_a_png_comes_back_as_it_was_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    picture = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    path = save_png(picture, tmp_path / "new" / "a.png")
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), picture)
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]


def _epochs(folder: Path, count: int, size: int = 8) -> None:
    for epoch in range(1, count + 1):
        save_png(np.full((size, size, 3), epoch, np.uint8), folder / f"step-{epoch:09}.png")


def test_a_webp_has_all_pictures_whatever_their_number(tmp_path: Path) -> None:
    for epoch in range(50):  # alike, they would be made one
        save_png(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), tmp_path / f"step-{epoch:09}.png")
    frames = _frames(film(tmp_path, tmp_path / "progress.webp") or tmp_path)
    assert [duration for _, duration in frames] == [160] * 49 + [2000]


def test_an_mp4_shows_each_picture_for_as_long_and_may_have_odd_sides(tmp_path: Path) -> None:
    import av

    for epoch, value in enumerate((20, 120, 220)):
        save_png(np.full((65, 33, 3), value, np.uint8), tmp_path / f"step-{epoch:09}.png")
    out = film(tmp_path, tmp_path / "progress.mp4")
    with av.open(str(out)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert {frame.shape for frame in frames} == {(66, 34, 3)}
    assert [round(frame.mean(), -1) for frame in frames] == [20] * 18 + [120] * 18 + [220] * 60


def test_another_ending_and_an_mp4_without_its_package_are_refused_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"film\.avi: a film ends in \.gif, \.webp or \.mp4"):
        film(tmp_path, tmp_path / "film.avi")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "latente\[video\]"; \.webp needs none'):
        film(tmp_path, tmp_path / "film.mp4")


def _frames(path: Path) -> list[tuple[int, int]]:
    """Red value and duration of every frame."""
    found = []
    with Image.open(path) as image:
        for k in range(image.n_frames):
            image.seek(k)
            found.append((image.convert("RGB").getpixel((0, 0))[0], image.info["duration"]))
    return found


def test_a_film_runs_through_the_epochs_and_holds_the_last(tmp_path: Path) -> None:
    _epochs(tmp_path, 5)
    out = film(tmp_path, tmp_path / "progress.gif")
    assert out == tmp_path / "progress.gif"
    assert _frames(out) == [(1, 600), (2, 600), (3, 600), (4, 600), (5, 2000)]


def test_a_long_film_is_thinned_out_evenly_with_first_and_last(tmp_path: Path) -> None:
    _epochs(tmp_path, 100)
    frames = _frames(film(tmp_path, tmp_path / "progress.gif") or tmp_path)
    shown = [value for value, _ in frames]
    assert len(shown) == sheets.FILM_FRAMES
    assert shown[0] == 1
    assert shown[-1] == 100
    assert set(np.diff(shown)) <= {2, 3}


def test_a_film_too_large_loses_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for epoch in range(12):
        save_png(rng.integers(0, 256, (40, 80, 3), dtype=np.uint8), tmp_path / f"step-{epoch:09}.png")
    monkeypatch.setattr(sheets, "FILM_BYTES", 20_000)
    out = film(tmp_path, tmp_path / "progress.gif", longest=60)
    assert out is not None
    assert out.stat().st_size <= 20_000
    with Image.open(out) as image:
        assert image.size == (60, 30)
        assert image.n_frames == 6


def test_frames_of_another_size_are_left_out(tmp_path: Path) -> None:
    _epochs(tmp_path, 3)
    save_png(np.zeros((9, 9, 3), np.uint8), tmp_path / "step-000000001.png")
    assert [value for value, _ in _frames(film(tmp_path, tmp_path / "p.gif") or tmp_path)] == [2, 3]


def test_without_pictures_there_is_no_film(tmp_path: Path) -> None:
    assert film(tmp_path, tmp_path / "progress.gif") is None
    assert not list(tmp_path.iterdir())
