"""Pictures by how odd they are: by a model's scores, and among each other."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from latente import InputError, open_images
from latente.culling import Maps, maps_of, rank, rank_among, ranked, robust_threshold, within_region, write_table
from latente.images.photographs import Photographs

rng = np.random.default_rng(0)


def waves(count: int, side: int = 56) -> np.ndarray:
    """Return pictures (N, 3, side, side) uint8 of one smooth texture, each shifted."""
    across = np.arange(side) + rng.integers(0, 12, (count, 1))
    rows = 128 + 60 * np.sin(across / 2)[:, None, :, None] * np.cos(across / 3)[:, None, None, :]
    return (np.repeat(rows, 3, 1) + rng.normal(0, 2, (count, 3, side, side))).round().astype(np.uint8)


def test_the_order_the_threshold_and_the_table(tmp_path: Path) -> None:
    images = open_images(np.zeros((5, 8, 8), np.uint8))
    model = SimpleNamespace(score_samples=lambda X: np.array([0.5, -3.0, 0.25, -3.0, 1.0]), offset_=0.3)
    ranking = rank(model, images)
    assert ranking.order.tolist() == [1, 3, 2, 0, 4]
    assert ranking.odd.tolist() == [False, True, True, True, False]
    assert ranking.is_learned
    write_table(tmp_path / "new" / "r.csv", ranking.rows())
    with open(tmp_path / "new" / "r.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"file": "1", "score": "-3.0", "threshold": "0.3", "odd": "1"}
    assert [row["file"] for row in rows] == ["1", "3", "2", "0", "4"]


def test_without_a_threshold_the_scores_themselves_tell_who_is_far_from_most() -> None:
    scores = np.concatenate([rng.normal(5, 2, 1_000), [-40.0, -50.0]])
    deviation = 1.4826 * np.median(np.abs(scores - np.median(scores)))
    assert robust_threshold(scores) == pytest.approx(np.median(scores) - 3.5 * deviation)
    images = open_images(np.zeros((1_002, 8, 8), np.uint8))
    ranking = ranked(images, scores)
    assert not ranking.is_learned
    assert set(ranking.order[:2]) == {1_000, 1_001}
    assert 2 <= ranking.odd.sum() < 6
    assert not ranked(images, np.zeros(1_002)).odd.any()


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="the score of #1 is no finite number"):
        ranked(open_images(np.zeros((2, 8, 8), np.uint8)), np.array([0, np.nan]))


def test_what_no_other_picture_shows_is_odd_and_the_map_says_where() -> None:
    pixels = waves(12)
    pixels[7, :, 4:14, 16:28] = np.array([230, 20, 40], np.uint8)[:, None, None]
    ranking, maps_at = rank_among(open_images(pixels))
    assert ranking.order[0] == 7
    assert ranking.odd[7]
    maps = maps_at(np.arange(12), None)
    assert maps is not None
    place = maps.values[7]
    assert place.shape == (56, 56)
    assert place[4:14, 16:28].mean() > 2 * place[40:, :20].mean()
    assert maps.masks(ranking.odd)[0].mean() < 0.2
    assert maps.masks(ranking.odd)[7][4:14, 16:28].mean() > 0.9


def test_two_that_are_odd_in_the_same_way_vouch_for_each_other() -> None:
    pixels = waves(12)
    pixels[[3, 8]] = 255 - pixels[3] // 3
    ranking, _ = rank_among(open_images(pixels))
    assert not ranking.odd[[3, 8]].any()


def test_pictures_of_many_sizes_are_compared_at_their_own() -> None:
    content = Photographs.of([*waves(8), *waves(4, 300), np.full((3, 20, 40), 90, np.uint8)])
    images = open_images(np.zeros((13, 8, 8), np.uint8))
    import dataclasses

    ranking, maps_at = rank_among(dataclasses.replace(images, content=content))
    assert ranking.order[0] == 12
    maps = maps_at(np.arange(13), None)
    assert maps is not None
    assert [value.shape for value in maps.values] == [(56, 56)] * 8 + [(300, 300)] * 4 + [(20, 40)]
    small = maps_at(np.arange(13), 50)
    assert small is not None
    assert [value.shape for value in small.values] == [(50, 50)] * 12 + [(20, 40)]
    assert small.values[8].mean() == pytest.approx(maps.values[8].mean(), rel=0.02)


def test_small_pictures_and_tables_are_ranked_by_what_the_others_teach_a_detector() -> None:
    pixels = waves(30, 24)
    pixels[11] = pixels[11].swapaxes(1, 2)
    ranking, maps_at = rank_among(open_images(pixels))
    assert ranking.order[0] == 11
    maps = maps_at(ranking.order[:2], None)
    assert maps is not None
    assert maps.values[0].shape == (24, 24)
    small = maps_at(ranking.order[:2], 12)
    assert small is not None
    np.testing.assert_allclose(small.values[0].mean(), maps.values[0].mean(), rtol=1e-5)
    assert small.values[0].shape == (12, 12)
    rows = rng.normal(size=(60, 4))
    rows[7] += 20
    ranking, maps_at = rank_among(open_images(rows))
    assert ranking.order[0] == 7
    assert maps_at(ranking.order[:2], None) is None


def test_two_images_do_not_tell_which_is_odd() -> None:
    with pytest.raises(InputError, match="which of them is odd takes 3 or more"):
        rank_among(open_images(np.zeros((2, 8, 8), np.uint8)))


def test_pictures_that_are_all_equal_are_none_of_them_odd() -> None:
    ranking, _ = rank_among(open_images(np.full((6, 50, 50), 80, np.uint8)))
    assert not ranking.odd.any()


def test_outside_of_a_region_nothing_counts(tmp_path: Path) -> None:
    pixels = waves(10)
    pixels[4, :, 36:] = 0
    mask = np.zeros((64, 64), np.uint8)
    mask[:36] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    images, region = within_region(open_images(pixels), tmp_path / "mask.png")
    assert region.sum() == 32 * 56
    np.testing.assert_array_equal(images.pixels[:, :, :31], pixels[:, :, :31])
    np.testing.assert_array_equal(images.pixels[4, :, 33:], images.pixels[0, :, 33:])
    assert rank_among(open_images(pixels))[0].odd[4]
    assert not rank_among(images)[0].odd[4]
    Image.fromarray(np.zeros_like(mask)).save(tmp_path / "black.png")
    with pytest.raises(InputError, match=r"black\.png is black everywhere"):
        within_region(open_images(pixels), tmp_path / "black.png")
    with pytest.raises(InputError, match="rows of a table"):
        within_region(open_images(np.zeros((3, 5))), tmp_path / "mask.png")


def test_a_model_that_reconstructs_has_maps_of_what_it_misses() -> None:
    images = open_images(np.zeros((3, 8, 8), np.uint8))

    class Model:
        def reconstruct(self, X: object) -> None:
            raise AssertionError

        def outputs(self, X: object) -> dict[str, np.ndarray]:
            return {"images": np.ones((3, 2, 8, 8)), "reconstructions": np.full((3, 2, 8, 8), 0.25)}

    maps = maps_of(Model(), images)
    assert maps is not None
    np.testing.assert_array_equal(maps.values[1], np.full((8, 8), 0.75))
    assert maps_of(object(), images) is None
    assert Maps([np.zeros((4, 4))], "").limits == (0, 1)
