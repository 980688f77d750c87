from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from sklearn.metrics import log_loss

from latente import metrics
from latente.errors import InputError


def pair(shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return smooth images and slightly worse ones, of integers up to 255 or of floats within [0, 1]."""
    rng = np.random.default_rng(3)
    originals = rng.random(shape).cumsum(-1) / shape[-1]
    worse = np.clip(originals + rng.normal(0, 0.05, shape), 0, 1)
    if np.dtype(dtype).kind == "u":
        return (originals * 255).astype(dtype), (worse * 255).astype(dtype)
    return originals.astype(dtype), worse.astype(dtype)


@pytest.mark.parametrize(("dtype", "data_range"), [("uint8", 255), ("uint16", 255), ("float32", 1.0)])
@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (3, 3, 13, 17), (3, 11, 11), (2, 5, 12, 12)])
def test_psnr_ssim_and_mse_equal_scikit_image(shape: tuple[int, ...], dtype: str, data_range: float) -> None:
    originals, worse = pair(shape, dtype)
    wide = [(a.astype(float), b.astype(float)) for a, b in zip(originals, worse, strict=True)]
    np.testing.assert_allclose(metrics.mse(originals, worse), [mean_squared_error(*two) for two in wide])
    np.testing.assert_allclose(
        metrics.psnr(originals, worse, data_range=data_range),
        [peak_signal_noise_ratio(*two, data_range=data_range) for two in wide],
    )
    np.testing.assert_allclose(
        metrics.ssim(originals, worse, data_range=data_range),
        [
            structural_similarity(
                *two,
                data_range=data_range,
                channel_axis=0 if len(shape) == 4 else None,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            for two in wide
        ],
    )


def test_differences_of_unsigned_integers_do_not_wrap_around() -> None:
    black, grey = np.zeros((2, 3), np.uint8), np.full((2, 3), 200, np.uint8)
    assert metrics.mae(black, grey).tolist() == [200.0, 200.0]
    assert metrics.mse(black, grey).tolist() == [40_000.0, 40_000.0]


def test_tensors_and_arrays_give_the_same_figures() -> None:
    originals, worse = pair((3, 2, 12, 12), "float32")
    of_tensors = metrics.evaluate_images(torch.from_numpy(originals), torch.from_numpy(worse), 1.0)
    assert of_tensors == metrics.evaluate_images(originals, worse, 1.0)


def test_figures_of_an_image_do_not_depend_on_how_many_there_are() -> None:
    originals, worse = pair((700, 1, 64, 64), "uint8")  # more than are taken at once
    np.testing.assert_array_equal(metrics.mse(originals, worse)[650:], metrics.mse(originals[650:], worse[650:]))


def test_images_on_disk_are_measured_like_those_in_memory(tmp_path: Path) -> None:
    originals, worse = pair((5, 1, 12, 12), "float64")
    np.save(tmp_path / "originals.npy", originals)
    on_disk = np.load(tmp_path / "originals.npy", mmap_mode="r")
    assert metrics.evaluate_images(on_disk, worse, 1.0) == metrics.evaluate_images(originals, worse, 1.0)


def test_cross_entropy_equals_scikit_learns_log_loss() -> None:
    rng = np.random.default_rng(0)
    binary, probabilities = (
        rng.integers(0, 2, (4, 1, 3, 5)).astype(float),
        rng.uniform(0.01, 0.99, (4, 1, 3, 5)),
    )
    expected = [log_loss(t.ravel(), p.ravel(), labels=[0, 1]) for t, p in zip(binary, probabilities, strict=True)]
    np.testing.assert_allclose(metrics.bce(binary, probabilities, data_range=1.0), expected)
    np.testing.assert_allclose(metrics.bce(255 * binary, 255 * probabilities, data_range=255), expected)


def test_cross_entropy_of_a_certain_and_wrong_reconstruction_is_that_of_the_clipped_one() -> None:
    value = metrics.bce(np.ones((1, 4)), np.zeros((1, 4)), data_range=1.0)
    assert value.tolist() == [pytest.approx(-math.log(1e-7))]


def test_cross_entropy_refuses_what_lies_outside_the_data_range() -> None:
    with pytest.raises(InputError, match=r"within \[0, 1\]"):
        metrics.bce(np.full((1, 4), 1.5), np.full((1, 4), 0.5), data_range=1.0)


def test_means_are_those_over_images_with_perfect_ones_counted_at_the_ceiling() -> None:
    originals, worse = pair((4, 1, 16, 16), "uint8")
    worse[0] = originals[0]
    psnr = metrics.psnr(originals, worse, data_range=255)
    assert psnr[0] == math.inf
    means = metrics.evaluate_images(originals, worse, 255)
    assert means["psnr"] == pytest.approx((metrics.PSNR_CEILING + psnr[1:].sum()) / 4)
    assert means["mse"] == pytest.approx(metrics.mse(originals, worse).mean())
    assert metrics.evaluate_images(originals, originals, 255) == {"mse": 0, "mae": 0, "psnr": 100, "ssim": 1}


@pytest.mark.parametrize(
    ("shape", "dtype", "names"),
    [
        ((4, 1, 28, 28), "uint8", {"mse", "mae", "psnr", "ssim"}),
        ((4, 1, 28, 28), "float32", {"mse", "mae", "psnr", "ssim", "bce"}),
        ((4, 1, 8, 8), "float32", {"mse", "mae", "psnr", "bce"}),
        ((4, 1, 10, 28), "uint8", {"mse", "mae", "psnr"}),
        ((4, 30), "float32", {"mse", "mae", "psnr", "bce"}),
    ],
)
def test_what_is_not_defined_for_the_data_is_left_out(shape: tuple[int, ...], dtype: str, names: set[str]) -> None:
    means = metrics.evaluate_images(*pair(shape, dtype), 255 if dtype == "uint8" else 1.0)
    assert set(means) == names
    assert all(math.isfinite(value) for value in means.values())


def test_cross_entropy_is_left_out_for_data_below_zero() -> None:
    originals, worse = pair((4, 30), "float32")
    assert "bce" not in metrics.evaluate_images(originals - 0.5, worse - 0.5, 1.0)


@pytest.mark.parametrize("shape", [(2, 1, 10, 40), (2, 40, 10), (2, 400)])
def test_ssim_says_how_large_images_must_be(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="11x11"):
        metrics.ssim(np.zeros(shape), np.zeros(shape), data_range=1.0)


@pytest.mark.parametrize("data_range", [0, -1.0, math.inf, math.nan])
def test_a_data_range_that_is_none_is_refused(data_range: float) -> None:
    for metric in (metrics.psnr, metrics.ssim, metrics.bce):
        with pytest.raises(InputError, match="data_range"):
            metric(np.zeros((1, 12, 12)), np.zeros((1, 12, 12)), data_range=data_range)


def test_sets_of_no_images_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        metrics.mse(np.zeros((0, 4)), np.zeros((0, 4)))


def test_sets_of_different_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(2, 4\) and \(3, 4\)"):
        metrics.mse(np.zeros((2, 4)), np.zeros((3, 4)))


def test_every_metric_states_its_protocol() -> None:
    means = metrics.evaluate_images(*pair((2, 1, 12, 12), "float32"), 1.0)
    assert set(means) <= set(metrics.PROTOCOLS)


def test_protocols_of_image_metrics_state_the_data_range_that_is_known() -> None:
    protocols = metrics.protocols_of(("psnr", "kl", "count"), "0 to 4,095 (12 bits)")
    assert protocols["psnr"] == f"{metrics.PROTOCOLS['psnr']}; data range: 0 to 4,095 (12 bits)"
    assert protocols["kl"] == metrics.PROTOCOLS["kl"]
    assert set(protocols) == {"psnr", "kl"}
