"""Principal components by a few passes, beside scikit-learn's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from latente import Autoencoder, Images, open_images, resume
from latente.estimators import autoencoders, principal
from latente.estimators.principal import fit_principal
from latente.images import Scaling
from latente.training import Batches


def at_rest(images: Images) -> Batches:
    return Batches(images, Scaling.fit(images.pixels), torch.device("cpu"))


def error_of(found: principal.Principal, x: np.ndarray) -> float:
    return float(((found.rebuild(torch.from_numpy(x)) - torch.from_numpy(x)) ** 2).mean())


@pytest.mark.parametrize("dimensions", [1, 8, 32, 64])
def test_they_rebuild_as_well_as_scikit_learn_s(dimensions: int) -> None:
    images = open_images("digits", count=500)
    x = Scaling.fit(images.pixels).to_range(images.pixels).reshape(500, -1)
    found = fit_principal(at_rest(images), np.arange(500), None, dimensions)
    pca = PCA(dimensions).fit(x)
    expected = float(((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean())
    assert error_of(found, x) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    torch.testing.assert_close(found.axes @ found.axes.T, torch.eye(dimensions), atol=1e-5, rtol=0)


def test_a_large_picture_s_few_directions_are_found_in_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal, "_VALUES_AT_ONCE", 10_000)
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(12, 3 * 40 * 30))
    x = (rng.normal(size=(200, 12)) * 0.8 ** np.arange(12) @ basis + 0.1 * rng.normal(size=(200, 3600))).astype("f4")
    images = Images(x.reshape(200, 3, 40, 30))
    scaling = Scaling((0.0,), (1.0,), "float32", bounded=False)
    found = fit_principal(Batches(images, scaling, torch.device("cpu")), np.arange(200), None, 8)
    pca = PCA(8, svd_solver="full").fit(x)
    expected = float(((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean())
    assert error_of(found, x) == pytest.approx(expected, rel=1e-3)


def test_fewer_images_than_dimensions_give_as_many_as_there_are() -> None:
    images = open_images("digits", count=5)
    assert fit_principal(at_rest(images), np.arange(5), None, 32).axes.shape == (4, 64)
    assert fit_principal(at_rest(images), np.arange(1), None, 32).axes.shape == (1, 64)


def test_mirror_images_and_turns_count_where_they_rebuild_held_out_images_better() -> None:
    rng = np.random.default_rng(0)
    patterns = rng.random((3, 8, 8))
    one_sided = np.stack([patterns[n % 3] * rng.random() for n in range(30)])[:, None].astype("f4")
    train, mirrored = Images(one_sided), Images(one_sided[..., ::-1].copy())
    unit = Scaling((0.0,), (1.0,), "float32", bounded=True)
    train_at_rest, other = (Batches(images, unit, torch.device("cpu")) for images in (train, mirrored))
    alike = fit_principal(train_at_rest, np.arange(20), (train_at_rest, np.arange(20, 30)), 3)
    turned = fit_principal(train_at_rest, np.arange(20), (other, np.arange(30)), 6)
    assert error_of(alike, one_sided.reshape(30, -1)) < 1e-9
    assert error_of(turned, mirrored.pixels.reshape(30, -1)) < 1e-3


def test_what_training_starts_from_is_worked_out_once_and_neither_to_plan_nor_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[int] = []
    fit = autoencoders.fit_principal
    monkeypatch.setattr(autoencoders, "fit_principal", lambda *a, **k: fits.append(1) or fit(*a, **k))
    X = np.random.default_rng(0).random((40, 6))
    model = Autoencoder(latent_dim=2, hidden=(4,), epochs=1, random_state=0, out=tmp_path / "run")
    model.plan(X)
    assert fits == []
    model.fit(X)
    further = resume(tmp_path / "run", X, epochs=2)
    assert fits == [1]
    assert [line["epoch"] for line in further.history_ if line["part"] == "validation"] == [0, 1, 2]
