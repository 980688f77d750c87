"""The convolutional denoisers in their tiny variant, and the filters that they are judged beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from latente import Images, open_images
from latente.experiments import Result, denoise, reproduce
from latente.experiments.denoise import (
    FILTERS,
    best_parameters,
    clipped_mean,
    filtered,
    noisy,
    source_net,
    u_net,
    unclipped,
)
from latente.experiments.recorded import recorded


@pytest.fixture(scope="module")
def shapes() -> Images:
    """Grey rectangles on black."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((160, 28, 28), np.uint8)
    for picture in pixels:
        top, left = rng.integers(2, 12, 2)
        picture[top : top + rng.integers(6, 14), left : left + rng.integers(6, 14)] = rng.integers(60, 256)
    return open_images(pixels, labels=np.arange(160) % 10)


@pytest.fixture(scope="module")
def clean(shapes: Images) -> np.ndarray:
    return shapes.pixels.reshape(-1, 28, 28).astype(np.float32) / 255


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, shapes: Images) -> Result:
    def few(name: str, tiny: bool = False) -> tuple[Images, Images, str]:
        return shapes, shapes.take(np.arange(30)), "drawn"

    ways = {"wavelet": ["haar"], "levels": [1], "strength": [1.0]}
    grids = {
        "median": (denoise.median, {"size": [3]}),
        "wavelets": (denoise.wavelets, ways),
        "non-local means": (denoise.non_local_means, {"patch": [3], "strength": [0.7]}),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(denoise, "open_parts", few)
        patch.setattr(denoise, "FILTERS", grids)
        return reproduce("denoise", tiny=True, out=tmp_path_factory.mktemp("denoise"))


@pytest.mark.parametrize("level", [0.1, 0.4, 0.8])
def test_the_mean_of_a_clipped_pixel_is_what_drawing_gives(level: float) -> None:
    x = np.array([0.0, 0.2, 0.5, 1.0])
    drawn = (x + level * np.random.default_rng(0).standard_normal((200_000, 1))).clip(0, 1).mean(axis=0)
    np.testing.assert_allclose(clipped_mean(x, level), drawn, atol=4e-3)
    assert clipped_mean(np.array([0.5]), level)[0] == pytest.approx(0.5)


def test_black_rises_by_the_mean_of_half_a_normal_density_while_white_is_far() -> None:
    assert clipped_mean(np.zeros(1), 0.1)[0] == pytest.approx(0.1 / np.sqrt(2 * np.pi), rel=1e-9)


def test_unclipped_takes_back_the_mean_and_keeps_to_the_range() -> None:
    x = np.linspace(0, 1, 41)
    np.testing.assert_allclose(unclipped(clipped_mean(x, 0.5), 0.5), x, atol=1e-4)
    np.testing.assert_array_equal(unclipped(np.array([0.0, 1.0]), 0.5), [0, 1])


def test_noise_is_each_images_own_clipped_and_given_by_its_seed() -> None:
    seen = noisy(np.full((50, 1, 28, 28), 0.5, np.float32), 0.1, seed=0)
    assert seen.std() == pytest.approx(0.1, rel=0.02)
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen, noisy(np.full((50, 1, 28, 28), 0.5, np.float32), 0.1, seed=0))
    assert noisy(seen, 2.0, seed=1).min() == 0


def test_the_source_net_has_the_layers_of_the_source(shapes: Images) -> None:
    model = source_net(0, batch_size=32, learning_rate=1e-3, epochs=1).fit(shapes.take(np.arange(32)))
    kinds = torch.nn.Conv2d | torch.nn.ConvTranspose2d
    convs = [layer for layer in model.objective_.modules() if isinstance(layer, kinds)]
    assert [(type(c).__name__[:13], c.out_channels, c.stride[0]) for c in convs] == [
        ("Conv2d", 16, 2),
        ("Conv2d", 8, 2),
        ("ConvTranspose", 8, 2),
        ("ConvTranspose", 16, 2),
        ("RowwiseConv2d", 1, 1),
    ]
    assert {c.kernel_size for c in convs} == {(3, 3)}
    assert model.code_shape_ == (8, 7, 7)


def test_the_u_net_is_drawn_by_its_seed_alone() -> None:
    state = torch.get_rng_state()
    one, same, other = (u_net(seed).network[0].state_dict() for seed in (0, 0, 1))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", ["median", "wavelets", "non-local means"])
def test_a_filter_with_the_best_of_its_parameters_takes_noise_away(
    clean: np.ndarray, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, grid = FILTERS[name]
    monkeypatch.setattr(denoise, "FILTERS", {name: (function, {k: values[-2:] for k, values in grid.items()})})
    few, seen = clean[:4], noisy(clean[:4], 0.3, seed=0)
    best = best_parameters(name, few, seen, 0.3)
    error = ((filtered(name, seen, 0.3, **best) - few) ** 2).mean()
    assert error < 0.6 * ((seen - few) ** 2).mean()
    other = filtered(name, seen, 0.3, **{**best, "unclip": not best["unclip"]})
    assert error <= ((other - few) ** 2).mean()


def test_the_tiny_variant_judges_every_method_at_every_level(result: Result) -> None:
    lines, study, tuned = result.tables.values()
    methods = ["noisy", "median", "wavelets", "non-local means", "source's net", "U-net"]
    assert [line["method"] for line in lines] == methods * len(denoise.DRAWN_LEVELS)
    assert len(study) == 1
    assert {line["filter"] for line in tuned} == set(methods[1:4])
    assert result.claims[0].target == denoise.TARGET
    assert result.claims[1].target == result.claims[0].measured
    assert all(-1 <= line["SSIM"] <= 1 and 0 < line["PSNR"] < 60 for line in lines)


def test_the_tiny_variant_draws_every_figure(result: Result) -> None:
    folder = Path(result.command.split("--out ")[1])
    for file in result.pictures().values():
        assert (folder / file).stat().st_size > 1000


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
