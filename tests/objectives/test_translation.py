"""What a translator minimises: a distance, and what a critic of patches finds wrong."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor, nn

from latente.objectives import RestorationObjective, TranslationObjective


class Mean(nn.Module):
    """Scores each place by what it is shown there, less what lies beside it: made or wanted picture less the input."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, both: Tensor) -> Tensor:
        shown, picture = both.chunk(2, dim=1)
        return self.scale * (picture - shown).mean(1, keepdim=True)


def images(seed: int) -> Tensor:
    return torch.rand(3, 2, 4, 4, generator=Generator().manual_seed(seed))


def objective(weight: float = 0.5) -> TranslationObjective:
    return TranslationObjective(nn.Conv2d(2, 2, 1), Mean(), adversarial=weight, loss="l1")


def test_the_two_losses_are_the_hinge_and_the_distance_with_its_weight() -> None:
    given, x, wanted = objective(), images(0), images(1)
    batch = {"images": x, "target": wanted}
    loss, terms = given("critic", batch, Generator())
    made = given.network(x)
    real, fake = (2 * (picture - x).mean(1, keepdim=True) for picture in (wanted, made))
    torch.testing.assert_close(loss, (1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean())
    assert terms["real_right"].item() == pytest.approx((real > 0).float().mean().item())
    loss, terms = given("model", batch, Generator())
    torch.testing.assert_close(terms["l1"], (made - wanted).abs().mean())
    torch.testing.assert_close(loss, (made - wanted).abs().mean() - 0.5 * fake.mean())


def test_one_pass_of_the_network_serves_both_turns_and_each_player_has_its_own_weights() -> None:
    given, passes = objective(), []
    given.network.register_forward_hook(lambda *_: passes.append(1))
    batch = {"images": images(0), "target": images(1)}
    players = given.players()
    for turn, player in players.items():
        loss, _ = given(turn, batch, Generator())
        loss.backward(inputs=list(player.parameters))
    assert list(players) == ["critic", "model"]
    assert len(passes) == 1
    assert all(parameter.grad is not None for parameter in given.parameters())
    assert {name.split(".")[0] for name in given.averaged_weights()} == {"network"}


def test_what_is_judged_is_the_distance_alone() -> None:
    given, plain = objective(), RestorationObjective(nn.Conv2d(2, 2, 1), loss="l1")
    plain.network.load_state_dict(given.network.state_dict())
    batch = {"images": images(0), "target": images(1)}
    torch.testing.assert_close(given.evaluate(batch, Generator()), plain.evaluate(batch, Generator()))
