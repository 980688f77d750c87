"""Spectral normalisation: torch's numbers, in a form that can be pickled and copied."""

from __future__ import annotations

import copy
import io

import joblib
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from latente.networks.spectral import Spectral, with_spectral_norm

LAYERS = {"linear": lambda: nn.Linear(6, 4), "convolution": lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1)}
SHAPES = {"linear": (5, 6), "convolution": (5, 3, 8, 8)}


@pytest.mark.parametrize("kind", LAYERS)
def test_results_and_gradients_are_those_of_torch(kind: str) -> None:
    torch.manual_seed(0)
    layer = LAYERS[kind]()
    theirs = parametrizations.spectral_norm(copy.deepcopy(layer), n_power_iterations=50)
    ours = Spectral(layer)
    x = torch.rand(SHAPES[kind])
    for _ in range(50):
        ours(x)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, theirs.parametrizations.weight.original.grad, rtol=1e-3, atol=1e-4)


def test_the_largest_singular_value_is_one_and_stays_as_it_is_when_it_is_used() -> None:
    torch.manual_seed(0)
    network = with_spectral_norm(nn.Sequential(nn.Conv2d(2, 4, 3), nn.Sequential(nn.Flatten(), nn.Linear(16, 3))))
    x = torch.rand(2, 2, 4, 4)
    for _ in range(100):
        network(x)
    spectral = [module for module in network.modules() if isinstance(module, Spectral)]
    assert len(spectral) == 2
    network.eval()
    before = [module.left.clone() for module in spectral]
    one = network(x)
    assert all(torch.equal(module.left, left) for module, left in zip(spectral, before, strict=True))
    buffer = io.BytesIO()
    joblib.dump(network, buffer)
    buffer.seek(0)
    for other in (copy.deepcopy(network), joblib.load(buffer)):
        torch.testing.assert_close(other(x), one, rtol=0, atol=0)
    eye = torch.eye(16).view(16, 16)
    made = spectral[1](eye) - spectral[1].layer.bias
    assert torch.linalg.matrix_norm(made, 2).item() == pytest.approx(1, abs=1e-4)
