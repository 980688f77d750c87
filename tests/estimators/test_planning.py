"""What cannot fit, or cannot be trained at all, is refused before anything is built or written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import Autoencoder, InputError, StackedAutoencoderClassifier, VariationalAutoencoder
from latente.machine import free_memory

X = np.random.default_rng(0).integers(0, 255, (12, 9, 8), dtype=np.uint8)
Y = np.arange(12) % 2
TINY = {"epochs": 1, "random_state": 0, "device": "cpu"}


@pytest.mark.skipif(free_memory() is None, reason="the system does not tell how much memory is free")
@pytest.mark.parametrize(
    ("estimator", "options"),
    [
        (Autoencoder, {"latent_dim": 10**10}),
        (Autoencoder, {"latent_dim": 10**25, "network": "dense"}),
        (Autoencoder, {"hidden": (10**10, 10**10), "network": "conv"}),
        (Autoencoder, {"kernel_size": 10**9}),
        (StackedAutoencoderClassifier, {"hidden": (10**10,)}),
    ],
)
def test_a_network_that_no_memory_holds_is_refused(estimator: Any, options: dict[str, Any], tmp_path: Path):
    with pytest.raises(InputError, match=r"no memory for such a network: .* are free, .* smaller"):
        estimator(**TINY, **options, out=tmp_path / "run").fit(X, Y)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("images", "options"),
    [
        (1, {"validation": None}),
        (12, {"batch_size": 1}),
        (12, {"batch_size": 8, "accumulate": 8}),
        (11, {"batch_size": 8, "accumulate": 3, "validation": None}),
    ],
)
def test_batch_normalisation_of_one_image_is_refused(images: int, options: dict[str, Any], tmp_path: Path):
    model = Autoencoder(hidden=(4,), latent_dim=2, network="dense", normalization="batch", out=tmp_path / "run")
    with pytest.raises(InputError, match=r"normalization='batch' cannot take one image at a time.*batch_size"):
        model.set_params(**TINY, **options).fit(X[:images])
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("images", "options"),
    [
        (9, {"batch_size": 8, "validation": None}),  # the ninth is left out of the epoch
        (11, {"batch_size": 8, "validation": None}),
        (12, {"batch_size": 8, "accumulate": 2, "validation": None}),
        (1, {"network": "conv", "validation": None}),  # whose pixels are many
    ],
)
def test_batch_normalisation_learns_from_what_is_more_than_one_value(images: int, options: dict[str, Any]):
    model = Autoencoder(hidden=(4,), latent_dim=2, network="dense", normalization="batch")
    assert model.set_params(**TINY, **options).fit(X[:images]).history_


@pytest.mark.skipif(free_memory() is None, reason="the system does not tell how much memory is free")
def test_more_samples_than_memory_holds_are_refused():
    model = Autoencoder(hidden=(4,), latent_dim=2, network="dense", **TINY).fit(X)
    with pytest.raises(InputError, match=r"n=10000000000: so many images take .* draw fewer"):
        model.sample(10**10)


@pytest.mark.skipif(free_memory() is None, reason="the system does not tell how much memory is free")
@pytest.mark.parametrize("option", ["samples", "importance_samples"])
def test_more_draws_than_memory_holds_are_refused_before_anything_is_written(option: str, tmp_path: Path):
    model = VariationalAutoencoder(latent_dim=2, network="dense", hidden=(4,), **TINY, out=tmp_path / "run")
    message = rf"^{option}=10000000000: a step decodes .* draw fewer, or work a step out in parts \(accumulate\)$"
    with pytest.raises(InputError, match=message):
        model.set_params(**{option: 10**10}).fit(X)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["samples", "importance_samples"])
def test_a_plan_counts_what_each_draw_leaves_in_the_decoder(option: str):
    model = VariationalAutoencoder(latent_dim=2, network="dense", hidden=(4,), batch_size=4, **TINY)
    one = model.plan(X)
    several = model.set_params(**{option: 11}).plan(X)
    decoder = [row for row in one["layers"] if row.name.startswith("decoder.")]
    values = sum(np.prod(row.output[1:]) for row in decoder)
    assert several["layers"] == one["layers"]
    assert several["memory_estimate_bytes"] - one["memory_estimate_bytes"] == 10 * 8 * 4 * values
