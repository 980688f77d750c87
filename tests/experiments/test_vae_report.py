"""The report's small autoencoder of MNIST in its tiny variant."""

from __future__ import annotations

import numpy as np
import pytest

from latente import Images, InputError, open_images
from latente.experiments import Result, reproduce, vae_report
from latente.experiments.recorded import recorded
from latente.experiments.vae_report import (
    BOUND,
    INPUTS,
    NORMALISED,
    RAW,
    RAW_STARTED,
    dead_units,
    gradient_variance,
    model_for_input,
    small_model,
)
from toys import few_digits


@pytest.fixture(scope="module")
def digits() -> Images:
    return open_images("glyphs", size=28, count=60)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae_report, "open_parts", few_digits)
        return reproduce("vae-report", tiny=True, out=tmp_path_factory.mktemp("vae"))


def test_the_page_shows_codes_and_traversal(result: Result) -> None:
    shown = {"codes", "traversal", "samples"}
    asked = {"variance by draws", "bound by draws", "bound by input"}
    assert set(result.figures) == shown | asked
    names = [text.get_text() for text in result.figures["traversal"].findobj() if hasattr(text, "get_text")]
    assert {"unit 1", "unit 8", "mean"} <= set(names)


def test_more_draws_take_from_the_gradient_s_variance_what_the_draws_make_and_nothing_else(result: Result) -> None:
    lines = result.tables["L draws of each code, seed by seed"]
    assert [(line["L"], line["seed"]) for line in lines] == [(L, seed) for L in (1, 5, 50) for seed in (0, 1)]
    for line, one in zip(lines, 3 * lines[:2], strict=True):
        assert line["variance by draws"] * line["L"] == pytest.approx(one["variance by draws"], rel=0.6)
        assert line["variance by draws and batches"] > line["variance by draws"]
        assert line["ms a step"] > 0
        assert line["nats below L = 1"] == pytest.approx(one[BOUND] - line[BOUND])
    rows = {row.what: row.measured for row in result.claims}
    assert 0.01 < rows["gradient's variance by the draws, L = 50 / L = 1"] < 0.04
    assert rows["784-64-16-8, L = 5, mean of the seeds: cross-entropy + KL, nats"] == pytest.approx(
        np.mean([line[BOUND] for line in lines[2:4]])
    )


def test_raw_input_stands_beside_normalised_with_its_spread(result: Result) -> None:
    lines = result.tables["raw and normalised input, seed by seed"]
    assert [line["input"] for line in lines[::2]] == [NORMALISED, RAW, RAW_STARTED]
    (summary,) = (table for title, table in result.tables.items() if title.startswith("raw and normalised input, mean"))
    assert all("±" in line["MSE"] for line in summary)
    (row,) = (row for row in result.claims if row.what == f"784-64-16-8, input {RAW}, middle seed: {BOUND}")
    assert row.measured == pytest.approx(np.median([line[BOUND] for line in lines[2:4]]))
    assert "[BFPS]" in row.claimed


def test_small_first_weights_make_of_raw_input_what_the_normalised_network_starts_from(digits: Images) -> None:
    models = [model_for_input(digits.image_shape, *INPUTS[name], 1).initialise(digits) for name in INPUTS]
    codes = [model.encode(digits) for model in models]
    np.testing.assert_allclose(codes[2], codes[0], rtol=1e-4, atol=1e-5)
    assert np.abs(codes[1]).max() > 20 * np.abs(codes[0]).max()
    assert [dead_units(model, digits) for model in models] == [0, 0, 0]


def test_the_gradient_s_variance_needs_images_for_as_many_batches(digits: Images) -> None:
    model = small_model(1).initialise(digits)
    with pytest.raises(InputError, match="64 batches of 16 images need more than the 60"):
        gradient_variance(model, digits, 1, 64, of_batches=True)


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
