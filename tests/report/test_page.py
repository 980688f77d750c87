"""The report of a run, as a reader finds it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente.errors import InputError
from latente.estimators import (
    Autoencoder,
    Encoder,
    Estimator,
    ImageTranslator,
    StackedAutoencoderClassifier,
    VariationalAutoencoder,
)
from latente.images import Images, Scaling, open_images
from latente.objectives import RestorationObjective
from latente.report import write_report
from pages import Page
from translating import left_in_english, mark


def _options(**changes: Any) -> dict[str, Any]:
    return {"epochs": 2, "random_state": 0, "device": "cpu", "hidden": (16,), "network": "dense", **changes}


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small VAE on the digits, opened by name."""
    run = tmp_path_factory.mktemp("runs") / "vae <1> & more"
    VariationalAutoencoder(latent_dim=4, out=run, **_options()).fit(open_images("digits"))
    write_report(run)
    return run


@pytest.fixture(scope="module")
def page(vae: Path) -> Page:
    return Page(vae / "report.html")


def _fit(run: Path, pixels: np.ndarray | Images | Path, model: Any = Autoencoder, **changes: Any) -> Any:
    return model(latent_dim=2, out=run, **_options(**changes)).fit(pixels)


def test_every_section_is_there_once(page: Page) -> None:
    sections = (
        "good",
        "reconstructions",
        "spread",
        "psnrs",
        "samples",
        "latent",
        "map",
        "pca-map",
        "map-scores",
        "kl",
        "traversals",
        "curves",
        "film",
        "metrics",
        "setup",
        "usage",
    )
    assert set(sections) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_needs_nothing_but_itself(page: Page) -> None:
    assert not {"script", "link", "iframe", "object"} & page.tags
    assert page.addresses
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert "http://" not in page.source
    assert "https://" not in page.source
    assert "@import" not in page.source
    assert "url(" not in re.sub(r"url\(#", "", page.source)
    assert len(page.source) < 3_000_000


def test_the_head_says_what_was_trained_on_what_and_by_which_command(page: Page, vae: Path) -> None:
    options = json.loads((vae / "options.json").read_text())
    assert "Variational autoencoder on digits" in page.text
    assert options["command"] in page.text
    assert f"latente {options['versions']['latente']}" in page.text
    assert f"fingerprint {options['data']['fingerprint']}" in page.text
    assert "latent_dim 4" in page.text
    assert f"batch_size {options['options']['batch_size']} " in page.text
    assert "encoder" in page.text


def test_the_figures_are_those_of_the_models_own_evaluation(page: Page, vae: Path) -> None:
    model = VariationalAutoencoder.load(vae)
    metrics = model.evaluate(open_images("digits", split="test"))
    for name in ("objective", "reconstruction", "kl", "mse", "mae", "psnr"):
        assert f"{name} {metrics[name]:.4g} " in page.text
    assert f"Mean PSNR is {metrics['psnr']:.1f} dB" in page.text
    assert "data range: 0 to 255 (8 bits)" in page.text
    assert f"this model {metrics['mse']:.4g}" in page.text


def test_it_judges_by_the_test_part_and_compares_with_simple_methods(page: Page) -> None:
    count = len(open_images("digits", split="test"))
    assert f"Measured on {count} test images, which training never saw." in page.text
    assert "the mean image" in page.text
    assert "PCA with 4 numbers" in page.text


def test_the_baselines_are_what_numpy_and_a_plain_projection_give(page: Page) -> None:
    test = open_images("digits", split="test").pixels.reshape(-1, 64) / 255
    train = open_images("digits").pixels.reshape(-1, 64) / 255
    order = np.random.default_rng([0, 2]).permutation(len(train))
    known = train[np.sort(order[round(0.1 * len(train)) :])]
    centred, away = known - known.mean(axis=0), test - known.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:4]
    assert f"the mean image {(away**2).mean():.4g}" in page.text
    assert f"PCA with 4 numbers {((away - away @ axes.T @ axes) ** 2).mean():.4g}" in page.text


def test_best_median_and_worst_cases_stand_with_their_own_errors(page: Page, vae: Path) -> None:
    test = open_images("digits", split="test")
    model = VariationalAutoencoder.load(vae)
    rebuilt = model.reconstruct(test).reshape(len(test), -1)
    error = ((rebuilt.astype(float) - test.pixels.reshape(len(test), -1)) ** 2).mean(axis=1)
    section = page.section("Best ", " How good from image to image ")
    shown = [int(number.replace(",", "")) for number in re.findall(r"#([\d,]+)", section)]
    assert len(shown) == 18
    assert error[shown[:6]].max() < np.median(error) < error[shown[12:]].min()
    # and the worst four of the hardest class
    assert page.pictures.count("original") == page.pictures.count("reconstruction") == 18 + 4
    dB = 10 * np.log10(255**2 / error[shown[12]])
    worst = float(re.findall(r"([\d.]+) dB MSE", section)[12])
    assert worst == pytest.approx(dB, abs=0.1)  # the page's is of unrounded values


def test_the_map_has_every_class_and_says_how_it_was_made(page: Page) -> None:
    assert "the two main directions (PCA) of 4 latent dimensions" in page.text
    assert " ".join("0123456789") in page.text


def test_the_peak_is_stated_and_the_mistake_of_255_explained(page: Page, vae: Path) -> None:
    psnr = VariationalAutoencoder.load(vae).evaluate(open_images("digits", split="test"))["psnr"]
    section = page.section("How good from image to image", " Samples ")
    assert f"mean {psnr:.4g} dB" in section
    assert "peak 1.0, the whole range of the data" in section
    assert (
        f"20 log10 255 = 48.13 dB to every image: a mean of {psnr:.1f} dB would read {psnr + 48.13:.1f} dB" in section
    )
    assert "ssims" not in page.ids  # images of 8 x 8 are smaller than its window


def test_every_sample_stands_above_its_nearest_training_image(page: Page, vae: Path) -> None:
    model = VariationalAutoencoder.load(vae)
    learned = open_images("digits").pixels / 255
    learned = learned[np.sort(np.random.default_rng([0, 2]).permutation(len(learned))[round(0.1 * len(learned)) :])]
    drawn = model.sample(24, random_state=0).reshape(24, 1, 1, 8, 8) / 255
    distances = np.sort(np.sqrt(((drawn - learned) ** 2).mean(axis=(2, 3, 4))).min(axis=1))
    section = page.section(" Samples ", " The latent space ")
    assert f"decoded from codes drawn from {model.drawn_from()}." in section
    assert f"{len(learned):,} training images" in section
    assert [float(number) for number in re.findall(r" (0\.\d{3})(?= |$)", section)] == distances.round(3).tolist()
    assert page.pictures.count("nearest training image") == 24


def test_every_dimension_is_traversed_from_minus_to_plus_three_deviations(page: Page) -> None:
    section = page.section("One dimension at a time", "Training curves")
    assert sorted(re.findall(r"dimension (\d) moves", section)) == ["0", "1", "2", "3"]
    assert "\N{MINUS SIGN}3 sd \N{MINUS SIGN}2 sd \N{MINUS SIGN}1 sd mean +1 sd +2 sd +3 sd" in section
    assert page.pictures.count("dimension 2: mean") == 1


def test_the_map_stands_beside_pca_with_figures_of_both(page: Page) -> None:
    scores = re.findall(r"(latent map|PCA map of the pixels|latent dimensions) (0\.\d{3}) (0\.\d{3})", page.text)
    assert [name for name, _, _ in scores] == ["latent map", "PCA map of the pixels", "latent dimensions"]
    assert all(0 < float(value) <= 1 for row in scores for value in row[1:])


def test_what_a_folder_or_a_set_is_called_cannot_change_the_page(tmp_path: Path, page: Page) -> None:
    assert "vae &lt;1&gt; &amp; more" in page.source
    evil = '<script>alert("1")</script>'
    images = Images(
        np.random.default_rng(0).integers(0, 256, (30, 1, 8, 8), dtype=np.uint8),
        {"label": np.arange(30) % 2},
        name=evil,
        label_names=(evil, "<b>"),
    )
    model = Autoencoder(latent_dim=2, out=tmp_path / "run", **_options()).fit(images)
    assert model.name_ == evil
    found = Page(write_report(tmp_path / "run", images=images))
    assert "script" not in found.tags
    assert f"Autoencoder on {evil}" in found.text
    assert "· <b> ·" in found.text


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((3, 8, 8), np.uint8),
        ((4, 8, 9), np.uint8),
        ((1, 12, 8), np.uint16),
        ((1, 7, 5), np.bool_),
        ((2, 8, 8), np.float32),
    ],
)
def test_any_kind_of_picture_gets_a_report(tmp_path: Path, shape: tuple[int, ...], dtype: Any) -> None:
    highest = {"f": 1, "b": 1.9, "u": 200}[np.dtype(dtype).kind]
    pixels = (np.random.default_rng(0).random((24, *shape)) * highest).astype(dtype)
    images = Images(pixels)
    _fit(tmp_path / "run", images)
    found = Page(write_report(tmp_path / "run", images=images))
    assert "Measured on 2 validation images" in found.text
    assert "original" in found.pictures
    assert "All, best first" in found.text
    assert " × ".join(map(str, shape)) in found.text


def test_constant_images_get_a_report(tmp_path: Path) -> None:
    images = Images(np.ones((24, 1, 8, 8), np.bool_))
    _fit(tmp_path / "run", images)
    found = Page(write_report(tmp_path / "run", images=images))
    assert "nothing simpler at hand" in found.text


def test_attributes_get_a_strip_each_and_colours_stay_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0)
    has = noise.integers(0, 2, (300, 2)) * 2 - 1
    pixels = noise.integers(0, 40, (300, 3, 12, 12), dtype=np.uint8)
    pixels[:, 0] += np.uint8(200) * (has[:, 0, None, None] > 0)  # red
    pixels[:, 2, :6] += np.uint8(200) * (has[:, 1, None, None] > 0)  # blue above
    names = ("red", "sky <blue>")
    images = Images(pixels, {"attributes": has.astype(np.int8)}, attribute_names=names)
    _fit(tmp_path / "run", images, epochs=15)
    found = Page(write_report(tmp_path / "run", images=images))
    section = found.section(" Attributes ", " Training curves ")
    for name in names:
        assert f" {name} told in " in section
        assert found.pictures.count(f"{name}: original") == found.pictures.count(f"{name}: +2") == 2
    assert "ssims" in found.ids
    best = section.index(" red told in ") < section.index(" sky <blue> told in ")
    assert f"Coloured by {names[not best]}, the attribute that the codes tell best." in found.text
    mark(monkeypatch)
    page = write_report(tmp_path / "run", images, tmp_path / "run" / "es.html", "es")
    assert left_in_english(page, *names) == set()


def test_a_translators_page_is_wholly_in_the_language_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestorationObjective, "epoch_steps", 2)
    pictures = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
    images = open_images(pictures, target=255 - pictures)
    ImageTranslator(hidden=(8,), epochs=2, batch_size=8, random_state=0, device="cpu", out=tmp_path / "run").fit(images)
    mark(monkeypatch)
    assert left_in_english(write_report(tmp_path / "run", images, tmp_path / "run" / "es.html", "es")) == set()


def test_a_table_gets_a_report_without_pictures(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(200, 6))
    _fit(tmp_path / "run", table)
    found = Page(write_report(tmp_path / "run", images=open_images(table)))
    assert not {"reconstructions", "spread", "samples", "traversals", "attributes", "film"} & set(found.ids)
    assert {"good", "curves", "map", "pca-map", "metrics"} <= set(found.ids)
    assert "PCA of the features" in found.text
    assert "the mean row" in found.text
    assert "PSNR" not in found.text


def test_a_spatial_code_is_mapped_by_its_main_directions(tmp_path: Path) -> None:
    images = Images(np.random.default_rng(0).integers(0, 256, (40, 1, 16, 16), dtype=np.uint8))
    Autoencoder(latent_dim=None, out=tmp_path / "run", **_options(network="conv", hidden=(4, 2))).fit(images)
    found = Page(write_report(tmp_path / "run", images=images))
    assert "(PCA) of 32 latent dimensions" in found.text
    assert "traversals" not in found.ids


def test_one_image_is_enough(tmp_path: Path) -> None:
    images = Images(np.full((1, 1, 8, 8), 100, np.uint8))
    _fit(tmp_path / "run", images, VariationalAutoencoder)
    found = Page(write_report(tmp_path / "run", images=images))
    assert "Measured on 1 training image, for want of others" in found.text
    assert not {"map", "kl", "spread", "traversals"} & set(found.ids)


def test_a_denoiser_is_shown_what_it_was_given_and_compared_with_that(tmp_path: Path) -> None:
    images = open_images("digits", count=60)
    _fit(tmp_path / "run", images, corruption="gaussian:0.3")
    found = Page(write_report(tmp_path / "run"))
    assert found.pictures.count("input") == found.pictures.count("original") > 0
    for name in ("the input as it is", "the mean image", "PCA with 2 numbers"):
        assert f"{name} 0.0" in found.text


def test_images_that_cannot_be_opened_again_are_named_as_missing(tmp_path: Path) -> None:
    _fit(tmp_path / "run", np.random.default_rng(0).random((20, 8, 8)))
    found = Page(write_report(tmp_path / "run"))
    assert "Not shown here" in found.text
    assert "trained on arrays in memory" in found.text
    assert {"curves", "setup", "usage", "film"} <= set(found.ids)
    assert not {"reconstructions", "map", "metrics"} & set(found.ids)


def test_why_images_cannot_be_opened_again_is_said_in_the_language_of_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "fotos"
    folder.mkdir()
    for number in range(20):
        Image.new("L", (8, 8), 10 * number).save(folder / f"{number}.png")
    _fit(tmp_path / "run", folder)
    shutil.rmtree(folder)
    assert f"{folder} no se puede abrir: " in Page(write_report(tmp_path / "run", language="es")).text
    folder.mkdir()
    found = Page(write_report(tmp_path / "run", language="es")).text
    assert f"{folder} no contiene imágenes; da PNG, JPEG, TIFF" in found
    assert "u otras imágenes" in found


def test_images_that_do_not_fit_the_model_are_named(vae: Path, tmp_path: Path) -> None:
    other = Images(np.zeros((5, 1, 9, 9), np.uint8), name="too large")
    found = Page(write_report(vae, images=other, out=tmp_path / "other.html"))
    assert "too large" in found.text
    assert "Not shown here" in found.text


def test_a_run_without_a_model_yet_still_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text(json.dumps({"format": 1, "model": "vae", "options": {"epochs": 9}}))
    found = Page(write_report(tmp_path))
    assert "holds no model yet" in found.text
    assert "No epoch has ended yet." in found.text
    spanish = Page(write_report(tmp_path, language="es")).text
    assert f"{tmp_path} todavía no tiene modelo" in spanish
    assert "Todavía no ha terminado ninguna época." in spanish


def test_other_images_can_be_given_and_the_page_put_elsewhere(vae: Path, tmp_path: Path) -> None:
    images = open_images("digits", split="test", count=50)
    before = (vae / "report.html").read_bytes()
    out = write_report(vae, images=images, out=tmp_path / "deep" / "page.html")
    assert out == tmp_path / "deep" / "page.html"
    assert "Measured on 50 images given." in Page(out).text
    assert (vae / "report.html").read_bytes() == before


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run folder"):
        write_report(tmp_path)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small stacked classifier on the digits, opened by name."""
    run = tmp_path_factory.mktemp("runs") / "classes"
    options = {"hidden": (32, 16), "epochs": 4, "pretrain_epochs": 2, "random_state": 0, "device": "cpu"}
    StackedAutoencoderClassifier(out=run, **options).fit("digits")
    return run


def test_a_classifier_gets_a_page_of_what_it_can_do_and_nothing_else(classifier: Path) -> None:
    page = Page(write_report(classifier))
    model, test = StackedAutoencoderClassifier.load(classifier), open_images("digits", split="test")
    assert "Stacked autoencoder classifier on digits" in page.text
    sections = {"good", "classes", "confusion", "class-figures", "mistakes", "latent", "map", "pca-map", "curves"}
    assert sections | {"pretraining", "layer-1-curve-0", "layer-2-curve-0", "metrics", "setup", "usage"} <= set(
        page.ids
    )
    assert not {"reconstructions", "spread", "samples", "traversals", "attributes", "film", "kl"} & set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    accuracy, count = model.score(test), len(test)
    wrong = round((1 - accuracy) * count)
    assert f"accuracy {accuracy:.4g} " in page.text
    assert f"It is wrong in {wrong} of {count}" in page.text
    largest = np.bincount(open_images("digits").labels).argmax()
    assert f"always the largest class {(test.labels != largest).mean():.4g}" in page.text
    assert "head.(whole) Linear 10" in page.text
    assert "latente sample" not in page.text
    assert "latente reconstruct" not in page.text
    assert "probabilities = model.predict_proba(images)" in page.text


def test_the_most_confident_mistakes_are_those_that_the_model_makes(classifier: Path) -> None:
    model, test = StackedAutoencoderClassifier.load(classifier), open_images("digits", split="test")
    probabilities = model.predict_proba(test)
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != test.labels)
    first = wrong[probabilities[wrong].max(axis=1).argmax()]
    page = Page(write_report(classifier))
    shown = f"{test.labels[first]} taken for {answers[first]} {100 * probabilities[first].max():.0f} % #{first}"
    section = page.section("The most confident mistakes", "The latent space")
    assert section.index(shown) < 250
    assert sum("taken for" in alt for alt in page.pictures) == min(24, len(wrong))


def test_labels_that_are_not_known_cost_a_classifier_only_what_needs_them(classifier: Path, tmp_path: Path) -> None:
    test = open_images("digits", split="test")
    unknown = Images(test.pixels, name="unlabelled")
    page = Page(write_report(classifier, images=unknown, out=tmp_path / "page.html"))
    assert not {"classes", "mistakes"} & set(page.ids)
    assert {"latent", "setup", "usage"} <= set(page.ids)
    assert "no yardstick" in page.text


class _Silent(Estimator):
    """A family with nothing but `fit` and `evaluate`."""

    kind = "silent"
    scaling_ = Scaling((0.0,), (255.0,), "uint8", bounded=True)

    def evaluate(self, X: Any) -> dict[str, Any]:
        return {"count": len(X), "loudness": 0.25}

    def outputs(self, X: Any) -> dict[str, np.ndarray]:
        return {"images": np.zeros((len(X), 1, 8, 8), np.float32)}


def test_a_model_of_an_unknown_kind_gets_a_page_with_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fit(tmp_path / "run", open_images("digits", count=60))
    monkeypatch.setattr("latente.estimators.load", lambda path: _Silent())
    monkeypatch.delattr(Encoder, "encode")
    page = Page(write_report(tmp_path / "run"))
    assert {"good", "curves", "metrics", "setup", "usage"} <= set(page.ids)
    assert not {"reconstructions", "samples", "latent", "classes"} & set(page.ids)
    assert "loudness 0.25" in page.text
    assert "no yardstick" in page.text
    assert "latente encode" not in page.text
    assert "latente resume" in page.text


def test_a_run_whose_length_is_in_minutes_is_not_told_to_take_more_epochs(tmp_path: Path) -> None:
    run = tmp_path / "run"
    _fit(run, open_images("digits", count=60))
    options = json.loads((run / "options.json").read_text())
    options["options"]["minutes"] = 0.1
    (run / "options.json").write_text(json.dumps(options))
    assert "latente resume" not in Page(write_report(run)).text


def test_a_page_is_wholly_in_the_language_asked_for(
    vae: Path, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanish = write_report(vae, open_images("digits", split="test", count=40), tmp_path / "es.html", "es").read_text()
    assert '<html lang="es">' in spanish
    assert "¿Está bien?" in spanish
    mark(monkeypatch)
    for run in (vae, classifier):
        write_report(run, open_images("digits", split="test", count=40), run / "es.html", "es")
        assert left_in_english(run / "es.html") == set()


def test_the_language_is_that_of_the_environment_where_none_is_asked_for_and_english_where_it_is_not_known(
    vae: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"unknown language 'klingon'; known: en, es"):
        write_report(vae, out=tmp_path / "page.html", language="klingon")
    assert not (tmp_path / "page.html").exists()
    for name, language in (("es", "es"), ("klingon", "en")):
        monkeypatch.setenv("LATENTE_LANG", name)
        page = write_report(vae, open_images("digits", split="test", count=10), tmp_path / f"{name}.html")
        assert f'<html lang="{language}">' in page.read_text(encoding="utf-8")
