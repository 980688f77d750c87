"""What a report measures."""

from __future__ import annotations

import numpy as np
import pytest

from latente.estimators import Autoencoder, VariationalAutoencoder
from latente.images import Images, Scaling, open_images
from latente.report import inspection
from latente.report.evidence import open_evidence
from latente.report.inspection import as_pictures, inspect, layers_of, rebuild, scaled

rng = np.random.default_rng(0)


def _model(images: Images, kind: type = Autoencoder, latent_dim: int = 3) -> Autoencoder | VariationalAutoencoder:
    return kind(latent_dim=latent_dim, epochs=1, random_state=0, network="dense", hidden=(8,), device="cpu").fit(images)


def _images(count: int = 40) -> Images:
    return Images(rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8), {"label": np.arange(count) % 3})


def _options(images: Images, **data: object) -> dict[str, object]:
    return {
        "options": {"validation": 0.25, "random_state": 7},
        "data": {"source": dict(images.source), "fingerprint": images.fingerprint, **data},
    }


def test_errors_are_those_of_the_scaled_images() -> None:
    images = _images()
    model = _model(images)
    seen = inspect(model, open_evidence(_options(images), images))
    rebuilt = model.reconstruct(images.take(seen.rows)).astype(float) / 255
    given = images.pixels[seen.rows] / 255
    np.testing.assert_allclose(seen.originals, given, atol=1e-6)
    np.testing.assert_allclose(seen.errors, ((rebuilt - given) ** 2).mean(axis=(1, 2, 3)), atol=0.002)
    np.testing.assert_allclose(seen.psnrs, -10 * np.log10(seen.errors))
    assert seen.mse == pytest.approx(seen.metrics["mse"])
    assert seen.psnr == pytest.approx(seen.metrics["psnr"])
    assert seen.labels is not None
    assert seen.labels.tolist() == (seen.rows % 3).tolist()


def test_kl_per_dimension_adds_up_to_the_models_kl() -> None:
    images = _images()
    model = _model(images, VariationalAutoencoder)
    seen = inspect(model, open_evidence(_options(images), images))
    assert seen.kl is not None
    assert seen.active is not None
    assert seen.kl.shape == seen.active.shape == (3,)
    assert seen.kl.sum() == pytest.approx(seen.metrics["kl"], rel=1e-4)
    assert seen.samples is not None
    assert seen.samples.shape == (inspection.SAMPLES, 1, 8, 8)


def test_a_large_set_is_measured_on_a_part_drawn_over_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    images = _images(200)
    model = _model(images)
    monkeypatch.setattr(inspection, "MOST_IMAGES", 20)
    first, second = (inspect(model, open_evidence({"options": {}, "data": {}}, images)) for _ in range(2))
    assert len(set(first.rows)) == len(first.errors) == 20
    assert first.rows.max() > 100
    np.testing.assert_array_equal(first.rows, second.rows)
    monkeypatch.setattr(inspection, "MOST_VALUES", 64 * 5)
    assert len(inspect(model, open_evidence({"options": {}, "data": {}}, images)).rows) == 5


def test_pixels_are_scaled_as_the_network_sees_them() -> None:
    sixteen = rng.integers(0, 65536, (3, 2, 4, 4), dtype=np.uint16)
    np.testing.assert_allclose(scaled(sixteen, Scaling.fit(sixteen)), sixteen / 65535, atol=1e-7)
    table = rng.normal(size=(9, 4))
    result = scaled(table, Scaling.fit(table))
    np.testing.assert_allclose(result.min(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(result.max(axis=0), 1, atol=1e-6)


def test_layers_stand_in_order_with_shapes_and_all_parameters() -> None:
    images = _images()
    model = _model(images)
    layers = layers_of(model, images)
    assert layers[0].network == "encoder"
    assert layers[-1].network == "decoder"
    assert any(layer.output == "8" for layer in layers)
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in model.objective_.parameters())


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_samples_come_channels_first_whatever_the_layout(layout: str) -> None:
    pixels = rng.integers(0, 256, (30, 8, 6, 3), dtype=np.uint8)
    images = open_images(pixels if layout == "NHWC" else pixels.transpose(0, 3, 1, 2).copy())
    assert images.layout == layout
    seen = inspect(_model(images, VariationalAutoencoder), open_evidence(_options(images), images))
    assert seen.samples is not None
    assert seen.samples.shape[1:] == (3, 8, 6)


def test_ssim_is_told_image_by_image_and_of_a_part_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images(rng.integers(0, 256, (20, 1, 12, 12), dtype=np.uint8))
    model = _model(images)
    seen = inspect(model, open_evidence(_options(images), images))
    assert seen.ssims is not None
    assert seen.ssims.mean() == pytest.approx(seen.metrics["ssim"])
    monkeypatch.setattr(inspection, "MOST_SSIM_VALUES", 3 * 144)
    part = inspect(model, open_evidence(_options(images), images)).ssims
    assert part is not None
    assert len(part) == 3
    assert set(part) < set(seen.ssims)


def test_pictures_smaller_than_the_window_have_no_ssim() -> None:
    images = _images()
    assert inspect(_model(images), open_evidence(_options(images), images)).ssims is None


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NHW"])
def test_decoded_images_of_any_layout_become_scaled_pictures(layout: str) -> None:
    channels = 1 if layout == "NHW" else 3
    pixels = rng.integers(0, 256, (12, channels, 8, 6), dtype=np.uint8)
    given = {"NCHW": pixels, "NHWC": pixels.transpose(0, 2, 3, 1), "NHW": pixels[:, 0]}[layout]
    model = _model(open_images(np.ascontiguousarray(given)))
    grid = given.reshape(3, 4, *given.shape[1:])
    np.testing.assert_allclose(as_pictures(model, grid), pixels.reshape(3, 4, channels, 8, 6) / 255, atol=1e-6)


def test_a_part_of_the_images_is_worsened_and_rebuilt_as_all_are() -> None:
    images = _images()
    model = Autoencoder(latent_dim=2, epochs=1, random_state=0, hidden=(8,), corruption="gaussian:0.3", device="cpu")
    model.fit(images)
    whole, part = rebuild(model, images), rebuild(model, images.take(np.array([3, 30])))
    for all_of_them, few in zip(whole, part, strict=True):
        assert all_of_them is not None
        assert few is not None
        np.testing.assert_allclose(few, all_of_them[[3, 30]], atol=1e-6)
