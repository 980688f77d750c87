"""L-BFGS for a loss that is the same function at every step: one evaluation a step where all goes well."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["LBFGS"]

_FIRST = 0.02  # root mean square of the first step's changes, for want of any knowledge of the curvature
_DECREASE = 1e-4  # the part of what the slope promises that a step must bring (Armijo)
_MANY = 1 << 22  # numbers from which on the pairs are kept in half of their digits: 20 times 16 million are 1.3 GB
_TRIALS = 12  # lengths of a step that are tried before the directions known are forgotten


class LBFGS:
    """Limited-memory BFGS (Nocedal 1980; Liu & Nocedal 1989), whose `step` is one iteration.

    A step goes along the quasi-Newton direction of the last `history` pairs of steps and gradients' changes, for `lr`
    times its length, less where the loss would not fall enough. Loss and gradient at its end are kept for the next one,
    which torch's own works out anew: so every step costs one evaluation as a rule, and the loss must be the same
    function at every step. From 4 million numbers on the pairs are rounded to bfloat16, and reckoned with in float32
    all the same. It has what the loop asks of an optimiser.
    """

    def __init__(self, parameters: list[nn.Parameter], lr: float = 1.0, history: int = 10) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": parameters, "lr": lr}]
        self.history = history
        self._steps: list[Tensor] = []
        self._changes: list[Tensor] = []
        self._loss: float | None = None
        self._gradient: Tensor | None = None

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Work out loss and gradient by `closure`, once or more often, go on by one step, and return the loss there."""
        if self._gradient is None or self._loss is None:
            self._loss, self._gradient = self._at(closure)
        if not self._search(closure, self._direction(self._gradient)):
            self._steps, self._changes = [], []  # what was known of the curvature misleads
            self._search(closure, self._direction(self._gradient))
        return torch.tensor(self._loss)

    def forget(self) -> None:
        """Let go of all that is known: the parameters are no longer where the last step left them."""
        self._steps, self._changes, self._loss, self._gradient = [], [], None, None

    def _at(self, closure: Callable[[], Tensor]) -> tuple[float, Tensor]:
        with torch.enable_grad():
            loss = float(closure().detach())
        parameters = self.param_groups[0]["params"]
        parts = [(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters]
        return loss, torch.cat(parts)

    def _direction(self, gradient: Tensor) -> Tensor:
        """Return the step that the pairs suggest, by the recursion of two loops."""
        if not self._steps:
            norm = float(gradient.norm())
            return gradient * (-_FIRST * gradient.numel() ** 0.5 / norm if norm else 0.0)
        direction, shares = -gradient, []
        inverses = [1 / _dot(s, y) for s, y in zip(self._steps, self._changes, strict=True)]
        for s, y, inverse in reversed(list(zip(self._steps, self._changes, inverses, strict=True))):
            shares.append(inverse * _dot(s, direction))
            direction.add_(y, alpha=-shares[-1])
        newest = self._changes[-1]
        direction.mul_(1 / (inverses[-1] * _dot(newest, newest)))
        for s, y, inverse in zip(self._steps, self._changes, inverses, strict=True):
            direction.add_(s, alpha=shares.pop() - inverse * _dot(y, direction))
        return direction

    def _search(self, closure: Callable[[], Tensor], direction: Tensor) -> bool:
        """Go along a direction as far as the loss falls, and learn from it; whether it fell at all."""
        assert self._gradient is not None
        assert self._loss is not None
        slope = float(self._gradient.dot(direction))
        if not slope < 0:
            return False
        at, length = 0.0, float(self.param_groups[0]["lr"])
        for _ in range(_TRIALS):
            self._move(direction, length - at)
            at = length
            loss, gradient = self._at(closure)
            if loss <= self._loss + _DECREASE * length * slope:
                kept = direction.dtype if direction.numel() < _MANY else torch.bfloat16
                step, change = direction.mul_(length).to(kept), (gradient - self._gradient).to(kept)
                if _dot(step, change) > 1e-10 * _dot(change, change):
                    self._steps, self._changes = [*self._steps, step], [*self._changes, change]
                    self._steps, self._changes = self._steps[-self.history :], self._changes[-self.history :]
                self._loss, self._gradient = loss, gradient
                return True
            # the lowest point of the parabola through what is known; not finite: a tenth
            lowest = -slope * length**2 / (2 * (loss - self._loss - slope * length))
            length *= min(max(lowest / length, 0.1), 0.5) if loss == loss else 0.1
        self._move(direction, -at)
        return False

    def _move(self, direction: Tensor, by: float) -> None:
        start = 0
        for parameter in self.param_groups[0]["params"]:
            end = start + parameter.numel()
            parameter.add_(direction[start:end].view_as(parameter), alpha=by)
            start = end

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return the pairs, and loss and gradient where it stands, as a tree of tensors and numbers."""
        return {
            "steps": self._steps,
            "changes": self._changes,
            "loss": self._loss,
            "gradient": self._gradient,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; raises ValueError where that does not fit."""
        if state.keys() != {"steps", "changes", "loss", "gradient"}:
            raise ValueError("the state is that of another optimiser")
        parameters = self.param_groups[0]["params"]
        count, device = sum(p.numel() for p in parameters), parameters[0].device
        pairs = [[value.to(device, copy=True) for value in state[name]] for name in ("steps", "changes")]
        gradient = state["gradient"]
        flat = [*pairs[0], *pairs[1], *([] if gradient is None else [gradient])]
        if len(pairs[0]) != len(pairs[1]) or any(value.shape != (count,) for value in flat):
            raise ValueError(f"pairs that are not of {count} numbers")
        self._steps, self._changes = pairs
        self._loss, self._gradient = state["loss"], None if gradient is None else gradient.to(device, copy=True)


def _dot(one: Tensor, other: Tensor) -> float:
    """Return the inner product, in no fewer digits than float32 has."""
    dtype = functools.reduce(torch.promote_types, (one.dtype, other.dtype), torch.float32)
    return float(one.to(dtype).dot(other.to(dtype)))
