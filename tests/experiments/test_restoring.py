"""The experiments on restoring in their tiny variants, and what they are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente.experiments import Result, inpaint, reproduce, sr_unet
from latente.experiments.denoise_photos import FILTERS, noisy
from latente.experiments.photographs import grey, means
from latente.experiments.sr_set5 import FACTORS, bicubic

NAMES = ("sr-set5", "denoise-photos", "inpaint", "sr-unet")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latente.objectives.RestorationObjective.epoch_steps", 2)
        patch.setattr(sr_unet, "BATCH", 2)
        patch.setattr(sr_unet, "BASIS", {**sr_unet.BASIS, "hidden": (4, 4)})
        return {name: reproduce(name, tiny=True, out=folder / name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_are_written_and_every_figure_is_a_number(
    results: dict[str, Result], name: str, tmp_path: Path
) -> None:
    results[name].write(tmp_path)
    pictures = results[name].pictures().values()
    assert len(pictures) >= 1
    assert all((tmp_path / file).is_file() for file in pictures)
    assert all(np.isfinite(claim.measured) for claim in results[name].claims)


def test_each_factor_stands_beside_bicubic_and_what_others_reached(results: dict[str, Result]) -> None:
    claims = results["sr-set5"].claims
    assert [claim.target for claim in claims[::2]] == [37.50, 33.55, 31.25]
    assert "DRCN 31.53" in claims[4].claimed
    lines = results["sr-set5"].tables["by factor"]
    assert [line["factor"] for line in lines] == list(FACTORS)
    assert claims[1].measured == pytest.approx(lines[0]["PSNR bicubic"])
    assert claims[0].measured == pytest.approx(lines[0]["PSNR"])


def test_all_methods_meet_the_same_noise_and_a_grey_picture_is_the_luminance(results: dict[str, Result]) -> None:
    line = results["denoise-photos"].tables["PSNR"][0]
    assert {"as it is", "ours", "ours, blind", *FILTERS} <= line.keys()
    assert 20 < line["as it is"] < 21.5  # of sigma 25, clipped when it is measured
    white = np.full((3, 4, 4), 255, np.uint8)
    assert grey(white).tolist() == np.full((1, 4, 4), 235).tolist()
    assert np.array_equal(noisy(white, 25, 1), noisy(white, 25, 1))
    assert noisy(np.repeat(white, 400, axis=1), 25, 1).std() == pytest.approx(25 / 255, rel=0.05)


def test_masks_hide_what_their_name_says() -> None:
    masks = {kind: inpaint.drawn_mask(kind, (96, 128), 0) for kind in inpaint.MASKS}
    assert {mask.shape for mask in masks.values()} == {(96, 128)}
    assert masks[inpaint.PIXELS].mean() == pytest.approx(0.5, abs=0.03)
    assert 0.02 < masks[inpaint.TEXT].mean() < 0.4
    assert 0.01 < masks[inpaint.SCRATCHES].mean() < 0.6
    assert not np.array_equal(masks[inpaint.TEXT], inpaint.drawn_mask(inpaint.TEXT, (96, 128), 1))


def test_each_choice_stands_beside_the_basis_and_the_low_picture(results: dict[str, Result]) -> None:
    lines = results["sr-unet"].tables["one choice at a time"]
    assert [line["change"] for line in lines] == ["basis", "max pooling", sr_unet.REPORTED]
    assert lines[0]["beside the basis, dB"] == 0
    assert len({line["PSNR of the low"] for line in lines}) == 1
    assert results["sr-unet"].claims[3].target == 3


def test_parts_are_the_picture_s_own_squares_row_by_row() -> None:
    from latente import Images

    pixels = np.arange(2 * 3 * 128 * 192, dtype=np.int64).reshape(2, 3, 128, 192).astype(np.uint8)
    parts = sr_unet.in_parts(Images(pixels, {"target": pixels}))
    assert parts.pixels.shape == (12, 3, 64, 64)
    assert np.array_equal(parts.pixels[8], pixels[1, :, :64, 128:])


def test_bicubic_is_whole_levels_of_the_wanted_size_and_means_are_by_words() -> None:
    assert bicubic(np.full((3, 5, 4), 77, np.uint8), 2, (3, 9, 8)).tolist() == np.full((3, 9, 8), 77).tolist()
    lines = [{"a": "x", "seed": 0, "v": 1.0}, {"a": "x", "seed": 1, "v": 3.0}, {"a": "y", "seed": 0, "v": 5.0}]
    assert means(lines, "a") == [{"a": "x", "v": 2.0}, {"a": "y", "v": 5.0}]
