"""Each way to learn what is normal agrees with scikit-learn or a closed form, and leaves out what it says it does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.covariance import OAS
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from latente import InputError
from latente.normality import (
    Discriminator,
    Gaussian,
    Hyperplane,
    Nearest,
    Residual,
    conformal_threshold,
    discriminator,
    images_for,
    neighbours,
    planted,
)
from latente.normality.base import folds

RNG = np.random.default_rng(0)
KNOWN = (RNG.normal(size=(90, 6)) @ RNG.normal(size=(6, 6)) + 3).astype(np.float32)
NEW = (RNG.normal(size=(20, 6)) * 2 + 3).astype(np.float32)
ALONE = np.arange(len(KNOWN))


def taught(normality, features: np.ndarray = KNOWN):
    normality.learn(torch.from_numpy(features), np.arange(len(features)))
    return normality


def test_the_gaussian_is_scikit_learn_s_oas() -> None:
    expected = OAS().fit(KNOWN.astype(np.float64)).mahalanobis(NEW.astype(np.float64))
    distances, parts = taught(Gaussian()).residuals(torch.from_numpy(NEW))
    np.testing.assert_allclose(distances, expected, rtol=1e-3)
    np.testing.assert_allclose(taught(Gaussian())(torch.from_numpy(NEW)), distances, rtol=1e-5)
    assert parts.shape == NEW.shape


def test_the_residual_is_scikit_learn_s_pca() -> None:
    pca = PCA(3).fit(KNOWN)
    expected = ((NEW - pca.inverse_transform(pca.transform(NEW))) ** 2).sum(1)
    distances, parts = taught(Residual(3)).residuals(torch.from_numpy(NEW))
    np.testing.assert_allclose(distances, expected, rtol=1e-3)
    np.testing.assert_allclose(parts.sum(1), distances, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 4])
def test_the_nearest_are_scikit_learn_s(count: int) -> None:
    expected = NearestNeighbors(n_neighbors=count).fit(KNOWN).kneighbors(NEW)[0] ** 2
    np.testing.assert_allclose(taught(Nearest(count))(torch.from_numpy(NEW)), expected.mean(1), rtol=1e-4)


def test_the_closest_alone_is_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    nearest, features = taught(Nearest()), torch.from_numpy(NEW)
    np.testing.assert_allclose(nearest.closest(features), nearest(features), rtol=1e-3)
    aside = torch.arange(len(KNOWN)) < 40
    expected = NearestNeighbors(n_neighbors=1).fit(KNOWN[40:]).kneighbors(NEW)[0][:, 0] ** 2
    np.testing.assert_allclose(nearest.closest(features, aside), expected, rtol=1e-3)
    monkeypatch.setattr(neighbours, "_BLOCK", (3, 7))
    np.testing.assert_allclose(nearest.closest(features, aside), expected, rtol=1e-3)


def test_the_hyperplane_is_that_of_the_formula() -> None:
    distances = taught(Hyperplane(5))(torch.from_numpy(NEW))
    near = NearestNeighbors(n_neighbors=5).fit(KNOWN).kneighbors(NEW, return_distance=False)
    for query, rows, distance in zip(NEW.astype(np.float64), near, distances, strict=True):
        neighbours = KNOWN[rows].astype(np.float64)
        spokes = neighbours - neighbours.mean(0)
        gram = spokes @ spokes.T
        ridge = 0.3 * np.trace(gram) / 5
        weights = np.linalg.solve(gram + ridge * np.eye(5), spokes @ (query - neighbours.mean(0)))
        rest = query - neighbours.mean(0) - weights @ spokes
        assert float(distance) == pytest.approx(rest @ rest + ridge * weights @ weights, rel=1e-3)


def test_what_is_left_out_is_judged_by_others_alone() -> None:
    left_out = taught(Nearest()).left_out(torch.from_numpy(KNOWN), ALONE, 0)
    expected = NearestNeighbors(n_neighbors=2).fit(KNOWN).kneighbors(KNOWN)[0][:, 1] ** 2
    np.testing.assert_allclose(left_out, expected, rtol=1e-4)
    doubled, groups = np.repeat(KNOWN, 2, axis=0), np.repeat(ALONE, 2)
    twins = Nearest()
    twins.learn(torch.from_numpy(doubled), groups)
    np.testing.assert_allclose(twins.left_out(torch.from_numpy(doubled), groups, 0)[::2], expected, rtol=1e-4)


def test_the_gaussian_without_one_is_that_of_the_others() -> None:
    features = torch.from_numpy(KNOWN)
    left_out = taught(Gaussian()).left_out(features, ALONE, 0)
    for row in (0, 7, 40):
        others = np.delete(KNOWN, row, axis=0).astype(np.float64)
        shrinkage = OAS().fit(KNOWN.astype(np.float64)).shrinkage_
        covariance = np.cov(others.T, bias=True)
        sphere = np.trace(np.cov(KNOWN.astype(np.float64).T, bias=True)) / 6 * np.eye(6)
        away = KNOWN[row] - others.mean(0)
        expected = away @ np.linalg.solve((1 - shrinkage) * covariance + shrinkage * sphere, away)
        assert float(left_out[row]) == pytest.approx(expected, rel=1e-3)


def test_in_parts_nothing_is_judged_by_what_it_taught() -> None:
    groups = np.repeat(np.arange(30), 3)
    parts = folds(groups, seed=0)
    assert sorted(np.concatenate(parts)) == list(range(90))
    assert all(not np.isin(groups[part], np.delete(groups, part)).any() for part in parts)
    gaussian = taught(Gaussian())
    features = torch.from_numpy(KNOWN)
    assert float(gaussian.left_out(features, groups, 0).mean()) > float(gaussian(features).mean())


def test_the_threshold_is_the_rank_that_conformal_prediction_takes() -> None:
    scores = np.arange(1.0, 100.0)  # 99 of them: the 95th of 100 places
    assert conformal_threshold(scores[::-1], 0.05) == 95
    assert conformal_threshold(scores[:19], 0.05) == 19
    assert conformal_threshold(scores[:18], 0.05) == 18  # too few: the largest
    assert [images_for(alpha) for alpha in (0.05, 0.1, 0.01, 0.3)] == [19, 9, 99, 3]
    with pytest.raises(InputError, match="no normal image"):
        conformal_threshold(scores[:0], 0.05)


def test_new_normal_things_exceed_the_threshold_as_often_as_was_promised() -> None:
    rng = np.random.default_rng(1)
    rates = [(rng.normal(size=500) > conformal_threshold(rng.normal(size=49), 0.1)).mean() for _ in range(400)]
    assert np.mean(rates) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("kind", [Gaussian, Hyperplane, Nearest, Residual])
def test_features_that_are_all_alike_leave_finite_distances(kind: type) -> None:
    same = taught(kind(), np.full((30, 4), 2.5, np.float32))
    assert torch.isfinite(same.left_out(torch.full((30, 4), 2.5), np.arange(30), 0)).all()
    near, far = same(torch.tensor([[2.5] * 4, [9.0] * 4]))
    assert 0 <= float(near) < float(far) < np.inf


def test_of_very_many_some_are_kept_and_all_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_KNOWN", 30)
    features = torch.from_numpy(KNOWN)
    few = taught(Nearest())
    assert len(few.memory) == 30
    left_out = few.left_out(features, ALONE, 0)
    assert len(left_out) == 90
    assert (left_out > 0).all()  # also those that are kept find another one


def test_planted_faults_are_where_the_mask_says_and_spare_alpha() -> None:
    rng = np.random.default_rng(0)
    picture = torch.rand(2, 70, 50, generator=torch.Generator().manual_seed(0))
    for _ in range(20):
        worse, mask = planted(picture, 2, rng)
        assert worse.shape == picture.shape
        assert mask.shape == picture.shape[1:]
        assert 0 <= float(worse.min()) <= float(worse.max()) <= 1
        assert 0 <= float(mask.min()) <= float(mask.max()) <= 1
        assert torch.equal(worse[1], picture[1])
        # outside of a fault next to nothing is changed
        assert float(((worse - picture)[0].abs() - 2 * mask).max()) <= 1e-6
    again, _ = planted(picture, 2, np.random.default_rng(5))
    assert torch.equal(again, planted(picture, 2, np.random.default_rng(5))[0])


def test_a_discriminator_tells_two_normal_distributions_as_bayes_does() -> None:
    rng = np.random.default_rng(0)
    sound, faulty = (torch.from_numpy(rng.normal(shift, 1, (3000, 3)).astype(np.float32)) for shift in (0, 1))
    told = Discriminator().tell(sound, faulty, np.ones(3000), rng)
    points = torch.from_numpy(rng.normal(0.5, 1, (500, 3)).astype(np.float32))
    # log N(x; 1, I) - log N(x; 0, I), and 3 faulty for 5 sound ones were drawn
    expected = points.sum(1) - 1.5 + np.log(192 / 320)
    assert float((told(points) - expected).abs().mean()) < 0.25
    assert not any(buffer.requires_grad for buffer in told.buffers())
    np.testing.assert_allclose(told.sound(points), taught(Gaussian(), sound.numpy())(points))


def test_what_is_drawn_never_is_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discriminator, "_STEPS", 150)
    rng = np.random.default_rng(0)
    sound = torch.from_numpy(rng.normal(size=(500, 2)).astype(np.float32))
    faulty = torch.cat([sound + 4, sound - 4])
    weights = np.repeat([1.0, 0.0], 500)
    told = Discriminator().tell(sound, faulty, weights, rng)
    assert float(told(sound + 4).median()) > 2 > float(told(sound - 4).median())
