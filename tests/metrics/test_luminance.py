"""The protocol of super-resolution: the literature's own figures of bicubic enlargement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latente.errors import InputError
from latente.metrics import luminance, measure_luminance, psnr
from latente.resampling import enlarged


def opened(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1)


def test_black_white_and_the_colours_have_the_levels_of_the_standard() -> None:
    colours = 255 * np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.uint8)
    levels = luminance(colours[:, :, None, None])[:, 0, 0]
    assert levels.tolist() == [16, 235, 81, 145, 41]  # ITU-R BT.601, table of 100 % colour bars
    exact = luminance(colours[:, :, None, None], rounded=False)[:, 0, 0]
    np.testing.assert_allclose(exact, [16, 235, 81.481, 144.553, 40.966])


@pytest.mark.parametrize(("factor", "published"), [(2, 33.66), (3, 30.39), (4, 28.42)])
def test_bicubic_enlargement_has_the_published_psnr_on_set5(data_folder: Path, factor: int, published: float) -> None:
    folder = data_folder / "set5" / f"x{factor}"
    if not folder.is_dir():
        pytest.skip("set5 is not on this machine")
    figures = []
    for path in sorted(folder.glob("*_HR.png")):
        small = opened(path.with_name(path.name.replace("_HR", "_LR")))
        large = enlarged(torch.from_numpy(small.astype(np.float64))[None], factor)[0]
        pixels = large.round().clamp(0, 255).numpy().astype(np.uint8)
        figures.append(measure_luminance(opened(path), pixels, factor)["psnr"])
    assert np.mean(figures) == pytest.approx(published, abs=0.03)


def test_the_border_is_left_out_of_both_figures() -> None:
    rng = np.random.default_rng(0)
    original = rng.integers(0, 256, (3, 32, 40), dtype=np.uint8)
    restored = original.copy()
    restored[:, :2] = 0
    assert measure_luminance(original, restored, 2)["ssim"] == 1
    assert measure_luminance(original, restored, 0)["psnr"] < 30
    whole = psnr(luminance(original)[None], luminance(restored)[None], data_range=255)[0]
    assert measure_luminance(original, restored, 0)["psnr"] == pytest.approx(whole)


def test_pictures_without_three_channels_are_refused() -> None:
    with pytest.raises(InputError, match=r"RGB pictures .* not \(1, 8, 8\)"):
        luminance(np.zeros((1, 8, 8), np.uint8))
