"""Emoji, plain and variational, in the tiny variant; its sets, and the plane of a plain autoencoder's codes."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente import open_images
from latente.experiments import Result, reproduce
from latente.experiments.emoji_vae import CASES, Standardized, model, open_set
from latente.experiments.recorded import recorded
from latente.experiments.sets import split_families, twemoji

HERE = ("emoticons", "moved emoticons")  # what is drawn by code


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LATENTE_DATA", raising=False)
        return reproduce("emoji-vae", tiny=True, out=folder)


def test_plain_and_variational_stand_side_by_side_on_every_set_that_is_there(result: Result, folder: Path) -> None:
    found = [(line["set"], line["model"]) for line in result.tables["models"]]
    wanted = [["plain", *(f"variational, beta {beta:g}" for beta in CASES[name].betas)] for name in HERE]
    assert found == [(name, way) for name, ways in zip(HERE, wanted, strict=True) for way in ways]
    assert "colour faces: left out" in result.data
    assert "moved emoticons: the same emoticons" in result.data
    assert all((folder / file).is_file() for file in result.pictures().values())
    assert {"emoticons lattice plain", "emoticons samples", "moved emoticons interpolation"} <= result.pictures().keys()


def test_distances_are_told_beside_held_out_and_rebuilt_pictures(result: Result) -> None:
    lines = result.tables["distance to the nearest training picture"]
    for line in lines:
        own = [one for one in lines if (one["set"], one["model"]) == (line["set"], line["model"])]
        means = {one["pictures"]: one["mean"] for one in own}
        assert ("lattice" in means) == (line["set"] == "emoticons")
        assert line["of held-out pictures'"] == pytest.approx(line["mean"] / means["held-out pictures"])
        assert line["of rebuilt training pictures'"] == pytest.approx(line["mean"] / means["training pictures rebuilt"])
        if line["pictures"] == "held-out pictures":
            assert line["beyond 95 % of held-out, %"] == pytest.approx(5, abs=5)
    plain, variational = result.claims[:2]
    assert variational.target == plain.measured


def test_the_information_of_a_code_is_told_beside_log_n(result: Result) -> None:
    for line in result.tables["models"]:
        if line["model"] == "plain":
            assert math.isnan(line["KL, nats"])
            assert math.isnan(line["KL - log N"])
        else:
            assert line["KL - log N"] == pytest.approx(line["KL, nats"] - line["log N"])
    assert result.tables["models"][0]["log N"] == pytest.approx(math.log(50))  # of 63 emoticons 13 are held out


def test_families_stay_on_one_side_of_the_split() -> None:
    letters = open_images("letters")
    families = [f"family {row // 4}" for row in range(32)]
    train, held_out = split_families(letters, families)
    assert (len(train), len(held_out)) == (24, 8)  # 8 families, of which round(1.6) are held out
    rows = {picture.tobytes(): row for row, picture in enumerate(letters.pixels)}
    sides = [{families[rows[picture.tobytes()]] for picture in part.pixels} for part in (train, held_out)]
    assert not sides[0] & sides[1]
    assert np.array_equal(split_families(letters, families)[1].pixels, held_out.pixels)


def test_twemoji_comes_on_white_each_picture_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    assert twemoji(32) is None
    assert open_set("all Twemoji") is None
    (tmp_path / "twemoji").mkdir()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "twemoji" / "twemoji-72.zip", "w") as archive:
        for name in ("1f600", "1f601", "1f602", "1f603", "1f64f", "2764", "1f44b", "1f44b-1f3fb", "1f44b-1f3fc"):
            picture = rng.integers(0, 255, (72, 72, 4), dtype=np.uint8)
            picture[:36, :, 3] = 0
            Image.fromarray(picture).save(tmp_path / "one.png")
            archive.write(tmp_path / "one.png", f"{name}.png")
        archive.write(tmp_path / "one.png", "2765.png")  # with the bytes of another
    pictures = twemoji(32)
    assert pictures is not None
    assert pictures.pixels.shape == (9, 3, 32, 32)
    assert (pictures.pixels[:, :, :12] == 255).all()
    faces = open_set("colour faces")
    assert faces is not None
    assert sum(map(len, faces)) == 5
    parts = open_set("all Twemoji")
    assert parts is not None
    sides = {side for side, part in enumerate(parts) for file in part.files if "1f44b" in file}
    assert len(sides) == 1


def test_the_real_faces_are_eighty(data_folder: Path) -> None:
    parts = open_set("colour faces")
    if parts is None:
        pytest.skip(f"{data_folder} holds no twemoji")
    assert [len(part) for part in parts] == [64, 16]


def test_a_plain_autoencoders_plane_turns_its_normal_density_into_the_standard_one() -> None:
    pictures = open_images("emoji", count=200)
    plain = model(CASES["emoticons"], None, 0, 3).fit(pictures)
    plane = Standardized(plain)
    codes = plane.encode(pictures)
    assert codes.mean(axis=0) == pytest.approx([0, 0], abs=1e-4)
    assert plain.codes_covariance_ is not None
    whitened = np.linalg.solve(plane.root, np.linalg.solve(plane.root, plain.codes_covariance_).T)
    assert whitened == pytest.approx(np.eye(2), abs=1e-5)
    assert np.abs(plane.decode(codes).astype(int) - plain.reconstruct(pictures).astype(int)).max() <= 1


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    names = {what for what in recorded("emoji-vae").figures if what.startswith(HERE)}
    assert names == {claim.what for claim in result.claims}
