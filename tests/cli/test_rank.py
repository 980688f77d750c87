"""`latente rank` and `latente score`: a table, a page, maps, with a model and without one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import latente as package
from pages import Page
from translating import left_in_english, mark

Client = Callable[..., Any]

rng = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of twelve dark noisy pictures, one of which has a bright patch, and of one damaged file."""
    place = tmp_path / "set"
    place.mkdir()
    for number in range(12):
        pixels = rng.integers(40, 60, (24, 24 + 4 * (number % 2)), np.uint8)
        if number == 5:
            pixels[2:12, 2:12] = 240
        Image.fromarray(pixels).save(place / f"{number:02}.png")
    return place


def table(path: str) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_is_ranked_without_a_model(latente: Client, folder: Path) -> None:
    shown = latente("rank set/ --maps maps --top 3")
    assert shown.code == 0, shown.err
    rows = table("ranking.csv")
    assert list(rows[0]) == ["file", "score", "threshold", "odd"]
    assert rows[0]["file"] == "05.png"
    assert rows[0]["odd"] == "1"
    assert len(rows) == 12
    assert [float(row["score"]) for row in rows] == sorted(float(row["score"]) for row in rows)
    assert "1 of 12" in shown.out
    page = Page(Path("ranking.html"))
    assert page.pictures[:2] == ["05.png", "where 05.png is odd"]
    assert len(page.pictures) == 6
    assert "latente fit set/ --exclude LIST" in page.text
    assert sorted(path.name for path in Path("maps").iterdir())[:2] == ["1-05-mask.png", "1-05.png"]
    with Image.open("maps/1-05-mask.png") as mask, Image.open("maps/1-05.png") as heat:
        assert (mask.size, heat.mode) == ((28, 24), "RGB")
        assert np.asarray(mask)[4:10, 4:10].all()
    again = latente("rank set/")
    assert again.code == 2
    assert "ranking.csv exists already" in again.err


def test_the_page_is_wholly_in_the_language_asked_for(
    latente: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(monkeypatch)
    assert latente("rank set/ --maps maps --lang es").code == 0
    assert '<html lang="es">' in Path("ranking.html").read_text(encoding="utf-8")
    assert left_in_english(Path("ranking.html"), "set png") == set()


def test_what_the_page_s_list_names_is_left_out_of_a_ranking(latente: Client, folder: Path) -> None:
    Path("left-out.txt").write_text("05.png\n", encoding="utf-8")
    shown = latente("rank set/ --exclude left-out.txt --json")
    assert shown.code == 0, shown.err
    assert "05.png" not in [row["file"] for row in shown.json["ranking"]]


def test_a_model_ranks_and_scores(latente: Client, digits_autoencoder: Path) -> None:
    shown = latente(f"rank {digits_autoencoder} digits --count 40 --top 4 --json")
    assert shown.code == 0, shown.err
    assert len(shown.json["ranking"]) == 40
    assert not shown.json["is_learned"]
    assert len(Page(Path("ranking.html")).pictures) == 8
    scored = latente(f"score {digits_autoencoder} digits --count 40 --json")
    assert scored.code == 0, scored.err
    images = package.open_images("digits", count=40)
    expected = package.load(digits_autoencoder).score_samples(images)
    assert [float(row["score"]) for row in table("scores.csv")] == pytest.approx(expected.tolist())
    assert [row["file"] for row in table("scores.csv")] == list(map(str, range(40)))
    assert shown.json["ranking"][0]["score"] == pytest.approx(min(expected))
    assert scored.json["lowest"] == pytest.approx(min(expected))


def test_a_detector_brings_its_threshold(latente: Client) -> None:
    assert latente("fit digits --model detector --count 80 --seed 0 --no-report --out run").code == 0
    shown = latente("rank run digits --count 30 --json --maps maps --top 2")
    assert shown.code == 0, shown.err
    assert shown.json["is_learned"]
    assert shown.json["threshold"] == pytest.approx(package.load("run").offset_)
    assert len(list(Path("maps").iterdir())) == 4


def test_a_region_is_all_that_counts(latente: Client, folder: Path) -> None:
    mask = np.full((24, 24), 255, np.uint8)
    mask[:14, :14] = 0
    Image.fromarray(mask).save("mask.png")
    refused = latente("rank set/ --region mask.png")
    assert refused.code == 2
    assert "give a size" in refused.err
    shown = latente("rank set/ --region mask.png --size 24 --json")
    assert shown.code == 0, shown.err
    assert shown.json["odd"] == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rank", "missing argument '[RUN] IMAGES'"),
        ("rank RUN", "is a run; name the images to rank by its model, too"),
        ("rank set digits", "set is no run folder: it has no options.json; give IMAGES alone, or RUN IMAGES"),
        ("rank RUN digits more", "a run and images are two arguments, not 3"),
        ("rank set --out ranking.txt", "name a .csv file"),
        ("rank set --maps maps.png", "is a folder; name one without the ending .png"),
        ("rank set --size 24 --region no.png", "no.png"),
        ("rank RUN digits --size 8", "--size is that of the run's own images; leave it out"),
        ("rank set --top 0", "it must be a whole number of at least 1, not 0"),
        ("score RUN digits --out scores.txt", "name a .csv file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    latente: Client, folder: Path, digits_autoencoder: Path, line: str, message: str
) -> None:
    shown = latente(line.replace("RUN", str(digits_autoencoder)))
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.count("\n") == 1
