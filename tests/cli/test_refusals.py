"""What the verbs on a trained model refuse: in one line, before any work, leaving all as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from latente.cli import compare_pca, edit, interpolate, nearest, traverse
from latente.cli import map as map_

Client = Callable[..., Any]


TINY = "--epochs 2 --hidden 16 --network dense --seed 0 --no-report"


@pytest.fixture
def run(digits_vae: Path) -> Path:
    return digits_vae


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("map RUN digits --out map.jpg", "name a .png file"),
        ("map RUN digits --method isomap", "did you mean 'umap'? known: auto, pca, tsne, umap"),
        ("map RUN digits --attribute hat", "unknown attribute of digits 'hat'; known: 0, 1"),
        ("map nowhere digits", "nowhere holds no model"),
        ("compare-pca RUN --split test", "--split chooses among IMAGES"),
        ("compare-pca RUN digits --split tset", "digits has no part 'tset'"),
        ("nearest RUN -n 0", "'-n': it must be a whole number of at least 1, not 0"),
        ("nearest RUN --images digits -n -1", "'-n': it must be a whole number of at least 1, not -1"),
        ("nearest RUN --images nothing", "unknown file, folder or image set 'nothing'"),
        ("nearest RUN --split test", "--split chooses among --images"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(latente: Client, run: Path, line: str, message: str) -> None:
    shown = latente(line.replace("RUN", str(run)))
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("traverse RUN --steps 1", "'--steps': it must be a whole number of at least 2, not 1"),
        ("traverse RUN --dimensions 10", "not all within 0 to 9"),
        ("traverse RUN --dimensions a", "'a' is not a whole number"),
        ("traverse RUN --count 3", "--count chooses among IMAGES"),
        ("traverse RUN --out strip.jpg", "name a .png file"),
        ("interpolate RUN digits --from 9999 --to 1", "--from 9999: digits holds the images 0 to 1441"),
        ("interpolate RUN digits --to class:x", "--to class:x is no image of digits, and: unknown attribute"),
        ("interpolate RUN digits --to class:7 --count 6", "none of the 6 images is of that kind"),
        ("interpolate RUN digits --how curved", "unknown way 'curved'"),
        ("interpolate RUN digits --count 1", "digits holds 1 image"),
        ("direction learn RUN digits --attribute hat", "unknown attribute of digits 'hat'"),
        ("direction learn RUN digits --attribute 3 --against 3", "the codes show no direction of 3 beyond 3"),
        ("direction learn RUN plain.npy --attribute hat", "plain has neither attributes nor classes"),
        ("direction list nowhere", "nowhere is no run folder"),
        ("edit RUN digits --attribute 9", "`latente direction learn RUN IMAGES --attribute 9`"),
        ("edit RUN digits --attribute 3 --strength 1:2", "'1:2' is neither start:stop:count"),
        ("edit RUN digits --attribute 3 --strength 1:2:1", "'1:2:1' is neither start:stop:count"),
        ("edit RUN digits --attribute 3 --strength much", "'much' is not a number"),
        ("edit RUN digits --attribute 3 --strength inf", "not finite"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    latente: Client, digits_autoencoder: Path, line: str, message: str
) -> None:
    run = digits_autoencoder
    np.save("plain.npy", np.zeros((9, 8, 8), np.uint8))
    shown = latente(line.replace("RUN", str(run)))
    assert (shown.code, shown.out) == (2, "")
    assert message.replace("RUN", str(run)) in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["plain.npy"]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (map_, "map RUN digits"),
        (compare_pca, "compare-pca RUN"),
        (nearest, "nearest RUN"),
        (traverse, "traverse RUN"),
        (interpolate, "interpolate RUN digits"),
        (edit, "edit RUN digits --attribute 3"),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
def test_a_used_name_is_refused_before_any_work(
    latente: Client, run: Path, module: ModuleType, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.png").write_text("mine")
    monkeypatch.setattr(module, "model_for", lambda verb, run: pytest.fail("worked before refusing"))
    shown = latente(f"{line.replace('RUN', str(run))} --out mine.png")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == "error: --out mine.png exists already: choose another name, or replace it with --force\n"
    assert Path("mine.png").read_text() == "mine"


def test_rows_of_a_table_are_no_pictures(latente: Client) -> None:
    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    latente(f"fit table.npy --latent-dim 2 --out run {TINY}")
    for line in ("traverse run", "interpolate run table.npy", "edit run table.npy --attribute x", "nearest run"):
        assert "which are no pictures; see `latente map`" in latente(line).err


@pytest.mark.parametrize("verb", ["encode", "reconstruct"])
def test_what_exists_is_not_overwritten_without_force(latente: Client, run: Path, verb: str) -> None:
    out = Path("out.npz")
    out.write_text("mine")
    refused = latente(verb, run, "digits", "--count", 3, "--out", out)
    assert (refused.code, refused.out, out.read_text()) == (2, "", "mine")
    assert refused.err == "error: --out out.npz exists already: choose another name, or replace it with --force\n"
    assert latente(verb, run, "digits", "--count", 3, "--out", out, "--force").code == 0
    assert out.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encode", "RUN", "digits", "--out", "codes.csv"], ".npz"),
        (["encode", "nowhere", "digits", "--out", "codes.npz"], "nowhere"),
        (["decode", "RUN", "text.npz", "--out", "out"], "text.npz cannot be read as codes"),
        (["decode", "RUN", "other.npz", "--out", "out"], "other.npz holds no codes"),
        (["decode", "RUN", "wrong.npy", "--out", "out"], "(3, 7)"),
        (["decode", "RUN", "nowhere.npz", "--out", "out"], "nowhere.npz"),
        (["sample", "RUN", "-n", "0", "--out", "out"], "at least 1"),
        (["sample", "RUN", "--seed", "-1", "--out", "out"], "'--seed': '-1' is not between 0 and"),
        (["evaluate", "RUN", "digits", "--split", "tset"], "test"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    latente: Client, run: Path, arguments: list[str], message: str
) -> None:
    Path("text.npz").write_text("no archive")
    np.savez("other.npz", images=np.zeros((3, 3)))
    np.save("wrong.npy", np.zeros((3, 7)))
    shown = latente(*[run if word == "RUN" else word for word in arguments])
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert not Path("out").exists()
