"""The verbs that use a trained model, all on one model of the digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente.cli import main

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("using") / "run"
    options = "--count 128 --epochs 1 --hidden 8 --latent-dim 3 --network dense --seed 0 --no-report"
    assert main(["fit", "digits", "--model", "vae", "--out", str(folder), *options.split()]) == 0
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of four colour photographs in two classes, of another size than the model's images."""
    folder = tmp_path / "pictures"
    for number in range(4):
        path = folder / ("cats" if number < 2 else "dogs") / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 16, 3), 60 * number, np.uint8)).save(path)
    return folder


def test_encode_writes_codes_files_and_labels_of_one_length(latente: Client, run: Path, pictures: Path) -> None:
    shown = latente("encode", run, pictures, "--out", "codes.npz")
    assert (shown.code, shown.words) == (0, "wrote codes.npz: 4 codes of 3 numbers"), shown.err
    with np.load("codes.npz") as file:
        assert file["codes"].shape == (4, 3)
        assert [Path(name).name for name in file["files"]] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
        assert file["labels"].tolist() == [0, 0, 1, 1]


def test_encode_of_a_set_without_files_or_labels_says_so_in_the_arrays(latente: Client, run: Path) -> None:
    np.save("plain.npy", np.zeros((5, 8, 8), np.uint8))
    latente("encode", run, "plain.npy", "--out", "codes.npz")
    with np.load("codes.npz") as file:
        assert file["files"].tolist() == [""] * 5
        assert file["labels"].tolist() == [-1] * 5


def test_decode_of_the_codes_is_the_reconstruction(latente: Client, run: Path) -> None:
    latente("encode", run, "digits", "--count", 6, "--out", "codes.npz")
    latente("decode", run, "codes.npz", "--out", "decoded.npy")
    latente("reconstruct", run, "digits", "--count", 6, "--out", "reconstructed.npy")
    decoded, reconstructed = np.load("decoded.npy"), np.load("reconstructed.npy")
    assert decoded.dtype == np.uint8
    assert decoded.shape == (6, 1, 8, 8)
    np.testing.assert_array_equal(decoded, reconstructed)


def test_reconstructions_are_called_like_the_images(latente: Client, run: Path, pictures: Path) -> None:
    shown = latente("reconstruct", run, pictures, "--out", "out")
    assert shown.words == "wrote out: 4 PNG files", shown.err
    written = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*.png"))
    assert written == ["cats/0.png", "cats/1.png", "dogs/2.png", "dogs/3.png"]
    with Image.open("out/cats/0.png") as image:
        assert (image.size, image.mode) == ((8, 8), "L")


def test_a_sheet_puts_reconstructions_below_their_originals(latente: Client, run: Path) -> None:
    shown = latente("reconstruct", run, "digits", "--count", 20, "--out", "sheet.png")
    assert shown.words == "wrote sheet.png: 20 images on one sheet, each below its original", shown.err
    with Image.open("sheet.png") as image:
        assert image.size == (16 * (56 + 2) - 2, 4 * (56 + 2) - 2)


def test_the_crop_of_the_training_is_the_crop_of_every_verb(latente: Client) -> None:
    """The digits fill all columns; a model of their middle must be shown the middle again, not the whole."""
    options = "--crop 4 --size 8 --count 32 --epochs 1 --network dense --hidden 4 --seed 0 --no-report"
    assert latente(f"fit digits --out cropped {options}").code == 0
    middle = latente("data show digits --crop 4 --size 8 --count 32 --json").json
    assert middle["shape"] == [1, 8, 8]
    latente("encode cropped digits --count 32 --split train --out codes.npz")
    from latente import load, open_images

    expected = load("cropped").transform(open_images("digits", crop=4, size=8, count=32))
    with np.load("codes.npz") as file:
        np.testing.assert_array_equal(file["codes"], expected)


@pytest.mark.parametrize("shape", [(40, 8, 8), (40, 8, 8, 3), (40, 3, 8, 8), (40, 12)])
def test_arrays_come_back_in_the_layout_that_went_in(latente: Client, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).random(shape, np.float32)
    np.save("array.npy", array)
    options = "--epochs 1 --network dense --hidden 4 --latent-dim 2 --seed 0 --no-report"
    assert latente(f"fit array.npy --out run {options}").code == 0
    for line in ("reconstruct run array.npy", "sample run -n 40"):
        shown = latente(f"{line} --out out.npy --force")
        assert shown.code == 0, shown.err
        assert np.load("out.npy").shape == shape
        assert latente(f"{line} --out out --force").code == (0 if len(shape) > 2 else 2)


def test_decoded_codes_keep_the_names_of_their_images(latente: Client, run: Path, pictures: Path) -> None:
    latente("encode", run, pictures, "--out", "codes.npz")
    latente("decode", run, "codes.npz", "--out", "out")
    assert (Path("out") / "dogs" / "3.png").exists()


def test_a_sheet_of_samples_is_the_same_for_the_same_seed_only(latente: Client, run: Path) -> None:
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        shown = latente("sample", run, "-n", 9, "--seed", seed, "--out", f"{name}.png")
        assert shown.words == f"wrote {name}.png: 9 images on one sheet", shown.err
    a, b, c = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_samples_go_into_a_folder_or_an_array_too(latente: Client, run: Path) -> None:
    latente("sample", run, "-n", 12, "--seed", 0, "--out", "samples/")
    latente("sample", run, "-n", 12, "--seed", 0, "--out", "samples.npy")
    array = np.load("samples.npy")
    assert len(list(Path("samples").iterdir())) == len(array) == 12
    with Image.open("samples/03.png") as image:
        np.testing.assert_array_equal(np.asarray(image), array[2].squeeze())


def test_evaluate_takes_the_test_part_unless_told_otherwise(latente: Client, run: Path) -> None:
    test = latente("evaluate", run, "digits", "--json").json
    assert (test["images"], test["part"]) == ("digits", "test")
    assert test["metrics"] == latente("evaluate", run, "digits", "--split", "test", "--json").json["metrics"]
    train = latente("evaluate", run, "digits", "--split", "train", "--json").json
    assert train["count"] + test["count"] == 1797
    assert train["metrics"] != test["metrics"]


def test_evaluate_for_people_shows_the_same_figures(latente: Client, run: Path) -> None:
    measured = latente("evaluate", run, "digits", "--json").json
    shown = latente("evaluate", run, "digits").words
    assert "digits: 355 of the test part" in shown
    assert f"kl {measured['metrics']['kl']:.5g} {measured['protocols']['kl']}" in shown


def test_the_bound_of_several_samples_is_measured_where_asked_for(latente: Client, run: Path) -> None:
    line = ("evaluate", run, "digits", "--count", 20, "--json")
    plain, more = latente(*line).json, latente(*line, "--bound-samples", 5).json
    assert set(more["metrics"]) - set(plain["metrics"]) == {"bound", "bound_samples"}
    assert more["metrics"]["bound_samples"] == 5
    assert more["metrics"]["bound"] > more["metrics"]["elbo"]


def test_a_report_can_go_elsewhere(latente: Client, run: Path) -> None:
    assert latente("report", run, "--out", "page.html").words == "report page.html"
    again = latente("report", run, "--out", "page.html")
    assert (again.code, "--force" in again.err) == (2, True)
    assert latente("report", run, "digits", "--out", "page.html", "--force").code == 0


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


def test_a_model_with_a_pickle_in_its_folder_is_refused(latente: Client, run: Path, tmp_path: Path) -> None:
    model = tmp_path / "stranger" / "model"
    model.mkdir(parents=True)
    (model / "model.json").write_text(json.dumps({}))
    (model / "weights.pkl").write_bytes(b"")
    shown = latente("sample stranger --out out.png")
    assert shown.code == 2
    assert "pickle" in shown.err
