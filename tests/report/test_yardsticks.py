"""What the simple methods reach, against which a report measures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from latente.estimators import Autoencoder
from latente.estimators.principal import Principal
from latente.evidence import Evidence, Selection
from latente.images import Images, Scaling, open_images
from latente.report.yardsticks import find_yardstick

rng = np.random.default_rng(0)
LEARNED, JUDGED = rng.random((60, 1, 3, 4), dtype=np.float32), rng.random((9, 1, 3, 4), dtype=np.float32)
NOISY = JUDGED + rng.normal(scale=0.3, size=JUDGED.shape).astype(np.float32)


def _errors(principal: Principal | None = None, **outputs: np.ndarray) -> dict[str, float]:
    """The errors of the baselines, by name, of a model with codes of two numbers that makes nothing of its images."""
    made = {"images": JUDGED, "codes": np.zeros((9, 2)), "reconstructions": np.zeros_like(JUDGED)} | outputs
    model: Any = SimpleNamespace(reconstruct=len, outputs=lambda images: made, principal_=principal)
    model.scaling_ = Scaling((0.0,), (1.0,), "float32", bounded=True)
    judged, learned = Selection(Images(JUDGED), np.arange(9), "test"), Selection(Images(LEARNED), np.arange(60), "")
    yardstick = find_yardstick(model, Evidence(model, judged, True, learned))
    assert yardstick is not None
    return {baseline.name: baseline.error for baseline in yardstick.baselines}


def _mse(images: np.ndarray) -> float:
    return float(((JUDGED - images) ** 2).mean())


def _projected(images: np.ndarray) -> np.ndarray:
    known = LEARNED.reshape(60, 12)
    axes = np.linalg.svd(known - known.mean(axis=0), full_matrices=False)[2][:2]
    flat = images.reshape(9, 12) - known.mean(axis=0)
    return (flat @ axes.T @ axes + known.mean(axis=0)).reshape(images.shape)


def test_a_denoiser_stands_beside_its_input_the_mean_image_and_pca_of_its_input() -> None:
    errors = _errors(inputs=NOISY)
    expected = {
        "the input as it is": _mse(NOISY),
        "the mean image": _mse(LEARNED.mean(axis=0)),
        "PCA with 2 numbers": _mse(_projected(NOISY)),
    }
    assert errors == pytest.approx(expected, rel=1e-4)


def test_pca_is_the_one_that_the_model_started_from_where_it_did() -> None:
    mean, axes = 1.5 * torch.rand(12), torch.eye(12)[3:5]
    rebuilt = mean.numpy().clip(0, 1)[None].repeat(9, axis=0)  # cut to the pictures' range, as the model's images are
    rebuilt[:, 3:5] = JUDGED.reshape(9, 12)[:, 3:5]
    errors = _errors(Principal(mean, axes))
    assert errors["PCA with 2 numbers"] == pytest.approx(_mse(rebuilt.reshape(JUDGED.shape)), rel=1e-5)


def test_targets_and_codes_as_long_as_the_image_have_no_pca() -> None:
    assert set(_errors(targets=NOISY)) == {"the input as it is", "the mean image"}
    assert set(_errors(codes=np.zeros((9, 12)))) == {"the mean image"}


def test_a_model_that_is_still_its_start_has_the_error_of_pca() -> None:
    images = open_images("digits", count=80)
    model = Autoencoder(latent_dim=3, epochs=1, learning_rate=1e-12, random_state=0, device="cpu").fit(images)
    judged = Selection(images, np.arange(20), "images")
    yardstick = find_yardstick(model, Evidence(model, judged, False))
    assert yardstick is not None
    [pca] = yardstick.baselines
    assert pca.name == "PCA with 3 numbers"
    assert yardstick.error == pytest.approx(pca.error, rel=1e-4)
