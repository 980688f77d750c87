"""Windows of photographs: the gather of a GPU is the copy of the host, and mirrors are numpy's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from latente.augmentations import from_name
from latente.images import Images, Photographs, Scaling
from latente.networks import build_pair
from latente.objectives import AutoencoderObjective
from latente.training import Run, TrainingOptions, isolated_rng, train
from latente.training.crops import Cropper, cut, cut_on_device, mirrored
from toys import without_timings


@pytest.mark.parametrize("window", [(7, 5), (25, 4), (40, 61)])
@pytest.mark.parametrize("seed", [None, 0])
def test_one_gather_gives_what_single_copies_give(window: tuple[int, int], seed: int | None) -> None:
    rng = np.random.default_rng(0)
    pictures = Photographs.of(
        [rng.integers(0, 255, (3, *sides), dtype=np.uint8) for sides in ((9, 30), (25, 8), (40, 61))]
    )
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    windows = Cropper("set", {"images": pictures}, window).windows(torch.tensor([2, 0, 1, 1]), generator)
    copied = np.empty((4, 3, *window), np.uint8)
    cut(pictures, windows, copied)
    places = torch.from_numpy(pictures.places)
    gathered = cut_on_device(torch.from_numpy(pictures.values), places, 3, windows)
    np.testing.assert_array_equal(gathered, copied)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_mirrors_are_those_of_a_symmetric_padding(size: int) -> None:
    expected = np.pad(np.arange(size), (13, 17), mode="symmetric")
    index = np.arange(-13, size + 17)
    np.testing.assert_array_equal(mirrored(index, size), expected)
    np.testing.assert_array_equal(mirrored(torch.from_numpy(index), torch.tensor(size)), expected)


def test_a_slice_is_the_rows_that_it_stands_for() -> None:
    pictures = Photographs.of_array(np.zeros((5, 1, 6, 6), np.uint8))
    cropper = Cropper("set", {"images": pictures}, (3, 3))
    assert cropper.windows(slice(1, 4), None).rows.tolist() == [1, 2, 3]
    assert cropper.windows(torch.tensor([1, 2, 3]), None).corners.tolist() == [[1, 1, 1], [1, 1, 1]]


# -- through the loop


def trained(run: Path, epochs: int) -> dict[str, torch.Tensor]:
    """Train on random crops of photographs in the run's folder, or go on with it there, and return the weights."""
    rng = np.random.default_rng(0)
    pictures = Photographs.of([rng.integers(0, 255, (3, 12 + k, 30 - k), dtype=np.uint8) for k in range(10)])
    with isolated_rng(0):
        objective = AutoencoderObjective(*build_pair("conv", (3, 16, 16), 4, hidden=(4,)))
    is_new = not (run / "options.json").exists()
    train(
        objective,
        Images(pictures),
        Scaling.fit(pictures),
        TrainingOptions(epochs=epochs, batch_size=4, device="cpu"),
        validation=(Images(pictures), np.arange(3)),
        augmentation=from_name("crop:16,flips,turns"),
        run=Run.create(run, {}) if is_new else Run.open(run),
    )
    return objective.state_dict()


def test_a_training_on_photographs_goes_on_bit_for_bit(tmp_path: Path) -> None:
    trained(tmp_path / "halved", 2)
    halved, whole = trained(tmp_path / "halved", 4), trained(tmp_path / "whole", 4)
    assert all(torch.equal(halved[name], value) for name, value in whole.items())
    lines = [without_timings(Run(tmp_path / name).lines(), "steps") for name in ("halved", "whole")]
    assert lines[0] == lines[1]
    assert {line["part"] for line in lines[0]} == {"train", "validation"}
