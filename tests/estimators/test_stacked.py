"""The stacked autoencoder as a classifier: its layers learn one by one and without labels, then all by the labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score
from torch import nn

from latente import InputError, ModelError, StackedAutoencoderClassifier, load, open_images, resume
from latente.corruptions import GaussianNoise
from latente.estimators import data
from latente.training import Run, TrainingOptions
from toys import difference, without_timings

NAMES = np.array(["corner", "middle", "edge"])
FROZEN = {"learning_rate": 1e-30, "epochs": 1}  # fine-tuning that moves no weight


def small(**changed: Any) -> StackedAutoencoderClassifier:
    options = {"hidden": (12, 8), "pretrain_epochs": 2, "epochs": 3, "random_state": 0, "device": "cpu"}
    return StackedAutoencoderClassifier(**{**options, **changed})


def pictures(n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of 6 x 6 with a bright square at one of three places, and which."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 60, (n, 6, 6), dtype=np.uint8), rng.integers(0, 3, n)
    for picture, label in zip(X, y, strict=True):
        row, column = ((0, 0), (2, 2), (4, 2))[label]
        picture[row : row + 2, column : column + 2] = rng.integers(120, 255, (2, 2))
    return X, y


def layers(model: StackedAutoencoderClassifier) -> list[nn.Linear]:
    return [module for module in model.objective_.encoder.modules() if isinstance(module, nn.Linear)]


# -- what it says


def test_it_learns_and_what_it_says_agrees_with_itself():
    (X, y), (test, truth) = pictures(), pictures(60, seed=1)
    model = small(epochs=20).fit(X, NAMES[y])
    np.testing.assert_array_equal(model.classes_, ["corner", "edge", "middle"])
    probabilities, scores, said = model.predict_proba(test), model.decision_function(test), model.predict(test)
    assert probabilities.shape == scores.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_array_equal(said, model.classes_[scores.argmax(1)])
    np.testing.assert_array_equal(said, model.classes_[probabilities.argmax(1)])
    assert model.score(test, NAMES[truth]) == accuracy_score(NAMES[truth], said) > 0.95
    assert model.transform(test).shape == (60, 8)


def test_of_two_classes_one_number_decides():
    X, y = pictures()
    model = small().fit(X, np.where(y == 0, 7, -7))
    scores = model.decision_function(X)
    np.testing.assert_array_equal(model.classes_, [-7, 7])
    np.testing.assert_array_equal(model.predict(X), np.where(scores > 0, 7, -7))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-scores)))


@pytest.mark.parametrize("y", [np.arange(12) % 3 + 0.5, np.zeros((12, 2)), np.arange(11) % 3, [None] * 12])
def test_labels_that_are_none_are_refused(y: Any):
    with pytest.raises(ValueError):
        small().fit(pictures(12)[0], y)


def test_one_class_and_no_labels_are_refused_by_name():
    X = pictures(12)[0]
    with pytest.raises(InputError, match="only one class, 5; a classifier needs two or more"):
        small().fit(X, np.full(12, 5))
    with pytest.raises(InputError, match="array has no labels of its own"):
        small().fit(X)
    with pytest.raises(InputError, match="no class at all"):
        small().fit(open_images(X, labels=np.full(12, -1)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": ()}, "hidden must name the width of at least one layer"),
        ({"pretrain_epochs": -1}, "pretrain_epochs"),
        ({"pretrain_epochs": 1.5}, "pretrain_epochs"),
        ({"pretrain_learning_rate": 0}, "pretrain_learning_rate"),
        ({"input_corruption": "mask:2"}, "corruption mask:2"),
        ({"input_corruption": 3}, "input_corruption"),
        ({"corruption": "blur:1"}, "blur:1.0 needs images"),  # the second layer gets codes
        ({"corruption": "flips:20"}, "an image of 12 pixels has fewer than 20"),
    ],
)
def test_an_option_that_cannot_be_leaves_no_run_behind(options: dict, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message):
        small(**options, out=tmp_path / "run").fit(*pictures(30))
    assert not (tmp_path / "run").exists()


# -- labels that the images bring, and images without


def test_images_bring_their_labels_and_those_without_take_part_in_pre_training_alone():
    X, y = pictures()
    known = np.where(np.arange(len(X)) < 40, y, -1)
    half = open_images(X, labels=known)
    options = {"validation": None, "batch_size": 10, "pretrain_epochs": 1}
    model = small(**options).fit(half)
    few = small(**options).fit(X[:40], y[:40])
    assert model.history_[-1]["step"] == few.history_[-1]["step"] == 3 * 40 / 10
    assert [log[-1]["step"] for log in model.pretraining_history_] == [8, 8]  # batches of 16 of all 120
    assert [log[-1]["step"] for log in few.pretraining_history_] == [3, 3]
    assert model.score(half) == accuracy_score(y[:40], model.predict(X[:40]))


def test_without_pre_training_images_without_labels_change_nothing():
    X, y = pictures()
    half = open_images(X, labels=np.where(np.arange(len(X)) < 40, y, -1))
    options = {"pretrain_epochs": 0, "validation": None}
    np.testing.assert_array_equal(
        small(**options).fit(half).predict_proba(X), small(**options).fit(X[:40], y[:40]).predict_proba(X)
    )


def test_labels_of_the_images_that_are_not_counted_from_0_come_back_as_they_are():
    X, y = pictures()
    model = small().fit(open_images(X, labels=y * 3 + 1))
    np.testing.assert_array_equal(model.classes_, [1, 4, 7])
    assert model.score(open_images(X, labels=y * 3 + 1)) == model.score(X, y * 3 + 1)
    with pytest.raises(InputError, match="no labels of its own"):
        model.score(X)


# -- pre-training


def test_each_layer_is_trained_on_those_below_which_it_leaves_as_they_are():
    X, y = pictures()
    one, two = (small(hidden=hidden, **FROZEN).fit(X, y) for hidden in ((12,), (12, 8)))
    assert torch.equal(layers(one)[0].weight, layers(two)[0].weight)
    untrained = small(pretrain_epochs=0, **FROZEN).fit(X, y)
    assert not torch.equal(layers(two)[0].weight, layers(untrained)[0].weight)
    assert not torch.equal(layers(two)[1].weight, layers(untrained)[1].weight)
    assert (len(two.pretraining_history_), untrained.pretraining_history_) == (2, [])


def test_pre_training_needs_no_labels_and_sees_no_held_out_image():
    X, y = pictures()
    one, two = (small(**FROZEN, validation=(X[:9], y[:9])).fit(X[9:], labels) for labels in (y[9:], y[9:][::-1]))
    for a, b in zip(layers(one), layers(two), strict=True):
        assert torch.equal(a.weight, b.weight)
    parts = data.split(open_images(X, labels=y), 0.1, 0, y)
    other = X.copy()
    other[parts.held_out_rows] = 255 - other[parts.held_out_rows]
    one, two = (small(**FROZEN, pretrain_epochs=1, patience=None).fit(images, y) for images in (X, other))
    for a, b in zip(layers(one), layers(two), strict=True):
        assert torch.equal(a.weight, b.weight)


@pytest.mark.parametrize(("activation", "losses"), [("relu", ("bce", "mse")), ("sigmoid", ("bce", "bce"))])
def test_the_denoising_loss_follows_the_data_and_falls(activation: str, losses: tuple[str, ...]):
    X, y = pictures()
    model = small(activation=activation, pretrain_epochs=30, pretrain_learning_rate=1e-2).fit(X, y)
    for log, loss in zip(model.pretraining_history_, losses, strict=True):
        values = [line[loss] for line in log if line["part"] == "train"]
        assert values[-1] < 0.9 * values[0]
    table = small(pretrain_epochs=1).fit(X.reshape(len(X), -1).astype(float), y)
    assert "mse" in table.pretraining_history_[0][0]


@pytest.mark.parametrize(("activation", "clipped"), [("relu", [True, False]), ("sigmoid", [True, True])])
def test_noise_is_clipped_only_where_values_have_bounds(
    activation: str, clipped: list[bool], monkeypatch: pytest.MonkeyPatch
):
    met: dict[int, bool] = {}
    add_noise = GaussianNoise.__call__

    def noted(self: GaussianNoise, x: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        met[x[0].numel()] = self.clip
        return add_noise(self, x, *rest, **named)

    monkeypatch.setattr(GaussianNoise, "__call__", noted)
    small(activation=activation, corruption="gaussian:0.1").fit(*pictures(40))
    assert [met[36], met[12]] == clipped


def test_fine_tuning_sees_the_input_corruption_and_predictions_do_not():
    X, y = pictures()
    plain, masked = (small(pretrain_epochs=0, input_corruption=name).fit(X, y) for name in (None, "mask:0.5"))
    assert not torch.equal(layers(plain)[0].weight, layers(masked)[0].weight)
    np.testing.assert_array_equal(masked.predict_proba(X), masked.predict_proba(X))
    assert masked.history_[-1]["accuracy"] == masked.score(X[held_out(X, y)], y[held_out(X, y)])


def held_out(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return data.split(open_images(X), 0.1, 0, y).held_out_rows


# -- what is held out


def test_each_class_gives_its_share_to_validation_and_a_class_of_one_image_gives_none():
    images = open_images(np.zeros((131, 2), np.float32))
    labels = np.array([0] * 80 + [1] * 40 + [2] * 10 + [3])
    for seed in range(5):
        parts = data.split(images, 0.1, seed, labels)
        assert np.bincount(labels[parts.held_out_rows], minlength=4).tolist() == [8, 4, 1, 0]
        assert sorted([*parts.rows, *parts.held_out_rows]) == list(range(131))
    assert not np.array_equal(parts.held_out_rows, data.split(images, 0.1, 0, labels).held_out_rows)
    unknown = np.where(np.arange(131) < 50, -1, labels)
    parts = data.split(images, 0.1, 0, unknown)
    assert min(*parts.rows, *parts.held_out_rows) == 50
    assert set(parts.visible_rows) == set(range(131)) - set(parts.held_out_rows)


def test_a_validation_set_has_labels_of_the_same_classes():
    (X, y), (other, truth) = pictures(), pictures(30, seed=1)
    model = small(validation=(other, NAMES[truth])).fit(X, NAMES[y])
    judged = next(line for line in reversed(model.history_) if line["epoch"] == model.best_epoch_)
    assert (judged["part"], judged["accuracy"]) == ("validation", model.score(other, NAMES[truth]))
    pair, images = (small(validation=given).fit(X, y) for given in ((other, truth), open_images(other, labels=truth)))
    np.testing.assert_array_equal(pair.predict_proba(other), images.predict_proba(other))
    with pytest.raises(InputError, match="holds the class 9, which the training images lack"):
        small(validation=(other, np.full(30, 9))).fit(X, y)
    with pytest.raises(InputError, match="has no labels"):
        small(validation=other).fit(X, y)


# -- on disk


@pytest.mark.parametrize("dtype", [str, object, np.int16, bool, float])
def test_classes_come_back_from_disk_as_they_were(dtype: type, tmp_path: Path):
    X, y = pictures(40)
    labels = NAMES[y].astype(dtype) if dtype in (str, object) else (y > 0).astype(dtype)
    model = small().fit(X, labels)
    loaded = load(model.save(tmp_path))
    assert loaded.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("classes", [None, 3, {"dtype": "<U3"}, {"dtype": "what", "values": ["a", "b"]}, {}])
def test_classes_that_are_none_are_refused(classes: Any, tmp_path: Path):
    file = small().fit(*pictures(40)).save(tmp_path) / "model" / "model.json"
    model = json.loads(file.read_text())
    model["fitted"]["classes_"] = classes
    file.write_text(json.dumps(model))
    with pytest.raises(ModelError, match="does not describe a model"):
        load(tmp_path)


def test_the_number_of_classes_and_of_weights_must_agree(tmp_path: Path):
    file = small().fit(*pictures(40)).save(tmp_path) / "model" / "model.json"
    model = json.loads(file.read_text())
    model["fitted"]["classes_"]["values"].append(3)
    file.write_text(json.dumps(model))
    with pytest.raises(ModelError, match=r"head.bias has shape \(3,\) in the file, but the model needs \(4,\)"):
        load(tmp_path)


def test_an_augmentation_of_the_user_s_own_is_given_back_by_its_option(tmp_path: Path):
    def darken(x: torch.Tensor, generator: torch.Generator, shared: bool = False) -> torch.Tensor:
        return x / 2

    X, y = pictures(40)
    model = small(input_corruption=darken, out=tmp_path / "run").fit(X, y)
    with pytest.warns(UserWarning, match="input_corruption 'darken' of its caller, which is not saved"):
        assert load(tmp_path / "run").input_corruption is None
    loaded = load(tmp_path / "run", input_corruption=darken)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    with pytest.raises(InputError, match=r"give resume\(..., input_corruption=...\)"):
        resume(tmp_path / "run", X, y)
    assert resume(tmp_path / "run", X, y, input_corruption=darken, epochs=4).history_[-1]["epoch"] == 4
    with pytest.raises(InputError, match="no 'network' can be given back"):
        load(tmp_path / "run", network=(nn.Identity(), nn.Identity()))


def test_a_start_from_another_run_takes_its_weights_in_place_of_pre_training(tmp_path: Path):
    X, y = pictures(40)
    first = small().fit(X, y)
    second = small(init=first.save(tmp_path), **FROZEN).fit(X, y)
    assert second.pretraining_history_ == []
    np.testing.assert_array_equal(second.predict_proba(X), first.predict_proba(X))


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_one_pre_training_serves_any_number_of_fits(normalization: str | None, tmp_path: Path):
    X, y = pictures()
    options = {"normalization": normalization, "validation": None, "batch_size": 16}
    known = np.where(np.arange(len(X)) < 40, y, -1)
    at_once = small(**options).fit(open_images(X, labels=known))
    small(**options, epochs=1, out=tmp_path).fit(X, y)
    once_more = small(**options, init=tmp_path / "pretraining").fit(X[:40], y[:40])
    assert once_more.pretraining_history_ == []
    np.testing.assert_array_equal(once_more.predict_proba(X), at_once.predict_proba(X))
    untouched = load(tmp_path / "pretraining")
    assert not np.array_equal(untouched.transform(X), load(tmp_path).transform(X))


@pytest.fixture
def power_cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], type[BaseException]]:
    """Let training end without notice at its n-th step from now, over all layers."""

    class PowerCut(BaseException): ...

    def at(step: int) -> type[BaseException]:
        rate, passed = TrainingOptions.rate, iter(range(1, 10**9))

        def watched(self: TrainingOptions, now: int, steps: int) -> float:
            if next(passed) == step:
                monkeypatch.setattr(TrainingOptions, "rate", rate)
                raise PowerCut
            return rate(self, now, steps)

        monkeypatch.setattr(TrainingOptions, "rate", watched)
        return PowerCut

    return at


@pytest.mark.parametrize("source", ["array", "images"])
def test_cut_off_in_a_layer_and_in_fine_tuning_it_resumes_as_if_nothing_had_happened(
    source: str, tmp_path: Path, power_cut: Any
):
    X, y = pictures(60)
    images = (X, y) if source == "array" else (open_images(X, labels=np.where(np.arange(60) < 40, y + 3, -1)),)
    pace = {"batch_size": 16, "checkpoint_every": 2, "log_every": 1, "dropout": 0.2, "input_corruption": "mask:0.1"}
    whole = small(**pace, out=tmp_path / "whole").fit(*images)
    run = tmp_path / "parts"
    with pytest.raises(power_cut(6)):  # within the first layer
        small(**pace, out=run).fit(*images)
    for step in (7, 12):  # within the second layer, then in fine-tuning
        with pytest.raises(power_cut(step)):
            resume(run, *images)
    parts = resume(run, *images)
    folders = ["pretraining/layer-1", "pretraining/layer-2", ""]
    for a, b in ((Run(tmp_path / "whole" / name), Run(run / name)) for name in folders):
        assert without_timings(a.lines()) == without_timings(b.lines())
        assert difference(*({**r.checkpoint(), "metrics_size": 0} for r in (a, b))) is None
    assert parts.pretraining_history_ == [Run(run / name).lines() for name in folders[:2]]
    assert [len(log) for log in parts.pretraining_history_] == [len(log) for log in whole.pretraining_history_]
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
    np.testing.assert_array_equal(load(run).predict_proba(X), whole.predict_proba(X))
    with pytest.raises(InputError, match="is not the set"):
        resume(run, *((X, 2 - y) if source == "array" else (open_images(X, labels=y),)))
