"""The likelihood of binarised digits in its tiny variant, and what its digits are binarised to."""

from __future__ import annotations

import numpy as np
import pytest

from latente import open_images
from latente.experiments import Result, reproduce, vae_mnist
from latente.experiments.recorded import recorded
from latente.experiments.vae_mnist import binarised
from toys import few_digits


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae_mnist, "open_parts", few_digits)
        return reproduce("vae-mnist", tiny=True, out=tmp_path_factory.mktemp("vae"))


def test_each_bound_has_its_line_and_its_row(result: Result) -> None:
    (lines,) = (table for title, table in result.tables.items() if title.startswith("binarised"))
    assert [line["samples in training"] for line in lines] == [1, 5]
    nll = [line["NLL"] for line in lines]
    rows = [row for row in result.claims if row.what.startswith("NLL")]
    assert [row.measured for row in rows] == nll
    assert [row.target for row in rows] == [86.8, 85.9]
    for line in lines:
        bounds = [value for name, value in line.items() if name.startswith("bound")]
        assert len(bounds) == 3
        assert bounds[-1] < bounds[0]  # the bound of log p rises with the samples
        assert line["KL"] > 0


def test_the_page_says_how_the_digits_are_binarised(result: Result) -> None:
    assert "dynamically in training, once" in result.data


def test_binarised_pixels_are_white_as_often_as_they_are_bright() -> None:
    grey = open_images(np.tile(np.array([0, 51, 204, 255], np.uint8).reshape(1, 2, 2), (5_000, 1, 1)))
    drawn = binarised(grey, seed=1)
    assert set(np.unique(drawn.pixels)) == {0, 255}
    share = (drawn.pixels == 255).mean(axis=0).ravel()
    assert share[[0, 3]].tolist() == [0, 1]
    assert share[[1, 2]] == pytest.approx([0.2, 0.8], abs=0.02)
    np.testing.assert_array_equal(binarised(grey, seed=1).pixels, drawn.pixels)


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
