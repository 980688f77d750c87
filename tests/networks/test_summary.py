from __future__ import annotations

import torch
from torch import nn

from latente.networks import LayerSummary, build_pair, describe


class Odd(nn.Module):
    """Own parameters, a layer called twice, one never called, a recurrent one, a random output."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(6))
        self.shared = nn.Linear(6, 6)
        self.unused = nn.Linear(2, 3)
        self.recurrent = nn.GRU(6, 4, batch_first=True)
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x):
        x = self.norm(self.shared(self.shared(x)) * self.scale + torch.randn(6))
        states, last = self.recurrent(x[:, None])
        return {"states": states, "last": last}


def test_rows_are_the_layers_with_their_shapes_and_parameters():
    encoder, _ = build_pair("conv", (3, 16, 12), 5, hidden=(4,), normalization="batch")
    assert describe(encoder, torch.rand(2, 3, 16, 12)) == [
        LayerSummary("layers.0", "Conv2d", (2, 4, 8, 6), 4 * 3 * 9),
        LayerSummary("layers.1", "BatchNorm2d", (2, 4, 8, 6), 8),
        LayerSummary("layers.2", "ReLU", (2, 4, 8, 6), 0),
        LayerSummary("layers.3", "Flatten", (2, 192), 0),
        LayerSummary("layers.4", "Linear", (2, 5), 192 * 5 + 5),
    ]


def test_any_module_is_described_and_its_parameters_add_up():
    module = Odd()
    rows = describe(module, torch.rand(3, 6))
    assert [(r.name, r.output) for r in rows] == [
        ("shared", (3, 6)),
        ("shared", (3, 6)),
        ("norm", (3, 6)),
        ("recurrent", (3, 1, 4)),
        ("(whole)", (3, 1, 4)),
        ("unused", None),
    ]
    assert sum(r.parameters for r in rows) == sum(p.numel() for p in module.parameters())


def test_a_single_layer_is_a_network_too():
    assert describe(nn.Linear(4, 2), torch.rand(1, 4)) == [LayerSummary("(whole)", "Linear", (1, 2), 10)]


def test_describing_leaves_no_trace():
    module = Odd()
    module.norm.eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    describe(module, torch.rand(3, 6, generator=torch.Generator()))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert module.training
    assert not module.norm.training
    assert not any(part._forward_hooks for part in module.modules())
