"""One step of a training: every player whose turn it is, on one batch of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from latente.objectives import Batch, Objective, Player
from latente.training import devices
from latente.training.batches import Batches
from latente.training.optimizers import Remembers, Stepper, optimizer_for
from latente.training.options import TrainingOptions
from latente.training.state import TrainingState

__all__ = ["Augmentation", "Steps"]

Augmentation = Callable[[Batch, torch.Generator], Batch]


class Steps:
    """What a step consists of, the same from the first to the last: players, batches, gradients and the average."""

    def __init__(
        self,
        objective: Objective,
        batches: Batches,
        options: TrainingOptions,
        world: devices.World,
        augmentation: Augmentation | None,
    ) -> None:
        """Freeze what is frozen, and settle who plays with which options; the objective is on its device already."""
        objective.freeze()
        self.objective, self.batches, self.options, self.world = objective, batches, options, world
        self.augmentation = augmentation
        self.device = batches.device
        self.players: dict[str, Player] = objective.players()
        self.options_of = {name: options.of(player.settings) for name, player in self.players.items()}
        self._alone = len(self.players) == 1
        self._inputs = {name: self._inputs_of(player) for name, player in self.players.items()}
        for name, player in self.players.items():
            if self.options_of[name].optimizer == "lbfgs":  # it looks at each gradient as one row of numbers
                for parameter in player.parameters:
                    parameter.data = parameter.data.contiguous()

    def optimizers(self) -> dict[str, Stepper]:
        """Return a new optimiser for each player."""
        return {
            name: optimizer_for(self.options_of[name], player.parameters, is_fixed=self.objective.is_fixed)
            for name, player in self.players.items()
        }

    def label(self, player: str, what: str) -> str:
        """Return the name in the log of what is a player's own; who plays alone needs no name."""
        return what if self._alone else f"{player}_{what}"

    def set_rates(self, state: TrainingState, steps: int) -> None:
        """Give every optimiser the learning rate of the coming step, of `steps` in all."""
        for name, optimizer in state.optimizers.items():
            rate = self.options_of[name].rate(state.step, steps)
            for group in optimizer.param_groups:
                group["lr"] = rate

    def rates(self, state: TrainingState) -> dict[str, float]:
        """Return the learning rate of each player, by its name in the log."""
        return {
            self.label(name, "learning_rate"): optimizer.param_groups[0]["lr"]
            for name, optimizer in state.optimizers.items()
        }

    def take(self, state: TrainingState, rows: Tensor, *, logs: bool = False) -> None:
        """Let every player whose turn it is step once on the images at `rows`, and note the terms in `state.pending`.

        logs: whether a line of the log follows, which tells the norms of this step's gradients.
        """
        parts = self._micro_batches(rows, state.generator)
        terms_of_step: dict[str, Tensor] = {}
        turns = self.objective.turns(state.step)
        turns = tuple(self.players) if turns is None else turns
        for turn, optimizer in state.optimizers.items():
            if turn not in turns and isinstance(optimizer, Remembers):
                optimizer.forget()  # its memory may be as large as ten models
        for turn in turns:
            optimizer = state.optimizers[turn]

            def closure(turn: str = turn, optimizer: Stepper = optimizer) -> Tensor:
                optimizer.zero_grad(set_to_none=True)
                loss, terms = self._backward(turn, parts, state.generator)
                self.world.sum_gradients_(self.players[turn].parameters)
                norm = self._clip(turn, logs)
                terms_of_step.update(terms)  # of several calls within a step, as of L-BFGS, the last one counts
                if norm is not None:
                    terms_of_step[self.label(turn, "gradient_norm")] = norm / self.world.size
                return loss

            optimizer.step(closure)
        # on the processor numbers, not tensors: these would lie in the midst of the memory that the next step reuses
        on_cpu = self.device.type == "cpu"
        state.pending.append({n: float(v) for n, v in terms_of_step.items()} if on_cpu else terms_of_step)

    def average(self, state: TrainingState, pairs: tuple[list[Tensor], list[Tensor]]) -> None:
        """Let the averaged weights follow the current ones: pairs of `ema` and what it follows.

        The decay grows to what was asked for, so that the first weights, which know nothing, are soon forgotten: it is
        min(ema, (1 + t) / (10 + t)) after t steps.
        """
        averaged, current = pairs
        decay = min(self.options.ema or 0.0, (1 + state.step) / (10 + state.step))
        with torch.no_grad():
            torch._foreach_lerp_(averaged, current, 1 - decay)

    def _inputs_of(self, player: Player) -> list[nn.Parameter] | None:
        """Return whose gradients this player's turn needs: its own only; None is those of all that require any."""
        mine = {id(parameter) for parameter in player.parameters}
        trainable = {id(parameter) for parameter in self.objective.parameters() if parameter.requires_grad}
        return None if trainable <= mine else list(player.parameters)

    def _micro_batches(self, rows: Tensor, generator: torch.Generator) -> list[tuple[Batch, float]]:
        """Return this process's micro-batches, each with its share of the rows: the shares make sums into means."""
        mine = self.world.share(rows)
        whole = self.options.accumulate == 1
        parts = (mine,) if whole else mine.tensor_split(min(self.options.accumulate, len(mine)))
        batches: list[tuple[Batch, float]] = []
        for part in parts:
            batch: Batch = self.batches.batch(part, generator)
            if self.augmentation is not None:
                batch = self.augmentation(batch, generator)
            batches.append((batch, len(part) / len(rows)))
        return batches

    def _backward(
        self, turn: str, parts: list[tuple[Batch, float]], generator: torch.Generator
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Add the gradients of all micro-batches to the turn's parameters; return the loss and the terms to log."""
        sums: dict[str, Tensor] = {}
        for batch, share in parts:
            with devices.autocast(self.device, self.options.precision):
                loss, terms = self.objective(turn, batch, generator)
            terms = {self.label(turn, "loss"): loss.detach(), **terms}
            if share != 1:
                loss = loss * share
                terms = {name: value * share for name, value in terms.items()}
            loss.backward(inputs=self._inputs[turn])
            sums = {name: sums[name] + value for name, value in terms.items()} if sums else terms
        total = next(iter(sums.values()))
        # L-BFGS decides by this value, and all processes must decide alike
        return (total if self.world.size == 1 else self.world.sum_(total.clone())), sums

    def _clip(self, turn: str, logs: bool) -> Tensor | None:
        """Clip the turn's gradient where that was asked for; return its norm before where a line `logs` it."""
        largest = self.options_of[turn].gradient_clip
        parameters = self.players[turn].parameters
        if largest is not None:
            norm = nn.utils.clip_grad_norm_(parameters, largest)
            return norm if logs else None
        if not logs:
            return None
        return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
