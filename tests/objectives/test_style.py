"""Gram matrices, total variation and octaves are what they are defined as, with right gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latente.networks.strips import Reader
from latente.objectives.style import (
    StyleObjective,
    aim_at,
    as_rgb,
    gram,
    luminance,
    octaves_of,
    total_variation,
)


class Colours(nn.Module):
    """A network of one layer, "raw", the picture itself, and of one that is half as large."""

    def forward(self, images: Tensor, wanted: Sequence[str], read: Reader | None = None) -> dict[str, Any]:
        maps = {"raw": images, "half": nn.functional.avg_pool2d(images, 2)}
        return {name: read(name, maps[name], 0, maps[name].shape[2]) if read else maps[name] for name in wanted}


def objective(picture: Tensor, style: Tensor, **more: object) -> StyleObjective:
    made = StyleObjective(
        tuple(picture.shape[2:]), content_layers={"half": 1.0}, style_layers={"raw": 1.0}, **{"octaves": 3, **more}
    )
    aims = [
        aim_at(Colours(), nn.functional.avg_pool2d(picture, 2**scale), [style], ["half"], ["raw"])
        for scale in range(made.scales)
    ]
    made.aim(Colours(), aims)
    made.start_from(picture)
    return made


def test_a_gram_matrix_is_the_mean_over_positions_of_the_products_of_channels() -> None:
    maps = torch.rand(2, 3, 4, 5)
    expected = np.einsum("bchw,bdhw->bcd", maps.numpy(), maps.numpy()) / 20
    np.testing.assert_allclose(gram(maps), expected, rtol=1e-6)
    weights = torch.zeros(1, 1, 4, 5)
    weights[..., :2] = 0.5
    np.testing.assert_allclose(gram(maps, weights), gram(maps[..., :2]), rtol=1e-5)
    assert gram(maps.bfloat16()).dtype == torch.float32


def test_the_total_variation_is_the_mean_length_of_the_differences() -> None:
    assert float(total_variation(torch.full((1, 3, 5, 5), 0.3))) == 0
    ramp = torch.arange(6.0).expand(1, 1, 6, 6) * 0.5  # differences of 0.5 across, none down
    assert float(total_variation(ramp)) == pytest.approx(np.sqrt(0.25 + 1e-4) - 0.01, rel=1e-5)


@pytest.mark.parametrize(
    "function", [lambda x: gram(x).square().sum(), total_variation, lambda x: luminance(x).square().sum()]
)
def test_gradients_are_those_of_small_differences(function) -> None:
    x = torch.rand(1, 3, 4, 5, requires_grad=True)
    (gradient,) = torch.autograd.grad(function(x), x)
    direction, step = torch.randn(x.shape), 1e-2
    with torch.no_grad():
        slope = (function(x + step * direction) - function(x - step * direction)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=2e-2, abs=1e-4)


@pytest.mark.parametrize("sides", [(16, 16), (21, 34)])
def test_octaves_add_up_to_the_picture_at_every_scale(sides: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, *sides)
    made = StyleObjective(sides, octaves=3, content_layers={}, style_layers={})
    made.start_from(picture)
    torch.testing.assert_close(made.picture(), picture)
    coarser = made.picture(1).detach()
    assert coarser.shape[2:] == made.octaves[1].shape[2:]
    torch.testing.assert_close(coarser, octaves_of(coarser, 1)[0])
    assert float(coarser.mean()) == pytest.approx(float(picture.mean()), abs=0.02)


def test_the_loss_of_the_photograph_itself_is_that_of_its_style_alone() -> None:
    content, style = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 12, 20)
    made = objective(content, style, style_weight=2.0, tv_weight=0.0)
    made.schedule(0, 10)
    loss, terms = made("picture", {}, torch.Generator())
    expected = (gram(content) - gram(style)).square().mean() / gram(style).square().mean()
    assert float(terms["content"]) == pytest.approx(0, abs=1e-10)
    assert float(terms["style"]) == pytest.approx(float(expected), rel=1e-4)
    assert loss.item() == pytest.approx(2 * float(expected), rel=1e-4)


def test_the_scales_take_turns_from_the_coarsest_to_the_finest() -> None:
    made = objective(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32), scales=3)
    turns = []
    for step in range(9):
        made.schedule(step, 9)
        turns += made.turns(step)
    assert turns == ["picture4"] * 3 + ["picture2"] * 3 + ["picture1"] * 3
    assert [len(player.parameters) for player in made.players().values()] == [1, 2, 3]
    made.schedule(0, 9)
    loss, _ = made("picture4", {}, torch.Generator())
    loss.backward()
    assert [octave.grad is None for octave in made.octaves] == [True, True, False]


def test_a_region_is_compared_with_its_own_style() -> None:
    left, right = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.9)
    picture = torch.cat([left[..., :8], right[..., :8]], 3)
    regions = torch.zeros(2, 1, 16, 16)
    regions[0, ..., :8], regions[1, ..., 8:] = 1, 1
    made = StyleObjective((16, 16), octaves=1, content_layers={"raw": 1}, style_layers={"raw": 1})
    made.start_from(picture)
    for styles, expected in (([left, right], 0.0), ([right, left], 1.0)):
        aim = aim_at(Colours(), picture + torch.rand_like(picture), styles, ["raw"], ["raw"], regions=regions)
        made.aim(Colours(), [aim])
        style = made.terms(made.picture(), aim)["style"].item()
        assert style == pytest.approx(0, abs=1e-8) if expected == 0 else style > 0.5
        assert aim.regions_at(8, 8) is aim.regions_at(8, 8)  # shrunk once, however many strips ask


def test_blended_styles_are_the_mean_of_their_gram_matrices() -> None:
    one, other = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    aim = aim_at(Colours(), one, [one, other], ["raw"], ["raw"], shares=[3.0, 1.0])
    torch.testing.assert_close(aim.grams["raw"], 0.75 * gram(one) + 0.25 * gram(other))


def test_kept_colours_are_the_photographs() -> None:
    photograph = torch.rand(1, 3, 8, 8) * 0.2 + 0.4
    made = StyleObjective((8, 8), octaves=1, content_layers={}, style_layers={}, keeps_colours=True)
    made.colours.copy_(photograph - luminance(photograph))
    made.start_from(luminance(photograph).expand_as(photograph) + 0.1)
    torch.testing.assert_close(made.result(), photograph + 0.1)


def test_images_of_any_channels_become_colours() -> None:
    for channels in (1, 2, 3, 4):
        images = torch.rand(2, channels, 3, 3)
        assert as_rgb(images).shape == (2, 3, 3, 3)
        assert torch.equal(as_rgb(images)[:, 0], images[:, 0])
