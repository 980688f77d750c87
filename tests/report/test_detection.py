"""What a report says of a detector: how it stands beside simple methods, kind by kind, and what it got wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from latente import AnomalyDetector, open_images
from latente.estimators import load
from latente.evidence import open_evidence
from latente.report import write_report
from latente.report.oddness import oddness_of, simple_aurocs
from latente.report.training import summarise
from latente.report.verdicts import Verdict, judge
from latente.report.yardsticks import find_yardstick
from latente.training import Run
from translating import left_in_english, mark


def save(folder: Path, X: Iterable[np.ndarray]) -> None:
    folder.mkdir(parents=True)
    for number, picture in enumerate(X):
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{number:03}.png")


def squares(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(30, 5, (count, 16, 14))
    X[:, 5:11, 4:10] += rng.integers(100, 180, (count, 1, 1))
    return X


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of squares, and a folder of such with a bright corner, and of brighter ones."""
    home = tmp_path_factory.mktemp("detector")
    corners, bright = squares(9, 2), squares(7, 3) + 60
    corners[:, :4, 10:] = 180
    for place, X in {
        "train/good": squares(60, 0),
        "test/good": squares(20, 1),
        "test/corner": corners,
        "test/bright": bright,
    }.items():
        save(home / "set" / place, X)
    AnomalyDetector(random_state=0, out=home / "run").fit(home / "set")
    return home / "run"


def judged(run: Path, images: object = None) -> Verdict:
    model = load(run)
    evidence = open_evidence(Run.open(run), model, images)
    return judge(model, evidence, find_yardstick(model, evidence), summarise(evidence.lines), "run")


def test_the_auroc_stands_beside_that_of_simple_methods(run: Path) -> None:
    model = load(run)
    evidence = open_evidence(Run.open(run), model)
    oddness = oddness_of(model, evidence)
    assert oddness is not None
    assert (int(oddness.odd.sum()), len(oddness.odd)) == (16, 36)
    simple = dict(simple_aurocs(evidence, oddness))
    assert set(simple) == {"mean brightness", "contrast", "PCA residual", "nearest pixels"}
    images = evidence.measured.take().pixels / 255
    middle = np.median(evidence.learned.take().pixels.mean((1, 2, 3)) / 255)
    away = np.abs(images.mean((1, 2, 3)) - middle)
    assert simple["mean brightness"] == pytest.approx(roc_auc_score(oddness.odd, away))
    yardstick = find_yardstick(model, evidence)
    assert yardstick is not None
    assert 1 - yardstick.error == pytest.approx(roc_auc_score(oddness.odd, oddness.scores))


def test_a_report_says_who_is_better_how_many_alarms_there_are_and_which_kind_is_hard(run: Path) -> None:
    verdict = judged(run)
    assert "AUROC" in verdict.answer
    assert "alone reaches" in verdict.answer
    text = " ".join(verdict.reasons).replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(r"it takes .+ % of 20 normal images for odd, where 5.0 % were promised", text)
    assert "Of the kinds it tells corner (1.000) best and bright" in text
    assert "epoch" not in text


def test_the_page_shows_kinds_the_oddest_and_what_went_wrong(run: Path) -> None:
    page = write_report(run).read_text(encoding="utf-8")
    section = page.split('id="odd"')[1].split("<section")[0]
    assert re.search(r"corner</th>.*?>9<.*?>1\.000<", section, re.DOTALL)
    assert "The oddest" in section
    assert section.count("data:image/png") == 2 * section.count("<figcaption")
    assert "test/corner/" in section
    metrics = page.split('id="metrics"')[1].split("</section>")[0]
    assert "oddness" in metrics


def test_without_odd_images_nothing_is_promised_of_what_it_finds(run: Path, tmp_path: Path) -> None:

    save(tmp_path / "more", squares(25, 8))
    verdict = judged(run, open_images(tmp_path / "more"))
    assert verdict.level == "fair"
    assert "nobody can say without images known to be odd" in verdict.answer
    assert "Show it odd images" in verdict.advice[0]


def test_of_a_set_with_classes_the_odd_ones_judge(tmp_path: Path) -> None:
    save(tmp_path / "set" / "good", squares(50, 0))
    save(tmp_path / "set" / "dark", squares(12, 1) - 25)
    AnomalyDetector(random_state=0, out=tmp_path / "run").fit(tmp_path / "set")
    model = load(tmp_path / "run")
    evidence = open_evidence(Run.open(tmp_path / "run"), model)
    oddness = oddness_of(model, evidence)
    assert oddness is not None
    assert (int(oddness.odd.sum()), int((~oddness.odd).sum())) == (12, 5)
    assert len(evidence.learned) == 45


def test_photographs_are_shown_each_at_its_own_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for place, count in {"train/good": 24, "test/good": 6, "test/dot": 6}.items():
        (tmp_path / "set" / place).mkdir(parents=True)
        for number in range(count):
            height, width = rng.integers(40, 64, 2)
            picture = rng.normal(120, 10, (height, width))
            picture[10:20, 10:20] += 90 * (place == "test/dot")
            name = tmp_path / "set" / place / f"{number}.png"
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(name)

    AnomalyDetector(random_state=0, out=tmp_path / "run").fit(open_images(tmp_path / "set", size="keep"))
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "The odd ones" in page
    assert "picture size" in page
    assert page.count("where dot") >= 6


def test_what_is_advised_for_pictures_of_many_sizes_takes_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for place, count in {"train/good": 12, "test/good": 6, "test/odd": 6}.items():
        save(tmp_path / "set" / place, [rng.normal(90, 9, (40 + rng.integers(9), 44)) for _ in range(count)])
    images = open_images(tmp_path / "set", size="keep")
    with pytest.warns(UserWarning, match="alpha"):
        AnomalyDetector(random_state=0, out=tmp_path / "run").fit(images)
    advice = " ".join(judged(tmp_path / "run").advice)
    assert "--method gaussian" in advice
    assert "--contrast 31" in advice
    assert "neighbours" not in advice
    with pytest.warns(UserWarning, match="alpha"):
        AnomalyDetector(method="gaussian", contrast=31, random_state=0).fit(images)


def test_a_detectors_page_is_wholly_in_the_language_asked_for(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark(monkeypatch)
    page = write_report(run, out=run / "es.html", language="es")
    assert left_in_english(page, "test good corner bright png") == set()
