"""The seam between what is minimised and the loop that minimises it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["Batch", "Objective", "Player"]

# "images": (B, C, H, W) or (B, F), scaled, on the device; beside it the columns that the objective asked for, and what
# the turns of one step leave there for each other
Batch = MutableMapping[str, Tensor]

_Objective = TypeVar("_Objective", bound="Objective")


@dataclasses.dataclass(frozen=True)
class Player:
    """The parameters that one optimiser steps, all of which require gradients, and the training options it has alone.

    settings: of "learning_rate", "betas", "optimizer", "weight_decay" and "gradient_clip"; the others are everybody's.
    """

    parameters: Sequence[nn.Parameter]
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Objective(nn.Module):
    """What is minimised: it owns the networks by name, and says who steps when and on which loss.

    An autoencoder has one player, a GAN two, style transfer one whose parameters are pixels. A subclass must
    define `forward`; whatever it keeps in parameters and buffers is saved and restored with the run, except for what is
    frozen.

    columns: those of the images, beside the pixels, that a batch must carry. frozen: names of submodules that are never
    trained, such as a feature net: they get no gradients and no optimiser, stay in eval mode, and are neither averaged
    nor saved. epoch_steps: steps of an epoch where there are but few images, which then are passed through as often as
    it takes; None is one pass. starts_well: whether the first weights are a model already, which an epoch may not
    better; then they are judged too, as epoch 0. is_fixed: whether the loss is the same function at every step in which
    a player's turn comes, without batches and draws, so that L-BFGS need not work out anew what it knows.
    """

    columns: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    epoch_steps: int | None = None
    starts_well: bool = False
    is_fixed: bool = False

    def players(self) -> dict[str, Player]:
        """Return who steps, by name; each has an optimiser of its own."""
        return {"model": Player([p for n, p in self.named_parameters() if p.requires_grad and not self._is_frozen(n)])}

    def turns(self, step: int) -> Sequence[str] | None:
        """Return the players that step, one after the other, at this step (counted from 0); None is all of them.

        All turns of a step are given the same batch, so that what one leaves in it under a name of its own (fakes that
        a generator made, say) is there for the turns after it; the next step's batch is a new one.
        """
        return None

    def averaged(self) -> Iterable[str] | None:
        """Return the names of the submodules whose weights the average follows; None is all that is not frozen."""
        return None

    def schedule(self, step: int, steps: int) -> None:
        """Set what varies in time, such as beta; a pure function of the step, so that resume is exact."""

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss to differentiate (0-D, a mean over the batch) and the terms to log (0-D each).

        L-BFGS calls this several times a step. All randomness comes from `generator`, or from torch's global
        one.
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(turn, batch, generator)")

    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return each image's terms (B,) without gradients; "objective" is the one that validation goes by.

        Noise is drawn once and shared by all images, so that a score depends neither on the batch nor on the
        order. An objective that cannot judge single images (a GAN) returns an empty dict: then a judge of the whole
        model must be given to the loop, or there is no best epoch.
        """
        return {}

    def outputs(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return all that becomes of each image of the batch, in the network's range, from one pass (B rows each).

        "images", the terms of `evaluate`, and what else a family knows: "inputs", where a corruption worsened what the
        networks saw; "targets", where others than the images were to come out; "codes" (B, K); "reconstructions";
        "probabilities" (B, classes) and "labels".
        """
        return {"images": batch["images"], **self.evaluate(batch, generator)}

    def trouble(self, lines: Sequence[Mapping[str, Any]]) -> str | None:
        """Return what goes wrong in a training, by the lines of its log so far, and what to try; or None.

        Asked at each epoch's end, and told to whoever watches.
        """
        return None

    def train(self: _Objective, mode: bool = True) -> _Objective:
        """Set training or eval mode, as of any module; what is frozen stays in eval mode."""
        super().train(mode)
        for name in self.frozen:
            self.get_submodule(name).eval()
        return self

    def freeze(self) -> None:
        """Take the gradients of what is frozen away, and put it into eval mode."""
        for name in self.frozen:
            self.get_submodule(name).requires_grad_(False).eval()

    def weights(self) -> dict[str, Tensor]:
        """Return what is kept of the objective: its state_dict without what is frozen."""
        return {name: value for name, value in self.state_dict().items() if not self._is_frozen(name)}

    def averaged_weights(self) -> dict[str, Tensor]:
        """Return those of `weights` that an average follows: numbers with a point, of the submodules in `averaged`."""
        modules = self.averaged()
        places = ("",) if modules is None else tuple(f"{module}." for module in modules)
        weights = self.weights().items()
        return {name: value for name, value in weights if value.is_floating_point() and name.startswith(places)}

    def load_weights(self, weights: Mapping[str, Tensor], *, assign: bool = False) -> None:
        """Take over what `weights` returned; raises RuntimeError where names or shapes differ.

        assign: take the tensors themselves instead of copying their numbers.
        """
        frozen = {name: value for name, value in self.state_dict().items() if self._is_frozen(name)}
        self.load_state_dict({**weights, **frozen}, assign=assign)

    def _is_frozen(self, name: str) -> bool:
        return name.startswith(tuple(f"{module}." for module in self.frozen))
