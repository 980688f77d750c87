"""A pass over many images gives, row by row and in order, what its function gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latente.images import Images
from latente.training import Batches
from latente.training.devices import World, alone, world
from latente.training.passes import over
from toys import UNIT, table

CPU = torch.device("cpu")


@pytest.mark.parametrize("batch_size", [1, 5, 37, 100])
@pytest.mark.parametrize("rows", [range(37), (4, 4, 1), (36, 0)])
def test_several_arrays_come_out_of_one_pass_in_the_order_of_the_rows(batch_size: int, rows: range | tuple[int, ...]):
    images = table(37)
    chosen = torch.tensor(list(rows))
    calls = 0

    def function(batch):
        nonlocal calls
        calls += 1
        x = batch["images"]
        return {"double": 2 * x, "is_large": x[:, 0] > 0.5, "half": x.bfloat16(), "outer": x[:, :, None] * x[:, None]}

    results = over(Batches(images, UNIT, CPU), chosen, batch_size, function)
    x = images.pixels[list(rows)]
    assert calls == -(-len(rows) // batch_size)
    np.testing.assert_array_equal(results["double"], 2 * x)
    np.testing.assert_array_equal(results["is_large"], x[:, 0] > 0.5)
    assert results["is_large"].dtype == bool
    np.testing.assert_array_equal(results["outer"], x[:, :, None] * x[:, None])
    np.testing.assert_allclose(results["half"], x, rtol=1e-2)


def test_no_gradients_are_kept_and_no_rows_give_nothing():
    weight = torch.ones(5, requires_grad=True)
    modes = []

    def function(batch):
        modes.append(torch.is_grad_enabled())
        return {"product": batch["images"] * weight}

    batches = Batches(table(3), UNIT, CPU)
    assert over(batches, torch.arange(3), 2, function)["product"].shape == (3, 5)
    assert modes == [False, False]
    assert over(batches, torch.arange(0), 2, function) == {}
    assert over(batches, torch.arange(3), 2, lambda batch: {}) == {}


def test_what_is_not_a_number_of_a_pixel_keeps_its_dtype():
    images = Images(np.arange(6, dtype=np.float32).reshape(6, 1), {"label": np.arange(6)})
    results = over(Batches(images, UNIT, CPU, ("label",)), torch.arange(6), 4, lambda batch: {"label": batch["label"]})
    assert results["label"].dtype == np.int64
    np.testing.assert_array_equal(results["label"], np.arange(6))


def test_who_works_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with alone():
        assert world(CPU) == World()
        assert len(over(Batches(table(9), UNIT, CPU), torch.arange(9), 2, dict)["images"]) == 9
