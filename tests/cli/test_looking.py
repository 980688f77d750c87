"""`map`, `compare-pca` and `nearest`: the numbers they print, the pictures they write, what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from latente import load, open_images
from latente.cli import look, main
from latente.latents import knn_accuracy, map_codes

Client = Callable[..., Any]

TINY = "--epochs 2 --hidden 8 --network dense --seed 0 --no-report"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looking") / "run"
    assert main(["fit", "digits", "--model", "vae", "--latent-dim", "3", "--out", str(folder), *TINY.split()]) == 0
    return folder


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that a verb draws, one below the other."""
    kept: list[Figure] = []
    save = look.save_figures

    def keep(out: Path, *figures: Figure) -> None:
        kept[:] = figures
        save(out, *figures)

    monkeypatch.setattr(look, "save_figures", keep)
    return kept


def titles(figure: Figure) -> list[str]:
    return [panel.get_title(loc="left") for panel in figure.axes]


def columns(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def rows(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_the_map_is_that_of_the_codes_with_its_figures(latente: Client, run: Path, drawn: list[Figure]) -> None:
    told = latente("map", run, "digits", "--split", "test", "--json").json
    images = open_images("digits", split="test")
    expected = map_codes(load(run).transform(images), images.labels)
    assert (told["method"], told["count"], told["dimensions"], told["picture"]) == ("pca", 355, 3, "map.png")
    for name in ("trustworthiness", "knn_accuracy", "share"):
        assert told[name] == pytest.approx(getattr(expected, name))
    [figure] = drawn
    points = np.concatenate([np.asarray(cloud.get_offsets()) for cloud in figure.axes[0].collections])
    np.testing.assert_allclose(sorted(points.tolist()), sorted(expected.points.tolist()), atol=1e-6)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list("0123456789")
    with Image.open("map.png") as picture:
        assert (picture.mode, picture.getpixel((0, 0))) == ("RGB", (255, 255, 255))
        assert min(picture.size) > 400


def test_the_map_for_people_tells_the_same(latente: Client, run: Path) -> None:
    told = latente("map", run, "digits", "--json").json
    shown = latente("map", run, "digits", "--out", "again.png")
    assert "map 1,442 images of digits, 3 dimensions by pca" in shown.words
    assert f"knn_accuracy {told['knn_accuracy']:.5g} of 15 nearest" in shown.words
    assert "wrote again.png" in shown.words


def test_a_map_has_so_many_points_as_are_asked_for_but_not_too_many(
    latente: Client, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "MOST_MAPPED", 100)
    assert latente("map", run, "digits", "--json").json["count"] == 100
    assert latente("map", run, "digits", "--count", 300, "--json", "--force").json["count"] == 300


def test_a_map_can_be_coloured_by_one_class_or_a_continuous_attribute(
    latente: Client, run: Path, drawn: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    latente("map", run, "digits", "--attribute", "3")
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ["not 3", "3"]
    monkeypatch.setattr(look, "values_of", lambda images, name: ("age", np.linspace(0, 9, len(images))))
    latente("map", run, "digits", "--attribute", "age", "--force")
    assert drawn[0].axes[1].get_ylabel() == "age"


def test_images_without_labels_and_rows_of_a_table_have_a_map_too(latente: Client, tmp_path: Path) -> None:
    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    assert latente(f"fit table.npy --latent-dim 2 --out run {TINY}").code == 0
    told = latente("map run table.npy --json")
    assert (told.json["method"], told.json["knn_accuracy"]) == ("identity", None)


def test_compare_pca_judges_by_the_test_part_and_learns_from_the_training(
    latente: Client, run: Path, drawn: list[Figure]
) -> None:
    told = latente("compare-pca", run, "digits", "--json").json
    assert (told["judged"], told["test_count"], told["train_count"]) == ("test images", 355, 1298)
    assert told["contestants"]["autoencoder"]["mse"] == pytest.approx(
        latente("evaluate", run, "digits", "--json").json["metrics"]["mse"], rel=1e-5
    )
    model, test, train = load(run), open_images("digits", split="test"), open_images("digits")
    votes = knn_accuracy(model.transform(train), train.labels, model.transform(test), test.labels)
    assert told["contestants"]["autoencoder"]["knn_accuracy"] == pytest.approx(votes, abs=0.03)
    assert set(told["protocols"]) == {"mse", "psnr", "knn_accuracy", "trustworthiness"}
    strips, maps, bars = drawn
    assert rows(strips) == ["original", "autoencoder", "PCA"]
    assert columns(strips) == list("0123456789")
    assert titles(maps) == ["autoencoder", "PCA"]
    assert [title.split()[0] for title in titles(bars)] == ["mse", "psnr", "knn_accuracy", "trustworthiness"]


def test_without_images_compare_pca_takes_the_runs_own(latente: Client, run: Path) -> None:
    own = latente("compare-pca", run, "--json").json
    named = latente("compare-pca", run, "digits", "--json", "--force").json
    assert own["contestants"] == named["contestants"]


def test_compare_pca_judges_by_another_part_where_asked(latente: Client, run: Path) -> None:
    told = latente("compare-pca", run, "digits", "--split", "train", "--count", 50, "--json").json
    assert (told["judged"], told["test_count"], told["train_count"]) == ("train images", 50, 1298)


def test_the_images_that_a_flat_set_held_out_are_the_judges(latente: Client, tmp_path: Path) -> None:
    np.save("flat.npy", np.random.default_rng(0).integers(0, 256, (100, 8, 8), np.uint8))
    latente(f"fit flat.npy --latent-dim 2 --out run {TINY}")
    for line in ("compare-pca run", "compare-pca run flat.npy"):
        told = latente(f"{line} --json --force").json
        assert (told["judged"], told["test_count"], told["train_count"]) == ("validation images", 10, 90)
        assert told["contestants"]["PCA"]["knn_accuracy"] is None


def test_the_table_has_a_column_for_each_contestant(latente: Client, run: Path, drawn: list[Figure]) -> None:
    shown = latente("compare-pca", run, "--equal-decoder")
    assert shown.code == 0, shown.err
    assert "images digits: 355 test images, 1,298 training images code 3 numbers" in shown.words
    assert "metric autoencoder PCA decoder on PCA codes protocol" in shown.words
    assert "wrote compare-pca.png" in shown.words
    assert rows(drawn[0]) == ["original", "autoencoder", "PCA", "decoder on PCA codes"]
    assert titles(drawn[1]) == ["autoencoder", "PCA"]


def test_rows_of_a_table_are_compared_without_pictures(latente: Client, drawn: list[Figure]) -> None:
    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    latente(f"fit table.npy --latent-dim 3 --out run {TINY}")
    assert latente("compare-pca run").code == 0
    assert len(drawn) == 2


def test_nearest_shows_each_sample_above_its_neighbours_nearest_first(
    latente: Client, run: Path, drawn: list[Figure]
) -> None:
    told = latente("nearest", run, "-n", 15, "--seed", 3, "--json").json
    found = told["distances"]
    distances = [one["distance"] for one in found]
    assert distances == sorted(distances)
    assert sorted(one["sample"] for one in found) == list(range(15))
    sample = load(run).sample(15, random_state=3)[found[0]["sample"]] / 255
    known = open_images("digits").pixels / 255
    every = np.sqrt(((known - sample) ** 2).mean(axis=(1, 2, 3)))
    assert distances[0] == pytest.approx(every[found[0]["training_image"]], abs=2e-3)
    assert told["median"] == pytest.approx(np.median(distances))
    assert told["held_out"]["count"] == 256
    assert told["nearer"] == sum(distance < told["near"] for distance in distances)
    assert [len(columns(figure)) for figure in drawn] == [8, 7]
    assert rows(drawn[0]) == ["sample", "nearest", "second", "third"]
    assert columns(drawn[0])[0] == f"{distances[0]:.3f}"


def test_training_images_are_found_out_as_copies(latente: Client, run: Path) -> None:
    told = latente("nearest", run, "--images", "digits", "-n", 20, "--json").json
    copies = [one for one in told["distances"] if one["distance"] == 0]
    assert len(copies) >= 15
    assert told["nearer"] >= len(copies)
    assert "of 20 lie nearer than all but" in latente("nearest", run, "--images", "digits", "-n", 20, "--force").words


def test_images_that_were_held_out_are_not_among_the_neighbours(latente: Client, run: Path) -> None:
    from latente.estimators.data import split

    learned = set(split(open_images("digits"), 0.1, 0).rows.tolist())
    found = latente("nearest", run, "--images", "digits", "-n", 100, "--json").json["distances"]
    assert {one["training_image"] for one in found} <= learned


def test_a_search_in_parts_finds_the_same(latente: Client, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = latente("nearest", run, "--seed", 0, "--json").json
    monkeypatch.setattr(look, "VALUES_AT_ONCE", 64 * 100)
    parts = latente("nearest", run, "--seed", 0, "--json", "--force").json
    assert whole == parts


@pytest.mark.parametrize("line", ["map RUN digits", "compare-pca RUN", "nearest RUN"])
def test_a_used_name_is_refused_before_any_work(
    latente: Client, run: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.png").write_text("mine")
    monkeypatch.setattr(look, "model_of", lambda run: pytest.fail("worked before refusing"))
    shown = latente(f"{line.replace('RUN', str(run))} --out mine.png")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == "error: --out mine.png exists already: choose another name, or replace it with --force\n"
    assert Path("mine.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("map RUN digits --out map.jpg", "name a .png file"),
        ("map RUN digits --method isomap", "did you mean 'umap'? known: auto, pca, tsne, umap"),
        ("map RUN digits --attribute hat", "unknown attribute of digits 'hat'; known: 0, 1"),
        ("map nowhere digits", "nowhere holds no model"),
        ("compare-pca RUN --split test", "choose among IMAGES"),
        ("compare-pca RUN digits --split tset", "digits has no part 'tset'"),
        ("nearest RUN -n 0", "-n 0 is too few"),
        ("nearest RUN --images digits -n -1", "-n -1 is too few"),
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


def test_a_run_on_an_array_in_memory_is_compared_on_that_array_as_a_file(latente: Client) -> None:
    from latente import Autoencoder

    array = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    Autoencoder(latent_dim=2, hidden=(4,), network="dense", epochs=1, random_state=0, out="run").fit(array)
    assert "arrays in memory" in latente("compare-pca run").err
    np.save("other.npy", array[:20])
    assert "save it as a .npy file" in latente("compare-pca run other.npy").err
    np.save("same.npy", array)
    assert latente("compare-pca run same.npy --json").json["judged"] == "validation images"


@pytest.mark.parametrize("verb", ["map", "compare-pca", "nearest"])
def test_every_verb_has_help_with_examples_within_80_columns(latente: Client, verb: str) -> None:
    shown = latente(f"{verb} --help")
    assert (shown.code, shown.err) == (0, "")
    assert f"latente {verb}" in shown.out.partition("Examples")[2]
    assert max(map(len, shown.out.splitlines())) <= 80
