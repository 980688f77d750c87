"""Several processes train together as one would alone, and a machine says what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from latente import Autoencoder, InputError, load, resume
from latente.files import load_tensors
from latente.training import Run
from latente.training.devices import resolve_device
from together import ALIKE, passes
from toys import difference

PROGRAM = """
import sys
import numpy as np
from latente import Autoencoder, resume

X = np.random.default_rng(0).random((101, 6))  # 90 to train on, in uneven parts
options = {"latent_dim": 2, "hidden": (8,), "batch_size": 16, "accumulate": 2, "random_state": 0, "ema": 0.9}
Autoencoder(**options, epochs=2, gradient_clip=0.5, device="cpu", out=sys.argv[1]).fit(X)
resume(sys.argv[1], X, epochs=4)
"""


def test_two_processes_by_torchrun_equal_one_alone_and_resume(tmp_path: Path):
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    together = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for start, out in (([], "alone"), (together, "together")):
        command = [sys.executable, *start, str(tmp_path / "program.py"), str(tmp_path / out)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
    alone, together_ = load(tmp_path / "alone"), load(tmp_path / "together")
    for name, value in alone.objective_.state_dict().items():
        torch.testing.assert_close(together_.objective_.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    assert alone.best_epoch_ == together_.best_epoch_
    lines = [(tmp_path / out / "metrics.jsonl").read_text().count("\n") for out in ("alone", "together")]
    assert lines[0] == lines[1]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder into which two processes have put what they give."""
    folder = tmp_path_factory.mktemp("together")
    program = Path(__file__).parents[1] / "together.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(program)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("toy", ALIKE)
def test_every_seam_gives_by_two_processes_what_one_gives(toy: str, both: Path, tmp_path: Path):
    run = Run(both / toy)
    alone = Run.create(tmp_path / "alone", run.options())  # with the number of steps that fitted into the minutes
    ALIKE[toy].train(alone)
    one, two = (r.checkpoint() for r in (alone, run))
    for tree in ("objective", "ema"):
        for name, value in (one[tree] or {}).items():
            torch.testing.assert_close(two[tree][name], value, rtol=0, atol=1e-6)
    assert one["counters"]["step"] == two["counters"]["step"] > 2
    figures = [line for line in alone.lines() if line["part"] == "train"][-1]
    for name, value in [line for line in run.lines() if line["part"] == "train"][-1].items():
        if name not in ("part", "seconds", "images_per_second", "time"):
            assert figures[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize("rank", [0, 1])
def test_a_pass_shared_by_two_processes_gives_both_all_that_one_gives(rank: int, both: Path):
    alone, shared = passes(), load_tensors(both / f"passes-{rank}.safetensors")
    assert difference(shared, alone) is None


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_train_in_bf16_where_it_pays_on_all_of_their_machines(rank: int, both: Path):
    assert (both / f"precision-{rank}.txt").read_text() == "bf16 float32"


def test_processes_that_would_each_draw_a_seed_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="give random_state"):
        Autoencoder().fit(np.zeros((4, 3)))


def test_a_device_that_is_not_there_is_named():
    assert resolve_device("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="did you mean 'cuda'"):
        resolve_device("cudaa")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="0 CUDA devices"):
            resolve_device("cuda")


def test_resume_refuses_other_images_and_fewer_epochs(tmp_path: Path):
    X = np.random.default_rng(0).random((20, 3))
    Autoencoder(latent_dim=1, hidden=(), epochs=2, out=tmp_path / "run", random_state=0).fit(X)
    with pytest.raises(InputError, match="fingerprint differs"):
        resume(tmp_path / "run", X + 1)
    with pytest.raises(InputError, match="array in memory; give the same array"):
        resume(tmp_path / "run")
    with pytest.raises(InputError, match="give at least as many"):
        resume(tmp_path / "run", X, epochs=1)
    assert {line["epoch"] for line in resume(tmp_path / "run", X, epochs=3).history_} == {0, 1, 2, 3}
