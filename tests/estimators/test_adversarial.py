"""The GAN as an estimator: it learns a set, makes what is asked for, comes back as it was, and refuses in one line."""

from __future__ import annotations

import copy
import io
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import nn

from latente import GAN, InputError, load, open_images
from latente.estimators import adversarial
from latente.images import Images


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adversarial, "FEWEST_STEPS", 8)


def pictures(*shape: int, count: int = 48, dtype: type = np.uint8) -> np.ndarray:
    """Return images, each of a random tone all over."""
    tones = np.random.default_rng(0).integers(40, 216, (count, *[1] * len(shape)))
    return np.broadcast_to(tones, (count, *shape)).astype(dtype)


def small(**changed: object) -> GAN:
    options = {"hidden": (4,), "latent_dim": 3, "epochs": 2, "batch_size": 16, "random_state": 0, "device": "cpu"}
    return GAN(**{**options, **changed})


def labelled() -> Images:
    """Return dark images of the class 0 and bright ones of the class 1."""
    rng = np.random.default_rng(0)
    labels = np.arange(128) % 2
    pixels = np.where(labels, 200, 40)[:, None, None] + rng.integers(-30, 30, (128, 1, 1))
    return open_images(np.broadcast_to(pixels, (128, 8, 8)).astype(np.uint8), labels=labels)


def test_new_images_come_to_be_as_the_real_ones_are_and_the_best_epoch_is_when_they_are_nearest() -> None:
    real = open_images("digits")
    model = small(hidden=(32,), epochs=9, batch_size=32, learning_rate=2e-3, latent_dim=16).fit(real)
    judged = {line["epoch"]: line["objective"] for line in model.history_ if line["part"] == "validation"}
    assert list(judged) == list(range(1, 10))
    assert model.best_epoch_ == min(judged, key=lambda epoch: judged[epoch])
    assert judged[model.best_epoch_] < judged[1] / 2
    made = model.sample(500, random_state=1).astype(float)
    assert made.std(0).mean() == pytest.approx(real.pixels.std(0).mean(), rel=0.2)
    figures = model.evaluate(real)
    assert figures["frechet_distance"] < 0.5
    assert figures["recall"] > 0.1


@pytest.mark.parametrize("shape", [(9, 12), (16, 11, 3), (8, 8, 4), (5, 7), (33, 8)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_any_size_channels_and_dtype_come_out_as_they_went_in(shape: tuple[int, ...], dtype: type) -> None:
    X = pictures(*shape, dtype=dtype)
    model = small().fit(X)
    made = model.sample(3, random_state=0)
    assert (made.shape, made.dtype) == ((3, *shape), X.dtype)
    assert model.decode(model.encode(X[:2])).shape == (2, *shape)
    assert model.interpolate(X[:2], X[2:4], steps=4).shape == (2, 4, *shape)
    assert model.score_samples(X).shape == (len(X),)


def test_a_class_is_asked_for_by_number_or_by_name() -> None:
    model = small(conditional=True, hidden=(16,), epochs=40, learning_rate=2e-3).fit(labelled())
    for label, dark in ((0, True), ("0", True), (1, False), ("1", False)):
        made = model.sample(32, random_state=0, labels=label)
        assert ((made.mean((1, 2)) < 120) == dark).mean() > 0.9, label
    each = model.sample(4, random_state=0, labels=[0, 1, 1, 0]).mean((1, 2))
    np.testing.assert_array_equal(each < 120, [True, False, False, True])
    assert model.encode(labelled().take(slice(3))).shape == (3, 5)


def test_a_shorter_latent_gives_images_that_differ_less() -> None:
    model = small(epochs=10).fit(pictures(8, 8))
    spreads = [model.sample(64, random_state=0, truncation=factor).std(0).mean() for factor in (1.0, 0.5, 0.0)]
    assert spreads[0] > spreads[1] > spreads[2] == 0


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "wasserstein"},
        {"loss": "hinge", "critic_normalization": "spectral", "normalization": "batch"},
        {"loss": "relativistic", "r2": 1.0, "critic_normalization": "layer"},
        {"loss": "least-squares", "critic_augmentation": None, "critic_dropout": 0.3},
        {"conditional": True},
        {"network": "dense"},
    ],
)
def test_a_model_comes_back_from_its_folder_bit_for_bit(tmp_path: Path, options: dict[str, object]) -> None:
    images = labelled()
    model = small(**options, out=tmp_path / "run").fit(images)
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    assert clone(model).get_params() == model.get_params()
    for again in (load(tmp_path / "run"), joblib.load(buffer)):
        np.testing.assert_array_equal(again.sample(5, random_state=3), model.sample(5, random_state=3))
        np.testing.assert_array_equal(again.score_samples(images), model.score_samples(images))
        assert again.evaluate(images) == model.evaluate(images)


def test_evaluate_compares_crowds_and_real_images_are_nearer_than_made_ones() -> None:
    real = open_images("digits").pixels[:200]
    figures = small().fit(real).evaluate(real)
    assert figures["count"] == 200
    assert set(figures) == {"count", "frechet_distance", "precision", "recall", "density", "coverage"}
    assert figures["frechet_distance"] > 0.5
    assert "precision" not in small().fit(real).evaluate(real[:4])


def test_the_published_networks_are_reached_by_plain_options() -> None:
    options = {"latent_dim": 100, "hidden": (64, 128, 256), "critic_hidden": (64, 128), "kernel_size": 5}
    options |= {"stride": (2, 2, 1), "normalization": "batch", "critic_dropout": 0.3, "slope": 0.3, "r1": 0}
    model = GAN(**options, epochs=1, random_state=0, device="cpu").initialise(pictures(28, 28))
    shapes = [tuple(p.shape) for p in model.objective_.generator.parameters() if p.ndim > 1]
    assert shapes == [(12544, 100), (256, 128, 5, 5), (128, 64, 5, 5), (64, 1, 5, 5)]
    shapes = [tuple(p.shape) for p in model.objective_.critic.parameters() if p.ndim > 1]
    assert shapes == [(64, 1, 5, 5), (128, 64, 5, 5), (1, 6272)]
    assert len([module for module in model.objective_.critic.modules() if isinstance(module, nn.Dropout)]) == 2


def test_networks_of_one_s_own_serve_and_stay_as_they_were(tmp_path: Path) -> None:
    generator = nn.Sequential(nn.Linear(3, 64), nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8)))
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    before = copy.deepcopy(generator.state_dict())
    model = small(network=(generator, critic), out=tmp_path / "run").fit(pictures(8, 8))
    assert all((value == before[name]).all() for name, value in generator.state_dict().items())
    again = load(tmp_path / "run", network=(generator, critic))
    np.testing.assert_array_equal(again.sample(2, random_state=0), model.sample(2, random_state=0))
    with pytest.raises(InputError, match=r"the critic Sequential makes 2 of 1x8x8; this model needs 1"):
        small(network=(generator, nn.Sequential(nn.Flatten(), nn.Linear(64, 2)))).fit(pictures(8, 8))
    with pytest.raises(InputError, match="the generator Linear cannot take 3"):
        small(network=(nn.Linear(2, 2), critic)).fit(pictures(8, 8))


def test_few_images_are_changed_before_the_critic_sees_them_and_many_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(small().fit(pictures(8, 8)).objective_.augmentation) == "tones,shift:1,cutout:0.5"
    monkeypatch.setattr(adversarial, "SMALL", 10)
    assert small().fit(pictures(8, 8)).objective_.augmentation is None


def test_of_few_images_an_epoch_is_so_many_steps_and_a_training_has_as_many_as_others() -> None:
    model = small(epochs=None, batch_size=None)
    model.epochs = 3
    assert [line["step"] for line in model.fit(pictures(8, 8)).history_ if line["part"] == "train"] == [8, 16, 24]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conditional": True}, "has no labels to learn classes by: leave conditional out"),
        ({"optimizer": "lbfgs"}, "optimizer 'lbfgs'"),
        ({"critic_augmentation": "crop:4"}, "critic_augmentation cannot crop"),
        ({"stride": (2, 2, 2)}, "stride"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"hidden": (4, 4, 4, 4, 4)}, "hidden has 5 levels"),
        ({"loss": "wassertein"}, "wasserstein"),
        ({"network": nn.Linear(1, 1)}, "pair of torch modules"),
    ],
)
def test_what_cannot_be_is_one_line_that_names_the_option(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as told:
        small(**options).fit(pictures(8, 8))
    assert "\n" not in str(told.value)


def test_samples_that_cannot_be_are_refused() -> None:
    model, classed = small().fit(pictures(8, 8)), small(conditional=True).fit(labelled())
    for ask, message in (
        (lambda: model.sample(2, labels=1), "knows no classes"),
        (lambda: model.sample(2, truncation=1.5), "truncation must lie between 0 and 1"),
        (lambda: classed.sample(2, labels="dusk"), "there is no class 'dusk'; there are 0, 1"),
        (lambda: classed.sample(3, labels=[0, 1]), "holds 2 classes for 3 images"),
        (lambda: model.evaluate(pictures(8, 8)[:1]), "one image"),
    ):
        with pytest.raises(InputError, match=message):
            ask()


def test_before_fit_every_use_says_so_and_tables_are_refused(tmp_path: Path) -> None:
    for use in ("sample", "score_samples", "encode", "evaluate", "save"):
        with pytest.raises(NotFittedError):
            getattr(small(), use)(tmp_path if use == "save" else 3 if use == "sample" else pictures(8, 8))
    with pytest.raises(InputError, match="is a table of 12 columns; GAN needs pictures"):
        small().fit(np.zeros((20, 12)))


def test_no_method_touches_the_global_random_state_and_equal_seeds_give_equal_models() -> None:
    X = pictures(8, 8)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state()
    one, two, other = (small(critic_dropout=0.2, random_state=seed).fit(X) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.sample(4, random_state=1), two.sample(4, random_state=1))
    assert not np.array_equal(one.sample(4, random_state=1), other.sample(4, random_state=1))
    np.testing.assert_array_equal(one.encode(X[:3]), two.encode(X[:3]))
    assert np.random.get_state()[1].tolist() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_images_without_a_label_are_counted() -> None:
    images = labelled()
    images.columns["label"][:3] = -1
    with pytest.raises(InputError, match=r"3 images of .* have no label"):
        small(conditional=True).fit(images)
