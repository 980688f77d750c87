"""Killed without warning, at any moment, and resumed: bit for bit as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from killed import FAMILIES
from latente import load
from latente.training import Run
from toys import TOYS, difference, without_timings

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def tormented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which each family and toy was trained whole, and in parts."""
    folder = tmp_path_factory.mktemp("tormented")
    command = [sys.executable, str(TESTS / "killed.py"), "--all", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", [*FAMILIES, *TOYS])
def test_killed_three_times_and_resumed_equals_never_killed(name: str, tormented: Path):
    whole, parts = (Run(tormented / name / part) for part in ("whole", "parts"))
    assert without_timings(parts.lines()) == without_timings(whole.lines())
    assert len(parts.lines()) > 2
    assert difference(*({**run.checkpoint(), "metrics_size": 0} for run in (whole, parts))) is None
    assert not list(parts.path.rglob("*.part")), "what a killed write left behind is swept away"
    if (whole.path / "model").is_dir():
        X = np.random.default_rng(1).integers(0, 255, (5, 9, 8), dtype=np.uint8)
        one, other = load(whole.path), load(parts.path)
        np.testing.assert_array_equal(one.score_samples(X), other.score_samples(X))
        np.testing.assert_array_equal(one.sample(3, random_state=0), other.sample(3, random_state=0))
