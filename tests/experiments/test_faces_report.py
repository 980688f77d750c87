"""The further questions of the report on faces, in the tiny variant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente import open_images
from latente.experiments import Result, reproduce
from latente.experiments.faces_nets import GAUSSIAN, OBJECTIVES, REPORT, autoencoder
from latente.experiments.faces_report import NETS, PLAIN, SHARES, plain, share_of


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return reproduce("faces-report", tiny=True, out=folder)


def test_a_plain_autoencoder_stands_beside_each_objective(result: Result) -> None:
    lines = result.tables["a plain autoencoder beside them"]
    assert [line["trained on"] for line in lines] == [PLAIN, *OBJECTIVES]
    assert len({line["test face to nearest"] for line in lines}) == 1
    claims = {claim.what: claim for claim in result.claims}
    own = next(line for line in lines if line["trained on"] == PLAIN)
    assert claims[f"PSNR (dB, peak 1), {PLAIN}"].measured == own["PSNR (dB, peak 1)"]
    assert "would not have done as well" in claims[f"PSNR (dB, peak 1), {PLAIN}"].claimed


def test_the_plain_net_is_the_same_but_for_its_objective() -> None:
    mine, other = plain(0).get_params(), autoencoder(GAUSSIAN, 0).get_params()
    differing = {name for name in mine.keys() & other.keys() if mine[name] != other[name]}
    assert differing == set()
    assert mine["shortcut"] is None


def test_fewer_faces_are_the_first_ones_and_take_as_many_steps(result: Result) -> None:
    train = open_images("faces", count=64)
    assert [len(share_of(train, share)) for share in SHARES] == [64, 32, 16, 8]
    np.testing.assert_array_equal(share_of(train, "a quarter").pixels, train.pixels[:16])
    lines = result.tables["fewer faces"]
    assert [line["faces"] for line in lines] == list(SHARES)
    lost = {claim.what: claim.measured for claim in result.claims}[f"dB lost with a quarter of the faces, {REPORT}"]
    by_share = {line["faces"]: line["PSNR (dB, peak 1)"] for line in lines}
    assert lost == pytest.approx(by_share["all"] - by_share["a quarter"])


def test_the_reports_own_net_is_run_as_listed_and_as_told(result: Result) -> None:
    lines = result.tables["the report's own net"]
    assert [line["net"] for line in lines] == list(NETS)
    listed, told, _ = (line["parameters"] for line in lines)
    assert listed > 10 * told


def test_its_figures_are_written(result: Result, folder: Path) -> None:
    assert {"halfway between two faces", "PSNR by either peak", "PSNR by number of faces"} == set(result.figures)
    assert all((folder / file).is_file() for file in result.pictures().values())
