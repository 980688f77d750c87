"""What is told of a picture is how it was turned, mirrored and shifted, and guessing has a closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from latente.objectives import TransformsObjective, logits_for
from latente.objectives.transforms import _shifted, _views


def pictures(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, np.float32))


def objective(shape: tuple[int, int, int], codes: int = 5) -> TransformsObjective:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), codes))
    return TransformsObjective(encoder, nn.Linear(codes, logits_for(shape)))


def test_views_are_all_turns_and_mirror_images_that_keep_the_shape() -> None:
    for height, width, turns in ((5, 5, (0, 1, 2, 3)), (5, 7, (0, 2))):
        x = pictures(2, 3, height, width)
        plain = x.numpy()
        known = [np.rot90(one, turn, (2, 3)) for one in (plain, plain[..., ::-1]) for turn in turns]
        views = [view.numpy() for view in _views(x)]
        assert len(views) == len(known) == logits_for((3, height, width)) - 6
        assert {view.tobytes() for view in views} == {np.ascontiguousarray(one).tobytes() for one in known}
        np.testing.assert_array_equal(views[0], plain)


def test_a_shift_is_three_fourteenths_of_a_side_and_what_becomes_free_is_mirrored() -> None:
    x = pictures(9, 1, 14, 28)
    steps = torch.cartesian_prod(torch.tensor([-1, 0, 1]), torch.tensor([-1, 0, 1])).T
    shifted = _shifted(x, steps).numpy()
    for picture, result, (down, right) in zip(x.numpy()[:, 0], shifted[:, 0], steps.T.tolist(), strict=True):
        padded = np.pad(picture, ((3, 3), (6, 6)), mode="reflect")
        np.testing.assert_array_equal(result, padded[3 + 3 * down :, 6 + 6 * right :][:14, :28])


@pytest.mark.parametrize(("shape", "views"), [((1, 8, 8), 8), ((2, 8, 9), 4)])
def test_who_knows_nothing_loses_as_much_as_guessing(shape: tuple[int, int, int], views: int) -> None:
    model, x = objective(shape), pictures(40, *shape)
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    guessing = math.log(views) + 2 * math.log(3)
    loss, terms = model("model", {"images": x}, torch.Generator().manual_seed(0))
    assert loss.item() == pytest.approx(guessing)
    assert terms["cross_entropy"].item() == pytest.approx(guessing)


def test_codes_are_those_of_each_view_side_by_side() -> None:
    model, x = objective((1, 8, 8)), pictures(3, 1, 8, 8)
    codes = model.codes(x).detach()
    assert codes.shape == (3, 8 * 5)
    for number, view in enumerate(_views(x)):
        np.testing.assert_allclose(codes[:, 5 * number : 5 * number + 5], model.encoder(view).detach())


def test_what_is_drawn_comes_from_the_generator_and_is_learned() -> None:
    x = pictures(1, 1, 8, 8).expand(64, 1, 8, 8)
    model, generator = objective((1, 8, 8), codes=64), torch.Generator().manual_seed(0)
    model.encoder.append(nn.ReLU())
    first = [model("model", {"images": x}, torch.Generator().manual_seed(3))[0].item() for _ in range(2)]
    assert first[0] == first[1]
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(100):
        loss, terms = model("model", {"images": x}, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2
    assert terms["accuracy"].item() > 0.95
