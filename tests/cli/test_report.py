"""`latente report`: which words are runs, which are images, and where the page goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente.cli import main

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("report")
    options = "--count 128 --epochs 1 --hidden 8 --network dense --seed 0 --no-report"
    runs = [folder / "two", folder / "four"]
    for run, size in zip(runs, (2, 4), strict=True):
        assert main(["fit", "digits", "--latent-dim", str(size), "--out", str(run), *options.split()]) == 0
    return runs


def test_one_run_has_its_page_in_its_folder(latente: Client, runs: list[Path]) -> None:
    shown = latente("report", runs[0])
    assert (shown.code, shown.words) == (0, f"report {runs[0] / 'report.html'}"), shown.err
    assert "Autoencoder <span>on digits" in (runs[0] / "report.html").read_text()


def test_several_runs_are_compared_in_the_current_folder(latente: Client, runs: list[Path]) -> None:
    shown = latente("report", *runs)
    assert (shown.code, shown.words) == (0, "report comparison.html"), shown.err
    assert "2 runs" in Path("comparison.html").read_text()
    again = latente("report", *runs)
    assert (again.code, again.out) == (2, "")
    assert "--out comparison.html exists already" in again.err
    assert latente("report", *runs, "--force").code == 0
    assert latente("report", *runs, "--out", "pages/both.html").words == "report pages/both.html"


def test_a_page_is_in_the_language_asked_for_and_no_unknown_one(latente: Client, runs: list[Path]) -> None:
    assert latente("report", runs[0], "--lang", "es", "--out", "uno.html").code == 0
    assert latente("report", *runs, "--lang", "es", "--out", "dos.html").code == 0
    assert "informe del entrenamiento" in Path("uno.html").read_text()
    assert "2 entrenamientos" in Path("dos.html").read_text()
    refused = latente("report", runs[0], "--lang", "ed", "--out", "tres.html")
    assert refused.code == 2
    assert "--lang" in refused.err
    assert "unknown language 'ed'; did you mean 'es'? known: en, es" in " ".join(refused.err.split())
    assert not Path("tres.html").exists()


def test_what_is_no_run_and_comes_last_are_the_images(latente: Client, runs: list[Path]) -> None:
    np.save("some.npy", np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8))
    assert latente("report", runs[0], "some.npy", "--out", "one.html").code == 0
    assert latente("report", *runs, "some.npy", "--out", "both.html").code == 0
    assert "Measured on 20 images given" in Path("one.html").read_text()
    assert "judged by the same 20 images given" in Path("both.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere is no run folder: it has no options.json"),
        (["RUN", "nowhere", "RUN"], "nowhere is no run folder: it has no options.json; images, if any, come last"),
        (["RUN", "nowhere"], "nowhere is neither a run (it holds no options.json) nor images: unknown file, folder"),
        (["RUN", "runs/gone"], "runs/gone is neither a run (it holds no options.json) nor images: "),
        (["RUN", "RUN"], "is given 2 times; name each run once"),
    ],
)
def test_words_that_are_neither_are_named(latente: Client, runs: list[Path], words: list[str], message: str) -> None:
    shown = latente("report", *[runs[0] if word == "RUN" else word for word in words])
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert not list(Path().glob("*.html"))


def test_a_report_can_go_elsewhere_and_tells_machines_how_good_the_model_is(latente: Client, runs: list[Path]) -> None:
    assert latente("report", runs[0], "--out", "page.html").words == "report page.html"
    again = latente("report", runs[0], "--out", "page.html")
    assert (again.code, "--force" in again.err) == (2, True)
    told = latente("report", runs[0], "digits", "--out", "page.html", "--force", "--json").json
    assert (told["report"], told["verdict"]["level"] in ("good", "fair", "poor")) == ("page.html", True)


def test_the_film_of_the_training_goes_where_it_shall_in_the_format_of_its_name(
    latente: Client, runs: list[Path]
) -> None:
    shown = latente("report", runs[0], "--out", "page.html", "--film", "films/two.webp")
    assert (shown.code, shown.words) == (0, "report page.html film films/two.webp"), shown.err
    with Image.open("films/two.webp") as film:
        assert (film.format, film.n_frames) == ("WEBP", len(list((runs[0] / "samples").glob("step-*.png"))))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "--film", "two.avi"], "two.avi: a film ends in .gif, .webp or .mp4"),
        (["RUN", "RUN2", "--film", "two.gif"], "--film two.gif is of one run; give one, not 2"),
    ],
)
def test_a_film_that_cannot_be_is_refused_before_anything_is_written(
    latente: Client, runs: list[Path], words: list[str], message: str
) -> None:
    places = {"RUN": str(runs[0]), "RUN2": str(runs[1])}
    shown = latente("report", *(places.get(word, word) for word in words), "--out", "never.html")
    assert shown.code == 2
    assert message in shown.err
    assert not Path("never.html").exists()
