"""Local contrast agrees with a reference of scipy's, and does not see brightness and contrast of the surroundings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from latente.networks.contrast import local_contrast

RNG = np.random.default_rng(0)


def _reference(picture: np.ndarray, side: int) -> np.ndarray:
    """Return the contrast of one channel (H, W), the mean at the edges being over what lies within the picture."""

    def mean(values: np.ndarray) -> np.ndarray:
        sums, counts = (ndimage.uniform_filter(x, side, mode="constant") for x in (values, np.ones_like(values)))
        return sums / counts

    variance = mean(picture**2) - mean(picture) ** 2
    return 0.5 + (picture - mean(picture)) / np.sqrt(variance + 255.0**-2) / 8


@pytest.mark.parametrize(("side", "shape"), [(3, (17, 20)), (31, (40, 25)), (31, (8, 9))])
def test_contrast_is_that_of_the_reference(side: int, shape: tuple[int, int]) -> None:
    pictures = RNG.random((2, 3, *shape))
    contrast = local_contrast(torch.from_numpy(pictures.astype(np.float32)), side)
    expected = [[_reference(channel, side) for channel in picture] for picture in pictures]
    np.testing.assert_allclose(contrast, expected, atol=1e-4)


def test_brightness_and_contrast_are_gone_and_alpha_stays() -> None:
    picture = torch.from_numpy(RNG.random((1, 4, 30, 30)).astype(np.float32))
    dimmed = torch.cat([0.1 + 0.5 * picture[:, :3], picture[:, 3:]], 1)
    contrast = local_contrast(picture, 9)
    np.testing.assert_allclose(local_contrast(dimmed, 9), contrast, atol=1e-3)
    np.testing.assert_array_equal(contrast[:, 3], picture[:, 3])
    assert local_contrast(torch.full((1, 1, 20, 20), 0.7), 9).unique().tolist() == pytest.approx([0.5])
