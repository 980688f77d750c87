"""A generator and a critic: each loss by its formula, penalties by gradients, one pass for both turns."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from latente import InputError
from latente.objectives import AdversarialObjective
from latente.objectives.adversarial import LOSSES

REAL, MADE = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([0.5, -0.4, 1.1])


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + (-x).exp())


# what the papers write, of the critic's scores: (critic's loss, generator's loss)
FORMULAS = {
    "non-saturating": (
        -(sigmoid(REAL).log() + (1 - sigmoid(MADE)).log()).mean(),
        -sigmoid(MADE).log().mean(),
    ),
    "relativistic": (-sigmoid(REAL - MADE).log().mean(), -sigmoid(MADE - REAL).log().mean()),
    "least-squares": (
        0.5 * ((REAL - 1) ** 2).mean() + 0.5 * (MADE**2).mean(),
        0.5 * ((MADE - 1) ** 2).mean(),
    ),
    "hinge": ((1 - REAL).clamp(min=0).mean() + (1 + MADE).clamp(min=0).mean(), -MADE.mean()),
    "wasserstein": (MADE.mean() - REAL.mean(), -MADE.mean()),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_what_its_paper_writes(name: str) -> None:
    critic, generator = FORMULAS[name]
    assert LOSSES[name].critic(REAL, MADE).item() == pytest.approx(critic.item(), rel=1e-5)
    assert LOSSES[name].generator(REAL, MADE).item() == pytest.approx(generator.item(), rel=1e-5)


class Sum(nn.Module):
    """Scores an image by the sum of its values, times a weight: the gradient is that weight everywhere."""

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(1.0, outputs + 1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).sum(1, keepdim=True) * self.weight


def objective(classes: int = 0, critic: nn.Module | None = None, **changed: object) -> AdversarialObjective:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3 + classes, 4), nn.Unflatten(1, (1, 2, 2)))
    return AdversarialObjective(generator, critic or Sum(max(1, classes)), latent_dim=3, classes=classes, **changed)


def batch(count: int = 6, labels: bool = False) -> dict[str, Tensor]:
    images = torch.rand(count, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    return {"images": images} | ({"label": torch.arange(count) % 2} if labels else {})


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(2)


@pytest.mark.parametrize("kind", ["r1", "r2"])
def test_a_penalty_is_half_its_weight_times_the_squared_gradient_and_counts_for_the_steps_between(kind: str) -> None:
    # the critic sees images within [-1, 1], which doubles its gradient: (2 * 1)^2 over 4 values is 16
    given = objective(**{kind: 3.0}, penalty_every=4)
    given.schedule(8, 100)
    _, terms = given("critic", batch(), seeded())
    assert terms["penalty"].item() == pytest.approx(0.5 * 3.0 * 4 * 16)
    given.schedule(9, 100)
    _, terms = given("critic", batch(), seeded())
    assert terms["penalty"].item() == 0


def test_the_gradient_penalty_wants_a_slope_of_one() -> None:
    given = objective(loss="wasserstein", gradient_penalty=10.0)
    _, terms = given("critic", batch(), seeded())
    assert terms["penalty"].item() == pytest.approx(10 * (math.sqrt(16) - 1) ** 2)


def test_one_pass_of_the_generator_serves_both_turns_and_each_turn_moves_its_own_player_alone() -> None:
    given, passes = objective(), []
    given.generator.register_forward_hook(lambda *_: passes.append(1))
    images = batch()
    players = given.players()
    for turn in players:
        loss, _ = given(turn, images, seeded())
        loss.backward(inputs=list(players[turn].parameters))
    assert len(passes) == 1
    assert list(players) == ["critic", "generator"]
    assert all(p.grad is not None for player in players.values() for p in player.parameters)


@pytest.mark.parametrize("name", LOSSES)
def test_the_generator_s_gradient_raises_the_score_of_what_it_makes(name: str) -> None:
    given = objective(loss=name)
    images = batch()
    given("critic", images, seeded())
    loss, _ = given("generator", images, seeded())
    (slope,) = torch.autograd.grad(loss, images["made"])
    assert (slope < 0).all()


def test_the_critic_steps_so_many_times_for_each_step_of_the_generator() -> None:
    given = objective(critic_steps=3)
    assert [given.turns(step) for step in range(6)] == [("critic",), ("critic",), None] * 2
    images = batch()
    given.schedule(0, 6)
    given("critic", images, seeded())
    assert not images["made"].requires_grad
    given.schedule(2, 6)
    given("critic", images, seeded())
    assert images["made"].requires_grad


def test_with_classes_an_image_is_scored_as_one_of_its_own_and_made_of_a_code_that_names_it() -> None:
    given = objective(classes=2)
    images = batch(labels=True)
    sums = (2 * images["images"] - 1).flatten(1).sum(1)
    assert torch.allclose(given.score(images["images"], images["label"]), sums * (images["label"] + 1))
    assert torch.allclose(given.score(images["images"]), torch.maximum(sums, 2 * sums))
    codes = given.with_classes(given.latents(6, seeded()), images["label"])
    assert codes.shape == (6, 5)
    assert torch.equal(codes[:, 3:].argmax(1), images["label"])
    assert torch.equal(codes[:, 3:].sum(1), torch.ones(6))
    given("critic", images, seeded())
    given("generator", images, seeded())


def test_shares_of_right_answers_and_the_spread_are_logged() -> None:
    given = objective()
    images = batch()
    _, terms = given("critic", images, seeded())
    scores = given.score(images["images"]), given.score(images["made"].detach())
    assert terms["real_right"].item() == pytest.approx((scores[0] > 0).float().mean().item())
    assert terms["made_right"].item() == pytest.approx((scores[1] < 0).float().mean().item())
    spread = images["made"].std(0, correction=0).mean() / images["images"].std(0, correction=0).mean()
    assert terms["spread"].item() == pytest.approx(spread.item(), rel=1e-5)


def test_what_the_critic_sees_is_changed_in_training_and_not_when_it_scores() -> None:
    given = objective(augmentation=lambda seen, generator: {"images": 0 * seen["images"]})
    images = batch()
    _, terms = given("critic", images, seeded())
    assert terms["real_right"].item() == 0  # -1 everywhere
    assert given.score(torch.ones(2, 1, 2, 2)).min() > 0


def test_inversion_finds_the_code_of_an_image_that_the_generator_made() -> None:
    given = objective()
    codes = given.latents(5, seeded())
    with torch.no_grad():
        images = given.decode(codes)
        again = given.decode(given.encode(images))
    assert (again - images).abs().max() < 0.02


def test_made_images_lie_within_the_range_unless_it_has_none() -> None:
    codes = 50 * torch.randn(64, 3, generator=seeded())
    bounded, free = objective(), objective(bounded=False)
    made = bounded.decode(codes)
    assert made.min() >= 0
    assert made.max() <= 1
    assert free.decode(codes).abs().max() > 1


def test_an_unknown_loss_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="hinge"):
        objective(loss="hing")


GAMES = {
    "a draw": ((0.6, 0.7, 1.0), None),
    "a critic that wins one half alone": ((0.6, 1.0, 1.0), None),
    "a critic that has won": ((0.99, 1.0, 0.9), "The critic takes nothing new for real"),
    "all alike": ((0.9, 0.9, 0.1), "New images are all much alike"),
}


@pytest.mark.parametrize("game", GAMES)
def test_who_has_won_is_told_by_the_last_tenth_of_the_log_but_not_of_its_beginning(game: str) -> None:
    objective = AdversarialObjective(nn.Identity(), nn.Identity(), latent_dim=4, r1=2.0)
    terms, words = GAMES[game]
    line = dict(zip(("real_right", "made_right", "spread"), terms, strict=True))
    lines = [{"real_right": 1.0, "made_right": 1.0, "spread": 0.0}] * 18 + [{"objective": 3.0}, line, line]
    trouble = objective.trouble(lines)
    assert (trouble or "").startswith(words or "")
    assert (trouble is None) == (words is None)
    assert trouble is None or "`--loss relativistic --r2 1`" in trouble
    assert ("`--r1 6` (it was 2)" in (trouble or "")) == (game == "all alike")
    assert objective.trouble(lines[:5]) is None
    assert objective.trouble([{"objective": 1.0}] * 20) is None
