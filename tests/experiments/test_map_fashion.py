"""The map of clothes in its tiny variant, and the densities that new images are drawn from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from latente.experiments import Result, reproduce
from latente.experiments.map_fashion import BOX, HIDDEN, MIXTURE, autoencoder, densities, novelty
from latente.experiments.recorded import recorded
from latente.latents import fit_mixture

ISLANDS = np.array([[-5.0, 0.0], [5.0, 0.0], [0.0, 8.0]])


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (ISLANDS[rng.integers(3, size=600)] + 0.3 * rng.standard_normal((600, 2))).astype(np.float32)


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return reproduce("map-fashion", tiny=True, out=folder)


def test_the_network_has_the_widths_of_the_source() -> None:
    from torch import nn

    model = autoencoder(0, epochs=1)
    model.set_params(validation=None).fit(np.random.default_rng(0).integers(0, 255, (8, 28, 28)).astype(np.uint8))
    widths = [layer.out_features for layer in model.objective_.encoder.modules() if isinstance(layer, nn.Linear)]
    assert widths == [*HIDDEN, 2]


def test_bic_finds_the_islands_that_the_codes_lie_on(codes: np.ndarray) -> None:
    mixture, tried = fit_mixture(codes, 0, (1, 2, 3, 4, 100))
    assert mixture.n_components == 3
    assert [one.n_components for one, _ in tried] == [1, 2, 3, 4]  # 100 would have six codes each
    found, truth = (means[np.argsort(means[:, 0])] for means in (mixture.means_, ISLANDS))
    assert found == pytest.approx(truth, abs=0.1)


def test_the_mixture_draws_where_codes_are_and_the_guesses_in_the_gaps(codes: np.ndarray) -> None:
    found = densities(codes, fit_mixture(codes, 0, (1, 3))[0])
    gaps = {}
    for name, density in found.items():
        drawn = density.draw(500, np.random.default_rng(1))
        assert drawn.shape == (500, 2)
        away = np.linalg.norm(drawn[:, None] - ISLANDS, axis=2).min(axis=1)
        gaps[name] = float((away > 1.5).mean())
    assert gaps.pop(MIXTURE) == 0
    assert min(gaps.values()) > 0.5


def test_each_density_is_one_and_says_how_likely_codes_are(codes: np.ndarray) -> None:
    found = densities(codes, fit_mixture(codes, 0, (1, 3))[0])
    axes = np.linspace(-14, 16, 500)
    grid = np.stack(np.meshgrid(axes, axes), axis=-1).reshape(-1, 2)
    cell = (axes[1] - axes[0]) ** 2
    for name, density in found.items():
        assert float(np.exp(density.log_prob(grid)).sum() * cell) == pytest.approx(1, abs=0.02), name
    seen = codes.astype(np.float64)
    sides = np.ptp(seen, axis=0)
    assert found[BOX].log_prob(seen) == pytest.approx(-math.log(sides[0] * sides[1]), abs=1e-5)
    nats = {name: float(density.log_prob(seen).mean()) for name, density in found.items()}
    assert max(nats, key=lambda name: nats[name]) == MIXTURE


def test_novelty_looks_both_ways() -> None:
    train, held_out = np.zeros((3, 1, 2, 2), np.uint8), np.full((1, 1, 2, 2), 255, np.uint8)
    drawn = np.full((2, 1, 2, 2), 51, np.uint8)
    away, missed = novelty(drawn, train, held_out)
    assert away == pytest.approx([0.2, 0.2])
    assert missed == pytest.approx([0.8])


def test_the_tiny_variant_compares_three_ways_and_judges_every_density(result: Result, folder: Path) -> None:
    tables = result.tables
    assert [line["codes and decoder"] for line in tables["autoencoder and PCA"]] == [
        "autoencoder",
        "PCA",
        "decoder on PCA codes",
    ]
    pca, decoded = tables["autoencoder and PCA"][1:]
    assert pca["knn_accuracy"] == decoded["knn_accuracy"]
    assert len(tables["new images"]) == 5
    assert tables["new images"][0]["beyond, %"] == pytest.approx(5, abs=1)
    assert [line["chosen"] for line in tables["components of the mixture"]].count("yes") == 1
    assert all((folder / file).is_file() for file in result.pictures().values())
    assert len(result.figures) == 6


def test_the_rows_are_those_of_the_tables(result: Result) -> None:
    rows = {row.what: row for row in result.claims}
    ours, pca = result.tables["autoencoder and PCA"][:2]
    assert rows["test MSE, autoencoder / PCA"].measured == pytest.approx(ours["mse"] / pca["mse"])
    assert rows["test MSE, autoencoder / PCA"].target == 0.5
    gain = rows["k-NN accuracy, autoencoder - PCA"]
    assert gain.measured == pytest.approx(ours["knn_accuracy"] - pca["knn_accuracy"])
    assert (gain.target, gain.higher_is_better) == (0.2, True)


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
