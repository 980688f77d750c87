"""What a detector sees through an autoencoder is that one's own error, of images that it has not learned from."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from latente import (
    AnomalyDetector,
    Autoencoder,
    InputError,
    Interrupted,
    ModelError,
    VariationalAutoencoder,
    load,
    open_images,
    resume,
)
from latente.normality import Gaussian
from toys import bright_squares

TINY = {"epochs": 1, "latent_dim": 4, "hidden": (8,), "random_state": 0, "device": "cpu"}
# a trained one is judged by a fifth of these images, and of one in memory nobody knows what it has seen
pytestmark = pytest.mark.filterwarnings("ignore:alpha=", "ignore:nobody knows")


def damaged(count: int = 20, seed: int = 1) -> np.ndarray:
    """Return the same with a bright corner."""
    X = bright_squares(count, seed)
    X[:, :4, 10:] = 200
    return X


def detector(**options: object) -> AnomalyDetector:
    return AnomalyDetector(**{"method": "reconstruction", "random_state": 0, "device": "cpu", **options})


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return Autoencoder(**TINY).fit(bright_squares(80, seed=8))


def numbers(model: AnomalyDetector, X: np.ndarray, name: str = "pixels") -> np.ndarray:
    """Return what a judge says of pictures, before it is brought onto a scale."""
    with torch.no_grad():
        return model.objective_.judges[name](torch.from_numpy(X[:, None] / np.float32(255))).numpy()[:, 0]


def test_a_score_goes_by_the_model_s_own_squared_error_of_each_picture(autoencoder: Autoencoder) -> None:
    model, X = (
        detector(autoencoder=autoencoder).fit(bright_squares()),
        np.concatenate([bright_squares(20, 2), damaged()]),
    )
    errors = np.square((X - autoencoder.reconstruct(X).astype(np.float32)) / 255).sum((1, 2))
    measured = -autoencoder.score_samples(X) * X[0].size
    np.testing.assert_allclose(numbers(model, X), measured, rtol=1e-4)
    np.testing.assert_allclose(measured, errors, rtol=0.05)  # which are rounded to whole levels
    np.testing.assert_array_equal(np.argsort(model.score_samples(X)), np.argsort(-numbers(model, X)))
    assert model.score_samples(X)[20:].max() < model.score_samples(X)[:20].min()


def test_its_map_is_the_error_of_each_pixel(autoencoder: Autoencoder) -> None:
    model, odd = detector(autoencoder=autoencoder).fit(bright_squares()), damaged(3)
    outputs = autoencoder.outputs(odd)
    errors = np.square(outputs["images"] - outputs["reconstructions"])[:, 0]
    maps = model.anomaly_map(odd)
    np.testing.assert_allclose(maps / maps.mean(), errors / errors.mean(), rtol=1e-3, atol=1e-4)


def test_codes_beside_orientations_are_judged_by_the_method(autoencoder: Autoencoder) -> None:
    X = bright_squares()
    model = detector(method="gaussian", features="embedded", autoencoder=autoencoder, validation=None).fit(X)
    assert list(model.objective_.judges) == ["coarse", "fine", "codes"]
    gaussian = Gaussian()
    gaussian.learn(torch.from_numpy(autoencoder.transform(X)), np.arange(len(X)))
    expected = gaussian(torch.from_numpy(autoencoder.transform(damaged())))
    np.testing.assert_allclose(numbers(model, damaged(), "codes"), expected.numpy(), rtol=1e-3)
    assert (model.predict(damaged()) == -1).all()
    assert model.anomaly_map(damaged(2)).shape == (2, 16, 14)  # of what has places


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
@pytest.mark.parametrize("features", ["pixels", "windows", "embedded"])
def test_a_saved_model_is_one_folder_that_loads_alone(kind: type, features: str, tmp_path: Path) -> None:
    np.save(tmp_path / "others.npy", bright_squares(40, seed=8))
    kind(**TINY, out=tmp_path / "run").fit(tmp_path / "others.npy")
    method = "auto" if features == "embedded" else "reconstruction"
    model = detector(method=method, features=features, autoencoder=str(tmp_path / "run")).fit(bright_squares())
    shutil.rmtree(tmp_path / "run")
    model.save(tmp_path / "saved")
    names = sorted(path.name for path in (tmp_path / "saved").rglob("*") if path.is_file())
    assert names == ["model.json", next(name for name in names if name.endswith(".safetensors"))]
    again, X = load(tmp_path / "saved"), damaged(5)
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
    np.testing.assert_array_equal(again.anomaly_map(X), model.anomaly_map(X))
    np.testing.assert_array_equal(again.autoencoder_.reconstruct(X), model.autoencoder_.reconstruct(X))
    assert again.threshold_ == model.threshold_
    np.testing.assert_array_equal(load(again.save(tmp_path / "twice")).score_samples(X), model.score_samples(X))


def test_one_that_is_trained_here_is_kept_from_a_fifth_that_alone_sets_the_threshold(tmp_path: Path) -> None:
    X, groups = bright_squares(50), np.repeat(np.arange(10), 5)
    model = detector(autoencoder=Autoencoder(**TINY), validation=None, groups=groups).fit(X)
    assert (len(model.left_out_), len(model.own_)) == (10, 50)
    scores = -model.score_samples(X)
    kept_back = np.isin(scores.astype(np.float32), model.left_out_)
    assert {tuple(part) for part in kept_back.reshape(10, 5).tolist()} == {(True,) * 5, (False,) * 5}
    learned = Autoencoder(**TINY, validation=open_images(X[kept_back])).fit(X[~kept_back])
    np.testing.assert_array_equal(model.autoencoder_.reconstruct(X), learned.reconstruct(X))
    assert (model.history_, model.best_epoch_) == (model.autoencoder_.history_, model.autoencoder_.best_epoch_)
    again = load(model.save(tmp_path))
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
    with pytest.raises(InputError, match="all images are of one group"):
        detector(autoencoder=Autoencoder(**TINY), validation=None, groups=np.zeros(50)).fit(X)


def test_within_a_run_it_has_a_folder_of_its_own_and_is_gone_on_with(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", bright_squares(50))
    begun = Autoencoder(**{**TINY, "epochs": 3})
    model = detector(autoencoder=begun, out=tmp_path / "run").fit(tmp_path / "set.npy")
    log = tmp_path / "run/autoencoder/metrics.jsonl"
    lines = log.read_text()
    (tmp_path / "run/model/model.json").unlink()
    again = resume(tmp_path / "run", autoencoder=begun)
    assert log.read_text() == lines  # it had ended
    np.testing.assert_array_equal(again.left_out_, model.left_out_)
    np.testing.assert_array_equal(load(tmp_path / "run").score_samples(damaged()), model.score_samples(damaged()))


def test_of_the_set_that_it_was_trained_on_only_what_was_held_out_counts(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", bright_squares(100))
    np.save(tmp_path / "other.npy", bright_squares(100, seed=4))
    Autoencoder(**TINY, validation=0.4, out=tmp_path / "run").fit(tmp_path / "set.npy")
    model = detector(autoencoder=tmp_path / "run", out=tmp_path / "odd").fit(tmp_path / "set.npy")
    assert len(model.left_out_) == 36  # of the 40 a tenth judges the detector
    parts, again = (one.split(open_images(tmp_path / "set.npy")) for one in (model, load(tmp_path / "odd")))
    np.testing.assert_array_equal(parts.rows, again.rows)
    np.testing.assert_array_equal(resume(tmp_path / "odd").left_out_, model.left_out_)
    assert len(detector(autoencoder=tmp_path / "run").fit(tmp_path / "other.npy").left_out_) == 90
    Autoencoder(**TINY, validation=None, out=tmp_path / "all").fit(tmp_path / "set.npy")
    with pytest.raises(InputError, match="has learned from every normal image"):
        detector(autoencoder=tmp_path / "all").fit(tmp_path / "set.npy")


@pytest.mark.filterwarnings("default:nobody knows")
def test_where_nobody_knows_what_it_has_seen_a_warning_says_so(autoencoder: Autoencoder) -> None:
    with pytest.warns(UserWarning, match="nobody knows whether autoencoder has learned from images"):
        model = detector(autoencoder=autoencoder).fit(bright_squares())
    assert len(model.left_out_) == 54


def test_one_with_networks_of_its_caller_s_is_given_back(tmp_path: Path) -> None:
    encoder, decoder = nn.Linear(224, 3), nn.Sequential(nn.Linear(3, 224), nn.Unflatten(1, (1, 16, 14)))
    pair = nn.Sequential(nn.Flatten(), encoder), decoder
    own = Autoencoder(network=pair, epochs=1, random_state=0, device="cpu").fit(bright_squares(40, seed=8))
    model = detector(autoencoder=own).fit(bright_squares())
    model.save(tmp_path)
    with pytest.raises(ModelError, match=r"give load\(\.\.\., autoencoder=\.\.\.\)"):
        load(tmp_path)
    again = load(tmp_path, autoencoder=own)
    np.testing.assert_array_equal(again.score_samples(damaged()), model.score_samples(damaged()))


def test_it_is_copied_and_trained_alike_again_where_it_was_none(autoencoder: Autoencoder) -> None:
    fresh, before = Autoencoder(**TINY), torch.get_rng_state()
    model = detector(autoencoder=fresh).fit(bright_squares()[:, 0])  # a table
    assert torch.equal(torch.get_rng_state(), before)
    assert not hasattr(fresh, "objective_")
    again = detector(autoencoder=Autoencoder(**TINY)).fit(bright_squares()[:, 0])
    np.testing.assert_array_equal(again.left_out_, model.left_out_)
    given = detector(autoencoder=autoencoder).fit(bright_squares())
    assert given.autoencoder_ is not autoencoder
    assert given.parameter_count() == autoencoder.parameter_count() > 0


def test_what_is_left_of_a_module_s_features_is_their_squared_difference(autoencoder: Autoencoder) -> None:
    plain = detector(autoencoder=autoencoder).fit(bright_squares())
    own = detector(autoencoder=autoencoder, features=nn.Flatten()).fit(bright_squares())  # the pixels again
    np.testing.assert_allclose(own.score_samples(damaged()), plain.score_samples(damaged()), rtol=1e-4)


def test_a_plan_is_that_of_the_autoencoder() -> None:
    plan = detector(autoencoder=Autoencoder(**TINY)).plan(bright_squares())
    assert plan["parameters"] > 0
    assert plan["layers"][0].name.startswith("encoder.")
    assert plan["seconds_estimate"] > 0


def test_stopped_after_an_epoch_it_is_a_whole_model(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = Autoencoder.fit

    def stopped(self: Autoencoder, *arguments: object) -> None:
        fit(self, *arguments)
        interruption = Interrupted("stopped")
        interruption.leaves_model = True
        raise interruption

    monkeypatch.setattr(Autoencoder, "fit", stopped)
    model = detector(autoencoder=Autoencoder(**TINY))
    with pytest.raises(Interrupted):
        model.fit(bright_squares())
    assert (model.predict(damaged()) == -1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "auto", "autoencoder": Autoencoder()}, "has no meaning without"),
        ({"autoencoder": 3}, "autoencoder must be text, not 3"),
        ({"autoencoder": [Autoencoder()]}, "autoencoder: list is none; give an Autoencoder"),
        ({"features": "embedded"}, "does not go with features='embedded'"),
        ({"features": "embedded", "method": "memory"}, "take windows or"),
        ({"autoencoder": "nowhere"}, "holds no model"),
    ],
)
def test_what_does_not_go_together_is_one_clear_line(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        detector(**options).fit(bright_squares())
    assert "\n" not in str(caught.value)


def test_one_that_cannot_take_the_pictures_is_refused(autoencoder: Autoencoder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"are 1x12x14, but the model was .* open them in its size"):
        detector(autoencoder=autoencoder).fit(bright_squares()[:, :12])
    with pytest.raises(InputError, match="was trained on crops"):
        detector(autoencoder=Autoencoder(**TINY, augmentation="crop:8").fit(bright_squares())).fit(bright_squares())
    detector(method="pca").fit(bright_squares()).save(tmp_path / "pca")
    with pytest.raises(InputError, match="pca holds a detector; give the run of an autoencoder or a vae"):
        detector(autoencoder=tmp_path / "pca").fit(bright_squares())
    sizes = open_images([picture[: 16 - k % 3] for k, picture in enumerate(bright_squares(20))], size="keep")
    for options in ({}, {"method": "auto", "features": "embedded"}):
        with pytest.raises(InputError, match="looks at pictures of one size: give size=64"):
            detector(**options).fit(sizes)
    with pytest.raises(InputError, match="8x8 pixels or more"):
        detector(method="auto", features="embedded").fit(bright_squares()[:, :5])
