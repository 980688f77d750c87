"""`latente data clean`: planted faults on the page, in the list, and out of a training."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data

from pages import Page
from translating import left_in_english, mark

Client = Callable[..., Any]


def crops() -> list[np.ndarray]:
    """Return twelve different sharp pictures of 64x64."""
    whole = data.astronaut()[:384:2, ::2]
    return [whole[64 * row : 64 * row + 64, 64 * column : 64 * column + 64] for row in range(3) for column in range(4)]


def save(pixels: np.ndarray, name: str) -> None:
    Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8)).save(Path("set") / name)


@pytest.fixture
def folder(latente: Client, tmp_path: Path) -> Path:
    """A folder of twelve sound pictures and of one with each fault."""
    place = tmp_path / "set"
    place.mkdir()
    for number, picture in enumerate(crops()):
        save(picture, f"{number:02}.png")
    whole = data.astronaut()
    shutil.copy(place / "03.png", place / "same.png")
    save(crops()[4], "same-values.bmp")
    Image.fromarray(crops()[5]).resize((48, 48)).save(place / "smaller.jpg", quality=70)
    save(ndimage.gaussian_filter(whole[300:364, 300:364].astype(float), (3, 3, 0)), "blurred.png")
    save(0.15 * whole[400:464, 20:84], "dark.png")
    save(np.full((64, 64, 3), 240), "blank.png")
    save(whole[:12, :12], "tiny.png")
    save(whole[440:456, 100:180], "strip.png")
    (place / "broken.png").write_bytes((place / "00.png").read_bytes()[:900])
    return place


FAULTS = {
    ("broken.png", "damaged"),
    ("same.png", "doubled"),
    ("same-values.bmp", "doubled"),
    ("smaller.jpg", "nearly doubled"),
    ("tiny.png", "tiny"),
    ("strip.png", "odd shape"),
    ("blank.png", "blank"),
    ("dark.png", "dark"),
    ("blurred.png", "blurred"),
}


def test_every_planted_fault_is_found_and_no_other(latente: Client, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shown = latente("data clean set/ --json")
    assert (shown.code, shown.err) == (0, "")
    findings = shown.json["findings"]
    assert {(one["file"], one["reason"]) for one in findings if one["left_out"]} == FAULTS
    names = Path("cleaning.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(names) == sorted(shown.json["left_out"]) == sorted(name for name, _ in FAULTS)
    assert (shown.json["pictures"], shown.json["ranked"]) == (20, 12)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_page_shows_each_with_its_reason_and_the_list_is_one_to_train_by(latente: Client, folder: Path) -> None:
    shown = latente("data clean set/ --out lists/bad.txt")
    assert shown.code == 0, shown.err
    assert "latente fit set/ --exclude lists/bad.txt" in shown.words
    assert "damaged 1: broken.png (truncated" in shown.words
    page = Page(Path("lists/bad.html"))
    headings = ["Damaged 1", "Doubled 4", "Nearly doubled 2", "Tiny 1", "Odd shape 1", "Blank 1", "Dark 1", "Blurred 1"]
    assert [heading for heading in headings if heading not in page.text] == []
    assert "looks like 05.png" in page.text
    assert "12x12 pixels; 64x64 are usual" in page.text
    assert page.pictures[:2] == ["03.png", "same.png"]
    assert "broken.png" not in page.pictures
    assert page.source.count(" checked>") == len(FAULTS)
    plan = latente("fit set/ --exclude lists/bad.txt --dry-run --json")
    assert plan.code == 0, plan.err
    assert latente("data show set/ --exclude lists/bad.txt --json").json["count"] == 12


def test_the_page_is_wholly_in_the_language_asked_for(
    latente: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = " ".join(path.name for path in folder.iterdir())
    mark(monkeypatch)
    assert latente("data clean set/ --lang es").code == 0
    assert left_in_english(Path("cleaning.html"), "set", files) == set()


def test_the_oddest_is_shown_and_stays(latente: Client, tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.mkdir()
    rng = np.random.default_rng(0)
    for number in range(10):
        save(rng.integers(60, 200, (56, 56, 3)), f"{number}.png")
    save(np.where(np.add.outer(np.arange(56), np.arange(56)) % 14 < 7, 40.0, 220.0), "odd.png")
    shown = latente("data clean set/ --json")
    assert shown.code == 0, shown.err
    [finding] = shown.json["findings"]
    assert (finding["file"], finding["reason"], finding["left_out"]) == ("odd.png", "odd", False)
    assert Path("cleaning.txt").read_text(encoding="utf-8") == ""
    assert "They stay, unless you leave them out here" in Page(Path("cleaning.html")).text
    assert latente("data show set/ --exclude cleaning.txt --json").json["count"] == 11


def test_what_most_pictures_are_is_no_fault_of_theirs(latente: Client, tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.mkdir()
    for number, picture in enumerate(crops()):
        save(0.2 * picture, f"{number:02}.png")
    shown = latente("data clean set/")
    assert shown.code == 0, shown.err
    assert "dark 12, which is how this set is" in shown.words
    assert Path("cleaning.txt").read_text(encoding="utf-8") == ""
    assert "12 of 12 pictures are dark: that is how this set is" in Page(Path("cleaning.html")).text


def test_of_copies_one_without_another_fault_stays(latente: Client, tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.mkdir()
    for number, picture in enumerate(crops()):
        save(picture, f"{number:02}.png")
    Image.fromarray(crops()[5]).resize((640, 640), Image.Resampling.BICUBIC).save(place / "0-enlarged.png")
    shown = latente("data clean set/ --json")
    assert {(one["file"], one["reason"]) for one in shown.json["findings"] if one["left_out"]} == {
        ("0-enlarged.png", "nearly doubled"),
        ("0-enlarged.png", "blurred"),
    }


def test_two_pictures_are_too_few_to_be_ranked(latente: Client, tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.mkdir()
    for number, picture in enumerate(crops()[:2]):
        save(picture, f"{number:02}.png")
    shown = latente("data clean set/ --json")
    assert (shown.code, shown.json["ranked"], shown.json["findings"]) == (0, 0, [])


def test_only_one_part_is_looked_at_and_the_page_says_so(latente: Client, tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / "set" / part).mkdir(parents=True)
        for number, picture in enumerate(crops()[:4]):
            save(picture, f"{part}/{number:02}.png")
    assert latente("data clean set/").code == 0
    assert "Only the part train was looked at; --split chooses another: test." in Page(Path("cleaning.html")).text
    assert latente("data clean set/ --split test --out t.txt --json").json["pictures"] == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("data clean set/ --out list.csv", "--out list.csv: this verb writes a list of names; name a .txt file"),
        ("data clean set/ --out used.txt", "--out used.txt exists already"),
        ("data clean set/ --out page.txt", "--out page.html exists already"),
        ("data clean digits", "digits holds no picture files, which a list could name; give a folder or a zip archive"),
        ("data clean nowhere/", "cannot be opened"),
        ("data clean", "missing argument 'FOLDER'; see latente data clean --help"),
    ],
)
def test_what_cannot_be_cleaned_is_one_line(latente: Client, folder: Path, line: str, message: str) -> None:
    Path("used.txt").write_text("", encoding="utf-8")
    Path("page.html").write_text("", encoding="utf-8")
    shown = latente(line)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.count("\n") == 1
