"""`latente explore`, as a user types it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latente.cli import main

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exploring") / "run"
    options = "--count 64 --epochs 1 --hidden 8 --latent-dim 2 --network dense --seed 0 --no-report"
    assert main(["fit", "digits", "--model", "vae", "--out", str(folder), *options.split()]) == 0
    return folder


def test_the_page_is_in_the_run_folder_unless_told_otherwise(latente: Client, run: Path) -> None:
    shown = latente("explore", run, "--atlas")
    assert shown.code == 0, shown.err
    assert (run / "explorer.html").is_file()
    assert str(run / "explorer.html") in shown.words
    assert "note The decoder of this page is an atlas" in shown.words
    assert latente("explore", run, "--atlas").code == 0  # its own page may be replaced


def test_the_page_is_in_the_language_asked_for(latente: Client, run: Path) -> None:
    assert latente("explore", run, "--lang", "es", "--count", "20", "--atlas", "--out", "uno.html").code == 0
    assert "explorador" in Path("uno.html").read_text()


def test_other_images_can_be_explored_and_only_some_of_them(latente: Client, run: Path) -> None:
    shown = latente("explore", run, "digits", "--split", "train", "--count", 30, "--out", "page.html", "--atlas")
    assert (shown.code, "images 30" in shown.words) == (0, True), shown.err
    again = latente("explore", run, "--out", "page.html", "--atlas")
    assert (again.code, "--force" in again.err) == (2, True)
    assert latente("explore", run, "--out", "page.html", "--atlas", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "train"], "name the set too"),
        (["--count", "0"], "at least 1"),
        (["nowhere/"], "nowhere"),
    ],
)
def test_what_cannot_be_explored_is_said_in_one_line(
    latente: Client, run: Path, arguments: list[str], message: str
) -> None:
    shown = latente("explore", run, *arguments, "--out", "page.html")
    assert (shown.code, shown.out, Path("page.html").exists()) == (2, "", False)
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_maps_beside_the_first_are_named_and_refused_before_any_work(
    latente: Client, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = latente("explore", run, "--atlas", "--maps", "pca,tsnee", "--out", "page.html")
    assert (shown.code, "--maps" in shown.err, "tsne" in shown.err) == (2, True, True)
    monkeypatch.setitem(sys.modules, "umap", None)
    shown = latente("explore", run, "--atlas", "--maps", "umap", "--out", "page.html")
    assert (shown.code, "pip install umap-learn" in shown.err, shown.err.count("\n")) == (2, True, 1)
    shown = latente("explore", run, "--atlas", "--maps", "pca, tsne", "--out", "page.html")
    assert shown.code == 0, shown.err
    assert "<b>t-SNE</b>" in Path("page.html").read_text(encoding="utf-8")
