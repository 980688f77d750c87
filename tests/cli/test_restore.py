"""`latente restore`, and the other verbs on what restores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente import Autoencoder, Restorer
from latente.cli import main
from latente.resampling import shrunk_picture
from translating import left_in_english, mark

Client = Callable[..., Any]
SMALL = "--model restorer --epochs 1 --width 4 --depth 1 --batch-size 4 --augmentation crop:16,flips --seed 0"


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 10)


def draw(folder: Path, *sizes: tuple[int, int]) -> Path:
    """Make a folder of smooth pictures of these heights and widths, called 0.png, 1.png ..."""
    folder.mkdir()
    for number, (height, width) in enumerate(sizes):
        rows, columns = np.mgrid[:height, :width]
        waves = [128 + 90 * np.sin(rows / (4 + number) + k) + 30 * (columns > width / 2) for k in range(3)]
        Image.fromarray(np.stack(waves, axis=2).clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("scenes") / "photos", (40, 30), (24, 51), (33, 33))


@pytest.fixture(scope="module")
def enlarger(tmp_path_factory: pytest.TempPathFactory, scenes: Path) -> Path:
    """A run that enlarges pictures twice, with its report."""
    run = tmp_path_factory.mktemp("enlarger") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latente.objectives.RestorationObjective.epoch_steps", 10)
        line = f"fit {scenes} --corruption downscale:2 --out {run} {SMALL}"
        assert main(line.split()) == 0
    return run


@pytest.fixture(scope="module")
def inpainter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that fills in, before any training."""
    run = tmp_path_factory.mktemp("inpainter") / "run"
    pictures = np.zeros((4, 16, 16, 3), np.uint8)
    pictures[:, :8] = 200
    Restorer(corruption="mask:0.5", width=4, depth=1, augmentation="crop:8").initialise(pictures).save(run)
    return run


def test_pictures_are_trained_on_at_their_own_size(enlarger: Path) -> None:
    import json

    options = json.loads((enlarger / "options.json").read_text())
    assert options["data"]["source"]["size"] == "keep"
    assert options["data"]["shape"] == [3, 16, 16]


def test_what_a_list_names_is_left_out(latente: Client, enlarger: Path, scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("1.png\n")
    assert latente("restore", enlarger, scenes, "--exclude", "list.txt", "--out", "larger").code == 0
    assert sorted(path.name for path in (tmp_path / "larger").iterdir()) == ["0.png", "2.png"]
    shown = latente("restore", enlarger, scenes, "--exclude", "no-list.txt", "--out", "others")
    assert (shown.code, shown.err.count("\n")) == (2, 1)
    assert "exclude='no-list.txt' cannot be read: No such file or directory" in shown.err


def test_a_folder_comes_out_under_its_own_names_and_only_once(
    latente: Client, enlarger: Path, scenes: Path, tmp_path: Path
) -> None:
    first = latente("restore", enlarger, scenes, "--out", "larger")
    assert (first.code, first.err) == (0, "")
    assert "restored 3 pictures" in first.words
    with Image.open(tmp_path / "larger" / "1.png") as picture:
        assert picture.size == (102, 48)
    (tmp_path / "larger" / "0.png").unlink()
    again = latente("restore", enlarger, scenes, "--out", "larger", "--json").json
    assert (list(again["restored"]), list(again["kept"]), again["lost"]) == (["0.png"], ["1.png", "2.png"], {})


def test_a_page_and_figures_say_what_came_of_it(
    latente: Client, enlarger: Path, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "low").mkdir()
    for file in scenes.iterdir():
        small = shrunk_picture(np.asarray(Image.open(file)).transpose(2, 0, 1), 2)
        Image.fromarray(small.transpose(1, 2, 0)).save(tmp_path / "low" / file.name)
    shown = latente("restore", enlarger, "low", "--out", "larger", "--check", "--clean", scenes, "--json").json
    page = (tmp_path / "larger" / "check.html").read_text(encoding="utf-8")
    assert shown["metrics"]["psnr"] > 20
    assert [one["file"] for one in shown["pictures"]] == ["0.png", "1.png", "2.png"]
    assert page.count('<figure class="pair">') == 3
    assert "dB before," in page
    assert "http" not in page.replace("http-equiv", "")
    told = latente("restore", enlarger, "low", "--out", "larger", "--check", "--clean", scenes)
    assert "enlarged bicubically" in told.words
    assert "kept 3 results that were there before" in told.words
    mark(monkeypatch)
    assert (
        latente("restore", enlarger, "low", "--out", "larger", "--check", "--clean", scenes, "--lang", "es").code == 0
    )
    assert left_in_english(tmp_path / "larger" / "check.html", "png", str(enlarger)) == set()


def test_files_that_cannot_be_read_are_named_and_the_others_are_done(
    latente: Client, enlarger: Path, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "good.png").write_bytes((scenes / "0.png").read_bytes())
    (tmp_path / "mixed" / "bad.png").write_bytes((scenes / "0.png").read_bytes()[:-40])
    some = latente("restore", enlarger, "mixed", "--out", "out")
    assert some.code == 1
    assert "left out: bad.png truncated" in some.err
    assert "error: 1 of 2 pictures could not be restored: bad.png" in some.err
    assert (tmp_path / "out" / "good.png").is_file()
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(64))
    none = latente("restore", enlarger, "clip.mp4", "--out", "none")
    assert none.code == 2
    assert "a video that cannot be read" in none.err
    assert not (tmp_path / "none").exists()


def test_an_inpainter_asks_for_its_mask_and_others_refuse_one(
    latente: Client, inpainter: Path, enlarger: Path, scenes: Path, tmp_path: Path
) -> None:
    Image.new("L", (30, 40), 0).save(tmp_path / "mask.png")
    asked = latente("restore", inpainter, scenes / "0.png", "--out", "out")
    assert (asked.code, "say where by --mask" in asked.err) == (2, True)
    foreign = latente("restore", enlarger, scenes / "0.png", "--out", "out", "--mask", "mask.png")
    assert (foreign.code, "this model fills in nothing" in foreign.err) == (2, True)
    assert latente("restore", inpainter, scenes / "0.png", "--out", "out", "--mask", "mask.png").code == 0
    with Image.open(scenes / "0.png") as before, Image.open(tmp_path / "out" / "0.png") as after:
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{photos} --out {photos}", "whose pictures are restored; choose a folder beside it"),
        ("{photos} --out {photos}/better", "whose pictures are restored; choose a folder beside it"),
        ("{photos}/0.png --out {photos}", "is the folder of"),
        ("{photos} --out better.png", "name one without the ending .png"),
        ("nowhere --out better", "nowhere cannot be opened"),
        ("{photos} --out better --tile 8", "of at least 32"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    latente: Client, enlarger: Path, scenes: Path, arguments: str, words: str
) -> None:
    refused = latente(f"restore {enlarger} {arguments.format(photos=scenes)}")
    assert refused.code == 2
    assert words in refused.err
    assert refused.err.count("\n") == 1


def test_an_autoencoder_that_undoes_something_restores_pictures_of_its_size(
    latente: Client, scenes: Path, tmp_path: Path
) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (8, 9, 10, 3), np.uint8)
    common = {"latent_dim": 2, "hidden": (4,), "epochs": 1, "random_state": 0, "network": "dense"}
    Autoencoder(corruption="gaussian:0.1", **common).fit(pictures).save(tmp_path / "denoiser")
    Autoencoder(**common).fit(pictures).save(tmp_path / "plain")
    Image.fromarray(pictures[0]).save(tmp_path / "own.png")
    assert latente("restore", "denoiser", "own.png", "--out", "out").code == 0
    with Image.open(tmp_path / "out" / "own.png") as picture:
        assert picture.size == (10, 9)
    other = latente("restore", "denoiser", scenes / "0.png", "--out", "out")
    assert "restores pictures of 9x10 alone; train one for any size: latente fit PHOTOS --model restorer" in other.err
    assert other.code == 2
    refused = latente("restore", "plain", "own.png", "--out", "out")
    assert (refused.code, "`latente restore` has no meaning for this autoencoder" in refused.err) == (2, True)


# a model that comes with Latente


def test_a_picture_is_enlarged_without_any_training(latente: Client, scenes: Path, tmp_path: Path) -> None:
    shown = latente("restore", scenes / "0.png", "--with", "sr-x2", "--out", "larger", "--check", "--json").json
    assert (shown["run"], list(shown["restored"])) == ("sr-x2", ["0.png"])
    with Image.open(tmp_path / "larger" / "0.png") as picture:
        assert picture.size == (60, 80)
    assert "sr-x2" in (tmp_path / "larger" / "check.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{photos} --out better", "or take a model that comes with Latente: --with"),
        ("{photos} --with sr-x3 --out better", "sr-x2"),
        ("{run} {photos} --with sr-x2 --out better", "leave it out, or leave out --with"),
    ],
)
def test_a_model_is_one_of_ours_or_one_of_the_user_s(
    latente: Client, enlarger: Path, scenes: Path, arguments: str, words: str
) -> None:
    refused = latente(f"restore {arguments.format(photos=scenes, run=enlarger)}")
    assert refused.code == 2
    assert words in refused.err


# the other doors


def test_evaluate_measures_whole_pictures_beside_their_input(latente: Client, enlarger: Path, scenes: Path) -> None:
    figures = latente("evaluate", enlarger, scenes, "--json").json
    assert figures["count"] == 3
    assert {"psnr", "input_psnr", "l1", "mse"} <= set(figures["metrics"])


def test_evaluate_takes_pairs_as_they_are(latente: Client, enlarger: Path, scenes: Path, tmp_path: Path) -> None:
    draw(tmp_path / "high", (32, 48), (20, 30))
    (tmp_path / "low").mkdir()
    for file in (tmp_path / "high").iterdir():
        small = shrunk_picture(np.asarray(Image.open(file)).transpose(2, 0, 1), 2)
        Image.fromarray(small.transpose(1, 2, 0)).save(tmp_path / "low" / file.name)
    alone = latente("evaluate", enlarger, "high", "--json").json["metrics"]
    paired = latente("evaluate", enlarger, "low", "--target", "high", "--json").json["metrics"]
    assert paired["psnr"] == pytest.approx(alone["psnr"], abs=0.02)  # what shrinks them is the same
    assert paired["input_psnr"] == pytest.approx(alone["input_psnr"], abs=0.02)
    refused = latente("evaluate", enlarger, "high", "--target", "high")
    assert "are 1 times as large as the images; this model enlarges by 2" in refused.err


def test_the_report_sets_it_beside_its_input(latente: Client, enlarger: Path) -> None:
    page = (enlarger / "report.html").read_text(encoding="utf-8")
    for words in ("Originals and restored pictures", "bicubic enlargement", "latente restore", "input_psnr"):
        assert words in page


def test_verbs_that_need_a_code_refuse_in_one_line(latente: Client, enlarger: Path, scenes: Path) -> None:
    for verb in ("explore", "map", "encode", "sample", "rank", "reconstruct"):
        more = [] if verb in ("explore", "sample", "rank") else [scenes]
        refused = latente(verb, enlarger, *more, *([scenes] if verb == "rank" else ["--out", "x.npz"]))
        assert refused.code == 2, verb
        assert "has no meaning for this restorer" in refused.err or "--out" in refused.err


def test_a_plan_is_of_crops_and_says_what_is_undone(latente: Client, scenes: Path, tmp_path: Path) -> None:
    shown = latente(f"fit {scenes} --corruption gaussian:0.1,jpeg:60 --dry-run {SMALL}")
    assert (shown.code, shown.err) == (0, "")
    assert "restorer: shuffle 4 channels wide, 1 deep" in shown.words
    assert "images worsened by gaussian:0.1,jpeg:60" in shown.words
    assert not (tmp_path / "runs").exists()


def test_its_help_lists_its_own_panels(latente: Client) -> None:
    shown = latente("fit --model restorer --help")
    assert shown.code == 0
    assert "--corruption" in shown.out
    assert "U-net" in shown.out


def test_a_run_is_gone_on_with(latente: Client, scenes: Path, tmp_path: Path) -> None:
    assert latente(f"fit {scenes} --corruption blur:1 --out run --no-report {SMALL}").code == 0
    assert latente("resume run --epochs 2 --no-report").code == 0
    assert latente(f"fit {scenes} --out other {SMALL}").err.startswith("error: photos has no targets to learn from")


def test_a_sweep_tries_widths_on_pictures_at_their_own_size(latente: Client, scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        f"images: {scenes}\nmodel: restorer\ngrid: {{width: [4, 6]}}\nmetric: psnr\n"
        "options: {corruption: 'blur:1', depth: 1, epochs: 1, batch-size: 4, augmentation: 'crop:16'}\n"
    )
    shown = latente("sweep study.yaml --out study --json")
    assert shown.code == 0, shown.err
    table = (tmp_path / "study" / "table.csv").read_text().splitlines()
    assert len(table) == 3
    assert "input_psnr" in table[0]
