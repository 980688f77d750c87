"""Bicubic resampling: MATLAB's numbers, and what any resampling must do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latente.resampling import enlarged, shrunk, shrunk_picture


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_small_pictures_of_set5_are_matlab_s_in_every_value(data_folder: Path, factor: int) -> None:
    folder = data_folder / "set5" / f"x{factor}"
    if not folder.is_dir():
        pytest.skip("set5 is not on this machine")
    large = sorted(folder.glob("*_HR.png"))
    assert len(large) == 5
    for path in large:
        given = np.asarray(Image.open(path.with_name(path.name.replace("_HR", "_LR"))))
        small = shrunk_picture(np.moveaxis(np.atleast_3d(np.asarray(Image.open(path))), -1, 0), factor)
        assert np.array_equal(small, np.moveaxis(np.atleast_3d(given), -1, 0)), path.name


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_plane_stays_a_plane_away_from_the_edges(factor: int) -> None:
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(60.0), indexing="ij")
    plane = (0.3 + rows / 100 + columns / 200).double()[None, None]
    small = shrunk(plane, factor)
    large = enlarged(plane, factor)
    centre = (factor - 1) / 2
    expected = plane[..., 0, 0] + (torch.arange(small.shape[-2]) * factor + centre)[:, None] / 100
    expected = expected + (torch.arange(small.shape[-1]) * factor + centre) / 200
    inner = (..., slice(3, -3), slice(3, -3))
    torch.testing.assert_close(small[inner], expected[None, None].double()[inner])
    places = (torch.arange(factor * 48) + 0.5) / factor - 0.5, (torch.arange(factor * 60) + 0.5) / factor - 0.5
    expected = 0.3 + places[0][:, None].double() / 100 + places[1].double() / 200
    edge = slice(3 * factor, -3 * factor)
    torch.testing.assert_close(large[0, 0][edge, edge], expected[edge, edge], atol=1e-6, rtol=0)


@pytest.mark.parametrize("side", [1, 2, 7, 16])
def test_a_constant_stays_a_constant_at_any_size_up_to_its_edges(side: int) -> None:
    x = torch.full((2, 3, side, side + 1), 0.4, dtype=torch.float64)
    assert torch.allclose(shrunk(x, 4), torch.tensor(0.4, dtype=torch.float64))
    assert torch.allclose(enlarged(x, 3), torch.tensor(0.4, dtype=torch.float64))
    assert shrunk(x, 4).shape[-2:] == (-(-side // 4), -(-(side + 1) // 4))


def test_shrinking_by_half_weighs_eight_neighbours_by_the_stretched_kernel() -> None:
    line = torch.zeros(1, 1, 1, 32, dtype=torch.float64)
    line[..., 16] = 1
    weights = np.array([-0.01171875, -0.03515625, 0.11328125, 0.43359375])  # Keys' kernel at 1.75, 1.25, .75, .25, / 2
    found = shrunk(line, 2)[0, 0, 0].numpy()
    np.testing.assert_allclose(found[[6, 7, 8]], [weights[0], weights[2], weights[3]])
    np.testing.assert_allclose(found[[9, 10]], [weights[2 - 1], 0], atol=1e-12)


def test_whole_levels_are_kept_between_the_passes() -> None:
    x = 255.0 * (torch.rand(1, 1, 20, 20, generator=torch.Generator().manual_seed(0)) > 0.5)
    small, free = shrunk(x, 2, highest=255), shrunk(x, 2)
    assert torch.equal(small, small.round())
    assert free.max() > 255 == small.max()
    assert (free.clamp(0, 255) - small).abs().max() < 20  # of what was cut between the passes
