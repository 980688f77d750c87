"""Batches of images at rest: the same whether their rows lie together or not, and never the images themselves."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latente.errors import InputError
from latente.images import Images, Photographs, Scaling, open_images
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


# -- photographs


SIZES = [(40, 30), (64, 48), (20, 90), (33, 33), (8, 100)]  # (height, width)


def photographs(dtype: type = np.uint8, factor: int = 1, short: int = 0) -> Photographs:
    rng = np.random.default_rng(0)
    sizes = [(factor * height - short, factor * width) for height, width in SIZES]
    return Photographs.of([rng.integers(0, 2 if dtype is bool else 250, (3, *size)).astype(dtype) for size in sizes])


def unit() -> Scaling:
    return Scaling((0.0,), (1.0,), "float32", True)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, bool])
def test_each_window_is_a_piece_of_its_picture_in_the_network_s_range(dtype: type) -> None:
    pictures = photographs(dtype)
    scaling = Scaling.fit(pictures)
    batches = Batches(Images(pictures), scaling, CPU, crop=(8, 16))
    batch = batches.batch(torch.tensor([2, 0, 2, 4]), draws())["images"]
    assert (batch.shape, batch.dtype) == ((4, 3, 8, 16), torch.float32)
    for row, window in zip([2, 0, 2, 4], batch, strict=True):
        ranged = torch.from_numpy(scaling.to_range(pictures[row][None])[0])
        pieces = ranged.unfold(1, 8, 1).unfold(2, 16, 1)
        assert torch.isclose(pieces, window[:, None, None], atol=1e-6).flatten(3).all(3).all(0).any()


def test_equal_states_of_the_generator_give_equal_windows_and_others_others() -> None:
    one, two = (Batches(Images(photographs()), unit(), CPU, crop=16) for _ in range(2))
    rows, first, second = torch.tensor([0, 1, 2, 3]), draws(), draws()
    states = []
    for _ in range(3):
        states.append(one.batch(rows, first)["images"])
        assert torch.equal(states[-1], two.batch(rows, second)["images"])
    assert not torch.equal(states[0], states[1])
    assert torch.equal(first.get_state(), second.get_state())


def test_every_place_of_a_picture_is_as_likely() -> None:
    pixels = np.arange(1 * 5 * 6, dtype=np.float32).reshape(1, 1, 5, 6)
    batches = Batches(Images(pixels), unit(), CPU, crop=(3, 4))
    corners = batches.batch(torch.zeros(9000, dtype=torch.long), draws())["images"][:, 0, 0, 0].long()
    counts = torch.bincount(corners, minlength=30)
    assert counts.nonzero()[:, 0].tolist() == [0, 1, 2, 6, 7, 8, 12, 13, 14]
    assert (counts[counts > 0] - 1000).abs().max() < 5 * 30


def test_without_a_generator_the_centre_is_cut_and_in_order_does_so() -> None:
    pictures = photographs(np.float32)
    batches = Batches(Images(pictures), unit(), CPU, crop=16)
    batch = batches.batch(torch.tensor([1]))["images"]
    np.testing.assert_array_equal(batch[0], pictures[1][:, 24:40, 16:32])
    ordered = torch.cat([part["images"] for part in batches.in_order(torch.arange(5), 2)])
    assert torch.equal(ordered[1:2], batch)


def test_a_picture_smaller_than_the_crop_is_mirrored_at_its_edges() -> None:
    picture = np.arange(3 * 4, dtype=np.float32).reshape(1, 3, 4)
    batches = Batches(Images(Photographs.of([picture])), unit(), CPU, crop=(9, 4))
    expected = np.pad(picture, ((0, 0), (3, 3), (0, 0)), mode="symmetric")
    for generator in (None, draws()):
        np.testing.assert_array_equal(batches.batch(torch.tensor([0]), generator)["images"][0], expected)


@pytest.mark.parametrize("short", [0, 1])
def test_targets_k_times_as_large_get_k_times_the_corner_and_the_crop(short: int) -> None:
    """Each low pixel is the upper left one of the 3 x 3 that belong to it, also where targets lack a row at the end."""
    target = photographs(np.float32, factor=3, short=short)
    low = Photographs.of([np.array(one[:, ::3, ::3]) for one in target])
    images = Images(low, {"label": np.arange(5)}, partners={"target": target})
    batches = Batches(images, unit(), CPU, ("target", "label"), crop=24)
    for generator in (None, draws(), draws(1)):
        batch = batches.batch(torch.tensor([4, 1, 0]), generator)
        assert batch["target"].shape == (3, 3, 72, 72)
        large = batch["target"][1:]  # the first is smaller than the crop
        np.testing.assert_array_equal(large[:, :, ::3, ::3], batch["images"][1:])
        assert batch["label"].tolist() == [4, 1, 0]


def test_a_mirrored_target_shows_what_its_mirrored_image_shows() -> None:
    low = Photographs.of([np.random.default_rng(0).random((1, 5, 4), dtype=np.float32)])
    high = Photographs.of([low[0].repeat(2, axis=1).repeat(2, axis=2)])
    images = Images(low, partners={"target": high, "mask": low})
    batch = Batches(images, unit(), CPU, ("target", "mask"), crop=11).batch(torch.tensor([0]))
    large = batch["images"].repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert torch.equal(batch["target"], large)
    assert torch.equal(batch["mask"], batch["images"])


def test_images_of_one_size_are_cut_in_the_same_way() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (6, 3, 20, 30), dtype=np.uint8)
    images = Images(pixels, {"target": pixels, "label": np.arange(6)})
    batches = Batches(images, Scaling.fit(pixels), CPU, ("target", "label"), crop=8)
    batch = batches.batch(torch.arange(6), draws())
    assert torch.equal(batch["images"], batch["target"])
    as_photographs = Images(Photographs.of(list(pixels)))
    other = Batches(as_photographs, Scaling.fit(pixels), CPU, crop=8).batch(torch.arange(6), draws())
    assert torch.equal(batch["images"], other["images"])


def test_whole_photographs_come_one_by_one_and_several_sizes_at_once_are_refused() -> None:
    batches = Batches(Images(photographs()), unit(), CPU)
    assert [tuple(batch["images"].shape[2:]) for batch in batches.in_order(torch.arange(5), 3)] == SIZES
    with pytest.raises(InputError, match="have many sizes: give crop=64"):
        batches.batch(torch.arange(2))


def test_targets_of_another_ratio_are_refused_by_name() -> None:
    images = Images(photographs(), partners={"target": photographs(factor=2, short=2)})
    with pytest.raises(InputError, match="target of picture 0 is 78x60, no whole multiple of its 40x30"):
        Batches(images, unit(), CPU, ("target",), crop=8)


def test_a_memory_mapped_store_is_read_only_where_a_window_lies(tmp_path: Path) -> None:
    for number, (height, width) in enumerate(SIZES):
        pixels = np.random.default_rng(number).integers(0, 255, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    images = open_images(tmp_path, size="keep")
    in_memory = Images(Photographs.of([np.array(one) for one in images.content]))
    rows = torch.tensor([3, 0, 4])
    there, here = (Batches(one, unit(), CPU, crop=12).batch(rows, draws())["images"] for one in (images, in_memory))
    assert torch.equal(there, here)


# -- columns in ranges of their own


def test_a_column_with_a_scaling_is_brought_to_the_network_s_range_and_others_stay() -> None:
    rng = np.random.default_rng(0)
    condition, attributes = rng.normal(50, 9, (8, 2)), rng.integers(-1, 2, (8, 3)).astype(np.int8)
    pixels = rng.integers(0, 255, (8, 1, 4, 4), dtype=np.uint8)
    images = Images(pixels, {"condition": condition, "attributes": attributes, "target": pixels.astype(np.float32)})
    scaling = Scaling.fit(condition)
    batches = Batches(
        images,
        Scaling.fit(pixels),
        CPU,
        ("condition", "attributes", "target"),
        column_scalings={"condition": scaling, "target": unit()},
    )
    batch = batches.batch(torch.tensor([5, 2]))
    np.testing.assert_allclose(batch["condition"], scaling.to_range(condition[[5, 2]]), rtol=1e-6)
    np.testing.assert_array_equal(batch["attributes"], attributes[[5, 2]])
    np.testing.assert_array_equal(batch["target"], pixels[[5, 2]])
    assert batch["images"].max() <= 1


def test_an_array_that_may_not_be_written_is_read_without_a_change_to_the_warnings_of_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.arange(24, dtype=np.float32).reshape(8, 3)
    values.flags.writeable = False
    monkeypatch.setattr(warnings, "catch_warnings", None)
    batches = Batches(Images(values), Scaling((0.0,), (1.0,), "float32", True), CPU)
    assert np.array_equal(batches.batch(torch.tensor([5, 2]))["images"].numpy(), values[[5, 2]])
    assert np.array_equal(batches.batch(slice(0, 8))["images"].numpy(), values)
