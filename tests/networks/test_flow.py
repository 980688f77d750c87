"""A flow carries noise along its velocities, in parts of any size."""

from __future__ import annotations

import pytest
import torch

from latente.networks import flow
from latente.networks.flow import CodeFlow


def test_noise_is_carried_by_a_constant_velocity_for_a_time_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    net = CodeFlow(3)
    with torch.no_grad():
        net.layers[-1].weight.zero_()
        net.layers[-1].bias.copy_(torch.tensor([1.0, -2.0, 0.5]))
    noise = torch.randn(7, 3)
    torch.testing.assert_close(net.carried(noise), noise + torch.tensor([1.0, -2.0, 0.5]))
    monkeypatch.setattr(flow, "_AT_ONCE", 2)
    torch.testing.assert_close(net.carried(noise), noise + torch.tensor([1.0, -2.0, 0.5]))


def test_a_velocity_that_grows_with_place_and_time_is_followed_to_the_second_order() -> None:
    class Growing(CodeFlow):
        def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
            return x * time[:, None]

    noise = torch.randn(5, 2)
    torch.testing.assert_close(Growing(2).carried(noise), noise * torch.e**0.5, rtol=1e-3, atol=1e-4)
