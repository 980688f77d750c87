"""Maps of latent codes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from latente.errors import InputError
from latente.latents import knn_accuracy, map_codes, to_two_dimensions, trustworthiness

rng = np.random.default_rng(0)


def test_codes_of_two_values_stay_as_they_are() -> None:
    codes = rng.normal(size=(7, 2)).astype(np.float32)
    np.testing.assert_array_equal(to_two_dimensions(codes), codes)


def test_longer_codes_keep_the_plane_in_which_they_vary_most() -> None:
    plane = rng.normal(size=(200, 2)) * (5, 2)
    turned = np.linalg.qr(rng.normal(size=(6, 6)))[0][:2]
    codes = plane @ turned + 0.001 * rng.normal(size=(200, 6))
    points = to_two_dimensions(codes)
    whole = codes.var(axis=0).sum()
    assert points.var(axis=0).sum() == pytest.approx(whole, rel=1e-4)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
    assert points[:, 0].var() > points[:, 1].var()


def test_the_map_is_the_same_twice() -> None:
    codes = rng.normal(size=(600, 700))
    np.testing.assert_array_equal(to_two_dimensions(codes), to_two_dimensions(codes))


def test_spatial_codes_are_flattened() -> None:
    codes = rng.normal(size=(9, 4, 3, 3))
    np.testing.assert_allclose(to_two_dimensions(codes), to_two_dimensions(codes.reshape(9, -1)))


def test_codes_of_one_value_lie_on_a_line() -> None:
    codes = rng.normal(size=(5, 1))
    np.testing.assert_array_equal(to_two_dimensions(codes), np.hstack([codes, np.zeros((5, 1))]))


def test_codes_that_are_all_alike_are_one_point() -> None:
    np.testing.assert_array_equal(to_two_dimensions(np.full((50, 5), 3.0)), np.zeros((50, 2)))


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_points_keep_their_distance(count: int) -> None:
    codes = rng.normal(size=(count, 5))
    points = to_two_dimensions(codes)
    assert points.shape == (count, 2)
    assert np.linalg.norm(points[0] - points[-1]) == pytest.approx(np.linalg.norm(codes[0] - codes[-1]))


def _clusters(count: int = 200, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(count) % 4
    return 6 * np.eye(4, size)[labels] + rng.normal(size=(count, size)), labels


def test_the_method_is_identity_for_points_and_pca_for_longer_codes() -> None:
    plane, long = rng.normal(size=(60, 2)), rng.normal(size=(60, 3, 2, 2))
    as_is, reduced = map_codes(plane), map_codes(long)
    assert (as_is.method, as_is.share, as_is.trustworthiness) == ("identity", 1.0, 1.0)
    np.testing.assert_array_equal(as_is.points, plane)
    assert reduced.method == "pca"
    np.testing.assert_array_equal(reduced.points, to_two_dimensions(long))
    assert as_is.knn_accuracy is None


def test_the_share_of_the_map_is_the_variance_that_pca_keeps() -> None:
    codes = rng.normal(size=(300, 5)) * (5, 3, 1, 1, 1)
    expected = PCA(2).fit(codes).explained_variance_ratio_.sum()
    assert map_codes(codes).share == pytest.approx(expected)


def test_the_numbers_of_the_map_are_those_of_its_points() -> None:
    codes, labels = _clusters()
    seen = map_codes(codes, labels, k=7)
    assert seen.trustworthiness == pytest.approx(trustworthiness(codes, seen.points, k=7))
    assert seen.knn_accuracy == pytest.approx(knn_accuracy(seen.points, labels, k=7))


def test_tsne_keeps_clusters_and_repeats_itself() -> None:
    codes, labels = _clusters(80)
    first, second = (map_codes(codes, labels, method="tsne", seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    assert first.share is None
    assert first.knn_accuracy is not None
    assert first.knn_accuracy > 0.97


def test_umap_keeps_clusters_and_repeats_itself() -> None:
    pytest.importorskip("umap", reason="needs umap-learn")
    codes, labels = _clusters()
    first, second = (map_codes(codes, labels, method="umap", seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    assert first.method == "umap"
    assert first.knn_accuracy is not None
    assert first.knn_accuracy > 0.97


def test_without_umap_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(InputError, match="pip install umap-learn"):
        map_codes(rng.normal(size=(9, 4)), method="umap")


def test_methods_that_cannot_be_had_are_refused() -> None:
    codes = rng.normal(size=(9, 4))
    with pytest.raises(InputError, match="4 values are no points"):
        map_codes(codes, method="identity")
    with pytest.raises(InputError, match="did you mean 'tsne'"):
        map_codes(codes, method="t-sne")
    with pytest.raises(InputError, match="at least 4 codes"):
        map_codes(codes[:3], method="tsne")
    with pytest.raises(InputError, match="no codes"):
        map_codes(codes[:0])
    with pytest.raises(InputError, match="NaN"):
        map_codes(codes * np.nan)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_few_codes_have_a_map_too(count: int) -> None:
    seen = map_codes(rng.normal(size=(count, 5)))
    assert seen.points.shape == (count, 2)
    assert (seen.trustworthiness is None) == (count < 4)


def test_a_map_of_all_there_is_is_trusted_and_a_random_one_is_not() -> None:
    codes = np.hstack([rng.normal(size=(300, 2)), np.zeros((300, 3))])
    assert trustworthiness(codes, codes[:, :2]) == 1
    assert trustworthiness(codes, rng.normal(size=(300, 2))) == pytest.approx(0.5, abs=0.05)


def test_trustworthiness_is_the_formula_of_venna_and_kaski() -> None:
    codes, points, k, n = rng.normal(size=(40, 6)), rng.normal(size=(40, 2)), 5, 40
    ranks = np.argsort(np.argsort(np.linalg.norm(codes[:, None] - codes, axis=2), axis=1), axis=1)
    near = np.argsort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 1 : k + 1]
    penalty = np.maximum(np.take_along_axis(ranks, near, 1) - k, 0).sum()
    expected = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * penalty
    assert trustworthiness(codes, points, k=k) == pytest.approx(expected)


def test_trustworthiness_of_many_codes_is_estimated_from_some() -> None:
    codes = rng.normal(size=(1_500, 4))
    whole, part = (trustworthiness(codes, codes[:, :2], most=most) for most in (1_500, 500))
    assert part != whole
    assert part == pytest.approx(whole, abs=0.03)
    assert part == trustworthiness(codes, codes[:, :2], most=500)


def test_trustworthiness_needs_a_point_for_each_of_enough_codes() -> None:
    with pytest.raises(InputError, match="5 for 6"):
        trustworthiness(np.zeros((6, 3)), np.zeros((5, 2)))
    with pytest.raises(InputError, match="at least 4"):
        trustworthiness(np.eye(3), np.eye(3)[:, :2])


def test_neighbours_vote_without_the_one_who_is_judged() -> None:
    # in pairs of unlike ones: each one's nearest neighbour is of the other class
    codes = np.repeat(np.arange(10.0), 2)[:, None] + np.tile([0.0, 0.1], 10)[:, None]
    assert knn_accuracy(codes, np.tile([0, 1], 10), k=1) == 0
    assert knn_accuracy(codes, np.tile([0, 1], 10), codes, np.tile([0, 1], 10), k=1) == 1


def test_neighbours_of_a_test_part_are_those_of_scikit_learn() -> None:
    codes, labels = rng.normal(size=(200, 3, 2, 1)), rng.integers(0, 3, 200)
    codes[:, 0, 0, 0] += labels
    train, test = slice(0, 150), slice(150, 200)
    reference = KNeighborsClassifier(5).fit(codes[train].reshape(150, -1), labels[train])
    expected = reference.score(codes[test].reshape(50, -1), labels[test])
    assert knn_accuracy(codes[train], labels[train], codes[test], labels[test], k=5) == pytest.approx(expected)


def test_unknown_classes_neither_vote_nor_count() -> None:
    codes, labels = _clusters()
    hidden = np.where(np.arange(200) % 3 == 0, -1, labels)
    known = hidden >= 0
    assert knn_accuracy(codes, hidden) == knn_accuracy(codes[known], labels[known])
    with pytest.raises(InputError, match="at least two codes"):
        knn_accuracy(codes, np.full(200, -1))
    with pytest.raises(InputError, match="come together"):
        knn_accuracy(codes, labels, codes)
    with pytest.raises(InputError, match="give one for each"):
        knn_accuracy(codes, labels[:5])
