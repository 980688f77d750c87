"""A model beside PCA: every number against scikit-learn, against the model's own, or against a case known exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from latente import Autoencoder, Images, InputError, VariationalAutoencoder, comparison, load, open_images
from latente.comparison import Comparison, compare_with_pca
from latente.estimators.data import split


@pytest.fixture(scope="module")
def digits() -> tuple[Images, Images]:
    return open_images("digits", count=400), open_images("digits", split="test", count=200)


def fitted(train: Images, kind: type = Autoencoder, **options: object) -> Autoencoder | VariationalAutoencoder:
    usual = {"latent_dim": 3, "network": "dense", "hidden": (16,), "epochs": 2, "random_state": 0, "device": "cpu"}
    return kind(**usual | options).fit(train)


def flat(images: Images, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    return (images.pixels[rows] / 255).reshape(-1, 64)


@pytest.fixture(scope="module")
def model(digits: tuple[Images, Images]) -> Autoencoder | VariationalAutoencoder:
    return fitted(digits[0])


@pytest.fixture(scope="module")
def compared(digits: tuple[Images, Images], model: Autoencoder) -> Comparison:
    return compare_with_pca(model, *digits, k=5)


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_the_models_errors_are_those_of_its_own_evaluation(digits: tuple[Images, Images], kind: type) -> None:
    model = fitted(digits[0], kind)
    own, theirs = compare_with_pca(model, *digits).contestants["autoencoder"], model.evaluate(digits[1])
    assert own.mse == pytest.approx(theirs["mse"], rel=1e-6)
    assert own.psnr == pytest.approx(theirs["psnr"], rel=1e-6)
    np.testing.assert_allclose(own.codes, model.transform(digits[1]), atol=1e-6)


def test_pca_is_scikit_learns_of_the_images_that_trained_the_model(
    digits: tuple[Images, Images], model: Autoencoder, compared: Comparison
) -> None:
    train, test = digits
    rows = split(train, 0.1, 0).rows
    assert compared.train_count == len(rows) == 360
    exact = PCA(3, svd_solver="full").fit(flat(train, rows))
    codes = exact.transform(flat(test))
    found = compared.contestants["PCA"]
    np.testing.assert_allclose(np.abs(found.codes), np.abs(codes), atol=1e-3)
    assert found.mse == pytest.approx(((exact.inverse_transform(codes) - flat(test)) ** 2).mean(), rel=1e-4)


def test_neighbours_vote_among_training_codes_and_are_compared_with_the_images(
    digits: tuple[Images, Images], model: Autoencoder, compared: Comparison
) -> None:
    train, test = digits
    rows = split(train, 0.1, 0).rows
    voters = KNeighborsClassifier(5).fit(model.transform(train)[rows], train.labels[rows])
    codes = model.transform(test)
    found = compared.contestants["autoencoder"]
    assert found.knn_accuracy == pytest.approx(voters.score(codes, test.labels), abs=0.005)
    assert found.trustworthiness == pytest.approx(trustworthiness(flat(test), codes, n_neighbors=5), abs=1e-6)


def test_examples_are_spread_over_the_classes_and_rebuilt_as_the_model_does(
    digits: tuple[Images, Images], model: Autoencoder, compared: Comparison
) -> None:
    assert compared.labels[compared.rows].tolist() == list(range(10))
    np.testing.assert_allclose(compared.originals, digits[1].pixels[compared.rows] / 255, atol=1e-6)
    expected = model.reconstruct(digits[1].take(compared.rows)).reshape(compared.originals.shape) / 255
    shown = compared.contestants["autoencoder"].reconstructions
    np.testing.assert_allclose(shown, expected, atol=0.5 / 255 + 1e-6)
    assert compared.contestants["PCA"].reconstructions.shape == shown.shape == (10, 1, 8, 8)


def test_as_json_there_are_numbers_only(compared: Comparison) -> None:
    told = compared.to_json()
    assert {name: told[name] for name in ("dimensions", "k", "train_count", "test_count")} == {
        "dimensions": 3,
        "k": 5,
        "train_count": 360,
        "test_count": 200,
    }
    assert list(told["contestants"]) == ["autoencoder", "PCA"]
    for numbers in told["contestants"].values():
        assert list(numbers) == ["mse", "psnr", "knn_accuracy", "trustworthiness"]
        assert all(isinstance(value, float) for value in numbers.values())


class Principal:
    """A user's own model: PCA, with images in and out as the user has them."""

    def __init__(self, images: np.ndarray) -> None:
        self.shape = images.shape[1:]
        self.pca = PCA(3, svd_solver="full").fit(images.reshape(len(images), -1))

    def encode(self, images: np.ndarray) -> np.ndarray:
        assert images.shape[1:] == self.shape
        return self.pca.transform(images.reshape(len(images), -1))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return self.pca.inverse_transform(codes).reshape(-1, *self.shape)


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 3), (3, 8, 6), (40,)])
def test_a_users_own_model_that_is_pca_reaches_what_pca_does(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    low_rank = rng.normal(size=(200, 5)) @ rng.normal(size=(5, int(np.prod(shape))))
    array = (low_rank + 0.1 * rng.normal(size=low_rank.shape)).reshape(200, *shape)
    array = (array - array.min()) / np.ptp(array)  # within [0, 1] values are not scaled
    train, test = open_images(array[:120]), open_images(array[120:])
    found = compare_with_pca(Principal(array[:120]), train, test).contestants
    assert found["autoencoder"].mse == pytest.approx(found["PCA"].mse, rel=1e-4)
    assert found["autoencoder"].trustworthiness == pytest.approx(found["PCA"].trustworthiness, abs=1e-3)
    np.testing.assert_allclose(found["autoencoder"].reconstructions, found["PCA"].reconstructions, atol=1e-4)


def test_images_in_a_plane_come_back_from_two_components_without_loss() -> None:
    rng = np.random.default_rng(0)
    table = Images((rng.random((200, 2)) @ rng.random((2, 6))).astype(np.float32))
    found = compare_with_pca(fitted(table, latent_dim=2), table, table).contestants["PCA"]
    assert found.mse < 1e-12
    assert found.psnr == 100
    assert found.trustworthiness == pytest.approx(1, abs=1e-4)
    assert found.knn_accuracy is None


def test_more_images_than_memory_holds_are_learned_from_in_parts(
    digits: tuple[Images, Images], model: Autoencoder, compared: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_IN_MEMORY", 1000)
    monkeypatch.setattr(comparison, "_VALUES_AT_ONCE", 64 * 50)
    found = compare_with_pca(model, *digits, k=5).contestants
    assert found["PCA"].mse == pytest.approx(compared.contestants["PCA"].mse, rel=0.02)
    assert found["autoencoder"].mse == pytest.approx(compared.contestants["autoencoder"].mse, rel=1e-6)


# -- the decoder on PCA's codes


def test_a_linear_decoder_on_pca_codes_comes_as_near_as_pca_itself_and_no_nearer() -> None:
    """Of all linear maps from those codes PCA's own has the least error on the training images."""
    rng = np.random.default_rng(0)
    table = Images((rng.normal(size=(400, 3)) @ rng.normal(size=(3, 8)) + rng.normal(size=(400, 8))).astype(np.float32))
    model = fitted(table, latent_dim=2, hidden=(), epochs=60, batch_size=100, learning_rate=0.03, validation=None)
    found = compare_with_pca(model, table, table, equal_decoder=True).contestants
    pca, decoded = found["PCA"], found["decoder on PCA codes"]
    assert pca.mse * 0.9999 < decoded.mse < pca.mse * 1.02
    assert (decoded.knn_accuracy, decoded.trustworthiness) == (pca.knn_accuracy, pca.trustworthiness)
    np.testing.assert_array_equal(decoded.codes, pca.codes)


@pytest.mark.parametrize(
    ("kind", "options", "loss", "output"),
    [
        (Autoencoder, {}, "mse", "linear"),
        (Autoencoder, {"loss": "l1"}, "l1", "linear"),
        (Autoencoder, {"loss": "bce"}, "bce", "sigmoid"),
        (VariationalAutoencoder, {}, "bce", "sigmoid"),
        (VariationalAutoencoder, {"likelihood": "gaussian"}, "mse", "linear"),
    ],
)
def test_the_decoder_is_the_models_trained_in_the_models_way(
    digits: tuple[Images, Images],
    monkeypatch: pytest.MonkeyPatch,
    kind: type,
    options: dict[str, object],
    loss: str,
    output: str,
) -> None:
    trained = []
    fit = Autoencoder.fit
    monkeypatch.setattr(Autoencoder, "fit", lambda self, X: trained.append(self) or fit(self, X))
    settings = {"epochs": 3, "batch_size": 50, "learning_rate": 0.01, "optimizer": "adamw", "weight_decay": 0.1}
    model = fitted(digits[0], kind, **settings, **options)
    trained.clear()
    found = compare_with_pca(model, *digits, equal_decoder=True).contestants
    [twin] = trained
    assert {name: getattr(twin, name) for name in settings} == settings
    assert (twin.loss, twin.objective_.output, twin.seed_, twin.out) == (loss, output, 0, None)
    assert not list(twin.objective_.encoder.parameters())
    own, theirs = (sum(p.numel() for p in one.objective_.decoder.parameters()) for one in (twin, model))
    assert own == theirs
    made = found["decoder on PCA codes"]
    assert made.mse == pytest.approx(twin.evaluate(digits[1])["mse"], rel=1e-6)
    assert 0 <= made.reconstructions.min() <= made.reconstructions.max() <= 1
    codes = twin.transform(digits[0])
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.1)


def test_the_same_comparison_gives_the_same_decoder(digits: tuple[Images, Images], model: Autoencoder) -> None:
    one, other = (compare_with_pca(model, *digits, equal_decoder=True) for _ in range(2))
    assert one.to_json() == other.to_json()


def test_networks_of_the_users_own_are_compared_too_also_after_loading(
    digits: tuple[Images, Images], tmp_path: Path
) -> None:
    def pair() -> tuple[nn.Module, nn.Module]:
        torch.manual_seed(0)
        decoder = nn.Sequential(nn.Linear(2, 64), nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8)))
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), decoder

    model = fitted(digits[0], network=pair())
    model.save(tmp_path)
    first = compare_with_pca(model, *digits, equal_decoder=True)
    again = compare_with_pca(load(tmp_path, network=pair()), *digits, equal_decoder=True)
    assert first.to_json() == again.to_json()
    assert first.dimensions == 2


def test_a_model_judged_by_a_set_of_its_own_learned_from_all_its_images(
    digits: tuple[Images, Images], tmp_path: Path
) -> None:
    model = fitted(digits[0], validation=digits[1])
    model.save(tmp_path)
    for one in (model, load(tmp_path)):
        compared = compare_with_pca(one, *digits, equal_decoder=True)
        assert compared.train_count == 400


def test_spatial_codes_are_compared_with_as_many_components() -> None:
    images = open_images(np.random.default_rng(0).integers(0, 256, (160, 16, 16), dtype=np.uint8))
    model = fitted(images, network="conv", latent_dim=None, hidden=(4, 8), epochs=1)
    compared = compare_with_pca(model, images, images, equal_decoder=True)
    assert compared.dimensions == 8 * 4 * 4
    assert compared.contestants["decoder on PCA codes"].codes.shape == (160, 128)


def test_progress_goes_from_one_stage_to_the_next_and_through_the_training(
    digits: tuple[Images, Images], model: Autoencoder
) -> None:
    told: list[tuple[int, int, str]] = []
    compare_with_pca(model, *digits, equal_decoder=True, progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(what for *_, what in told)) == [
        "the autoencoder",
        "the principal components",
        "PCA",
        "a decoder on PCA codes",
    ]
    done, total, _ = told[-1]
    assert done == total == 2 * -(-360 // model.batch_size_)


def test_a_handful_of_images_is_enough(digits: tuple[Images, Images]) -> None:
    train, test = digits[0].take(slice(0, 6)), digits[1].take(slice(0, 3))
    found = compare_with_pca(fitted(train, latent_dim=2), train, test)
    assert found.contestants["PCA"].trustworthiness is None
    assert found.originals.shape == (3, 1, 8, 8)


def test_what_cannot_be_compared_is_refused_with_a_cure(digits: tuple[Images, Images], model: Autoencoder) -> None:
    train, test = digits
    with pytest.raises(InputError, match="no 64 directions to offer for images of 64 values"):
        compare_with_pca(fitted(train, latent_dim=64), train, test)
    with pytest.raises(InputError, match="of which there are 2"):
        compare_with_pca(model, train.take(slice(0, 3)), test)
    with pytest.raises(InputError, match="do not match the training images"):
        compare_with_pca(model, train, Images(test.pixels[:, :, :7]))
    with pytest.raises(InputError, match="holds no images"):
        compare_with_pca(model, train, test.take(slice(0, 0)))
    with pytest.raises(InputError, match="holds pairs"):
        compare_with_pca(model, train, Images(test.pixels, {"target": test.pixels}))
    with pytest.raises(InputError, match="all alike"):
        compare_with_pca(model, Images(np.full_like(train.pixels, 7)), test)
    with pytest.raises(InputError, match="for an estimator only"):
        compare_with_pca(Principal(train.pixels / 255), train, test, equal_decoder=True)
