"""Flow fields in a latent plane, in the tiny variant: every way is measured alike, and new fields are solved again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente import InputError, open_images
from latente.experiments import Result, reproduce
from latente.experiments.flow_fields import _regions
from latente.experiments.flow_views import Looks, gaussian_process, misranked, nearest, rebuilt
from latente.images import Images
from latente.images.generated.flow_pictures import blades


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return reproduce("flow-fields", tiny=True, verify=1, out=folder)


def test_every_way_to_make_the_test_fields_is_measured_alike(result: Result, folder: Path) -> None:
    ways = [line["way"] for line in result.tables["test fields, each way"]]
    assert ways == ["VAE, 2 numbers", "PCA, 2 numbers", "PCA, Gaussian process", "nearest training field"]
    assert [line["part"] for line in result.tables["SSIM by part"]] == ["train", "val", "test"]
    assert all((folder / file).is_file() for file in result.pictures().values())
    assert {"lattice", "regimes", "mass flow", "overfitting"} <= result.pictures().keys()


def test_new_fields_stand_beside_the_solver_s(result: Result) -> None:
    (line,) = result.tables["new fields beside the solver's"]
    assert line["off, %"] == pytest.approx(100 * abs(line["mass flow"] / line["solved"] - 1))
    assert line["grey SSIM"] <= 1
    assert line["asked for"].startswith("mass flow 7.")


def test_the_last_region_asks_for_a_mass_flow_and_a_shock_before_a_place() -> None:
    train = open_images("flow")
    first, second, last = _regions(train)
    assert first["mass_flow"][1] == second["mass_flow"][0]
    mass, shock = train.columns["condition"][:, [0, 3]].T
    among = mass >= last["mass_flow"][0]
    assert last["shock"][0] is None
    assert (shock[among] < last["shock"][1]).mean() == pytest.approx(0.5, abs=0.03)


def test_the_pair_is_ranked_differently_by_error_and_by_likeness() -> None:
    measured = {
        "a": {"mse": np.array([1.0, 1.0]), "grey": np.array([0.9, 0.5])},
        "b": {"mse": np.array([2.0, 2.0]), "grey": np.array([0.8, 0.7])},
    }
    assert misranked(measured) == (1, "a", "b")


def test_colours_are_those_of_jet_and_blades_are_white() -> None:
    fields = open_images("flow", count=2).pixels
    looks = Looks(0.0, 2.0)
    colours, grey = looks.colours(fields), looks.grey(fields)
    assert colours.shape == (2, 3, 96, 96)
    assert (colours[:, :, blades()] == 1).all()
    assert (grey[:, 0, blades()] == 0).all()
    np.testing.assert_allclose(grey[:, 0, ~blades()], fields[:, 0, ~blades()] / 2, rtol=1e-5)
    np.testing.assert_allclose(looks.measure(fields, fields)["colour"], 1)


def test_components_and_processes_give_back_what_they_were_fitted_to() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0, 1, (30, 2)) * [1, 30]
    results = np.stack([np.sin(3 * inputs[:, 0]), inputs[:, 1] / 30 + inputs[:, 0]], axis=1)
    np.testing.assert_allclose(gaussian_process(inputs, results)(inputs), results, atol=0.02)
    fields = Images(results[:, None, None].astype(np.float32))
    np.testing.assert_allclose(rebuilt(fields, fields, 2), fields.pixels, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(nearest(fields, fields), np.arange(len(fields)))


def test_a_count_is_refused_where_there_is_no_use_for_it() -> None:
    with pytest.raises(InputError, match="flow-fields"):
        reproduce("basic", count=100)
