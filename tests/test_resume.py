"""Killed without warning, at any moment, and resumed: bit for bit as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from killed import PLACES
from latente import load
from latente.training import Run
from toys import TOYS, difference, without_timings

TESTS = Path(__file__).parent


def go_on(family: str, run: Path, *strike: str) -> None:
    """Let a process of its own train to the end, or until it is killed where `strike` says."""
    command = [sys.executable, str(TESTS / "killed.py"), family, str(run), *strike]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (-signal.SIGKILL if strike else 0), done.stderr


@pytest.mark.parametrize("family", ["autoencoder", "vae", "two players"])
def test_killed_three_times_and_resumed_equals_never_killed(family: str, tmp_path: Path):
    go_on(family, tmp_path / "whole")
    rng = np.random.default_rng([len(family), ord(family[0])])
    places = rng.permutation([p for p in PLACES if p != "evaluation" or family != "two players"])[:3]
    for place in places:
        go_on(family, tmp_path / "parts", place, str(rng.integers(1, 5)))
        left = [path.name for path in (tmp_path / "parts").rglob("*") if path.name.endswith(".safetensors")]
        assert not any(name.startswith(".") for name in left)
    go_on(family, tmp_path / "parts")
    whole, parts = (Run(tmp_path / name) for name in ("whole", "parts"))
    assert without_timings(parts.lines()) == without_timings(whole.lines())
    assert difference(*({**run.checkpoint(), "metrics_size": 0} for run in (whole, parts))) is None
    assert not list(parts.path.rglob("*.part")), "what a killed write left behind is swept away"
    if family != "two players":
        X = np.random.default_rng(1).integers(0, 255, (5, 9, 8), dtype=np.uint8)
        np.testing.assert_array_equal(load(whole.path).reconstruct(X), load(parts.path).reconstruct(X))


@pytest.fixture(scope="module")
def tormented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which each toy was trained whole, and in parts."""
    folder = tmp_path_factory.mktemp("toys")
    command = [sys.executable, str(TESTS / "killed.py"), "--toys", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("toy", TOYS)
def test_every_seam_of_the_loop_resumes_exactly(toy: str, tormented: Path):
    whole, parts = (Run(tormented / toy / name) for name in ("whole", "parts"))
    assert without_timings(parts.lines()) == without_timings(whole.lines())
    assert len(parts.lines()) > 2
    assert difference(*({**run.checkpoint(), "metrics_size": 0} for run in (whole, parts))) is None
