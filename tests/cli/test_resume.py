"""`latente resume`: a training goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latente.files import load_tensors, save_tensors
from latente.training import Run

Client = Callable[..., Any]


TINY = "--count 64 --epochs 1 --hidden 8 --latent-dim 2 --batch-size 16 --seed 0 --network dense --no-report"


def test_resume_extends_a_finished_run(latente: Client, tmp_path: Path) -> None:
    latente(f"fit digits --out run {TINY}")
    shown = latente("resume run --epochs 3 --no-report --json")
    assert shown.code == 0, shown.err
    assert shown.json["epochs"] == 3
    assert json.loads((tmp_path / "run" / "options.json").read_text())["options"]["epochs"] == 3


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("more", ["", "--epochs 3"])
def test_a_run_without_its_checkpoints_keeps_its_model_and_is_told_what_can_be_done(
    latente: Client, tmp_path: Path, more: str
) -> None:
    latente(f"fit digits --out run {TINY}")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    before = contents(tmp_path)
    shown = latente(f"resume run {more} --no-report")
    assert (shown.code, len(shown.err.splitlines())) == (2, 1)
    assert "holds a trained model, but none of its checkpoints is left in run/checkpoints" in shown.err
    assert "latente fit IMAGES --init run --out NEW" in shown.err
    assert contents(tmp_path) == before
    assert latente(f"fit digits --init run --out new {TINY}").code == 0


def test_checkpoints_that_are_all_damaged_leave_the_run_as_it_was(latente: Client, tmp_path: Path) -> None:
    latente(f"fit digits --out run {TINY}")
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.write_bytes(b"half")
    before = contents(tmp_path)
    shown = latente("resume run --epochs 3 --no-report")
    assert shown.code == 2
    assert "no checkpoint can be used: run/checkpoints/last.safetensors is damaged" in shown.err
    assert contents(tmp_path) == before


@pytest.mark.filterwarnings("always")
def test_the_best_epoch_s_model_outlives_its_checkpoint(latente: Client, tmp_path: Path) -> None:
    latente(f"fit digits --out run --shortcut none {TINY}")
    checkpoints, before = tmp_path / "run" / "checkpoints", contents(tmp_path / "run" / "model")
    (checkpoints / "best.safetensors").unlink()
    tree = load_tensors(checkpoints / "last.safetensors")
    far = {"best": -1.0, "best_epoch": 1}  # which no epoch to come is better than
    tree["counters"] |= far
    save_tensors(checkpoints / "last.safetensors", tree)
    latente("resume run --epochs 2 --no-report")  # in which the checkpoint of epoch 1 is that of the best one
    assert not (checkpoints / "best.safetensors").exists()
    shown = latente("resume run --epochs 3 --no-report")
    assert "keeps the best epoch's model until a better one comes" in shown.err
    weights = {path: content for path, content in before.items() if path.suffix == ".safetensors"}
    assert weights.items() <= contents(tmp_path / "run" / "model").items()


def test_a_run_that_another_process_trains_is_not_trained_and_its_holder_is_named(
    latente: Client, tmp_path: Path
) -> None:
    latente(f"fit digits --out run {TINY}")
    before = contents(tmp_path)
    with Run(tmp_path / "run").held():
        shown = latente("resume run --epochs 3 --no-report")
    assert shown.code == 2
    assert f"error: run is being written by process {os.getpid()} on " in shown.err
    assert contents(tmp_path) == before


def test_a_resume_that_is_refused_leaves_the_status_as_it_was(latente: Client, tmp_path: Path) -> None:
    latente(f"fit digits --out run {TINY}")
    saved = json.loads((tmp_path / "run" / "options.json").read_text())
    saved["data"]["fingerprint"] = "another"
    (tmp_path / "run" / "options.json").write_text(json.dumps(saved))
    assert latente("resume run --no-report").code == 2
    status = Run(tmp_path / "run").status()
    assert (status["state"], status["step"], status["steps"]) == ("finished", 4, 4)
