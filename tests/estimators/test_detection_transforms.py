"""What teaches itself on normal pictures finds what is turned or damaged, and comes back from disk the same."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest

from latente import AnomalyDetector, InputError, Interrupted, load, open_images, resume
from latente.estimators import detection, telling
from latente.export import onnx_bytes
from latente.objectives import TransformsObjective
from latente.training import TrainingState
from latente.training.listeners import Audience

pytestmark = pytest.mark.filterwarnings("ignore:alpha=")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "EPOCHS", 2)
    monkeypatch.setattr(telling, "BATCH", 32)
    monkeypatch.setattr(TransformsObjective, "epoch_steps", 20)


def pictures(count: int = 60, seed: int = 0, side: int = 12) -> np.ndarray:
    """Return pictures (N, 14, side), a little noisy, bright in the upper left and half as bright to the right of it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(20, 4, (count, 14, side))
    X[:, 2:7, 1:4] += rng.integers(150, 200, (count, 1, 1))
    X[:, 2:4, 4:9] += rng.integers(60, 100, (count, 1, 1))
    return X.clip(0, 255).astype(np.uint8)


def detector(**options: object) -> AnomalyDetector:
    return AnomalyDetector(**{"method": "transforms", "random_state": 0, "device": "cpu", **options})


@pytest.mark.parametrize("features", ["auto", "pixels"])
def test_what_is_turned_or_damaged_is_found(features: str) -> None:
    model, normal = detector(features=features).fit(pictures(80, side=14)), pictures(40, 2, side=14)
    damaged = pictures(10, 3, side=14)
    damaged[:, 9:, 9:] = 200
    for odd in (np.rot90(pictures(20, 3, side=14), 2, (1, 2)), damaged):
        assert model.score_samples(odd).max() < np.quantile(model.score_samples(normal), 0.1)
        assert (model.predict(odd) == -1).mean() > 0.9
    if features == "auto":
        assert (model.features_, model.has_maps()) == ("orientations", True)
        maps = model.anomaly_map(damaged)
        assert maps[:, 9:, 9:].mean() > 2 * maps[:, :7, :4].mean()
    else:
        assert list(model.objective_.judges) == ["views"]
        with pytest.raises(InputError, match="say nothing of where: there is no map"):
            model.anomaly_map(damaged)


def test_a_fifth_is_kept_from_it_and_alone_sets_the_threshold_but_500_images_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, groups = pictures(60), np.repeat(np.arange(20), 3)
    model = detector(validation=None, groups=groups, alpha=0.2).fit(X)
    assert (len(model.left_out_), len(model.own_)) == (12, 60)
    # in batches of other sizes some processors sum up in another order
    kept = np.isclose(-model.score_samples(X)[:, None], model.left_out_, atol=1e-3).any(1)
    assert {tuple(part) for part in kept.reshape(20, 3).tolist()} == {(True,) * 3, (False,) * 3}
    assert model.threshold_ == np.sort(model.left_out_)[10]  # the ceil(13 * 0.8)-th
    monkeypatch.setattr(detection, "MOST_ASIDE", 6)
    assert len(detector(validation=None).fit(X).left_out_) == 6
    with pytest.raises(InputError, match="all images are of one group"):
        detector(validation=None, groups=np.zeros(60)).fit(X)


def test_it_survives_joblib_and_a_model_folder_and_is_told(tmp_path: Path) -> None:
    X, odd = pictures(60), pictures(9, 4)[:, ::-1]
    model = detector().fit(X)
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    for copy in (joblib.load(buffer), load(model.save(tmp_path)), detector().fit(X)):
        np.testing.assert_array_equal(copy.score_samples(odd), model.score_samples(odd))
        np.testing.assert_array_equal(copy.anomaly_map(odd), model.anomaly_map(odd))
        assert copy.threshold_ == model.threshold_
    learned = sum(parameter.numel() for parameter in model.objective_.judges["views"].describe.network.parameters())
    assert model.parameter_count() == learned
    assert sum(layer.parameters for layer in model.layers()) == learned - 10 * 128 - 10  # but those of its head
    assert (model.history_[-1]["step"], model.best_epoch_) == (40, 2)
    plan = detector().plan(X)
    assert plan["options"]["method"] == "transforms"
    assert plan["seconds_estimate"] > 0
    with pytest.raises(InputError, match="has a network of its own in between, which ONNX cannot"):
        onnx_bytes(model, "detector")


class Stops:
    """Asks a training to stop, as a machine that is shut down does, at a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def started(self, state: TrainingState, steps_per_epoch: int, steps: int) -> None: ...
    def logged(self, line: object) -> None: ...
    def epoch_ended(self, state: TrainingState, is_best: bool) -> None: ...
    def stopped(self) -> None: ...

    def stepped(self, state: TrainingState) -> None:
        if state.step == self.step:
            signal.raise_signal(signal.SIGTERM)


def test_a_run_that_was_stopped_is_gone_on_with_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "set.npy", pictures(60))
    whole, odd = detector(out=tmp_path / "whole").fit(tmp_path / "set.npy"), pictures(9, 4)[:, ::-1]
    with monkeypatch.context() as patch:
        patch.setattr(Audience, "SECONDS_BETWEEN_STEPS", 0)
        patch.setattr(detection, "bars", lambda verbose: [Stops(9)])
        with pytest.raises(Interrupted, match="there is no model yet"):
            detector(out=tmp_path / "run").fit(tmp_path / "set.npy")
        patch.setattr(detection, "bars", lambda verbose: [Stops(30)])
        with pytest.raises(Interrupted, match="the model is that of epoch 1"):
            resume(tmp_path / "run")
    assert np.isfinite(load(tmp_path / "run").score_samples(odd)).all()
    again = resume(tmp_path / "run")
    np.testing.assert_array_equal(again.score_samples(odd), whole.score_samples(odd))
    np.testing.assert_array_equal(again.left_out_, whole.left_out_)
    np.testing.assert_array_equal(load(tmp_path / "run").score_samples(odd), whole.score_samples(odd))
    np.testing.assert_array_equal(resume(tmp_path / "run").score_samples(odd), whole.score_samples(odd))


def test_large_pictures_are_looked_at_reduced_and_contrast_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TransformsObjective, "epoch_steps", 2)
    large = np.repeat(np.repeat(pictures(12, side=14), 7, 1), 7, 2)
    model = detector(features="pixels", contrast=31).fit(large)
    assert model.layers()[0].output[1:] == (1, 98, 98)
    assert model.layers()[1].output[1:] == (1, 64, 64)
    brighter = np.clip(large.astype(int) + 30, 0, 255).astype(np.uint8)
    far = detector(features="pixels").fit(large).score_samples(brighter)
    assert (model.score_samples(brighter) > far).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "windows"}, "does not go with features='windows'; take orientations or pixels"),
        ({"features": "embedded"}, "does not go with features='embedded'; take orientations or pixels"),
    ],
)
def test_features_that_do_not_go_with_it_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        detector(**options).fit(pictures())


def test_images_that_it_cannot_learn_from_are_one_clear_line() -> None:
    sizes = open_images([picture[: 14 - k % 3] for k, picture in enumerate(pictures(20))], size="keep")
    for X, message in (
        (sizes, "method='transforms' looks at pictures of one size: give size=64"),
        (pictures()[:, :6], "is for pictures of 8x8 pixels or more"),
        (pictures()[:, 0], "is for pictures of 8x8 pixels or more"),
        (pictures(10), "takes 10 normal images at least, and there are 9"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            detector().fit(X)
        assert "\n" not in str(caught.value)
