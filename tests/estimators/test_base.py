"""A fit that fails changes nothing, and one that is stopped leaves the best there is."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from latente import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder, load, resume
from latente.errors import Interrupted, LatenteError, TrainingError
from toys import difference

X = np.random.default_rng(0).random((40, 6))
LABELS = np.arange(40) % 3
COMMON: dict[str, Any] = {"hidden": (8, 4), "epochs": 3, "batch_size": 16, "random_state": 0, "device": "cpu"}


def weights(model: Any) -> dict[str, Any]:
    return {name: value.clone() for name, value in model.objective_.state_dict().items()}


REFUSED: dict[str, tuple[dict[str, Any], np.ndarray]] = {
    "an option out of range": ({"epochs": 0}, X),
    "an unknown name": ({"activation": "rule"}, X),
    "a seed out of range": ({"random_state": -1}, X),
    "a device that is not there": ({"device": "cuda:99"}, X),
    "NaN": ({}, np.full_like(X, np.nan)),
    "no images": ({}, X[:0]),
    "validation of another shape": ({"validation": X[:, :2]}, X),
    "images of another shape, and no start": ({"init": "nowhere"}, X[:, :3]),
    "a network that does not fit": ({"normalization": "layer", "hidden": (1,)}, X),
    "a folder that is full": ({"out": "."}, X[:, :4]),
    "a loss beyond all bounds": ({"learning_rate": 1e38, "optimizer": "sgd"}, X),
}


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder, StackedAutoencoderClassifier])
@pytest.mark.parametrize("reason", REFUSED)
def test_a_fit_that_fails_leaves_the_fitted_model_as_it_was(kind: type, reason: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(Path(__file__).parent)
    changed, images = REFUSED[reason]
    model = kind(**COMMON).fit(X, LABELS)
    model.set_params(**changed)
    before, learned, codes = dict(vars(model)), weights(model), model.encode(X)
    with pytest.raises((LatenteError, ValueError)):
        model.fit(images, LABELS[: len(images)])
    after = vars(model)
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
    assert difference(weights(model), learned) is None
    assert model.encode(X).tobytes() == codes.tobytes()


def test_a_partial_fit_that_is_refused_leaves_the_model_as_it_was():
    model = Autoencoder(**COMMON).partial_fit(X)
    before, learned = dict(vars(model)), weights(model)
    for images in (X[:, :3], np.full_like(X, np.nan)):
        with pytest.raises(ValueError):
            model.partial_fit(images)
    assert vars(model) == before
    assert difference(weights(model), learned) is None


@pytest.mark.parametrize("first", ["fit", "partial_fit"])
def test_a_partial_fit_that_fails_on_its_way_takes_its_steps_back(first: str):
    model, twin = (getattr(Autoencoder(**COMMON, dropout=0.2), first)(X) for _ in range(2))
    lines = list(model.history_)
    model.set_params(learning_rate=1e38)
    with pytest.raises(TrainingError):
        model.partial_fit(X)
    assert difference(weights(model), weights(twin)) is None
    assert model.history_ == lines
    model.set_params(learning_rate=1e-3).partial_fit(X)
    assert difference(weights(model), weights(twin.partial_fit(X))) is None


class PressesCtrlC:
    """A corruption in whose `call`-th call the user presses Ctrl-C."""

    def __init__(self, call: int) -> None:
        self.call, self.calls = call, 0

    def __call__(self, x: Any, generator: Any, shared: bool = False) -> Any:
        self.calls += 1
        if self.calls == self.call:
            os.kill(os.getpid(), signal.SIGINT)
        return x


def test_ctrl_c_leaves_the_model_of_the_best_epoch_and_says_of_which():
    whole = Autoencoder(**{**COMMON, "epochs": 1}, schedule="constant", validation=None).fit(X)
    options = {**COMMON, "epochs": 50, "schedule": "constant"}
    model = Autoencoder(**options, validation=None, corruption=PressesCtrlC(5))  # 3 steps an epoch
    with pytest.raises(Interrupted, match="stopped at epoch 2, step 5; the model is that of epoch 1"):
        model.fit(X)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert model.best_epoch_ == 1
    assert difference(weights(model), weights(whole)) is None
    assert model.sample(3, random_state=0).tobytes() == whole.sample(3, random_state=0).tobytes()
    assert not model.objective_.training


def test_ctrl_c_before_an_epoch_has_ended_leaves_the_model_as_it_was():
    model = Autoencoder(**COMMON).fit(X)
    before = dict(vars(model.set_params(corruption=PressesCtrlC(3))))  # the start is judged first
    with pytest.raises(Interrupted, match="stopped at epoch 1, step 2; there is no model yet"):
        model.fit(X)
    assert vars(model) == before


def test_ctrl_c_after_epochs_that_did_not_better_the_start_leaves_the_start():
    options = {**COMMON, "epochs": 50, "schedule": "constant", "learning_rate": 1e-9}
    model = Autoencoder(**options, corruption=PressesCtrlC(8))
    with pytest.raises(Interrupted, match="the model is its start, which no epoch bettered"):
        model.fit(X)
    assert model.best_epoch_ == 0
    start = Autoencoder(**options).initialise(X)
    assert difference(weights(model), weights(start)) is None
    assert model.sample(3, random_state=0).shape == X[:3].shape


def test_a_run_that_ctrl_c_stops_has_the_model_of_its_best_epoch_in_memory_and_on_disk(tmp_path: Path):
    corruption = PressesCtrlC(5)
    model = Autoencoder(**COMMON, validation=None, corruption=corruption, out=tmp_path / "run")
    with pytest.raises(Interrupted, match="the model is that of epoch 1: stopped and saved at epoch 2, step 5; go on"):
        model.fit(X)
    again = load(tmp_path / "run", corruption=corruption)
    assert difference(weights(again), weights(model)) is None
    assert again.sample(2, random_state=0).tobytes() == model.sample(2, random_state=0).tobytes()
    whole = Autoencoder(**COMMON, validation=None, corruption=corruption).fit(X)
    further = resume(tmp_path / "run", X, corruption=corruption)
    assert difference(weights(further), weights(whole)) is None


def test_ctrl_c_in_a_partial_fit_leaves_the_latest_step_from_which_the_next_one_goes_on():
    model = Autoencoder(**COMMON, corruption=PressesCtrlC(5)).partial_fit(X)
    with pytest.raises(Interrupted, match="stopped at step 5"):
        model.partial_fit(X)
    codes = model.encode(X)
    assert np.isfinite(codes).all()
    model.partial_fit(X)
    assert {line["epoch"] for line in model.history_} == {1, 2}
    assert not np.array_equal(model.encode(X), codes)


def test_ctrl_c_ends_a_search_too():
    search = GridSearchCV(Autoencoder(**COMMON, corruption=PressesCtrlC(9)), {"latent_dim": [1, 2]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X)


def test_a_program_s_own_answer_to_ctrl_c_stays(monkeypatch: pytest.MonkeyPatch):
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        model = Autoencoder(**COMMON, corruption=PressesCtrlC(2)).fit(X)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [signal.SIGINT]
    assert max(line["epoch"] for line in model.history_) == 3
