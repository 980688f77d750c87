"""The optimisers by name, and Adam without the time that torch's own wraps around its kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from latente.training.lbfgs import LBFGS
from latente.training.options import TrainingOptions

__all__ = ["Adam", "Remembers", "Stepper", "optimizer_for"]

_LBFGS_HISTORY = 10  # pairs of steps and gradients, each as large as the parameters; more brought nothing


class Stepper(Protocol):
    """What the loop asks of an optimiser; torch's own have it."""

    param_groups: list[dict[str, Any]]

    def step(self, closure: Callable[[], Tensor], /) -> Any: ...
    def zero_grad(self, set_to_none: bool = True) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


@runtime_checkable
class Remembers(Protocol):
    """An optimiser that goes by where its last step left the parameters, and is to be told when others move them."""

    def forget(self) -> None: ...


def optimizer_for(options: TrainingOptions, parameters: Sequence[nn.Parameter], *, is_fixed: bool = False) -> Stepper:
    """Return the optimiser of one player, in its fused form, which is the fastest on every device.

    is_fixed: whether the loss is the same function at every step, see `Objective`.
    """
    parameters, rate, decay = list(parameters), options.learning_rate, options.weight_decay
    if options.optimizer == "lbfgs" and is_fixed:
        return LBFGS(parameters, rate, _LBFGS_HISTORY)
    if options.optimizer == "lbfgs":
        return torch.optim.LBFGS(parameters, lr=rate, history_size=_LBFGS_HISTORY, line_search_fn="strong_wolfe")
    if options.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay, fused=True)
    return Adam(parameters, rate, decay, options.betas, decoupled=options.optimizer == "adamw")


class Adam:
    """Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) where `decoupled`, by torch's fused kernel.

    The numbers are those of `torch.optim.Adam(fused=True)`, but that one's hooks, grouping and step counters take up to
    ten times as long as the kernel itself, which is an eighth of a small dense network's step (`benchmarks/`). All
    parameters must be on one device, and get their gradients in the same steps. It has what the loop asks of an
    optimiser: `param_groups` with "lr", `step(closure)`, `zero_grad`, `state_dict` and `load_state_dict`.
    """

    def __init__(
        self,
        parameters: list[nn.Parameter],
        lr: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        *,
        decoupled: bool = False,
    ) -> None:
        self.betas = betas
        self.param_groups: list[dict[str, Any]] = [
            {"params": parameters, "lr": lr, "weight_decay": weight_decay, "decoupled": decoupled}
        ]
        self._means = [torch.zeros_like(p) for p in parameters]
        self._squares = [torch.zeros_like(p) for p in parameters]
        self._step = torch.zeros((), dtype=torch.float32, device=parameters[0].device)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Work out the gradients by `closure`, take one step, and return the closure's loss."""
        with torch.enable_grad():
            loss = closure()
        group = self.param_groups[0]
        moving = [i for i, p in enumerate(group["params"]) if p.grad is not None]
        parameters, means, squares = (self._of(moving, t) for t in (group["params"], self._means, self._squares))
        self._step += 1
        kernel = torch._fused_adamw_ if group["decoupled"] else torch._fused_adam_
        kernel(
            parameters,
            [p.grad for p in parameters],
            means,
            squares,
            [],
            [self._step] * len(parameters),
            lr=group["lr"],
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=group["weight_decay"],
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return the moments and the step as a tree of tensors."""
        return {"means": self._means, "squares": self._squares, "step": self._step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; raises ValueError where that does not fit."""
        if state.keys() != {"means", "squares", "step"}:
            raise ValueError("the state is that of another optimiser")
        for own, saved in ((self._means, state["means"]), (self._squares, state["squares"])):
            for tensor, value in zip(own, saved, strict=True):
                if tensor.shape != value.shape:
                    raise ValueError(f"a moment of shape {tuple(value.shape)} instead of {tuple(tensor.shape)}")
                tensor.copy_(value)
        self._step.copy_(state["step"])

    @staticmethod
    def _of(indices: list[int], tensors: list[Any]) -> list[Any]:
        return tensors if len(indices) == len(tensors) else [tensors[i] for i in indices]
