"""What a network that paints in one pass minimises, against values worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor, nn

from latente.formulas import moments, renormalised
from latente.objectives import StylisingObjective
from latente.objectives.style import gram


class Features(nn.Module):
    """The picture itself, as the maps of every layer."""

    def forward(self, images: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        return dict.fromkeys(names, images)


class Painter(nn.Module):
    """Gives each channel the mean of the style's, times a number that learns."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(1.0))

    def maps(self, images: Tensor) -> list[Tensor]:
        return [images]

    def statistics(self, maps: list[Tensor]) -> Tensor:
        return maps[0].mean((2, 3))

    def paint(self, maps: list[Tensor], own: Tensor, wanted: Tensor) -> Tensor:
        return maps[0] + self.gain * (wanted - own)[..., None, None]

    def finished(self, painted: Tensor, wanted: Tensor) -> Tensor:
        return painted


def images(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, 8, 8, generator=Generator().manual_seed(seed))


def objective(**weights: float) -> StylisingObjective:
    made = StylisingObjective(Painter(), content_layers={"a": 1}, style_layers={"a": 1, "b": 3}, **weights)
    made.compare_by(Features(), lambda photographs, generator: 0.5 * photographs.flip(0), [0.2 + 0.3 * images(1, 5)])
    return made


def test_the_terms_are_those_of_the_formulas() -> None:
    made, photographs = objective(), images(4)
    loss, terms = made("model", {"images": photographs}, Generator())
    styles, own = 0.5 * photographs.flip(0)[:3], photographs[:3]  # the fourth is its own style
    painted = own + (styles.mean((2, 3)) - own.mean((2, 3)))[..., None, None]
    target = renormalised(own, moments(own), moments(styles))
    content = ((painted - target).square().mean((1, 2, 3)) / target.var((1, 2, 3))).mean()
    ours, wanted = (torch.cat(moments(one), 1)[:, :, 0, 0] for one in (painted, styles))
    style = ((ours - wanted).square().mean(1) / wanted.square().mean(1)).mean()
    torch.testing.assert_close(terms["content"], content)
    torch.testing.assert_close(terms["style"], style)
    assert terms["identity"] == 0
    torch.testing.assert_close(loss, content + 4 * style)
    loss.backward()
    assert made.network.gain.grad.abs() > 0


def test_an_evaluation_tells_which_part_of_the_gap_is_closed() -> None:
    made, photographs = objective(), images(3)
    figures = made.evaluate({"images": photographs}, Generator())
    assert {name: tuple(value.shape) for name, value in figures.items()} == dict.fromkeys(
        ("content", "style", "identity", "closed", "objective"), (3,)
    )
    painted = made.painted(photographs, made.shown[0])
    far, whole = ((gram(one) - gram(made.shown[0])).square().mean((1, 2)) for one in (painted, photographs))
    torch.testing.assert_close(figures["closed"], 1 - far / whole)
    alone = made.evaluate({"images": photographs[1:2]}, Generator())
    torch.testing.assert_close(figures["closed"][1:2], alone["closed"])
    made.network.gain.data.zero_()  # what paints nothing closes nothing
    torch.testing.assert_close(made.evaluate({"images": photographs}, Generator())["closed"], torch.zeros(3))


def test_what_compares_is_neither_trained_nor_kept() -> None:
    made = objective()
    made.features.weight = nn.Parameter(torch.zeros(1))
    assert list(made.weights()) == ["network.gain"]
    made.compare_by(None)
    assert made.evaluate({"images": images(1)}, Generator()) == {}


def test_moments_are_means_and_deviations_and_what_is_renormalised_has_them() -> None:
    maps, style = images(2), images(2, seed=3) ** 2
    mean, deviation = moments(maps)
    torch.testing.assert_close(mean[:, :, 0, 0], maps.mean((2, 3)))
    torch.testing.assert_close(deviation[:, :, 0, 0], maps.var((2, 3), correction=0).add(1e-5).sqrt())
    for one, other in zip(moments(renormalised(maps, moments(maps), moments(style))), moments(style), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_grey_photographs_are_painted_in_colours() -> None:
    made = objective()
    loss, _ = made("model", {"images": images(4)[:, :1]}, Generator())
    assert loss.isfinite()
    assert made.painted(images(1)[:, :1].expand(-1, 3, -1, -1)).shape == (1, 3, 8, 8)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_batch_too_small_for_a_style_of_its_own_has_no_identity(count: int) -> None:
    _, terms = objective()("model", {"images": images(count)}, Generator())
    assert terms["identity"] == 0
