"""`traverse`, `interpolate`, `direction` and `edit`: what the pictures show, what is kept, what is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from latente import Images, InputError, load, open_images
from latente.cli import attributes, main, steer
from latente.latents import Direction, learn_direction

Client = Callable[..., Any]

TINY = "--epochs 2 --hidden 16 --network dense --seed 0 --no-report"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steering") / "run"
    assert main(["fit", "digits", "--latent-dim", "10", "--out", str(folder), *TINY.split()]) == 0
    return folder


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A folder of 40 grey pictures, of which every other one is bright, with a table that says so."""
    folder = tmp_path / "people"
    folder.mkdir()
    noise = np.random.default_rng(0)
    lines = ["file,bright,round face"]
    for number in range(40):
        bright = number % 2
        pixels = noise.integers(0, 60, (8, 8), np.uint8) + np.uint8(150 * bright)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
        lines.append(f"{number:02}.png,{2 * bright - 1},{noise.choice([-1, 1])}")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The pictures (R, S, C, H, W) of the last strips that a verb drew, and the names of rows and columns."""
    from latente import figures

    kept: list[Any] = []
    strips = figures.strips

    def keep(images: np.ndarray, rows: list[str], columns: list[str]) -> Figure:
        kept[:] = [images, list(rows), list(columns)]
        return strips(images, rows, columns)

    monkeypatch.setattr(figures, "strips", keep)
    return kept


def test_a_traversal_moves_the_dimensions_that_change_the_image_most(
    latente: Client, run: Path, drawn: list[Any]
) -> None:
    told = latente("traverse", run, "--json").json
    lines = told["dimensions"]
    assert (told["images"], told["count"], told["steps"], told["picture"]) == ("digits", 1298, 7, "traverse.png")
    changes = [line["change"] for line in lines]
    assert len(lines) == 8
    assert changes == sorted(changes, reverse=True)
    images, rows, columns = drawn
    assert images.shape == (8, 7, 1, 8, 8)
    assert rows == [f"dimension {line['dimension']}" for line in lines]
    assert columns == ["-3 σ", "-2 σ", "-1 σ", "mean", "+1 σ", "+2 σ", "+3 σ"]
    with Image.open("traverse.png") as picture:
        assert picture.mode == "RGB"


def test_a_traversal_is_that_of_the_images_and_dimensions_asked_for(
    latente: Client, run: Path, drawn: list[Any]
) -> None:
    line = ("traverse", run, "digits", "--split", "test", "--dimensions", "4,1", "--span", 2, "--steps", 5, "--json")
    told = latente(*line).json
    codes = load(run).transform(open_images("digits", split="test"))
    assert [row["dimension"] for row in told["dimensions"]] == [4, 1]
    assert told["dimensions"][0]["mean"] == pytest.approx(codes[:, 4].mean(), rel=1e-4)
    assert told["dimensions"][1]["spread"] == pytest.approx(codes[:, 1].std(), rel=1e-4)
    place = codes.mean(axis=0)
    place[1] += 2 * codes[:, 1].std()
    np.testing.assert_allclose(drawn[0][1, -1], load(run).decode(place[None])[0] / 255, atol=1.01 / 255)
    assert drawn[2] == ["-2 σ", "-1 σ", "mean", "+1 σ", "+2 σ"]


def test_the_table_for_people_has_a_line_for_each_dimension(latente: Client, run: Path) -> None:
    lines = latente("traverse", run, "--dimensions", "3", "--out", "one.png").out.splitlines()
    assert lines[0].split() == ["dimension", "mean", "spread", "change"]
    assert lines[1].split()[0] == "3"
    assert lines[-1].split() == ["wrote", "one.png"]


def test_between_pairs_of_images_with_the_images_themselves_at_the_ends(
    latente: Client, run: Path, drawn: list[Any]
) -> None:
    told = latente("interpolate", run, "digits", "--split", "test", "--steps", 5, "--json").json
    images, rows, columns = drawn
    assert images.shape == (8, 7, 1, 8, 8)
    assert columns == ["from", "0", "0.25", "0.5", "0.75", "1", "to"]
    assert [told["pairs"][0][end] for end in ("from", "to")] == ["0", "23"]
    assert rows[0] == "0 to 23"
    test = open_images("digits", split="test").pixels
    np.testing.assert_allclose(images[0, 0], test[0] / 255, atol=1e-6)
    np.testing.assert_allclose(images[-1, -1], test[-1] / 255, atol=1e-6)
    rebuilt = load(run).reconstruct(test[:1])
    np.testing.assert_allclose(images[0, 1], rebuilt[0] / 255, atol=1e-6)


def test_from_an_image_to_the_mean_of_a_class(latente: Client, run: Path, drawn: list[Any]) -> None:
    line = ("interpolate", run, "digits", "--from", 5, "--to", "class:7", "--how", "spherical", "--json")
    [pair] = latente(*line).json["pairs"]
    images, model = open_images("digits"), load(run)
    mean = model.transform(images.take(np.flatnonzero(images.labels == 7))).mean(axis=0)
    start = model.transform(images.take(slice(5, 6)))[0]
    assert (pair["from"], pair["to"]) == ("5", "7")
    assert pair["codes_apart"] == pytest.approx(np.linalg.norm(start - mean), rel=1e-4)
    assert drawn[2][0] == "from"
    assert drawn[2][-1] == "1"  # a mean of codes is no picture
    np.testing.assert_allclose(drawn[0][0, -1], model.decode(mean[None])[0] / 255, atol=1.01 / 255)


def test_from_a_class_to_several_images_there_is_a_row_for_each(latente: Client, run: Path, drawn: list[Any]) -> None:
    told = latente("interpolate", run, "digits", "--count", 60, "--from", "class:7", "--json").json
    assert [pair["from"] for pair in told["pairs"]] == ["7"] * 8
    assert drawn[2][0] == "0"
    assert drawn[2][-1] == "to"


def test_images_of_a_folder_go_by_their_files(latente: Client, people: Path, run: Path) -> None:
    told = latente("interpolate", run, people, "--from", "01.png", "--to", "30.png", "--json").json
    assert [(pair["from"], pair["to"]) for pair in told["pairs"]] == [("01.png", "30.png")]


def test_a_direction_is_kept_in_the_run_as_it_was_learned(latente: Client, run: Path) -> None:
    told = latente("direction", "learn", run, "digits", "--attribute", "3", "--json").json
    assert told["file"] == str(run / "directions" / "3.json")
    kept = Direction.from_json(json.loads(Path(told["file"]).read_text()))
    images = open_images("digits")
    expected = learn_direction(load(run).transform(images), images.labels == 3, attribute="3")
    np.testing.assert_allclose(kept.vector, expected.vector, rtol=1e-4, atol=1e-6)
    assert (told["with"], told["without"]) == (expected.counts[1], expected.counts[0])
    assert told["accuracy"] == pytest.approx(expected.accuracy)
    assert "vector" not in told


def test_learning_again_replaces_and_the_list_tells_what_there_is(latente: Client, run: Path) -> None:
    assert latente("direction", "learn", run, "digits", "--attribute", "8").code == 0
    line = ("direction", "learn", run, "digits", "--attribute", "8", "--method", "logistic", "--against", "3, 5")
    shown = latente(*line)
    assert "direction 8, by logistic, against 3, 5: 140 images with it, 1,302 without" in shown.words
    assert f"next latente edit {run} digits --attribute 8 --strength -1:2:7 --out edited.png" in shown.words
    [row] = [row for row in latente("direction", "list", run, "--json").json if row["attribute"] == "8"]
    assert (row["method"], row["against"], row["with"]) == ("logistic", ["3", "5"], 140)
    listed = latente("direction", "list", run)
    assert any(line.split()[:5] == ["8", "logistic", "3,", "5", "140"] for line in listed.out.splitlines())


def test_attributes_of_a_table_whose_names_no_file_could_have(latente: Client, people: Path, run: Path) -> None:
    table = people.with_suffix(".csv")
    text = table.read_text().replace("round face", "round/oval")
    table.write_text(text)
    assert latente(f"fit {people} --labels {table} --latent-dim 2 --out run {TINY}").code == 0
    for name in ("BRIGHT", "round/oval"):
        shown = latente("direction", "learn", "run", people, "--labels", table, "--attribute", name)
        assert shown.code == 0, shown.err
    rows = latente("direction list run --json").json
    assert sorted(row["attribute"] for row in rows) == ["bright", "round/oval"]
    assert all(row["with"] + row["without"] == 40 for row in rows)
    assert len(list(Path("run/directions").iterdir())) == 2
    edited = latente("edit", "run", people, "--attribute", "Bright", "--strength", "0,1", "--count", 3, "--json")
    assert edited.json["attribute"] == "bright"
    assert latente("edit", "run", people, "--attribute", "round/oval", "--force").code == 0


def test_edited_images_gain_the_attribute_step_by_step(latente: Client, run: Path, drawn: list[Any]) -> None:
    latente("direction", "learn", run, "digits", "--attribute", "0")
    line = ("edit", run, "digits", "--split", "test", "--attribute", "0", "--strength", "-1:2:7", "--json")
    told = latente(*line).json
    lines = told["strengths"]
    assert [line["strength"] for line in lines] == [-1, -0.5, 0, 0.5, 1, 1.5, 2]
    seen = [line["seen"] for line in lines]
    assert seen == sorted(seen)
    assert lines[2]["change"] == 0
    assert told["count"] == 8
    images, rows, columns = drawn
    assert images.shape == (8, 8, 1, 8, 8)
    assert columns == ["original", "-1", "-0.5", "0", "+0.5", "+1", "+1.5", "+2"]
    test = open_images("digits", split="test").take([int(row) for row in rows])
    np.testing.assert_allclose(images[:, 0], test.pixels / 255, atol=1e-6)
    np.testing.assert_allclose(images[:, 3], load(run).reconstruct(test) / 255, atol=1e-6)


def test_an_edit_that_keeps_detail_starts_from_the_image_itself(latente: Client, run: Path, drawn: list[Any]) -> None:
    latente("direction", "learn", run, "digits", "--attribute", "0")
    line = ("edit", run, "digits", "--attribute", "0", "--strength", "0,2", "--keep-detail", "--json")
    told = latente(*line).json
    assert told["strengths"][0]["change"] == 0
    images = drawn[0]
    np.testing.assert_array_equal(images[:, 1], images[:, 0])
    assert told["strengths"][1]["change"] > 0.01
    assert told["strengths"][1]["seen"] > told["strengths"][0]["seen"]


def test_the_number_of_images_to_edit_is_the_users(latente: Client, run: Path, drawn: list[Any]) -> None:
    latente("direction", "learn", run, "digits", "--attribute", "0")
    latente("edit", run, "digits", "--attribute", "0", "--strength", "1.5", "--count", 12)
    assert drawn[0].shape == (12, 2, 1, 8, 8)
    assert drawn[2] == ["original", "+1.5"]


def test_attributes_are_columns_conditions_and_classes_and_unknown_ones_are_nan() -> None:
    images = Images(
        np.zeros((4, 1, 8, 8), np.uint8),
        {
            "label": np.array([0, 1, -1, 1]),
            "attributes": np.array([[1, -1], [-1, 1], [1, 1], [-1, -1]], np.int8),
            "condition": np.array([[0.1], [0.2], [0.3], [0.4]], np.float32),
        },
        attribute_names=("Hat", "smile"),
        condition_names=("smile", "age"),
    )
    for name, spelt, values in [
        ("hat", "Hat", [1, -1, 1, -1]),
        ("smile", "smile", [-1, 1, 1, -1]),  # the attribute comes before the condition of that name
        ("1", "1", [0, 1, np.nan, 1]),
    ]:
        found = attributes.values_of(images, name)
        assert found[0] == spelt
        np.testing.assert_array_equal(found[1], values)
    named = dataclasses.replace(images, condition_names=("age",), label_names=("AGE", "age"))
    np.testing.assert_allclose(attributes.values_of(named, "age")[1], [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(InputError, match="known: AGE, Hat, age, smile"):
        attributes.values_of(named, "Age")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-1:2:4", (-1, 0, 1, 2)), ("2:-2:2", (2, -2)), ("0.5", (0.5,)), ("-1, 0,3e0", (-1, 0, 3))],
)
def test_strengths_are_read_as_a_range_or_a_list(text: str, expected: tuple[float, ...]) -> None:
    assert attributes.strengths(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("traverse RUN --steps 1", "steps must be at least 2"),
        ("traverse RUN --dimensions 10", "not all within 0 to 9"),
        ("traverse RUN --dimensions a", "'a' is not a whole number"),
        ("traverse RUN --count 3", "choose among IMAGES"),
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
def test_what_cannot_be_done_is_refused_in_one_line(latente: Client, run: Path, line: str, message: str) -> None:
    np.save("plain.npy", np.zeros((9, 8, 8), np.uint8))
    shown = latente(line.replace("RUN", str(run)))
    assert (shown.code, shown.out) == (2, "")
    assert message.replace("RUN", str(run)) in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["plain.npy"]


@pytest.mark.parametrize(
    ("module", "line"),
    [(steer, "traverse RUN"), (steer, "interpolate RUN digits"), (attributes, "edit RUN digits --attribute 3")],
)
def test_a_used_name_is_refused_before_any_work(
    latente: Client, run: Path, module: ModuleType, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.png").write_text("mine")
    monkeypatch.setattr(module, "model_of", lambda run: pytest.fail("worked before refusing"))
    shown = latente(f"{line.replace('RUN', str(run))} --out mine.png")
    assert shown.code == 2
    assert shown.err == "error: --out mine.png exists already: choose another name, or replace it with --force\n"
    assert Path("mine.png").read_text() == "mine"


def test_rows_of_a_table_are_no_pictures(latente: Client) -> None:
    np.save("table.npy", np.random.default_rng(0).normal(size=(60, 5)))
    latente(f"fit table.npy --latent-dim 2 --out run {TINY}")
    for line in ("traverse run", "interpolate run table.npy", "edit run table.npy --attribute x", "nearest run"):
        assert "which are no pictures; see `latente map`" in latente(line).err


def test_a_damaged_direction_is_named(latente: Client) -> None:
    assert latente(f"fit digits --count 64 --latent-dim 2 --out run {TINY}").code == 0
    assert "none yet: `latente direction learn run IMAGES --attribute NAME`" in latente("direction list run").words
    latente("direction learn run digits --attribute 3")
    Path("run/directions/3.json").write_text("{")
    for line in ("direction list run", "edit run digits --attribute 3"):
        shown = latente(line)
        assert (shown.code, shown.out) == (2, "")
        assert "3.json cannot be read as a direction" in shown.err


@pytest.mark.parametrize("verb", ["traverse", "interpolate", "edit", "direction", "direction learn", "direction list"])
def test_every_verb_has_help_with_examples_within_80_columns(latente: Client, verb: str) -> None:
    shown = latente(f"{verb} --help")
    assert (shown.code, shown.err) == (0, "")
    assert f"latente {verb}" in shown.out.partition("Examples")[2]
    assert max(map(len, shown.out.splitlines())) <= 80


def test_direction_without_a_verb_shows_its_verbs(latente: Client) -> None:
    shown = latente("direction")
    assert (shown.code, shown.err) == (0, "")
    assert all(f"│ {verb} " in shown.out for verb in ("learn", "list"))
