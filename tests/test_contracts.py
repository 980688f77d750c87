"""scikit-learn's contract, and ours over it, held by every estimator."""

from __future__ import annotations

import io
import math
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator
from torch import nn

from latente import (
    Autoencoder,
    ImageClassifier,
    InputError,
    Restorer,
    StackedAutoencoderClassifier,
    VariationalAutoencoder,
    load,
    open_images,
    resume,
)

KINDS = [Autoencoder, VariationalAutoencoder]
CLASSIFIERS = {
    StackedAutoencoderClassifier: {"hidden": (4, 2), "pretrain_epochs": 1},
    ImageClassifier: {"network": "dense", "hidden": (4, 2)},
}
EVERY = [*KINDS, *CLASSIFIERS]
LAYOUTS = {"NF": (20, 12), "NHW": (20, 9, 10), "NHWC": (20, 9, 10, 3), "NCHW": (20, 2, 9, 10)}


def small(kind: type, **changed: object):
    """Return an estimator that trains in milliseconds."""
    own = CLASSIFIERS.get(kind, {"latent_dim": 2})
    return kind(**{"hidden": (4,), "epochs": 2, "random_state": 0, "device": "cpu", **own, **changed})


def labels(X: np.ndarray) -> np.ndarray:
    """Return the labels that a classifier is fitted with; the others ignore them."""
    return np.arange(len(X)) % 3


def teachable(kind: type):
    """Return an estimator that scikit-learn's checks can train; they ask of a classifier that it learns something."""
    able = {"hidden": (16,), "epochs": 20, "learning_rate": 1e-2}
    return small(kind, **(able if kind in CLASSIFIERS else {}))


def pictures(layout: str = "NHWC", dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return rng.random(LAYOUTS[layout]).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, LAYOUTS[layout], dtype=dtype)


# Every check of scikit-learn by itself, so that a failure names the check; none is skipped or expected to fail.
CHECKS = [
    pytest.param(kind, index, id=f"{kind.__name__}-{getattr(check, 'func', check).__name__}-{index}")
    for kind in EVERY
    for index, (_, check) in enumerate(estimator_checks_generator(teachable(kind)))
]


@pytest.mark.parametrize(("kind", "index"), CHECKS)
def test_scikit_learn_s_check(kind: type, index: int):
    estimator, check = list(estimator_checks_generator(teachable(kind)))[index]
    check(estimator)


# both classifiers are checked one by one above, and one of them as a whole: what is theirs in common is one class
@pytest.mark.parametrize("kind", [*KINDS, StackedAutoencoderClassifier])
def test_with_all_defaults_but_time_scikit_learn_s_checks_pass_as_a_whole(kind: type):
    time = {"epochs": 1} if kind in KINDS else {"hidden": (64, 32), "epochs": 12, "pretrain_epochs": 1}
    results = check_estimator(kind(**time, random_state=0), on_skip=None, on_fail="raise")
    assert {result["status"] for result in results} == {"passed"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_what_comes_out_has_the_layout_the_units_and_the_dtype_of_what_went_in(kind, layout, dtype):
    X = pictures(layout, dtype)
    estimator = small(kind).fit(X)
    for out in (estimator.reconstruct(X), estimator.inverse_transform(estimator.transform(X))):
        assert (out.shape, out.dtype) == (X.shape, X.dtype)
    assert estimator.sample(3, random_state=0).shape == (3, *X.shape[1:])
    assert estimator.interpolate(X[:2], X[2:4], steps=5).shape == (2, 5, *X.shape[1:])
    assert estimator.transform(X).shape == (len(X), 2)
    assert estimator.n_features_in_ == math.prod(X.shape[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_scores_depend_neither_on_the_batch_nor_on_the_order(kind: type):
    X = pictures()
    estimator = small(kind, corruption="gaussian:0.3").fit(X)
    scores = estimator.score_samples(X)
    order = np.random.default_rng(1).permutation(len(X))
    np.testing.assert_allclose(estimator.score_samples(X[order]), scores[order], rtol=1e-5)
    one_by_one = np.concatenate([estimator.score_samples(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(one_by_one, scores, rtol=1e-5)
    assert estimator.score(X) == pytest.approx(scores.mean(), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_image_scores_lower(kind: type):
    X = np.zeros((64, 8, 8), np.uint8)
    X[:, 2:6, 2:6] = np.random.default_rng(0).integers(180, 220, (64, 1, 1), dtype=np.uint8)
    estimator = small(kind, epochs=60, learning_rate=1e-2).fit(X)
    odd = np.rot90(np.tri(8, dtype=np.uint8) * 255)[None]
    assert estimator.score_samples(odd)[0] < estimator.score_samples(X).min()


@pytest.mark.parametrize("kind", EVERY)
def test_equal_seeds_give_equal_models_and_other_seeds_others(kind: type):
    X = pictures()
    one, two, other = (small(kind, random_state=seed).fit(X, labels(X)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.transform(X), two.transform(X))
    assert not np.array_equal(one.transform(X), other.transform(X))
    if kind in KINDS:
        np.testing.assert_array_equal(one.sample(4, random_state=1), two.sample(4, random_state=1))


@pytest.mark.parametrize("kind", EVERY)
def test_no_method_touches_the_global_random_state(kind: type):
    X = pictures()
    before = (np.random.get_state()[1].tolist(), torch.get_rng_state())
    estimator = small(kind, dropout=0.2, corruption="mask:0.2").fit(X, labels(X))
    estimator.score(X, labels(X))
    if kind in KINDS:
        estimator.partial_fit(X)
        estimator.sample(2)
    assert np.random.get_state()[1].tolist() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize("kind", KINDS)
def test_works_in_a_pipeline_and_a_grid_search(kind: type):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    X = rng.normal(size=(80, 6)) + 4 * y[:, None]
    pipeline = make_pipeline(StandardScaler(), small(kind, epochs=15), LogisticRegression())
    search = GridSearchCV(pipeline, {f"{kind.__name__.lower()}__latent_dim": [1, 3]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.9
    alone = GridSearchCV(small(kind), {"hidden": [(), (4,)]}, cv=2).fit(X)
    assert np.isfinite(alone.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_codes_of_any_layout_are_a_table_and_its_features_are_counted(kind: type, layout: str):
    X = pictures(layout)
    estimator = small(kind).fit(X, labels(X))
    assert (estimator.transform(X).shape, estimator.transform(X).dtype) == ((len(X), 2), np.float32)
    assert estimator.n_features_in_ == math.prod(X.shape[1:])
    assert len(estimator.get_feature_names_out()) == 2


@pytest.fixture
def labelled_file(tmp_path: Path) -> Path:
    """A file of images with their labels."""
    X = pictures()
    np.savez(tmp_path / "set.npz", images=X, labels=labels(X))
    return tmp_path / "set.npz"


@pytest.mark.parametrize("kind", EVERY)
def test_a_path_and_images_of_the_door_serve_as_arrays_do(kind: type, labelled_file: Path):
    X = pictures()
    images = open_images(labelled_file)
    estimator = small(kind).fit(X, labels(X))
    for other in (small(kind).fit(labelled_file), small(kind).fit(images)):
        np.testing.assert_array_equal(other.transform(X), estimator.transform(X))
    for other in (labelled_file, images):
        np.testing.assert_array_equal(estimator.transform(other), estimator.transform(X))


@pytest.mark.parametrize("kind", EVERY)
def test_a_run_is_extended_as_if_it_had_never_ended(kind: type, labelled_file: Path, tmp_path: Path):
    X = pictures()
    whole = small(kind, epochs=4, schedule="constant", out=tmp_path / "whole").fit(labelled_file)
    small(kind, epochs=2, schedule="constant", out=tmp_path / "parts").fit(labelled_file)
    parts = resume(tmp_path / "parts", epochs=4)
    np.testing.assert_array_equal(parts.transform(X), whole.transform(X))
    assert [line["step"] for line in parts.history_] == [line["step"] for line in whole.history_]
    np.testing.assert_array_equal(load(tmp_path / "parts").transform(X), whole.transform(X))


@pytest.mark.parametrize("kind", EVERY)
def test_survives_clone_joblib_and_a_model_folder(kind: type, tmp_path: Path):
    X = pictures()
    estimator = small(kind).fit(X, labels(X))
    assert clone(estimator).get_params() == estimator.get_params()
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    uses = ("reconstruct", "score_samples") if kind in KINDS else ("predict", "predict_proba")
    for copy in (joblib.load(buffer), kind.load(estimator.save(tmp_path)), load(tmp_path)):
        for use in ("transform", *uses):
            np.testing.assert_array_equal(getattr(copy, use)(X), getattr(estimator, use)(X))
        if kind in KINDS:
            np.testing.assert_array_equal(copy.sample(2, random_state=0), estimator.sample(2, random_state=0))


@pytest.mark.parametrize("kind", EVERY)
def test_before_fit_every_use_says_so(kind: type, tmp_path: Path):
    autoencoders = ("reconstruct", "score_samples", "inverse_transform", "evaluate")
    classifiers = ("predict", "predict_proba", "decision_function")
    for use in ("transform", "encode", "score", "open", *(autoencoders if kind in KINDS else classifiers)):
        with pytest.raises(NotFittedError):
            getattr(kind(), use)(pictures())
    with pytest.raises(NotFittedError):
        kind().save(tmp_path)
    if kind in KINDS:
        with pytest.raises(NotFittedError):
            kind().sample(2)


@pytest.mark.parametrize("kind", EVERY)
def test_images_that_do_not_match_the_training_s_are_refused_by_name(kind: type):
    estimator = small(kind).fit(pictures(), labels(pictures()))
    with pytest.raises(InputError, match="are 3x8x10, but the model was trained on 3x9x10"):
        estimator.transform(pictures()[:, :8])
    with pytest.raises(InputError, match="are float64, but the model was trained on uint8"):
        estimator.transform(pictures() / 255)


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_takes_the_steps_that_fit_takes(kind: type):
    X = pictures()
    whole = small(kind, epochs=3, schedule="constant", validation=None, dropout=0.3).fit(X)
    parts = small(kind, epochs=3, validation=None, dropout=0.3)
    for _ in range(3):
        parts.partial_fit(X)
        torch.manual_seed(5)  # whatever happens in between
    np.testing.assert_array_equal(parts.transform(X), whole.transform(X))
    assert [line["epoch"] for line in parts.history_] == [1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_the_user_s_own_networks_are_copied_trained_and_given_back(kind: type, tmp_path: Path):
    def pair() -> tuple[nn.Module, nn.Module]:
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(270, 3 * kind.code_multiplier))
        return encoder, nn.Sequential(nn.Linear(3, 270), nn.Unflatten(1, (3, 9, 10)))

    X, mine = pictures(), pair()
    before = mine[0][1].weight.clone()
    estimator = small(kind, network=mine).fit(X)
    assert torch.equal(mine[0][1].weight, before)
    assert estimator.transform(X).shape == (20, 3)
    estimator.save(tmp_path)
    with pytest.raises(InputError, match=r"network=\(Sequential\(...\), Sequential\(...\)\)\) for images \(3, 9, 10\)"):
        kind.load(tmp_path)
    np.testing.assert_array_equal(kind.load(tmp_path, network=pair()).transform(X), estimator.transform(X))


@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_of_the_user_s_own_is_not_saved_and_that_is_said(kind: type, tmp_path: Path):
    def darken(x: torch.Tensor, generator: torch.Generator, shared: bool = False) -> torch.Tensor:
        return x / 2

    X = pictures()
    estimator = small(kind, corruption=darken, out=tmp_path / "run").fit(X)
    with pytest.warns(UserWarning, match="corruption 'darken' of its caller, which is not saved"):
        plain = load(tmp_path / "run")
    assert plain.score(X) != estimator.score(X)
    assert load(tmp_path / "run", corruption=darken).score(X) == estimator.score(X)
    with pytest.raises(InputError, match="corruption of its own"):
        resume(tmp_path / "run", X)
    assert resume(tmp_path / "run", X, corruption=darken, epochs=3).history_[-1]["epoch"] == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "cnn"}, "unknown network 'cnn'"),
        ({"network": (1, 2)}, "pair of torch modules"),
        ({"latent_dim": 0}, "latent_dim"),
    ],
)
def test_a_network_that_cannot_be_is_one_clear_line(kind: type, options: dict, message: str):
    with pytest.raises(InputError, match=message) as caught:
        small(kind, **options).fit(pictures())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"corruption": "gausian:0.2"}, "did you mean"),
        ({"corruption": 3}, "corruption"),
        ({"epochs": 0}, "epochs"),
        ({"validation": 1.5}, "validation"),
        ({"random_state": "x"}, "random_state"),
        ({"random_state": -1}, "random_state"),
        ({"device": "gpu"}, "unknown device"),
        ({"hidden": (0,)}, "hidden"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_an_option_that_cannot_be_is_one_clear_line(kind: type, options: dict, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message) as caught:
        small(kind, **options, out=tmp_path / "run").fit(pictures(), labels(pictures()))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_few_constant_and_single_images_give_a_sensible_result(kind: type):
    for X in (pictures()[:1], pictures()[:2], np.full((6, 9, 9), 7, np.uint8), np.full((6, 3), 2.5)):
        estimator = small(kind).fit(X)
        assert np.isfinite(estimator.score(X))
        assert estimator.reconstruct(X).shape == X.shape
    with pytest.raises(ValueError, match=r"NaN|nan"):
        small(kind).fit(np.full((6, 9, 9), np.nan))


def test_a_wide_range_of_sizes_and_channels_trains_without_shapes_worked_out_by_hand():
    rng = np.random.default_rng(0)
    for height, width, channels in [
        (8, 8, 1),
        (8, 31, 4),
        (33, 9, 3),
        (17, 23, 2),
        (1, 1, 1),
        (5, 7, 1),
        (3, 40, 3),
    ]:
        X = rng.integers(0, 255, (6, channels, height, width), dtype=np.uint8)
        images = open_images(X, channels="first")
        for latent_dim in (3, None):
            if latent_dim is None and min(height, width) < 8:
                continue
            estimator = Autoencoder(latent_dim=latent_dim, epochs=1, random_state=0).fit(images)
            assert estimator.reconstruct(images).shape == X.shape


# restorers, which take pictures alone, and give pictures


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 2)


def restorer(**changed: object) -> Restorer:
    """Return a restorer that trains in milliseconds."""
    short = {"corruption": "downscale:2", "width": 4, "depth": 1, "epochs": 1, "augmentation": "crop:8,flips"}
    return Restorer(**{**short, "random_state": 0, "device": "cpu", **changed})


@pytest.mark.usefixtures("few_steps")
def test_a_restorer_survives_clone_joblib_and_a_model_folder(tmp_path: Path):
    X = pictures()
    estimator = restorer().fit(X)
    assert clone(estimator).get_params() == estimator.get_params()
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    for copy in (joblib.load(buffer), Restorer.load(estimator.save(tmp_path)), load(tmp_path)):
        np.testing.assert_array_equal(copy.restore(X), estimator.restore(X))


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("layout", ["NHW", "NHWC", "NCHW"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_restorer_gives_pictures_in_the_layout_the_units_and_the_dtype_of_what_went_in(layout: str, dtype: type):
    X = pictures(layout, dtype)
    made = restorer(corruption="gaussian:0.1").fit(X).restore(X)
    assert (made.shape, made.dtype) == (X.shape, X.dtype)


@pytest.mark.usefixtures("few_steps")
def test_equal_seeds_give_equal_restorers_and_no_global_random_state_is_touched():
    X = pictures()
    before = (np.random.get_state()[1].tolist(), torch.get_rng_state())
    one, two, other = (restorer(random_state=seed, corruption="gaussian:0.1").fit(X) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.restore(X), two.restore(X))
    assert one.evaluate(X) == two.evaluate(X)
    assert one.evaluate(X) != other.evaluate(X)
    assert np.random.get_state()[1].tolist() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_before_fit_every_use_of_a_restorer_says_so(tmp_path: Path):
    for use in ("restore", "restore_picture", "evaluate", "open"):
        with pytest.raises(NotFittedError):
            getattr(restorer(), use)(pictures())
    with pytest.raises(NotFittedError):
        restorer().save(tmp_path)


def test_a_restorer_refuses_tables_in_one_line():
    with pytest.raises(InputError, match="is a table of 12 columns; Restorer needs pictures"):
        restorer().fit(pictures("NF"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "residul"}, "did you mean 'residual'"),
        ({"corruption": "downscal:2"}, "did you mean 'downscale'"),
        ({"corruption": 3}, "corruption"),
        ({"loss": "l2"}, "loss"),
        ({"width": 0}, "width"),
        ({"augmentation": "crop:9"}, "crops of 9x9 pixels cannot be shrunk by 2"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_an_option_of_a_restorer_that_cannot_be_is_one_clear_line(options: dict, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message) as caught:
        restorer(**options, out=tmp_path / "run").fit(pictures())
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
