"""The classifier learns the labels that images bring, by a network of plain options or of its caller's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score
from torch import nn

from latente import ImageClassifier, InputError, ModelError, load, open_images, resume

NAMES = np.array(["corner", "middle", "edge"])


def small(**changed: Any) -> ImageClassifier:
    options = {"hidden": (6,), "dense": (8,), "epochs": 4, "random_state": 0, "device": "cpu"}
    return ImageClassifier(**{**options, **changed})


def pictures(n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of 9 x 9 with a bright square at one of three places, and which."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 60, (n, 9, 9), dtype=np.uint8), rng.integers(0, 3, n)
    for picture, label in zip(X, y, strict=True):
        row, column = ((0, 0), (3, 3), (6, 3))[label]
        picture[row : row + 3, column : column + 3] = rng.integers(120, 255, (3, 3))
    return X, y


@pytest.mark.parametrize("options", [{}, {"network": "dense", "hidden": (32, 8), "dense": None, "dropout": 0.0}])
def test_it_learns_and_what_it_says_agrees_with_itself(options: dict) -> None:
    (X, y), (test, truth) = pictures(), pictures(60, seed=1)
    model = small(epochs=15, **options).fit(X, NAMES[y])
    probabilities, scores, said = model.predict_proba(test), model.decision_function(test), model.predict(test)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_array_equal(said, model.classes_[scores.argmax(1)])
    assert model.score(test, NAMES[truth]) == accuracy_score(NAMES[truth], said) > 0.95
    assert model.transform(test).shape == (60, 8)
    assert [row.name.split(".")[0] for row in model.layers()][-1] == "head"


def test_dense_layers_alone_serve_tables_and_pictures_too_small_for_convolutions() -> None:
    X, y = pictures()
    for images in (X.reshape(120, -1), X[:, 1:8, 1:8]):
        model = ImageClassifier(epochs=1, random_state=0).fit(images, y)
        assert [module for module in model.objective_.modules() if isinstance(module, nn.Conv2d)] == []
        assert model.resolved_options()["hidden"] == [512, 256]


def test_what_was_left_open_is_told_as_it_was_settled() -> None:
    options = small(hidden=None, dense=None).initialise(*pictures()).resolved_options()
    assert {name: options[name] for name in ("network", "hidden", "dense")} == {
        "network": "conv",
        "hidden": [32, 64],
        "dense": [128],
    }


def test_a_caller_s_own_network_is_copied_trained_and_given_back(tmp_path: Path) -> None:
    X, y = pictures()
    own = nn.Sequential(nn.Flatten(), nn.Linear(81, 5), nn.Tanh())
    before = own[1].weight.clone()
    model = small(network=own, out=tmp_path / "run").fit(X, y)
    assert torch.equal(own[1].weight, before)
    assert model.transform(X).shape == (120, 5)
    with pytest.raises(ModelError, match=r"give load\(..., network=...\) for images \(1, 9, 9\), codes \(5,\)"):
        load(tmp_path / "run")
    np.testing.assert_array_equal(load(tmp_path / "run", network=own).predict(X), model.predict(X))
    assert resume(tmp_path / "run", X, y, network=own, epochs=5).history_[-1]["epoch"] == 5


def test_training_sees_worse_images_and_what_is_judged_is_as_it_is() -> None:
    X, y = pictures()
    plain, worse = (small(epochs=1, corruption=corruption).fit(X, y) for corruption in (None, "mask:0.5"))
    assert not np.array_equal(plain.predict_proba(X), worse.predict_proba(X))
    np.testing.assert_array_equal(worse.predict_proba(X), worse.predict_proba(X))


def test_images_whose_label_is_unknown_change_nothing() -> None:
    X, y = pictures()
    half = open_images(X, labels=np.where(np.arange(len(X)) < 40, y, -1))
    options = {"validation": None}
    np.testing.assert_array_equal(
        small(**options).fit(half).predict_proba(X), small(**options).fit(X[:40], y[:40]).predict_proba(X)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "dense"}, "dense has no meaning for network='dense'"),
        ({"network": (nn.Linear(1, 1), nn.Linear(1, 1))}, "network is 'auto', 'dense', 'conv', or a torch module"),
        ({"network": nn.Conv2d(1, 2, 3)}, r"Conv2d returns \(2, 7, 7\) per image; end it with nn.Flatten"),
        ({"network": nn.Linear(5, 2)}, "the encoder Linear cannot take images"),
        ({"kernel_size": (3, 3)}, "is for 2 levels, and hidden has 1"),
        ({"kernel_size": 3}, "kernel_size must be several numbers"),
        ({"dense": (0,)}, "dense"),
        ({"hidden": ()}, "hidden"),
        ({"corruption": "flips:200"}, "has fewer than 200"),
    ],
)
def test_an_option_that_cannot_be_leaves_no_run_behind(options: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        small(**options, out=tmp_path / "run").fit(*pictures(30))
    assert not (tmp_path / "run").exists()
