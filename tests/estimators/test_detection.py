"""The detector finds what is planted, keeps what it promises of false alarms, and comes back from disk the same."""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from latente import AnomalyDetector, InputError, ModelError, load, open_images, resume

METHODS = ("gaussian", "pca", "neighbours")
# scikit-learn's checks fit on ten images too, of which no threshold can be had that keeps its promise
too_few = pytest.mark.filterwarnings("ignore:alpha=")


def pictures(count: int = 60, seed: int = 0, channels: int = 1) -> np.ndarray:
    """Return bright squares, a little noisy, on a dark ground (N, 16, 14[, 3])."""
    rng = np.random.default_rng(seed)
    X = rng.normal(20, 4, (count, 16, 14, channels))
    X[:, 5:11, 4:10] += rng.integers(120, 200, (count, 1, 1, 1))
    X = X.clip(0, 255).astype(np.uint8)
    return X[..., 0] if channels == 1 else X


def damaged(count: int = 20, seed: int = 1) -> np.ndarray:
    """Return the same with a bright corner."""
    X = pictures(count, seed)
    X[:, :4, 10:] = 200
    return X


def detector(**options: object) -> AnomalyDetector:
    return AnomalyDetector(**{"random_state": 0, "device": "cpu", **options})


CHECKS = [
    pytest.param(index, id=f"{getattr(check, 'func', check).__name__}-{index}")
    for index, (_, check) in enumerate(estimator_checks_generator(detector()))
]


@too_few
@pytest.mark.parametrize("index", CHECKS)
def test_scikit_learn_s_check(index: int) -> None:
    estimator, check = list(estimator_checks_generator(detector()))[index]
    check(estimator)


@too_few
@pytest.mark.parametrize("method", METHODS)
def test_scikit_learn_s_checks_pass_as_a_whole(method: str) -> None:
    if method == "neighbours":  # each is its own nearest: what was learned from is never odd
        pytest.skip("scikit-learn's check asks of a detector that it finds odd ones among what it learned from")
    results = check_estimator(detector(method=method), on_skip=None, on_fail="raise")
    assert {result["status"] for result in results} <= {"passed", "skipped"}


@pytest.mark.parametrize("method", METHODS)
def test_what_is_planted_is_found_and_shown(method: str) -> None:
    model = detector(method=method).fit(pictures())
    odd, normal = damaged(), pictures(40, seed=2)
    assert model.score_samples(odd).max() < model.score_samples(normal).min()
    assert (model.predict(odd) == -1).all()
    figures = model.evaluate(np.concatenate([normal, odd]), np.repeat([1, -1], [40, 20]))
    assert (figures["auroc"], figures["misses"]) == (1, 0)
    assert figures["base_rate"] == pytest.approx(1 / 3)
    maps = model.anomaly_map(odd)
    assert (maps.shape, maps.dtype) == (odd.shape, np.float32)
    assert maps[:, :4, 10:].mean() > 5 * maps[:, 12:, :8].mean()


@pytest.mark.parametrize("method", METHODS)
def test_signs_are_scikit_learn_s(method: str) -> None:
    X = np.concatenate([pictures(20, seed=3), damaged(5)])
    model = detector(method=method).fit(pictures())
    np.testing.assert_array_equal(model.decision_function(X), model.score_samples(X) - model.offset_)
    np.testing.assert_array_equal(model.predict(X) == -1, model.decision_function(X) < 0)
    assert model.score(X) == model.score_samples(X).mean()
    assert model.offset_ == -model.threshold_


def test_auto_goes_by_the_images_alone() -> None:
    settled = {}
    for name, X in {"pictures": pictures(), "table": pictures()[:, 0], "tiny": pictures()[:, :6, :6]}.items():
        model = detector().fit(X)
        settled[name] = (model.method_, model.features_)
    assert settled == {
        "pictures": ("neighbours", "orientations"),
        "table": ("gaussian", "pixels"),
        "tiny": ("gaussian", "pixels"),
    }


@pytest.mark.parametrize("method", METHODS)
def test_promised_false_alarms_are_kept_on_new_images_and_change_without_a_new_fit(method: str) -> None:
    model, new = detector(method=method, alpha=0.1, validation=None).fit(pictures(200)), pictures(400, seed=5)
    assert (model.predict(new) == -1).mean() == pytest.approx(0.1, abs=0.07)
    before = model.threshold_
    assert model.set_params(alpha=0.3).threshold_ < before
    assert (model.predict(new) == -1).mean() == pytest.approx(0.3, abs=0.1)
    model.set_params(contamination=0.5)
    assert model.threshold_ == pytest.approx(np.median(model.own_))


def test_too_few_images_for_the_promise_are_warned_of_by_number() -> None:
    with pytest.warns(UserWarning, match="alpha=0.01 takes 99 normal images, and there are 60"):
        model = detector(alpha=0.01, validation=None).fit(pictures())
    assert model.threshold_ == model.left_out_.max()


def test_images_of_one_group_do_not_vouch_for_each_other() -> None:
    X = np.concatenate([pictures(30), damaged(2)])
    X[31] = X[30]
    groups = np.append(np.arange(31), 30)
    alone = detector(validation=None).fit(X)
    together = detector(validation=None, groups=groups).fit(X)
    assert alone.left_out_[31] < together.left_out_[31]  # its twin is very near
    assert together.left_out_[31] == together.left_out_.max() == together.left_out_[30]
    with pytest.raises(InputError, match="give one name for each"):
        detector(groups=groups[:5]).fit(X)


def test_groups_are_found_in_file_names_and_held_out_together(tmp_path: Path) -> None:
    for number, picture in enumerate(pictures(40)):
        Image.fromarray(picture).save(tmp_path / f"part{number // 4}-{number % 4}.png")
    model = detector(groups=r"part\d+").fit(tmp_path)
    assert len(model.left_out_) % 4 == 0
    assert len(model.left_out_) < 40
    with pytest.raises(InputError, match=r"is in no part of 40 of 40 file names: part0-0\.png"):
        detector(groups="tile").fit(tmp_path)
    with pytest.raises(InputError, match="no regular expression"):
        detector(groups="(").fit(tmp_path)


def test_groups_of_an_array_come_back_with_the_model_and_are_asked_for_where_a_run_is_resumed(tmp_path: Path) -> None:
    X, groups = pictures(40), np.repeat([f"part {k}" for k in range(10)], 4)
    model = detector(groups=groups, out=tmp_path / "run").fit(X)
    again = load(tmp_path / "run")
    for one in (model, again, load(again.save(tmp_path / "copy"))):
        held_out = one.split(open_images(X)).held_out_rows
        assert np.array_equal(held_out, model.split(open_images(X)).held_out_rows)
        assert len(held_out) == 4 * len(np.unique(groups[held_out])) > 0
    with pytest.raises(InputError, match=r"trained with a groups of its own; give resume\(\.\.\., groups=\.\.\.\)"):
        resume(tmp_path / "run", X)
    resumed = resume(tmp_path / "run", X, groups=groups)
    np.testing.assert_array_equal(resumed.left_out_, model.left_out_)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good and damaged pictures in MVTec's layout."""
    for place, X in {
        "train/good": pictures(40),
        "test/good": pictures(10, seed=7),
        "test/corner": damaged(6),
    }.items():
        home = tmp_path / "set" / place
        home.mkdir(parents=True)
        for number, picture in enumerate(X):
            Image.fromarray(picture).save(home / f"{number:03}.png")
    masks = tmp_path / "set" / "ground_truth" / "corner"
    masks.mkdir(parents=True)
    mask = np.zeros((16, 14), np.uint8)
    mask[:4, 10:] = 255
    for number in range(6):
        Image.fromarray(mask).save(masks / f"{number:03}_mask.png")
    return tmp_path / "set"


def test_a_folder_of_good_and_damaged_pictures_says_which_are_odd_and_where(folder: Path) -> None:
    model = detector(validation=None).fit(open_images(folder, split="train"))
    assert model.normal_ == "good"
    figures = model.evaluate(open_images(folder, split="test"))
    assert figures["auroc"] == 1
    assert figures["base_rate"] == pytest.approx(6 / 16)
    assert figures["pixel_average_precision"] > 5 * figures["pixel_base_rate"]
    assert figures["aupro"] > 0.8


@too_few
def test_of_a_folder_with_damaged_ones_the_good_ones_alone_teach(folder: Path) -> None:
    images = open_images(folder, split="test")
    assert len(detector(validation=None).fit(images).left_out_) == 10
    with pytest.raises(InputError, match="no image of its class 'good'"):
        detector().fit(images.take(np.flatnonzero(images.labels)))


def test_a_validation_set_with_odd_images_sets_the_threshold_between_them(folder: Path) -> None:
    train, test = (open_images(folder, split=part) for part in ("train", "test"))
    model = detector(validation=test).fit(train)
    assert model.threshold_ == model.best_threshold_
    figures = model.evaluate(test)
    assert (figures["false_alarms"], figures["misses"]) == (0, 0)


@pytest.mark.parametrize("method", METHODS)
def test_survives_clone_joblib_and_a_model_folder(method: str, tmp_path: Path) -> None:
    model, X = detector(method=method).fit(pictures(channels=3)), pictures(9, 4, channels=3)
    assert clone(model).get_params() == model.get_params()
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    for copy in (joblib.load(buffer), AnomalyDetector.load(model.save(tmp_path)), load(tmp_path)):
        np.testing.assert_array_equal(copy.decision_function(X), model.decision_function(X))
        np.testing.assert_array_equal(copy.anomaly_map(X), model.anomaly_map(X))
        assert (
            copy.set_params(alpha=0.4).threshold_
            == clone(model).set_params(alpha=0.4).fit(pictures(channels=3)).threshold_
        )


def test_a_model_that_was_changed_on_disk_is_refused(tmp_path: Path) -> None:
    model = detector().fit(pictures())
    model.left_out_ = model.left_out_[None]
    model.save(tmp_path)
    with pytest.raises(ModelError, match="left_out_ are not one number"):
        load(tmp_path)


def test_a_run_is_learned_again_where_it_is_resumed(folder: Path, tmp_path: Path) -> None:
    model = detector(out=tmp_path / "run").fit(folder)
    again = resume(tmp_path / "run")
    np.testing.assert_array_equal(again.score_samples(pictures()), model.score_samples(pictures()))
    plan = detector().plan(open_images(folder))
    assert plan["options"]["method"] == "neighbours"
    assert plan["seconds_estimate"] > 0
    assert plan["memory_estimate_bytes"] > 40 * 16 * 14


@pytest.mark.parametrize("method", METHODS)
def test_scores_depend_neither_on_the_batch_nor_on_the_order_nor_on_the_global_generators(method: str) -> None:
    before = (np.random.get_state()[1].tolist(), torch.get_rng_state())
    X, model = pictures(30, seed=9), detector(method=method).fit(pictures())
    scores, order = model.score_samples(X), np.random.default_rng(1).permutation(30)
    np.testing.assert_allclose(model.score_samples(X[order]), scores[order], atol=2e-3)
    one_by_one = np.concatenate([model.score_samples(X[i : i + 1]) for i in range(30)])
    np.testing.assert_allclose(one_by_one, scores, atol=2e-3)
    np.testing.assert_array_equal(detector(method=method).fit(pictures()).score_samples(X), scores)
    assert np.random.get_state()[1].tolist() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_works_in_a_pipeline_and_a_grid_search() -> None:
    X = np.random.default_rng(0).normal(size=(80, 6))
    pipeline = make_pipeline(StandardScaler(), detector())
    assert pipeline.fit(X).predict(X + 50).tolist() == [-1] * 80
    search = GridSearchCV(detector(), {"method": ["gaussian", "pca"]}, cv=2).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@too_few
@pytest.mark.parametrize("method", METHODS)
def test_few_and_constant_images_give_an_honest_result(method: str) -> None:
    with pytest.raises(InputError, match="n_samples=1"):
        detector(method=method).fit(pictures()[:1])
    same = np.full((6, 9, 9), 7, np.uint8)
    for X in (pictures()[:2], same):
        model = detector(method=method, validation=None).fit(X)
        assert np.isfinite(model.score_samples(X)).all()
        assert (model.predict(X) == 1).all()
    assert model.predict(np.eye(9, dtype=np.uint8)[None] * 255).tolist() == [-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "gausian"}, "did you mean 'gaussian'"),
        ({"features": "colours"}, "unknown features 'colours'"),
        ({"alpha": 0}, "alpha"),
        ({"contamination": 0.7}, "contamination"),
    ],
)
def test_an_option_that_cannot_be_is_one_clear_line(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        detector(**options).fit(pictures())
    assert "\n" not in str(caught.value)


def test_what_has_no_edges_or_no_map_is_refused() -> None:
    with pytest.raises(InputError, match="take 'pixels'"):
        detector(features="orientations").fit(pictures()[:, 0])
    with pytest.raises(InputError, match="is a table"):
        detector().fit(pictures()[:, 0]).anomaly_map(pictures()[:, 0])
    with pytest.raises(InputError, match="y must be -1"):
        detector().fit(pictures()).evaluate(pictures(), np.zeros(60))
    for use in ("predict", "score_samples", "decision_function", "anomaly_map", "evaluate", "score"):
        with pytest.raises(NotFittedError):
            getattr(detector(), use)(pictures())
