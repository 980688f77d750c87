"""Networks are built only as far as their limits allow, and no memory is asked for beyond them."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from latente.networks.limits import Limits, TooLargeError


def test_a_network_within_its_limits_is_the_one_without_any():
    torch.manual_seed(0)
    free = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    torch.manual_seed(0)
    with Limits(values=32.0, tensors=6.0):
        limited = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    assert all(torch.equal(a, b) for a, b in zip(free.parameters(), limited.parameters(), strict=True))


@pytest.mark.parametrize("build", [lambda: nn.Linear(10**10, 10**10), lambda: nn.Conv2d(1, 1, 10**12)])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_one_value_too_many_is_refused_before_its_memory_is_asked_for(build, device: str):
    with pytest.raises(TooLargeError), torch.device(device), Limits(values=1e9):
        build()


def test_one_tensor_too_many_is_refused_when_it_comes():
    endless = (nn.Linear(1, 1) for _ in itertools.count())
    with Limits(tensors=6.0):
        assert len(list(itertools.islice(endless, 3))) == 3
        with pytest.raises(TooLargeError):
            next(endless)
