"""`latente fit` on a tiny set: what lies in the folder, what is printed, what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import Autoencoder, Images, InputError, report
from latente.cli import fit
from latente.report.verdicts import Verdict
from latente.words import percent

Client = Callable[..., Any]


TINY = "--count 64 --epochs 1 --hidden 8 --latent-dim 2 --batch-size 16 --seed 0 --network dense --no-report"


@pytest.mark.parametrize("model", ["autoencoder", "vae"])
def test_fit_leaves_a_run_folder_with_options_metrics_and_model(latente: Client, tmp_path: Path, model: str) -> None:
    shown = latente(f"fit digits --model {model} --out run {TINY}")
    assert shown.code == 0, shown.err
    run = tmp_path / "run"
    saved = json.loads((run / "options.json").read_text())
    assert (saved["model"], saved["data"]["name"], saved["data"]["count"]) == (model, "digits", 64)
    asked = {
        "epochs": 1,
        "hidden": [8],
        "latent_dim": 2,
        "batch_size": 16,
        "random_state": 0,
        "network": "dense",
    }
    assert asked.items() <= saved["options"].items()
    parts = [json.loads(line)["part"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert parts[-1] == "validation"
    assert (run / "model" / "model.json").exists()
    assert not (run / "report.html").exists()


def test_a_step_of_a_variational_autoencoder_takes_as_many_draws_as_are_asked_for(
    latente: Client, tmp_path: Path
) -> None:
    assert latente(f"fit digits --model vae --samples 5 --out run {TINY}").code == 0
    assert json.loads((tmp_path / "run" / "options.json").read_text())["options"]["samples"] == 5
    assert "--samples L" in latente("fit --model vae --help").words
    refused = latente(f"fit digits --model vae --samples 5 --importance-samples 5 --out other {TINY}")
    assert refused.code != 0
    assert "samples needs importance_samples=1" in refused.err
    assert not (tmp_path / "other").exists()


def test_fit_says_what_it_found_what_it_trains_and_what_to_do_next(latente: Client) -> None:
    shown = latente(f"fit digits --out 'my run' {TINY}")
    assert "source digits (drawn by code) images 64" in shown.words
    assert "model autoencoder: dense 8, code of 2, 1,138 parameters" in shown.words
    assert "1 epoch of 58 images, 6 held out" in shown.words
    assert "best the start: objective " in shown.words
    assert "samples drawn from a normal density fitted to the training codes" in shown.words
    assert "next latente sample 'my run' --out samples.png" in shown.words
    assert "epoch 1/1" in shown.err
    assert "\x1b" not in shown.out + shown.err


def test_the_report_is_written_and_its_place_is_printed(latente: Client, tmp_path: Path) -> None:
    shown = latente(f"fit digits --out run {TINY.removesuffix('--no-report')}")
    assert "report run/report.html" in shown.words
    assert (tmp_path / "run" / "report.html").stat().st_size > 1000


def test_without_out_runs_are_numbered_by_set_and_model(latente: Client, tmp_path: Path) -> None:
    for number in (1, 2):
        latente(f"fit digits {TINY}")
        assert (tmp_path / "runs" / f"digits-autoencoder-{number}" / "options.json").exists()
    latente(f"fit digits --model vae {TINY}")
    assert (tmp_path / "runs" / "digits-vae-1").is_dir()


def test_runs_that_start_at_once_get_a_folder_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: fit.next_run("digits", "vae"), range(8)))
    assert sorted(map(str, runs)) == [f"runs/digits-vae-{number}" for number in range(1, 9)]


def test_a_training_that_is_refused_leaves_no_empty_folder(
    latente: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InputError("not this")

    with monkeypatch.context() as patch:
        patch.setattr(Autoencoder, "fit", refuse)
        assert latente(f"fit digits {TINY}").code == 2
    assert list((tmp_path / "runs").iterdir()) == []
    (tmp_path / "runs").rmdir()
    (tmp_path / "runs").write_text("mine")
    shown = latente(f"fit digits {TINY}")
    assert shown.code == 2
    assert "the run folder runs/digits-autoencoder-1 cannot be made" in shown.err


def test_json_is_all_there_is_on_stdout(latente: Client) -> None:
    shown = latente(f"fit digits --out run --json {TINY}")
    assert shown.json["run"] == "run"
    assert (shown.json["epochs"], shown.json["best_epoch"], shown.json["report"]) == (1, 0, None)
    assert shown.json["validation"]["objective"] > 0
    assert "digits" in shown.err


def test_a_dry_run_prints_the_plan_and_writes_nothing(latente: Client, tmp_path: Path) -> None:
    shown = latente(f"fit digits --dry-run {TINY}")
    assert shown.code == 0, shown.err
    assert "nothing was written" in shown.out
    assert "Linear" in shown.out
    assert list(tmp_path.iterdir()) == []


def test_the_plan_counts_the_parameters_of_the_network(latente: Client) -> None:
    plan = latente(f"fit digits --dry-run --json {TINY}").json
    encoder, decoder = 64 * 8 + 8 + 8 * 2 + 2, 2 * 8 + 8 + 8 * 64 + 64
    counted = [(layer["name"], layer["parameters"]) for layer in plan["layers"]]
    assert plan["parameters"] == encoder + decoder == sum(count for _, count in counted)
    assert plan["options"]["hidden"] == [8]
    assert plan["data"]["train_count"] == 58
    assert plan["seconds_estimate"] > 0


def test_a_used_run_folder_is_refused_with_the_cure(latente: Client, tmp_path: Path) -> None:
    latente(f"fit digits --out run {TINY}")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    again = latente(f"fit digits --out run {TINY}")
    assert (again.code, again.out) == (2, "")
    assert "`latente resume run`" in again.err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before


def test_a_folder_with_other_things_in_it_is_no_place_for_a_run(latente: Client, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    shown = latente(f"fit digits --out . {TINY}")
    assert (shown.code, shown.err) == (2, "error: --out . exists and is no empty folder: name a new one\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fit digitz", "did you mean 'digits'?"),
        ("fit digits --split tset", "test"),
        ("fit digits --beta 2", "--beta has no meaning for --model autoencoder; it belongs to vae"),
        ("fit digits --epochs 0", "--epochs must be a whole number of at least 1, not 0"),
        ("fit digits --learning-rate -1", "--learning-rate must be a number above 0, not -1.0"),
        ("fit digits --validation 2", "--validation must be a number above 0 and below 1, not 2.0"),
        ("fit digits --corruption gausian:0.2", "did you mean 'gaussian'?"),
        ("fit digits --device gpu", "unknown device 'gpu'"),
        ("fit nowhere/photos", "nowhere/photos"),
        ("resume nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line_and_leaves_nothing(
    latente: Client, tmp_path: Path, line: str, message: str
) -> None:
    shown = latente(line)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--corruption gaussian:much", "corruption 'gaussian:much': 'much' is not a number"),
        ("--augmentation flops", "unknown augmentation 'flops'; did you mean 'flips'?"),
        ("--device gpu", "unknown device 'gpu'"),
        ("--network conv --hidden ''", "hidden=() has too few entries; a convolutional network needs at least 1"),
        ("--model stacked --hidden ''", "hidden must name the width of at least one layer"),
        ("--model stacked --input-corruption masks:0.5", "did you mean 'mask'?"),
    ],
)
def test_an_option_is_refused_before_the_images_are_opened(
    latente: Client, monkeypatch: pytest.MonkeyPatch, options: str, message: str
) -> None:
    monkeypatch.setattr("latente.images.open_images", lambda *_, **__: pytest.fail("opened before refusing"))
    shown = latente(f"fit digits {options}")
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err


def test_ctrl_c_leaves_with_130_and_the_command_that_goes_on(tmp_path: Path) -> None:
    line = [
        sys.executable,
        "-m",
        "latente",
        "fit",
        "digits",
        "--out",
        "run",
        "--epochs",
        "100000",
        "--log-every",
        "1",
    ]
    with subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        while not (tmp_path / "run" / "metrics.jsonl").exists() and training.poll() is None:
            time.sleep(0.05)
        training.send_signal(signal.SIGINT)
        _, err = training.communicate()
    assert training.returncode == 130, err
    assert err.splitlines()[-1].startswith("interrupted: ")
    assert err.splitlines()[-1].endswith("latente resume run")
    assert (tmp_path / "run" / "checkpoints" / "last.safetensors").exists()


def test_several_processes_need_the_name_of_their_run(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "--out" in latente(f"fit digits {TINY}").err


def test_more_damage_than_usual_is_left_out_where_the_budget_allows_it(latente: Client, tmp_path: Path) -> None:
    from skimage.io import imsave

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        imsave(folder / f"{number}.png", np.full((16, 16), 40 * number, np.uint8), check_contrast=False)
    (folder / "words.png").write_text("no picture")
    assert latente(f"fit {folder} --out run {TINY}").code == 2
    assert latente(f"fit {folder} --budget 0.5 --out run {TINY}").code == 0


def test_fit_hands_the_report_the_images_that_it_has(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Images] = []

    def write(run: Path, images: Images) -> tuple[Path, Verdict]:
        given.append(images)
        return run / "report.html", Verdict("good", "Yes.", [], [])

    monkeypatch.setattr(report, "report_with_verdict", write)
    options = "--count 64 --epochs 1 --hidden 8 --latent-dim 2 --network dense --seed 0"
    assert latente(f"fit digits --out run {options}").code == 0
    assert [(images.name, len(images)) for images in given] == [("digits", 64)]


# -- the options of the models


def test_the_plan_holds_what_the_command_line_says(latente: Client) -> None:
    line = "--betas 0.5,0.9 --minutes 1.5 --checkpoint-every 10min --validation none --ema 0.99"
    options = latente(f"fit digits --dry-run --json {TINY} {line}").json["options"]
    expected = {"betas": [0.5, 0.9], "minutes": 1.5, "checkpoint_every": "10min", "validation": None, "ema": 0.99}
    assert expected.items() <= options.items()


def test_the_plan_tells_what_is_unusual(latente: Client) -> None:
    shown = latente(f"fit digits --model vae --dry-run {TINY} --beta 4 --minutes 90")
    assert "training 1 h 30 min on 58 images, 6 held out to judge; adam 0.001, batches of 16, float32" in shown.words
    assert "also beta 4, likelihood bernoulli" in shown.words


def test_a_size_to_keep_is_the_doors_affair(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from latente import images

    def refuse(source: str, **door: Any) -> None:
        raise InputError(f"size={door['size']!r}, crop={door['crop']!r}")

    monkeypatch.setattr(images, "open_images", refuse)
    assert latente("fit photos --size keep --crop 4x6").err == "error: size='keep', crop=(4, 6)\n"


def test_another_set_judges_at_the_size_of_the_training_images(latente: Client, pictures: Path) -> None:
    options = "--size 8 --channels 1 --epochs 2 --hidden 8 --latent-dim 2 --network dense --seed 0 --no-report"
    shown = latente(f"fit digits --out run --validation {pictures} {options}")
    assert shown.code == 0, shown.err
    assert "1,442 images, 4 held out to judge" in shown.words
    assert f"validation {pictures}" in shown.words
    assert latente("resume run --epochs 3 --no-report --json").json["epochs"] == 3
    assert "nowhere" in latente(f"fit digits --validation nowhere/photos {TINY}").err


# -- a classifier


CLASSIFIER = "--model stacked --hidden 32,16 --epochs 2 --pretrain-epochs 1 --seed 0"


def test_a_classifier_says_its_accuracy_beside_that_of_guessing(latente: Client, tmp_path: Path) -> None:
    shown = latente(f"fit digits {CLASSIFIER} --out run")
    assert shown.code == 0, shown.err
    assert "model stacked: 32,16, 2,778 parameters, images worsened by mask:0.25" in shown.words
    assert "training 2 epochs of 1,298 images, 144 held out to judge" in shown.words
    last = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()][-1]
    assert last["part"] == "validation"
    accuracy = latente("evaluate run digits --json").json["metrics"]["accuracy"]
    assert f"it names {percent(accuracy)} of the classes right".replace("\xa0", " ") in shown.words
    assert "the nearest class mean of the pixels" in shown.words
    resumed = latente("resume run --epochs 3 --json")
    assert resumed.json["epochs"] == 3
    assert " ".join(resumed.json["verdict"]["answer"].split()) in " ".join(resumed.err.split())


def test_the_last_lines_say_how_good_the_model_is_and_name_a_remedy_where_it_is_not(latente: Client) -> None:
    options = TINY.removesuffix("--no-report")
    shown = latente(f"fit digits --out fair {options} --count 600 --latent-dim 8")
    assert "a plain formula that needs no training" in shown.words.split("good? ")[1].split("remedy")[0]
    shown = latente(f"fit digits --out bad --shortcut none --learning-rate 1e-9 {options}")
    assert "good? No: it does no better than the mean image. It has not learned yet. remedy" in shown.words
    assert json.loads(latente(f"fit digits --out other --json --no-report {TINY}").out)["verdict"] is None


def test_a_dry_run_of_a_classifier_shows_its_layers_and_options(latente: Client, tmp_path: Path) -> None:
    shown = latente(f"fit digits {CLASSIFIER} --dry-run")
    assert shown.code == 0, shown.err
    assert "head" in shown.out
    assert "pretrain_epochs 1" in shown.out
    assert list(tmp_path.iterdir()) == []


def test_folders_named_by_class_bring_labels(latente: Client, pictures: Path) -> None:
    shown = latente(f"fit {pictures} {CLASSIFIER} --batch-size 2 --out run")
    assert shown.code == 0, shown.err
    assert latente(f"evaluate run {pictures} --json").json["metrics"]["count"] == 4


def test_a_classifier_without_labels_is_refused_before_anything_is_written(latente: Client, tmp_path: Path) -> None:
    np.save("plain.npy", np.zeros((9, 8, 8), np.uint8))
    shown = latente(f"fit plain.npy {CLASSIFIER}")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == (
        "error: plain has no labels, and a stacked autoencoder classifier learns them: put the pictures of each class "
        "into a folder of its own, or name a table with --labels CSV\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["plain.npy"]


def test_a_training_that_ends_in_nothing_fails_and_leaves_no_model(latente: Client, tmp_path: Path) -> None:
    shown = latente(f"fit digits --model vae --out run {TINY.replace('64', '16')} --learning-rate 1e38")
    assert shown.code == 1
    assert "not finite after step 1: training stopped" in shown.err
    assert not list(tmp_path.rglob("*.safetensors"))
