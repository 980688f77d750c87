"""The style transfer of the report, in its tiny variant, and what is looked at in its pictures."""

from __future__ import annotations

import numpy as np
import pytest

from latente.estimators import weights
from latente.experiments import reproduce, style_transfer
from latente.objectives import StylisingObjective


def test_the_tiny_variant_shows_all_runs_and_their_high_frequencies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)
    monkeypatch.setattr(StylisingObjective, "epoch_steps", 1)
    result = reproduce("style-transfer", tiny=True)
    names = [*style_transfer.STEPS, *(f"variation {weight:g}" for weight in style_transfer.VARIATIONS)]
    assert [line["run"] for line in result.tables["runs"]] == [*names, "fast"]
    assert all(np.isfinite(line["loss"]) and line["Sobel"] > 0 for line in result.tables["runs"])
    assert result.figures.keys() == {"high frequencies", "in one pass", "total variation"}


def test_high_frequencies_are_differences_and_edges_beside_those_of_the_photograph() -> None:
    ramp = np.repeat(np.arange(0, 200, 10, dtype=np.uint8)[None, :, None], 20, axis=0).repeat(3, axis=2)
    across, down, edges = style_transfer.high_frequencies(ramp)
    np.testing.assert_allclose(across[:, :, :-1], 0.5 + 10 / 255, atol=1e-6)
    np.testing.assert_allclose(down, 0.5)
    assert edges.shape == (3, 20, 20)
    assert style_transfer.strengths(ramp, ramp)[0] == pytest.approx(1)
    assert style_transfer.strengths(ramp // 2, ramp)[2] == pytest.approx(0.5, rel=1e-3)
