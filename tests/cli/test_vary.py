"""`latente vary`: near codes, between them, and along what sets some apart from others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import load
from latente.latents import interpolate_codes

Client = Callable[..., Any]


@pytest.fixture
def run(small_vae: Path) -> Path:
    return small_vae


def write(name: str, codes: Any) -> str:
    np.savez(name, codes=np.asarray(codes, np.float32))
    return name


def read(name: str) -> np.ndarray:
    with np.load(name) as arrays:
        return arrays["codes"]


def test_samples_with_their_codes_are_those_without(latente: Client, run: Path) -> None:
    assert latente("sample", run, "-n", 12, "--seed", 3, "--out", "plain.npy").code == 0
    shown = latente("sample", run, "-n", 12, "--seed", 3, "--out", "made.npy", "--codes", "made.npz")
    assert "wrote made.npz: 12 codes of 3 numbers" in shown.words
    made = np.load("made.npy")
    np.testing.assert_array_equal(made, np.load("plain.npy"))
    with np.load("made.npz") as arrays:
        np.testing.assert_array_equal(load(run).decode(arrays["codes"]), made)
        assert arrays["files"].tolist()[::11] == ["01.png", "12.png"]  # as a folder of them has it


def test_those_near_are_nearer_the_smaller_the_share_and_the_same_for_the_same_seed(latente: Client, run: Path) -> None:
    codes, far = write("of.npz", [[2, 0, 0], [0, 0, -2]]), {}
    for share in (0.05, 0.5):
        line = ("vary", run, codes, "-n", 9, "--share", share, "--seed", 1, "--codes", "near.npz", "--force")
        assert latente(*line, "--out", "near").code == 0
        assert len(list(Path("near").iterdir())) == 18
        near = read("near.npz").reshape(2, 9, 3)
        far[share] = np.linalg.norm(near - read(codes)[:, None], axis=2).mean()
    assert 0 < 4 * far[0.05] < far[0.5]
    assert latente(*line, "--out", "near").code == 0
    np.testing.assert_array_equal(read("near.npz").reshape(2, 9, 3), near)


def test_what_lies_between_begins_and_ends_with_the_two(latente: Client, run: Path) -> None:
    codes = write("of.npz", [[2, 0, 0], [0, 1, 0]])
    assert latente("vary", run, codes, "--between", 5, "--out", "strip.npy", "--codes", "strip.npz").code == 0
    expected = interpolate_codes(read(codes)[:1], read(codes)[1:], 5, "spherical")[0]
    np.testing.assert_allclose(read("strip.npz"), expected, atol=1e-6)
    np.testing.assert_array_equal(np.load("strip.npy"), load(run).decode(expected))


def test_more_of_it_is_a_step_from_those_that_lack_it_to_those_that_have_it(latente: Client, run: Path) -> None:
    having, lacking = write("more.npz", [[1, 2, 0], [1, 0, 0]]), write("less.npz", [[-1, 2, 0], [-1, 0, 0]])
    line = ("vary", run, write("of.npz", [[0, 5, 1]]), "--more", having, "--less", lacking, "--strength", "-1,0,1")
    assert latente(*line, "--out", "along.png", "--codes", "along.npz").code == 0
    np.testing.assert_allclose(read("along.npz"), [[-2, 5, 1], [0, 5, 1], [2, 5, 1]], atol=1e-6)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--more one.npz", "--more and --less belong together"),
        ("--more one.npz --less one.npz --between 3", "two ways to vary"),
        ("--between 3", "holds one code; there is something between two"),
        ("--codes codes.png", "--codes codes.png: codes, files and labels go together into one .npz file"),
        ("--more one.npz --less one.npz", "needs at least 2 of each"),
        ("--more two.npz --less one.npz", "have 2 numbers each, those of one.npz 3"),
        ("--share 0", "must be a number above 0"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_writes_nothing(
    latente: Client, run: Path, line: str, message: str
) -> None:
    write("one.npz", [[1, 2, 3]])
    write("two.npz", [[1, 2], [3, 4]])
    shown = latente("vary", run, "one.npz", "--out", "made", *line.split())
    assert shown.code == 2
    assert message in shown.err
    assert not Path("made").exists()


def test_codes_of_another_model_are_refused(latente: Client, run: Path) -> None:
    shown = latente("vary", run, write("two.npz", [[1, 2]]), "--out", "made")
    assert shown.code == 2
    assert "the codes have 2 numbers each, and those of this model 3" in shown.err


def test_codes_beside_a_class_that_is_asked_for_are_refused(latente: Client, run: Path) -> None:
    shown = latente("sample", run, "--label", 3, "--out", "made", "--codes", "made.npz")
    assert shown.code == 2
    assert "--label has no meaning" in shown.err
