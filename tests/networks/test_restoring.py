"""What makes images of images: any size, the sides it promises, and parts that come out as in the whole."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from latente.errors import InputError
from latente.networks import ResidualNet, UNet
from latente.resampling import enlarged

SMALL: dict[str, tuple[type[nn.Module], dict[str, Any]]] = {
    "residual": (ResidualNet, {"width": 4, "depth": 2}),
    "folded": (ResidualNet, {"width": 4, "depth": 2, "fold": 2}),
    "unet": (UNet, {"hidden": (4, 6)}),
    "unet without skips": (UNet, {"hidden": (4, 6), "skips": False, "kernel_size": 6, "stride": 4}),
    "unet, pooled": (UNet, {"hidden": (4, 6, 8), "pooling": "max", "activation": "tanh"}),
}


def network(name: str, channels: int = 2, **more: Any) -> Any:
    """Return a small network whose every weight counts."""
    torch.manual_seed(0)
    kind, options = SMALL[name]
    built = kind(channels, **options, **more)
    for parameter in built.parameters():
        nn.init.normal_(parameter, std=0.3)
    return built.double().eval()


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("sides", [(1, 1), (7, 12), (16, 33)])
def test_sides_of_any_size_are_multiplied_by_the_factor(name: str, factor: int, sides: tuple[int, int]) -> None:
    x = torch.rand(2, 2, *sides, dtype=torch.float64)
    assert network(name, factor=factor)(x).shape == (2, 2, factor * sides[0], factor * sides[1])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("factor", [1, 2])
@torch.no_grad()
def test_a_part_with_its_halo_comes_out_as_in_the_whole(name: str, factor: int) -> None:
    net = network(name, factor=factor)
    step, halo = net.step, -(-net.halo // net.step) * net.step
    start, length = halo + 2 * step, 3 * step
    x = torch.rand(1, 2, start + length + halo + step, start + length + halo + 1, dtype=torch.float64)
    part = slice(start - halo, start + length + halo)
    whole, cut = net(x), net(x[:, :, part, part])
    inner = slice(factor * start, factor * (start + length))
    own = slice(factor * halo, factor * (halo + length))
    torch.testing.assert_close(cut[..., own, own], whole[..., inner, inner], rtol=0, atol=1e-12)


@pytest.mark.parametrize("fold", [1, 2])
def test_training_starts_at_the_bicubic_enlargement(fold: int) -> None:
    x = torch.rand(2, 3, 8, 10)
    torch.testing.assert_close(ResidualNet(3, factor=2, fold=fold)(x), enlarged(x, 2))
    torch.testing.assert_close(ResidualNet(3, fold=fold)(x), x)


@pytest.mark.parametrize("fold", [1, 2])
def test_in_bf16_only_what_is_added_to_the_enlargement_is_rounded(fold: int) -> None:
    net, x = ResidualNet(3, factor=2, fold=fold), torch.rand(2, 3, 8, 10)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(net(x), enlarged(x, 2))


def test_in_bf16_the_sums_of_the_blocks_stay_in_float32() -> None:
    net, seen = ResidualNet(3, width=8, depth=2), []
    for block in net.blocks:
        block.register_forward_pre_hook(lambda _, given: seen.append(given[0].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        net(torch.rand(1, 3, 8, 8))
    assert seen == [torch.float32] * 3


@pytest.mark.parametrize("fold", [1, 2])
@torch.no_grad()
def test_the_first_filters_start_blind_to_what_a_whole_channel_has_more(fold: int) -> None:
    net = ResidualNet(3, inputs=4, width=8, fold=fold).double()
    x, more = torch.rand(1, 4, 12, 12, dtype=torch.float64), torch.rand(1, 4, 1, 1, dtype=torch.float64)
    seen, brighter = net.first(net.fold(x)), net.first(net.fold(x + more))
    torch.testing.assert_close(brighter[..., 1:-1, 1:-1], seen[..., 1:-1, 1:-1])
    assert seen[..., 1:-1, 1:-1].std() > 0.1


@pytest.mark.parametrize("name", ["residual", "folded"])
@torch.no_grad()
def test_what_is_learned_is_seen_around_the_middle_of_the_values(name: str) -> None:
    net = network(name)
    for parameter in net.parameters():
        if parameter.ndim == 1:
            parameter.zero_()
    grey = torch.full((1, 2, 12, 12), 0.5, dtype=torch.float64)
    torch.testing.assert_close(net(grey), grey)


@pytest.mark.parametrize("name", ["residual", "folded"])
def test_without_biases_a_weaker_picture_comes_out_weaker_by_as_much(name: str) -> None:
    net, x = network(name, bias=False), torch.rand(1, 2, 12, 12, dtype=torch.float64)
    torch.testing.assert_close(net(0.1 * x), 0.1 * net(x))


@pytest.mark.parametrize("name", SMALL)
def test_what_goes_in_beside_the_image_is_not_part_of_what_comes_out(name: str) -> None:
    x = torch.rand(1, 3, 12, 12, dtype=torch.float64)
    assert network(name, inputs=3)(x).shape == (1, 2, 12, 12)


def test_the_report_s_u_net_goes_through_a_dense_code_and_takes_one_size() -> None:
    net = UNet(3, hidden=(8, 16), code=12, sides=(32, 48), output="tanh", residual=False)
    x = torch.rand(2, 3, 32, 48)
    assert net(x).shape == x.shape
    assert net(x).abs().max() <= 1
    with pytest.raises(InputError, match="takes images of 32 x 48 alone, not 16 x 16"):
        net(x[..., :16, :16])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kernel_size": 3}, "kernel_size=3 and stride=2.*take kernel_size=4"),
        ({"kernel_size": 2, "stride": 4}, "take kernel_size=4"),
        ({"pooling": "mean"}, "pooling"),
        ({"hidden": ()}, "hidden"),
        ({"code": 4}, "needs images of one size"),
        ({"activation": "rel"}, "did you mean 'relu'"),
    ],
)
def test_what_cannot_be_built_is_named_in_one_line(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        UNet(3, **options)
