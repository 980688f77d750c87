"""L-BFGS reaches what torch's own does, in one evaluation a step, and goes on from its state as if never stopped."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from latente.training import lbfgs
from latente.training.lbfgs import LBFGS
from latente.training.optimizers import Adam, Remembers


class Rosenbrock:
    """The valley of Rosenbrock (1960) in ten dimensions, and how often it was asked for."""

    def __init__(self) -> None:
        self.parts = [nn.Parameter(torch.full((2, 2), -1.0)), nn.Parameter(torch.full((6,), 1.5))]
        self.count = 0

    def loss(self) -> Tensor:
        x = torch.cat([part.reshape(-1) for part in self.parts])
        return (100 * (x[1:] - x[:-1].square()).square() + (1 - x[:-1]).square()).sum()

    def minimise(self, optimizer: LBFGS | torch.optim.LBFGS, steps: int) -> float:
        def closure() -> Tensor:
            self.count += 1
            optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            return loss

        for _ in range(steps):
            optimizer.step(closure)
        return float(self.loss().detach())


def test_it_comes_as_far_as_torch_s_own_with_no_more_evaluations() -> None:
    ours, theirs = Rosenbrock(), Rosenbrock()
    theirs.minimise(
        torch.optim.LBFGS(theirs.parts, history_size=10, max_iter=80, max_eval=1000, line_search_fn="strong_wolfe"), 1
    )
    optimizer = LBFGS(ours.parts)
    while ours.count < theirs.count and float(ours.loss().detach()) > 1e-9:
        ours.minimise(optimizer, 1)
    assert float(ours.loss().detach()) < 1e-4  # theirs: 5e-11, after a start of 3,600


def test_a_step_costs_one_evaluation_as_a_rule() -> None:
    scales = torch.logspace(0, 2, 30)
    x, count = nn.Parameter(torch.ones(30)), 0

    def closure() -> Tensor:
        nonlocal count
        count += 1
        x.grad = None
        loss = (scales * x.square()).sum()
        loss.backward()
        return loss

    optimizer = LBFGS([x])
    for _ in range(40):
        optimizer.step(closure)
    assert count <= 50
    assert float((scales * x.detach().square()).sum()) < 1e-4 * float(scales.sum())


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    whole, parts = Rosenbrock(), Rosenbrock()
    whole.minimise(LBFGS(whole.parts), 20)
    first = LBFGS(parts.parts)
    parts.minimise(first, 12)
    second = LBFGS(parts.parts)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    parts.minimise(second, 8)
    for one, other in zip(whole.parts, parts.parts, strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="pairs that are not of 3 numbers"):
        LBFGS([nn.Parameter(torch.zeros(3))]).load_state_dict(first.state_dict())
    with pytest.raises(ValueError, match="another optimiser"):
        second.load_state_dict({"means": []})


def test_pairs_of_half_the_digits_lead_as_far(monkeypatch: pytest.MonkeyPatch) -> None:
    scales, reached = torch.logspace(0, 3, 200), []
    for many in (10**9, 1):
        monkeypatch.setattr(lbfgs, "_MANY", many)
        x = nn.Parameter(torch.linspace(-1, 2, 200))

        def closure(x: nn.Parameter = x) -> Tensor:
            x.grad = None
            loss = (scales * (x - 0.3).square() + x.cos()).sum()
            loss.backward()
            return loss

        optimizer = LBFGS([x])
        for _ in range(60):
            optimizer.step(closure)
        reached.append(optimizer.state_dict()["loss"])
        assert {one.dtype for one in optimizer.state_dict()["steps"]} == {torch.float32 if many > 1 else torch.bfloat16}
        other = LBFGS([nn.Parameter(x.detach().clone())])
        other.load_state_dict(optimizer.state_dict())
        assert all(map(torch.equal, other.state_dict()["changes"], optimizer.state_dict()["changes"]))
    assert reached[1] < 1.01 * reached[0] < 200  # 191.5 and 191.7, after a start of 53,067


def test_where_the_loss_is_no_number_it_steps_back() -> None:
    x = nn.Parameter(torch.tensor([1e-3]))

    def closure() -> Tensor:
        x.grad = None
        loss = x - x.log()  # whose first step would leave where it is defined
        loss.sum().backward()
        return loss.sum()

    optimizer = LBFGS([x], lr=1.0)
    for _ in range(60):
        optimizer.step(closure)
    assert float(x.detach()) == pytest.approx(1, abs=1e-2)


def test_at_the_lowest_point_it_stays() -> None:
    x = nn.Parameter(torch.zeros(3))

    def closure() -> Tensor:
        x.grad = None
        loss = x.square().sum()
        loss.backward()
        return loss

    assert float(LBFGS([x]).step(closure)) == 0
    assert torch.equal(x, torch.zeros(3))


def test_it_remembers_and_is_told_when_others_move_what_it_knows() -> None:
    parameter = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = LBFGS([parameter])
    assert isinstance(optimizer, Remembers)
    assert not isinstance(Adam([parameter], 0.1), Remembers)
    for _ in range(2):
        optimizer.step(lambda: backward(parameter))
    optimizer.forget()
    assert optimizer.state_dict() == {"steps": [], "changes": [], "loss": None, "gradient": None}


def backward(parameter: nn.Parameter) -> Tensor:
    parameter.grad = None
    loss = parameter.square().sum()
    loss.backward()
    return loss
