"""A large picture's maps, worked out in strips, are those of the whole, with the same gradient."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from latente.networks import strips
from latente.networks.pyramid import Pyramid
from latente.networks.strips import strips_of
from latente.networks.vgg import VGG

NETWORKS = {
    "reflected": lambda: VGG((4, 6, 8, 8, 8), "5_1", reflects=True),
    "padded by zeros": lambda: VGG((4, 6, 8, 8, 8), "5_1", reflects=False),
    "pyramid": Pyramid,
}


def worked_out(network: Any, picture: Tensor) -> tuple[Any, ...]:
    """Return the maps of all layers, the gradient of a function of all places, and what a reader tells."""
    x = picture.clone().requires_grad_()
    maps = network(x, network.layers)
    sum((one.square() * torch.linspace(0, 1, one.shape[2])[:, None]).mean() for one in maps.values()).backward()
    y = picture.clone().requires_grad_()

    def read(name: str, rows: Tensor, top: int, height: int) -> dict[str, Tensor]:
        places = torch.linspace(0, 1, height)[top : top + rows.shape[2], None]
        return {"mean": (rows.square() * places).sum() / (height * rows.shape[1] * rows.shape[3]), "first": rows.sum(2)}

    told = network(y, network.layers, read)
    sum(one["mean"] for one in told.values()).backward()
    return maps, x.grad, y.grad, told


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("sides", [(97, 40), (64, 32)])
def test_strips_add_up_to_the_whole(name: str, sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network, picture = NETWORKS[name](), torch.rand(1, 3, *sides)
    whole = worked_out(network, picture)
    torch.testing.assert_close(whole[1], whole[2])
    monkeypatch.setattr(strips, "_LARGE", 1)
    for rows in (2, 24):  # fewer than the neighbours that four convolutions ask for, and more
        monkeypatch.setattr(strips, "_VALUES", rows * 4 * sides[1])
        torch.testing.assert_close(worked_out(network, picture), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("height", "expected"), [(8, [4, 4]), (9, [4, 5]), (11, [4, 4, 3]), (3, [3]), (1, [1])])
def test_strips_begin_at_even_rows_and_none_is_a_single_row(
    height: int, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "_VALUES", 5 * 2 * 10)
    picture = torch.zeros(1, 3, height, 10)
    assert strips_of(lambda x, top, end: end - top, picture, 2, spares=True) == expected
    assert strips_of(lambda x, top, end: (top, end), picture, 2, spares=False) == [(0, height)]
