"""Flow matching costs nothing where the velocities are right, and what it should where they are not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from latente.objectives import FlowObjective


class ToOnePlace(nn.Module):
    """The exact flow to one code, from wherever."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return (torch.tensor([2.0, -1.0]) - x) / (1 - time[:, None])


class Still(nn.Module):
    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return torch.zeros_like(x)


def loss(flow: nn.Module, codes: Tensor) -> float:
    value, terms = FlowObjective(flow)("model", {"images": codes}, torch.Generator().manual_seed(0))
    assert terms["mse"] == value
    return float(value)


def test_the_exact_flow_costs_nothing_and_standing_still_the_mean_square_of_the_way() -> None:
    codes = torch.tensor([[2.0, -1.0]]).repeat(20_000, 1)
    assert loss(ToOnePlace(), codes) == pytest.approx(0, abs=1e-4)
    assert loss(Still(), codes) == pytest.approx(1 + 2.5, rel=0.02)
