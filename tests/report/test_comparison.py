"""The page that sets several runs side by side, as a reader finds it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import InputError
from latente.estimators import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder
from latente.images import open_images
from latente.report import write_comparison
from latente.report.comparison import answer
from latente.report.contest import Candidate, Contest, Results
from latente.report.training import summarise
from latente.training import Run
from pages import Page
from translating import left_in_english, mark


def _fit(run: Path, images: Any, kind: Any = Autoencoder, **changes: Any) -> Path:
    options = {"latent_dim": 2, "epochs": 2, "random_state": 0, "hidden": (16,), "network": "dense", "device": "cpu"}
    kind(out=run, **{**options, **changes}).fit(images)
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three runs on the digits; one has a name that HTML would read as a tag."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        _fit(folder / "narrow", "digits"),
        _fit(folder / "<b>wide", "digits", latent_dim=16, epochs=8),
        _fit(folder / "vae", "digits", VariationalAutoencoder, random_state=1),
    ]


@pytest.fixture(scope="module")
def page(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_comparison(runs, out=tmp_path_factory.mktemp("pages") / "deep" / "comparison.html"))


def _cells(page: Page, row: str) -> list[str]:
    """The cells of the first table row that is called so, the best one with its tag."""
    found = re.search(rf'<th scope="row">{re.escape(row)}(?: [↑↓])?</th>(.*?)</tr>', page.source)
    assert found is not None, row
    return re.findall(r'<td class="number">(.*?)</td>', found.group(1))


def test_every_section_is_there_once_and_the_page_needs_nothing_but_itself(page: Page) -> None:
    sections = ("good", "options", "metrics", "spread", "psnrs", "reconstructions", "curves", "samples")
    assert set(sections) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not {"script", "link", "iframe", "object"} & page.tags
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert "http:" not in page.source
    assert "https:" not in page.source
    assert len(page.source) < 1_000_000


def test_only_what_differs_is_listed(page: Page) -> None:
    assert _cells(page, "latent_dim") == ["2", "16", "2"]
    assert _cells(page, "model") == ["autoencoder", "autoencoder", "vae"]
    assert _cells(page, "random_state") == ["0", "0", "1"]
    assert _cells(page, "beta") == ["–", "–", "1.0"]
    for same in ("hidden", "learning_rate", "network", "images", "out"):
        assert f'<th scope="row">{same}</th>' not in page.source


def test_metrics_are_the_models_own_and_the_best_is_marked(page: Page, runs: list[Path]) -> None:
    test = open_images("digits", split="test")
    kinds = (Autoencoder, Autoencoder, VariationalAutoencoder)
    measured = [kind.load(run).evaluate(test) for kind, run in zip(kinds, runs, strict=True)]
    for name, best in (("psnr", max), ("mse", min), ("mae", min)):
        values = [metrics[name] for metrics in measured]
        winner = best(range(3), key=values.__getitem__)
        texts = [f"{value:.4g}" for value in values]
        texts[winner] = f"<b>{texts[winner]}</b>"
        assert _cells(page, name) == texts
    assert not any("<b>" in cell for cell in _cells(page, "objective") + _cells(page, "latent dimensions"))
    assert _cells(page, "kl")[:2] == ["–", "–"]
    assert len(_cells(page, "k-NN accuracy")) == len(_cells(page, "mse of PCA")) == 3


def test_what_the_runs_took_stands_below(page: Page, runs: list[Path]) -> None:
    sizes = [Run.open(run).options()["parameters"] for run in runs]
    cells = [cell.replace("<b>", "").replace("</b>", "") for cell in _cells(page, "parameters")]
    assert cells == [f"{size:,}" for size in sizes]
    assert f"<b>{min(sizes):,}</b>" in _cells(page, "parameters")
    assert _cells(page, "epochs") == ["2", "8", "2"]
    assert all(re.search(r"\d s", cell) for cell in _cells(page, "training time"))


def test_the_answer_names_the_best_run_and_its_lead(page: Page, runs: list[Path]) -> None:
    test = open_images("digits", split="test")
    psnrs = sorted((Autoencoder.load(run).evaluate(test)["psnr"] for run in runs[:2]), reverse=True)
    assert f"<b>wide rebuilds best: mean PSNR {psnrs[0]:.1f} dB" in page.text
    assert f"All are judged by the same {len(test)} test images." in page.text


def test_the_same_images_stand_side_by_side_and_the_best_of_each_is_marked(page: Page) -> None:
    section = page.source[page.source.index('<section id="reconstructions">') :]
    section = section[: section.index("</section>")]
    assert section.count('alt="original"') == section.count('alt="narrow"') == section.count('alt="vae"') == 8
    for row in section.split('alt="original"')[1:]:
        scores = [float(score) for score in re.findall(r"([\d.]+)\N{NO-BREAK SPACE}dB", row)]
        best = re.findall(r"<b>([\d.]+)\N{NO-BREAK SPACE}dB</b>", row)
        assert [float(score) for score in best] == [max(scores)]


def test_curves_histograms_and_samples_have_every_run(page: Page) -> None:
    curves = page.section(" Training curves ", " Samples ")
    assert "objective" in curves
    assert "kl" in curves
    for name in ("narrow", "<b>wide", "vae"):
        assert f"{name} mean" in page.text or f"{name}, mean" in page.text or f"{name}: mean" in page.text
        assert name in curves
        assert sum(alt.endswith(f" of {name}") for alt in page.pictures) == 12
    assert "48.13 dB" in page.text


def test_different_images_are_said_to_be_so_and_nothing_is_marked(tmp_path: Path) -> None:
    runs = []
    for seed in (1, 2):
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 8, 8), dtype=np.uint8)
        np.save(tmp_path / f"{seed}.npy", pixels)
        runs.append(_fit(tmp_path / f"run{seed}", tmp_path / f"{seed}.npy"))
    found = Page(write_comparison(runs, out=tmp_path / "page.html"))
    assert "judged by different images" in found.text
    assert "run1 is judged by 4 validation images." in found.text
    assert "reconstructions" not in found.ids
    assert "<b>" not in "".join(_cells(found, "psnr") + _cells(found, "mse"))


def _contest(*psnrs: np.ndarray, judged: str | None = "9 test images") -> Contest:
    """Runs "a", "b" ... with these figures and nothing else."""
    runs = []
    for name, values in zip("abc", psnrs, strict=False):
        nothing: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(Results))
        results = Results(**{**nothing, "measure": "psnr", "figures": {"psnr": values}})
        runs.append(Candidate(name, Path(name), "Autoencoder", {}, [], summarise([]), results, None))
    return Contest(runs, judged, is_one_scale=True, data_range=None, rebuilt=None)


def test_a_lead_is_one_only_beyond_chance() -> None:
    first = np.random.default_rng(0).normal(20, 5, 400)
    sure, unsure = first - 1 + np.tile([0.5, -0.5], 200), first - 0.01 + np.tile([0.5, -0.5], 200)
    assert answer(_contest(sure, first)) == (
        "good",
        f"b rebuilds best: mean PSNR {first.mean():.1f}\N{NO-BREAK SPACE}dB, 1.0\N{NO-BREAK SPACE}dB more than a.",
    )
    assert answer(_contest(unsure, first))[1].startswith("b and a rebuild the images equally well")
    assert answer(_contest(first, first))[1].startswith("a and b rebuild the images equally well")
    assert answer(_contest(np.full(9, np.inf), np.full(9, 99.0)))[1].startswith("a rebuilds best: mean PSNR 100.0")
    assert "fewer than two" in answer(_contest(first))[1]
    assert "different images" in answer(_contest(sure, first, judged=None))[1]


def test_what_to_mind_is_said(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(100, 5))
    images = open_images(table)
    runs = [
        _fit(tmp_path / "all", images, validation=None),
        _fit(tmp_path / "half", images, validation=0.5, corruption="gaussian:0.1"),
    ]
    found = Page(write_comparison(runs, images, out=tmp_path / "page.html"))
    assert "all saw these images in training" in found.text
    assert "half had to rebuild the images from worsened ones" in found.text
    assert "through different scalings" in found.text
    assert not {"spread", "reconstructions", "samples"} & set(found.ids)


def test_classifiers_are_compared_by_accuracy_and_not_with_what_rebuilds(runs: list[Path], tmp_path: Path) -> None:
    classifiers = []
    for epochs in (1, 20):
        classifiers.append(tmp_path / f"after {epochs}")
        options = {"hidden": (32,), "epochs": epochs, "pretrain_epochs": 0, "random_state": 0, "device": "cpu"}
        StackedAutoencoderClassifier(out=classifiers[-1], **options).fit("digits")
    page = Page(write_comparison(classifiers, out=tmp_path / "page.html"))
    test = open_images("digits", split="test")
    few, many = (StackedAutoencoderClassifier.load(run).score(test) for run in classifiers)
    assert f"after 20 classifies best: {100 * many:.0f} % right, {100 * (many - few):.1f} points more" in page.text
    assert _cells(page, "accuracy") == [f"{few:.4g}", f"<b>{many:.4g}</b>"]
    assert not {"spread", "reconstructions", "samples"} & set(page.ids)
    mixed = Page(write_comparison([runs[0], classifiers[1]], out=tmp_path / "mixed.html"))
    assert "These models do different things" in mixed.text
    assert _cells(mixed, "accuracy")[0] == "–"


def test_runs_that_are_alike_differ_in_no_option(tmp_path: Path) -> None:
    runs = [_fit(tmp_path / name, "digits", epochs=1) for name in ("a", "b")]
    assert "In no option: not even the seed." in Page(write_comparison(runs, out=tmp_path / "page.html")).text


def test_what_is_no_run_is_refused_before_anything_is_written(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run folder"):
        write_comparison([*runs, tmp_path], out=tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_comparison_is_wholly_in_the_language_asked_for(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(monkeypatch)
    page = write_comparison(runs, open_images("digits", split="test", count=40), runs[0].parent / "es.html", "es")
    assert left_in_english(page, "narrow", "wide", "digits") == set()
