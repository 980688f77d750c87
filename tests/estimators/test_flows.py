"""A flow draws where codes are, without them disturbing anybody's random numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latente.estimators import flows
from latente.estimators.flows import fit_flow, weights_of


def test_a_flow_draws_where_codes_lie_and_its_seed_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "STEPS", 300)
    rng = np.random.default_rng(0)
    places = np.array([[4.0, 0.0, 1.0], [-4.0, 2.0, 1.0]])  # the third value is always the same
    codes = places[rng.integers(2, size=500)] + rng.normal(size=(500, 3)) * [0.3, 0.3, 0.0]
    before = torch.get_rng_state()
    flow = fit_flow(codes, 0, "cpu", 1)
    drawn = flow.draw(400, np.random.default_rng(1))
    assert torch.equal(torch.get_rng_state(), before)
    away = np.abs(drawn[:, None] - places).max(2).min(1)
    assert (away < 1.5).mean() > 0.9
    assert 0.3 < (drawn[:, 0] > 0).mean() < 0.7
    assert np.abs(drawn[:, 2] - 1).max() < 0.1
    assert len(flow.weights) == weights_of(3)
    assert flow.draw(5, np.random.default_rng(1)).tobytes() == flow.draw(5, np.random.default_rng(1)).tobytes()
