"""The faces' variational autoencoder in its tiny variant, and the arithmetic that explains its weights."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente import open_images
from latente.experiments import Result, faces_vae, reproduce
from latente.experiments.faces import LONG_OR_BLOND, NEAR, hair
from latente.experiments.faces_nets import FEW, OBJECTIVES, HairJudge, open_faces, sharpness
from latente.experiments.faces_vae import STRENGTHS, entropy_floor
from latente.experiments.recorded import recorded
from latente.images import Images


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return reproduce("faces-vae", tiny=True, out=folder)


def test_the_same_net_is_judged_on_each_objective(result: Result) -> None:
    lines = result.tables["the same net on three losses"]
    assert [line["trained on"] for line in lines] == list(OBJECTIVES)
    assert [line["beta"] for line in lines] == [pytest.approx(12_288 / 500), 1, 1]
    floor = result.extra["entropy_floor"]
    for line in lines:
        assert line["KL (bits)"] == pytest.approx(line["KL (nats)"] * math.log2(math.e))
        assert line["above the floor"] == pytest.approx(line["BCE (nats per value)"] - floor)
        assert line["above the floor"] > 0
        assert 0 <= line["active units"] <= 100
    assert lines[0]["sigma"] == pytest.approx(lines[1]["sigma"] * math.sqrt(12_288 / 500))


def test_a_peak_of_255_adds_48_dB_and_nothing_else(result: Result) -> None:
    for line in result.tables["what it rebuilds and draws"]:
        assert line["PSNR by a peak of 255"] - line["PSNR (dB, peak 1)"] == pytest.approx(20 * math.log10(255))


def test_hair_is_judged_at_each_strength_and_the_originals_are_not_blond(result: Result) -> None:
    lines = result.tables["black hair called blond"]
    assert len(lines) == len(OBJECTIVES) * len(STRENGTHS)
    originals = [line["detail kept"] for line in lines if line["strength"] == 0]
    assert set(originals) == {originals[0]}
    assert originals[0] < 0.3


def test_errors_are_told_by_what_the_faces_show(result: Result) -> None:
    lines = result.tables["error by attribute"]
    assert {line["trained on"] for line in lines} == set(OBJECTIVES)
    for name in OBJECTIVES:
        own = {line["attribute"]: line for line in lines if line["trained on"] == name}
        assert {LONG_OR_BLOND, NEAR, "hat", "hair_blond", "facing_left"} <= own.keys()
        assert own[NEAR]["faces"] == FEW["test"] // 4
        gaps = [line["difference"] for line in own.values()]
        assert gaps == sorted(gaps, reverse=True)
        for line in own.values():
            assert line["from"] < line["difference"] < line["to"]
            assert line["difference"] == pytest.approx(line["squared error"] - line["of the others"])
    long_or_blond = next(line for line in lines if line["attribute"] == LONG_OR_BLOND)
    [claim] = [claim for claim in result.claims if "long or blond" in claim.claimed]
    assert claim.measured == pytest.approx(long_or_blond["squared error"] / long_or_blond["of the others"])


def test_attributes_are_counted_among_samples_of_each_model(result: Result) -> None:
    lines = result.tables["attributes among samples"]
    assert len(lines) == 13 * len(OBJECTIVES)
    for line in lines:
        assert max(line["in the data"], line["said of test faces"]) <= 1
        assert line["commoner answer"] >= 0.5
        if not math.isnan(line["of samples"]):
            assert line["from"] <= line["of samples"] <= line["to"]
            assert 1 - line["told right"] <= (1 - line["commoner answer"]) / 2
            assert line["of samples"] * FEW["test"] == pytest.approx(round(line["of samples"] * FEW["test"]))
    assert any(math.isnan(line["of samples"]) for line in lines)


def test_the_page_and_its_figures_are_written(result: Result, folder: Path) -> None:
    assert {
        "reconstructions",
        "PSNR",
        "new faces",
        "black to blond",
        "black to blond detail kept",
    } < result.figures.keys()
    assert all((folder / file).is_file() for file in result.pictures().values())
    page = (folder / "result.md").read_text(encoding="utf-8")
    assert "drawn by code, for want of CelebA" in page
    assert "entropy floor" in page


def test_the_reports_figures_in_nats_are_its_own() -> None:
    found = {line["the report's"]: line["is"] for line in faces_vae.report_in_nats()}
    assert found["BCE 280, of 500 times a mean"] == pytest.approx(0.56)
    assert found["the same, summed over an image"] == pytest.approx(6_881.28)
    assert found["weight 500 of the mean"] == pytest.approx(24.576)
    assert found["KL 11.8"] == pytest.approx(17.024, abs=1e-3)
    assert found["faces that such a code can tell apart"] == pytest.approx(133_252, abs=1)
    assert found["their loss, as a lower bound with beta 1"] == pytest.approx(-6_893.08)


def test_the_entropy_floor_is_the_least_cross_entropy() -> None:
    from latente import metrics

    fifth = np.full((2, 3, 8, 8), 51, np.uint8)  # 0.2 of 255
    entropy = -0.2 * math.log(0.2) - 0.8 * math.log(0.8)
    assert entropy_floor(fifth) == pytest.approx(entropy, rel=1e-6)
    assert entropy_floor(np.array([0, 255], np.uint8).repeat(192).reshape(2, 3, 8, 8)) == pytest.approx(0, abs=1e-5)
    x = fifth / 255
    for p in (0.19, 0.21):
        excess = metrics.bce(x, np.full_like(x, p), data_range=1.0)[0] - entropy
        assert excess > 0
        # to second order that of a normal density with variance x (1 - x)
        assert excess == pytest.approx(0.01**2 / (2 * 0.2 * 0.8), rel=0.05)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    rows, columns = np.indices((10, 12))
    ramp = np.tile((rows + 2 * columns).astype(np.uint8), (2, 3, 1, 1))
    board = np.tile(((rows + columns) % 2).astype(np.uint8), (2, 3, 1, 1))
    assert sharpness(ramp) == pytest.approx(0)
    assert sharpness(board) == pytest.approx(16)
    assert sharpness(2 * board) == pytest.approx(64)


def faces(names: tuple[str, ...], attributes: list[list[int]], levels: list[int]) -> Images:
    pixels = np.array(levels, np.uint8)[:, None, None, None] + np.zeros((1, 3, 64, 64), np.uint8)
    return Images(pixels, {"attributes": np.array(attributes, np.int8)}, attribute_names=names)


def test_hair_is_read_in_either_spelling() -> None:
    rows = [[1, -1], [-1, 1], [-1, -1], [1, 1]]
    for names in (("hair_black", "hair_blond"), ("Black_Hair", "Blond_Hair")):
        assert hair(faces(names, rows, [0] * 4)).tolist() == [-1, 1, 0, 0]


def test_the_judge_tells_colours_and_leaves_out_what_has_neither() -> None:
    names, rows = ("Black_Hair", "Blond_Hair"), [[1, -1], [-1, 1], [-1, -1]] * 8
    known = faces(names, rows, [40, 200, 0] * 8)
    judge = HairJudge(known)
    assert judge.blond(known.pixels).tolist()[:2] == [False, True]
    assert "right on 100.0 % of the 16 test faces" in judge.accuracy(known)


def test_celeba_is_taken_where_it_is_and_the_drawn_faces_where_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    assert open_faces("train", tiny=True).name == "faces"
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    noise = np.random.default_rng(0)
    files = [f"{number:06d}.jpg" for number in range(1, 5)]
    for file in files:
        Image.fromarray(noise.integers(0, 256, (218, 178, 3), np.uint8)).save(folder / "img_align_celeba" / file)
    rows = "".join(f"{file} {value:2d} {-value:2d}\n" for file, value in zip(files, (1, -1, 1, -1), strict=True))
    (folder / "list_attr_celeba.txt").write_text(f"4\nBlack_Hair Blond_Hair \n{rows}")
    parts = zip(files, (0, 0, 1, 2), strict=True)
    (folder / "list_eval_partition.txt").write_text("".join(f"{file} {part}\n" for file, part in parts))
    train = open_faces("train")
    assert train.pixels.shape == (2, 3, 64, 64)
    assert hair(train).tolist() == [-1, 1]
    assert open_faces("train", tiny=True).name == open_images("faces", count=2).name


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
