"""Batches of images at rest: the same whether their rows lie together or not, and never the images themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latente.images import Scaling, open_images
from latente.training import Batches

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, bool])
@pytest.mark.parametrize("rows", [range(11), range(3, 9), (0, 1, 3, 2), (5,), (4, 4), (7, 6, 5)])
def test_rows_in_order_are_those_gathered_one_by_one(dtype: type, rows: range | tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 2 if dtype is bool else 256, (11, 3, 4)).astype(dtype)
    images = open_images(pixels, labels=np.arange(11))
    batches = Batches(images, Scaling.fit(images.pixels, np.arange(11)), CPU, ("label",))
    chosen = torch.tensor(list(rows))
    parts = list(batches.in_order(chosen, 4))
    assert [len(part["images"]) for part in parts] == [len(part) for part in chosen.split(4)]
    one_by_one = [batches.batch(chosen[i : i + 1]) for i in range(len(chosen))]
    for name in ("images", "label"):
        together = torch.cat([part[name] for part in parts])
        torch.testing.assert_close(together, torch.cat([one[name] for one in one_by_one]), rtol=0, atol=0)


def test_who_writes_into_a_batch_leaves_the_images_alone() -> None:
    pixels = np.random.default_rng(0).random((6, 1, 2, 2), dtype=np.float32)
    images = open_images(pixels, channels="first")
    before = images.pixels.copy()
    for batch in Batches(images, Scaling((0.0,), (1.0,), "float32", True), CPU).in_order(torch.arange(6), 4):
        batch["images"].zero_()
    np.testing.assert_array_equal(images.pixels, before)
