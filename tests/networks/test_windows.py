"""The numbers of windows: the same as worked out window by window with numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from latente.networks.windows import NUMBERS, centres, windows

rng = np.random.default_rng(0)


def _starts(side: int) -> list[int]:
    width = min(15, side)
    count = (side - width) // 8 + 1
    first = (side - width - 8 * (count - 1)) // 2
    return [first + 8 * k for k in range(count)]


def _by_hand(image: np.ndarray) -> np.ndarray:
    """The numbers (h, w, 23) of one image (C, H, W) in [0, 1], in float64."""
    levels = 255 * image.astype(np.float64)
    if len(levels) in (2, 4):
        alpha = levels[-1] / 255
        levels = levels[:-1] * alpha + 127.5 * (1 - alpha)
    red, green, blue = levels if len(levels) == 3 else (levels[0],) * 3
    light, colours = (red + green + blue) / 3, (red - blue, green - (red + blue) / 2)
    bands = _bands(light)
    fine = [colour - ndimage.gaussian_filter(colour, 0.8, mode="nearest") for colour in colours]
    energies = [_energies(ndimage.gaussian_filter(light, sigma, mode="nearest")) for sigma in (0.6, 1.5)]
    lines = np.max([ndimage.correlate(light, kernel, mode="nearest") ** 2 for kernel in _kernels()], axis=0)
    variance = ndimage.generic_filter(light, np.var, size=5, mode="nearest")

    def numbers(place: tuple[slice, slice]) -> list[float]:
        oriented = [part[place].mean() for scale in energies for part in scale]
        energy = [
            *(np.abs(band[place]).mean() ** 2 for band in bands),
            *oriented,
            *(np.mean(colour[place] ** 2) for colour in fine),
            *(np.max(bands[0][place] ** 2), lines[place].max(), variance[place].min()),
        ]
        logs = np.log(np.add(energy, 1))
        logs[3:15] /= math.sqrt(6)
        return [*(values[place].mean() / 20 for values in (light, *colours)), *logs]

    height, width = (min(15, side) for side in light.shape)
    return np.array(
        [
            [numbers((slice(y, y + height), slice(x, x + width))) for x in _starts(light.shape[1])]
            for y in _starts(light.shape[0])
        ]
    )


def _bands(light: np.ndarray) -> list[np.ndarray]:
    blurred = [light, *(ndimage.gaussian_filter(light, sigma, mode="nearest") for sigma in (0.8, 1.6, 3.2))]
    return [blurred[k] - blurred[k + 1] for k in range(3)]


def _energies(light: np.ndarray) -> list[np.ndarray]:
    """The energy of the gradient in each of 6 orientations, shared by the two next to its own."""
    half = np.array([-0.5, 0, 0.5])
    dx, dy = (ndimage.correlate1d(light, half, axis=axis, mode="nearest") for axis in (1, 0))
    degrees = np.degrees(np.arctan2(dy, dx)) % 180
    parts = []
    for middle in range(0, 180, 30):
        apart = np.abs(degrees - middle)
        parts.append(np.maximum(0, 1 - np.minimum(apart, 180 - apart) / 30) * (dx**2 + dy**2))
    return parts


def _kernels() -> list[np.ndarray]:
    """Eight lines of 11 pixels with half of each line 2 pixels beside it taken off, drawn by linear interpolation."""
    kernels = []
    for k in range(8):
        angle = k * math.pi / 8
        kernel = np.zeros((17, 17))
        for t in range(-5, 6):
            for aside, weight in ((0, 1.0), (2, -0.5), (-2, -0.5)):
                y = t * math.sin(angle) + aside * math.cos(angle) + 8
                x = t * math.cos(angle) - aside * math.sin(angle) + 8
                for row in (math.floor(y), math.floor(y) + 1):
                    for column in (math.floor(x), math.floor(x) + 1):
                        kernel[row, column] += weight / 11 * (1 - abs(y - row)) * (1 - abs(x - column))
        kernels.append(kernel)
    return kernels


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(31, 44), (15, 22), (9, 26), (8, 8)])
def test_the_numbers_are_those_of_working_out_window_by_window(channels: int, size: tuple[int, int]) -> None:
    smooth = ndimage.gaussian_filter(rng.normal(size=(2, channels, *size)), (0, 0, 0.7, 0.7))
    images = (0.5 + 0.4 * smooth / np.abs(smooth).max()).astype(np.float32)
    images[0, :, :6, :7] = 0.5  # flat, as a hole is
    numbers = windows(torch.from_numpy(images)).numpy()
    assert numbers.shape[-1] == NUMBERS
    np.testing.assert_allclose(numbers, [_by_hand(image) for image in images], rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("side", [1, 8, 14, 15, 16, 22, 23, 30, 96, 128, 131])
def test_the_middles_of_windows_lie_centred_within_the_side(side: int) -> None:
    middles = centres(side)
    np.testing.assert_array_equal(middles, [start + (min(15, side) - 1) / 2 for start in _starts(side)])
    assert windows(torch.rand(1, 1, side, side)).shape == (1, len(middles), len(middles), NUMBERS)
    assert abs(middles.mean() - (side - 1) / 2) <= 0.5


def test_an_image_of_one_colour_has_no_texture() -> None:
    colour = torch.tensor([0.2, 0.6, 0.4]).reshape(1, 3, 1, 1).expand(1, 3, 24, 24)
    numbers = windows(colour)[0, 0, 0]
    torch.testing.assert_close(numbers[:3], 255 / 20 * torch.tensor([0.4, -0.2, 0.3]))
    torch.testing.assert_close(numbers[3:], torch.zeros(20), atol=1e-4, rtol=0)


def test_grey_has_the_numbers_of_the_same_picture_in_three_channels() -> None:
    grey = torch.rand(2, 1, 20, 30)
    torch.testing.assert_close(windows(grey.expand(-1, 3, -1, -1)), windows(grey), atol=1e-3, rtol=1e-4)
    opaque = torch.cat([grey, torch.ones_like(grey)], 1)
    torch.testing.assert_close(windows(opaque), windows(grey))


def test_a_line_answers_most_where_it_is_drawn() -> None:
    image = torch.full((1, 1, 47, 47), 0.5)
    image[..., 23, 12:36] = 0.7
    lines = windows(image)[0, :, :, 21]
    assert lines.argmax() // lines.shape[1] in (1, 2, 3)
    assert lines[0].max() < lines[2].max() / 2
