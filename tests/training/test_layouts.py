"""Weights lie in one layout wherever they come from."""

from __future__ import annotations

import torch
from torch import nn

from latente.objectives import Objective
from latente.training.layouts import lay_out

CPU = torch.device("cpu")


class Nets(Objective):
    """Whatever modules are given."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.nets = nn.ModuleList(modules)


def test_weights_of_one_channel_get_the_strides_of_channels_last_too():
    objective = Nets(nn.Conv2d(1, 8, 3), nn.ConvTranspose2d(8, 1, 3), nn.Conv2d(5, 6, 1))
    assert lay_out(objective, CPU) is torch.channels_last
    strides = [net.weight.stride() for net in objective.nets]
    assert strides == [(9, 1, 3, 1), (9, 1, 3, 1), (5, 1, 5, 5)]


def test_values_stay_and_laying_out_twice_is_as_once():
    objective = Nets(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    for _ in range(2):
        lay_out(objective, CPU)
        assert all(torch.equal(value, before[name]) for name, value in objective.state_dict().items())
    assert objective.nets[0].weight.stride() == (27, 1, 9, 3)


def test_without_convolutions_of_images_nothing_is_laid_otherwise():
    objective = Nets(nn.Linear(3, 2), nn.Conv3d(1, 2, 3))
    strides = [parameter.stride() for parameter in objective.parameters()]
    assert lay_out(objective, CPU) is torch.contiguous_format
    assert [parameter.stride() for parameter in objective.parameters()] == strides


def test_weights_of_volumes_beside_convolutions_of_images_are_left_as_they_are():
    objective = Nets(nn.Conv2d(3, 2, 3), nn.Conv3d(3, 2, 3))
    lay_out(objective, CPU)
    assert objective.nets[1].weight.is_contiguous()
