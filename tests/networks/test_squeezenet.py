"""SqueezeNet's maps are those of its published layers, whole or as what is read of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from latente.networks.squeezenet import SqueezeNet


def network() -> SqueezeNet:
    made, generator = SqueezeNet(), torch.Generator().manual_seed(0)
    for parameter in made.parameters():
        parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return made


def test_the_maps_are_those_of_the_published_layers() -> None:
    made, x = network(), torch.rand(1, 3, 40, 36)
    levels = 255 * x[:, [2, 1, 0]] - torch.tensor([104.0, 117, 123])[:, None, None]
    first = functional.conv2d(levels, made.conv1.weight, made.conv1.bias, stride=2).relu()

    def fire(name: str, maps: Tensor) -> Tensor:
        squeeze, one, three = (made.get_submodule(f"{name}.{part}") for part in ("squeeze", "expand1", "expand3"))
        squeezed = squeeze(maps).relu()
        return torch.cat([one(squeezed), three(squeezed)], 1).relu()

    second = fire("fire2", functional.max_pool2d(first, 3, 2, ceil_mode=True))
    fifth = fire("fire5", functional.max_pool2d(fire("fire4", fire("fire3", second)), 3, 2, ceil_mode=True))
    maps = made(x, ("conv1", "fire2", "fire5"))
    for name, expected in {"conv1": first, "fire2": second, "fire5": fifth}.items():
        torch.testing.assert_close(maps[name], expected)


def test_what_is_read_of_maps_is_told_by_layer() -> None:
    made, x = network(), torch.rand(1, 3, 32, 32)
    told = made(x, ("fire2",), lambda name, maps, top, height: {"rows": torch.tensor([top, height, maps.shape[2]])})
    assert told["fire2"]["rows"].tolist() == [0, 6, 6]


@pytest.mark.parametrize("side", [16, 17, 33])
def test_pictures_of_16_pixels_have_places_in_all_layers(side: int) -> None:
    made = network()
    assert all(min(maps.shape[2:]) > 0 for maps in made(torch.rand(1, 3, side, side), made.layers).values())
