"""`latente sweep`: a YAML file in, tables and figures out; every mistake in it found before anything runs."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from rich.text import Text

from latente.cli import app
from latente.cli.shared import studies
from latente.cli.shared.model_options import all_options
from latente.cli.shared.studies import fit_options, fit_trial, read_study, trial_of
from latente.errors import InputError
from latente.estimators.kinds import KINDS
from latente.sweeps import Range, threads_for

Client = Callable[..., Any]

STUDY = """
images: digits
options: {epochs: 1, count: 64, latent-dim: 2, network: dense, hidden: [8]}
grid: {activation: [relu, gelu], learning_rate: [0.001, 1e-2]}
seeds: 2
"""
LETTERS = """
experiment: letters
options: {optimizer: adam, loss: bce, epochs: 20}
grid: {hidden: [8, [8, 4]], activation: [tanh]}
metric: wrong pixels
"""
SEARCH = """
images: digits
options: {epochs: 1, count: 64, network: dense, hidden: 8}
search:
  trials: 4
  metric: psnr
  space:
    learning-rate: {low: 1e-4, high: 1e-1, log: true}
    dropout: {low: 0, high: 0.5}
    latent_dim: {low: 2, high: 64}
    normalization: [none, batch]
"""


@pytest.fixture
def study(latente: Client, tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path / "study.yaml"


def read(tmp_path: Path, text: str) -> Any:
    (tmp_path / "some.yaml").write_text(text)
    return read_study(tmp_path / "some.yaml").sweep


# -- the file


def test_values_are_read_as_the_command_line_reads_them(tmp_path: Path) -> None:
    sweep = read(tmp_path, STUDY)
    fixed = {"images": "digits", "epochs": 1, "count": 64, "latent_dim": 2, "network": "dense", "hidden": [8]}
    assert sweep.options == fixed
    assert sweep.grid == {"activation": ["relu", "gelu"], "learning_rate": [0.001, 0.01]}
    assert (sweep.all_seeds, sweep.metric, sweep.direction) == ((0, 1), "mse", "minimize")
    other = "images: digits\ngrid: {hidden: [none, '64,32', [16, 8]], size: [[8, 12], 8x12, 8], latent_dim: [null, 4]}"
    grid = {"hidden": [None, [64, 32], [16, 8]], "size": [[8, 12], 8], "latent_dim": [None, 4]}
    assert read(tmp_path, other.replace(" 8x12,", "")).grid == grid


def test_the_ends_of_a_range_are_of_the_options_kind(tmp_path: Path) -> None:
    sweep = read(tmp_path, SEARCH)
    assert sweep.search.space == {
        "learning_rate": Range(1e-4, 0.1, log=True),
        "dropout": Range(0.0, 0.5),
        "latent_dim": Range(2, 64),
        "normalization": [None, "batch"],
    }
    assert [values.is_whole for values in list(sweep.search.space.values())[:3]] == [False, False, True]
    assert (sweep.search.trials, sweep.metric, sweep.direction) == (4, "psnr", "maximize")


def test_every_option_of_fit_can_be_varied(latente: Client) -> None:
    """Those of the verb itself, but for what is the sweep's own affair."""
    texts = [latente(f"fit --help --model {kind}").out for kind in KINDS]
    known = {word for text in texts for word in re.findall(r"^│ --([a-z0-9-]+) ", text, re.MULTILINE)}
    shown = {word.replace("-", "_") for word in known}
    own = {"out", "dry_run", "json", "no_report", "help", "seed", "watch"}
    assert shown - own == fit_options().keys() - {"images"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("images: digits\ngrid: {activaton: [relu]}", "unknown option 'activaton'; did you mean 'activation'?"),
        ("images: digits\noptions: {latent-dims: 3}\ngrid: {}", "did you mean 'latent_dim'?"),
        ("images: digits\ngrid: {activation: [rleu]}", "activation: unknown activation 'rleu'; did you mean 'relu'?"),
        ("images: digits\ngrid: {activation: relu}", "activation: 'relu' is no list of values to try"),
        ("images: digits\ngrid: {epochs: [2.5]}", "epochs: '2.5' is not a whole number"),
        ("images: digits\noptions: {epochs: {a: 1}}\ngrid: {}", "epochs: {'a': 1} is no value"),
        ("images: digits\nmodel: vea\ngrid: {}", "model: unknown model 'vea'; did you mean 'vae'?"),
        ("images: digits\ngrid: {beta: [1, 2]}", "--beta has no meaning for --model autoencoder"),
        ("images: digits\ngrid: {model: [vae, autoencoder], beta: [2]}", "--beta has no meaning for --model autoenc"),
        ("images: digits\ngrid: {seed: [1]}", "grid: seed is no option here; say by seeds:"),
        ("images: digits\noptions: {random-state: 1}\ngrid: {}", "options: random_state is no option here"),
        ("images: digits\noptions: {epochs: 1}\ngrid: {epochs: [1]}", "epochs cannot be both fixed and varied"),
        ("images: digits\ngrid: [relu]", "grid: ['relu'] does not have the form name: value"),
        ("images: digits\nseeds: none\ngrid: {}", "seeds='none' is neither a number of seeds"),
        ("images: digits\nseeds: 3", "either a grid or a search"),
        ("images: digits\ngird: {}", "unknown key 'gird'; did you mean 'grid'?"),
        ("images: digits\nmetric: 3\ngrid: {}", "metric: 3 is not a name"),
        ("images: digits\ndirection: up\ngrid: {}", "unknown direction 'up'"),
        ("grid: {epochs: [1]}", "there are no images"),
        ("experiment: lettres\ngrid: {}", "unknown experiment 'lettres'; did you mean 'letters'?"),
        ("experiment: letters-denoise\ngrid: {}", "letters-denoise has nothing to vary; these have: letters"),
        ("experiment: letters\nimages: digits\ngrid: {}", "images beside experiment"),
        ("experiment: letters\ngrid: {}", "there is no metric: say which"),
        ("experiment: letters\nmetric: worst\ngrid: {activaton: [relu]}", "did you mean 'activation'?"),
        ("experiment: letters\nmetric: worst\ngrid: {hidden: [x]}", "hidden: 'x' is not a whole number"),
        ("experiment: letters\nmetric: worst\ngrid: {count: [64]}", "unknown option 'count'"),
        ("experiment: letters\nmetric: worst\noptions: {seed: 1}\ngrid: {}", "options: seed is no option here"),
        ("images: digits\nsearch: {trails: 3}", "unknown key of search 'trails'; did you mean 'trials'?"),
        ("images: digits\nsearch: {space: {}}", "needs a space"),
        ("images: digits\nsearch: {space: {epochs: {low: 1, hihg: 3}}}", "unknown key of the range of epochs 'hihg'"),
        ("images: digits\nsearch: {space: {epochs: {low: 1}}}", "epochs needs a list of choices, or a range"),
        ("images: digits\nsearch: {space: {hidden: {low: 1, high: 3}}}", "hidden needs a list of choices, or a range"),
        ("images: digits\nsearch: {space: {epochs: {low: 1, high: 3, log: 10}}}", "log is true or false, not 10"),
        ("images: digits\nsearch: {space: {epochs: {low: 3, high: 1}}}", "from 3 to 1 is empty"),
        ("images: digits\nmetric: mse\nsearch: {space: {epochs: [1]}}", "metric beside search: move it into search"),
        ("images: digits\ngrid: {}\nsearch: {space: {epochs: [1]}}", "grid beside search"),
        ("images: digits\ngrid: {}\ngrid: {}", "has 'grid' twice"),
        ("images: [digits\n", "is no YAML: line 2: "),
        ("images: digits\nseeds: 1000000000000\ngrid: {}", "seeds=1,000,000,000,000 are more than 100,000 trials"),
        (
            f"images: digits\nseeds: 1000\ngrid: {{epochs: {[*range(1, 200)]}, latent-dim: {[*range(1, 200)]}}}",
            "39,601 combinations with 1,000 seeds each are more than 100,000 trials; vary less",
        ),
        ("images: digits\nsearch: {trials: 10000000000, space: {epochs: [1]}}", "more than 100,000 trials"),
        (f"images: digits\nsearch: {{space: {{epochs: {{low: 1, high: {10**400}}}}}}}", "of a range is no number"),
        ("a: &a [1, 2]\nb: [*a, *a]", "holds the alias *a; write out what it stands for"),
        ("images: " + "[" * 5000, "is no YAML: it is nested too deeply"),
        ("images: " + "9" * 5000, "is no YAML: Exceeds the limit"),
        ("images: !!timestamp 99", "is no YAML: "),
        ("#" * (1 << 20) + "\nimages: digits", "is larger than any sweep's file (1 MiB)"),
        ("digits", "does not describe a sweep"),
        ("", "does not describe a sweep"),
    ],
)
def test_a_mistake_is_named_before_anything_runs(latente: Client, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    shown = latente("sweep bad.yaml")
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert "bad.yaml" in shown.err
    assert shown.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sweep nothere.yaml", "error: nothere.yaml cannot be read (No such file or directory); name a YAML file\n"),
        (
            "sweep study.yaml --jobs 0",
            (
                "error: invalid value for '--jobs': it must be a whole number of at least 1, not 0; "
                "see latente sweep --help\n"
            ),
        ),
        ("sweep study.yaml --out .", "error: . exists and holds no sweep: name a new folder\n"),
    ],
)
@pytest.mark.usefixtures("study")
def test_wrong_usage_is_one_line(latente: Client, line: str, message: str) -> None:
    shown = latente(line)
    assert (shown.code, shown.out, shown.err) == (2, "", message)


def test_images_that_are_not_there_end_the_sweep_before_it_starts(latente: Client, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.replace("digits", "digitz"))
    shown = latente("sweep study.yaml")
    assert shown.code == 2
    assert "did you mean 'digits'?" in shown.err
    assert not (tmp_path / "runs").exists()


def test_the_files_in_the_help_are_read_as_they_stand_there(latente: Client, tmp_path: Path) -> None:
    verbs = typer.main.get_command(app)
    assert isinstance(verbs, typer.core.TyperGroup)
    help_text = verbs.commands["sweep"].epilog
    _, *panels = Text.from_markup(help_text).plain.split("\n\n")
    assert len(panels) == 2
    for panel in panels:
        heading, _, text = panel.partition("\n")
        (tmp_path / "shown.yaml").write_text(text.replace("\n  ", "\n").strip())
        assert latente("sweep shown.yaml --dry-run").code == 0, heading


# -- an experiment


def test_an_experiments_trial_is_swept_and_its_figures_tabled(latente: Client, tmp_path: Path) -> None:
    (tmp_path / "letters.yaml").write_text(LETTERS)
    shown = latente("sweep letters.yaml --json")
    assert shown.code == 0, shown.err
    assert (shown.json["trials"], shown.json["metric"], shown.json["direction"]) == (2, "wrong pixels", "minimize")
    found = shown.json["combinations"]
    assert sorted(str(combination["options"]["hidden"]) for combination in found) == ["[8, 4]", "[8]"]
    assert all(
        {"wrong pixels", "worst", "different pictures"} <= combination["metrics"].keys() for combination in found
    )
    assert (tmp_path / "runs" / "letters" / "hidden.png").is_file()
    assert "next" not in latente("sweep letters.yaml").words
    (tmp_path / "letters.yaml").write_text(LETTERS.replace("wrong pixels", "wrong pixel"))
    assert "unknown metric 'wrong pixel'; did you mean 'wrong pixels'?" in latente("sweep letters.yaml --out new").err


def test_a_trial_says_by_its_defaults_what_each_option_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    from latente.experiments import letters

    def own(
        seed: int,
        *,
        noise: float = 0.2,
        copies: int = 2,
        shared: bool = False,
        widths: tuple[int, ...] = (8, 4),
        kind: str | None = None,
        epochs: int = 10,
    ) -> dict[str, float]:
        return {"error": 0.0}

    monkeypatch.setattr(letters, "trial", own)
    trial, readers = trial_of({"experiment": "letters"})
    assert trial is own
    assert readers.keys() == {"noise", "copies", "shared", "widths", "kind", "epochs"}
    assert (readers["noise"]("1"), readers["copies"]("3"), readers["shared"]("True")) == (1.0, 3, True)
    assert (readers["widths"]("8,4"), readers["kind"]("flips")) == ((8, 4), "flips")
    assert readers["epochs"]("12") == all_options()["epochs"].read("12") == 12
    for name, text in (("copies", "2.5"), ("noise", "much"), ("shared", "perhaps")):
        with pytest.raises(InputError):
            readers[name](text)


# -- what comes out


def test_a_grid_leaves_tables_and_a_figure_per_factor(latente: Client, study: Path) -> None:
    shown = latente("sweep study.yaml")
    assert (shown.code, shown.err) == (0, "")
    folder = study.parent / "runs" / "study"
    assert {path.name for path in folder.iterdir()} == {
        *("activation.png", "learning_rate.png", "summary.json", "summary.md"),
        *("sweep.json", "table.csv", "trials.jsonl"),
    }
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["activation"], row["learning_rate"], row["seed"]) for row in rows] == [
        (activation, rate, seed) for activation in ("relu", "gelu") for rate in ("0.001", "0.01") for seed in "01"
    ]
    assert all(float(row["mse"]) > 0 and float(row["test_mse"]) > 0 for row in rows)
    with Image.open(folder / "activation.png") as picture:
        assert picture.width > 400
    best = json.loads((folder / "summary.json").read_text())["best"]["options"]
    said = f"best activation {best['activation']}, learning_rate {best['learning_rate']:g}: mse "
    assert said in shown.words
    assert "8/8 activation gelu, learning_rate 0.01, seed 1: mse" in shown.words
    assert "8: 4 combinations, seeds 0, 1" in shown.words


def test_a_trial_is_what_fit_and_evaluate_give(latente: Client, study: Path) -> None:
    latente("sweep study.yaml")
    command = next(line for line in latente("sweep study.yaml").out.splitlines() if line.startswith("next"))
    line = command.split("latente ", 1)[1].rstrip()
    assert latente(f"{line} --out best --no-report").code == 0
    metrics = latente("evaluate best digits --json").json["metrics"]
    trials = [json.loads(line) for line in (study.parent / "runs" / "study" / "trials.jsonl").read_text().splitlines()]
    words = line.split()
    activation, rate = (words[words.index(name) + 1] for name in ("--activation", "--learning-rate"))
    [own] = [
        trial["metrics"]
        for trial in trials
        if (trial["options"]["activation"], trial["options"]["learning_rate"]) == (activation, float(rate))
        and trial["seed"] == 0
    ]
    assert own["test_mse"] == pytest.approx(metrics["mse"], rel=1e-6)
    lines = [json.loads(line) for line in (study.parent / "best" / "metrics.jsonl").read_text().splitlines()]
    best = min(line["objective"] for line in lines if line["part"] == "validation")
    assert own["objective"] == pytest.approx(best, rel=1e-5)


def test_without_a_validation_part_the_test_part_judges_alone() -> None:
    options = {"epochs": 1, "count": 40, "network": "dense", "hidden": [4], "latent_dim": 2}
    found = fit_trial(seed=0, images="digits", validation=None, **options)
    assert all(name.startswith("test_") for name in found)
    with pytest.raises(InputError, match="nothing to judge by: set validation"):
        fit_trial(seed=0, images="digits", split="test", validation=None, **options)
    assert "test_mse" not in fit_trial(seed=0, images="digits", split="test", **options)


def test_a_classifier_is_swept_by_its_accuracy(latente: Client, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        "images: digits\nmodel: stacked\n"
        "options: {epochs: 1, pretrain-epochs: 0, hidden: [8]}\ngrid: {activation: [relu, tanh]}\n"
    )
    shown = latente("sweep study.yaml --json")
    assert shown.code == 0, shown.err
    assert (shown.json["metric"], shown.json["direction"]) == ("accuracy", "maximize")
    best = shown.json["combinations"][0]["metrics"]
    assert {"accuracy", "test_accuracy", "test_cross_entropy"} <= best.keys()
    (tmp_path / "study.yaml").write_text("images: digits\nmodel: stacked\ngrid: {latent-dim: [2]}\n")
    assert "--latent-dim has no meaning for --model stacked" in latente("sweep study.yaml").err


def test_a_second_run_trains_nothing_and_says_the_same(latente: Client, study: Path) -> None:
    first = latente("sweep study.yaml --json")
    before = (study.parent / "runs" / "study" / "trials.jsonl").read_bytes()
    again = latente("sweep study.yaml --json")
    assert (first.code, again.json) == (0, first.json)
    assert "8 of them before" in " ".join(again.err.split())
    assert (study.parent / "runs" / "study" / "trials.jsonl").read_bytes() == before


def test_another_file_for_the_same_folder_is_refused_unless_forced(latente: Client, study: Path) -> None:
    latente("sweep study.yaml --out here")
    study.write_text(STUDY.replace("[relu, gelu]", "[relu, tanh]"))
    shown = latente("sweep study.yaml --out here")
    assert (shown.code, shown.out) == (2, "")
    assert "here holds another sweep (it differs in grid)" in shown.err
    shown = latente("sweep study.yaml --out here --force")
    assert shown.code == 0
    assert "4 of them before" in shown.words
    assert len((study.parent / "here" / "trials.jsonl").read_text().splitlines()) == 12


def test_a_search_keeps_to_its_space(latente: Client, tmp_path: Path) -> None:
    (tmp_path / "search.yaml").write_text(SEARCH)
    shown = latente("sweep search.yaml --json")
    assert shown.code == 0, shown.err
    assert (shown.json["trials"], shown.json["direction"], shown.json["metric"]) == (4, "maximize", "psnr")
    best = shown.json["combinations"]
    means = [combination["metrics"]["psnr"]["mean"] for combination in best]
    assert means == sorted(means, reverse=True)
    assert all(2 <= combination["options"]["latent_dim"] <= 64 for combination in best)
    assert (tmp_path / "runs" / "search" / "latent_dim.png").exists()


def test_a_dry_run_tells_the_plan_and_writes_nothing(latente: Client, study: Path) -> None:
    shown = latente("sweep study.yaml --dry-run --jobs 2")
    assert shown.code == 0
    assert "varied activation: relu | gelu; learning_rate: 0.001 | 0.01" in shown.words
    assert shown.words.count("source digits") == 1  # they are opened once, whatever varies
    threads = threads_for(2)
    assert f"2 at a time, {threads} thread{'s' * (threads > 1)} each" in shown.words
    assert latente("sweep study.yaml --dry-run --json").json["trials"] == 8
    assert [path.name for path in study.parent.iterdir()] == ["study.yaml"]


def test_what_fails_is_told_and_all_failing_is_a_failure(latente: Client, tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text(
        STUDY.replace("[relu, gelu], learning_rate: [0.001, 1e-2]", "[relu], dropout: [0, 3]")
    )
    shown = latente("sweep some.yaml")
    assert shown.code == 0
    assert "warning: 2 of 4 trials failed; the first one: dropout" in shown.err
    assert "failed" in (tmp_path / "runs" / "some" / "summary.md").read_text()
    (tmp_path / "all.yaml").write_text(
        STUDY.replace("[relu, gelu], learning_rate: [0.001, 1e-2]", "[relu], dropout: [3]")
    )
    shown = latente("sweep all.yaml")
    assert shown.code == 1
    assert shown.err.startswith("error: all trials failed; the first one: dropout")


def test_what_is_no_number_is_best_in_nothing(latente: Client, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "_figures", lambda *_: {"mse": float("nan")})
    shown = latente("sweep study.yaml")
    assert (shown.code, shown.err) == (0, "")
    assert "best" not in shown.words
    assert "mse by" in (study.parent / "runs" / "study" / "summary.md").read_text()


def test_an_unknown_metric_is_named_with_the_nearest(latente: Client, study: Path) -> None:
    study.write_text(STUDY + "metric: pnsr\n")
    shown = latente("sweep study.yaml")
    assert shown.code == 2
    assert "unknown metric 'pnsr'; did you mean 'psnr'?" in shown.err


def test_two_processes_interrupted_and_resumed_give_what_one_gives(latente: Client, study: Path) -> None:
    command = [sys.executable, "-m", "latente", "sweep", "study.yaml", "--jobs", "2", "--out", "two"]
    process = subprocess.Popen(
        command, cwd=study.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    file = study.parent / "two" / "trials.jsonl"
    while process.poll() is None and not (file.exists() and file.read_bytes()):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err == "interrupted: the sweep was stopped; run it again to go on in two\n"
    assert 0 < len(file.read_text().splitlines()) < 8
    assert latente("sweep study.yaml --out two").code == latente("sweep study.yaml --out one").code == 0
    tables = []
    for name in ("one", "two"):
        with open(study.parent / name / "table.csv", newline="", encoding="utf-8") as table:
            tables.append([{**row, "seconds": ""} for row in csv.DictReader(table)])
    assert tables[0] == tables[1]
