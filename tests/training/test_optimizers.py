"""Our Adam is torch's, number for number."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from latente.training.optimizers import Adam


def network() -> nn.Sequential:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))
    net[3].bias.requires_grad_(False)
    return net.to(memory_format=torch.channels_last)


def losses(net: nn.Module, optimizer, steps: int, seed: int) -> list[Tensor]:
    noise = torch.Generator().manual_seed(seed)
    seen = []
    for _ in range(steps):
        x = torch.randn(8, 2, 6, 6, generator=noise)

        def closure(x: Tensor = x) -> Tensor:
            optimizer.zero_grad()
            loss = net(x).square().mean()
            loss.backward()
            return loss

        seen.append(optimizer.step(closure).detach())
    return seen


@pytest.mark.parametrize("decoupled", [False, True])
def test_equals_torch_bit_for_bit(decoupled: bool):
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    one, two = network(), network()
    torch_s = kind(one.parameters(), lr=1e-2, weight_decay=0.1, fused=True)
    ours = Adam(list(two.parameters()), 1e-2, 0.1, decoupled=decoupled)
    assert losses(one, torch_s, 20, 0) == losses(two, ours, 20, 0)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_goes_on_from_its_state():
    whole, parts = network(), network()
    first, second = Adam(list(whole.parameters()), 1e-2), Adam(list(parts.parameters()), 1e-2)
    losses(whole, first, 3, 0)
    parts.load_state_dict(whole.state_dict())
    second.load_state_dict(first.state_dict())
    assert losses(whole, first, 3, 1) == losses(parts, second, 3, 1)


def test_refuses_the_state_of_another():
    net = network()
    optimizer = Adam(list(net.parameters()), 1e-2)
    with pytest.raises(ValueError, match="another optimiser"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    for other, message in ((nn.Linear(2, 2), "shape"), (nn.Sequential(nn.Conv2d(2, 4, 3)), "shorter")):
        with pytest.raises(ValueError, match=message):
            optimizer.load_state_dict(Adam(list(other.parameters()), 1e-2).state_dict())
