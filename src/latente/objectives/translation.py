"""What translators minimise: the distance to what a picture should be, and what a critic of patches says beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Generator, Tensor, nn

from latente.objectives.adversarial import LOSSES
from latente.objectives.objective import Batch, Player
from latente.objectives.restoration import RestorationObjective

__all__ = ["TranslationObjective"]

_LOSS = LOSSES["hinge"]


class TranslationObjective(RestorationObjective):
    """The distance of `RestorationObjective`, and `adversarial` times what a critic finds wrong (Isola et al. 2017).

    critic: (B, 2 C, H, W), what the network was given, enlarged, beside what it made or should have made, within
    [-1, 1] -> scores of places (B, 1, h, w), by the hinge loss. The other arguments are those of
    `RestorationObjective`; what is judged is the distance alone.

    Logged terms: the distance, by its name; "real_right" and "made_right", the shares of places that the critic takes
    for what they are.
    """

    def __init__(self, network: nn.Module, critic: nn.Module, *, adversarial: int | float, **more: Any) -> None:
        super().__init__(network, **more)
        self.critic, self.adversarial = critic, adversarial

    def players(self) -> dict[str, Player]:
        return {"critic": Player(list(self.critic.parameters())), "model": Player(list(self.network.parameters()))}

    def averaged(self) -> Iterable[str]:
        return ("network",)

    def forward(self, turn: str, batch: Batch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a player's loss; the network passes once a step, in the critic's turn, which serves both."""
        if turn == "critic":
            worse, hidden, wanted = self._pair(batch, generator, shared=False)
            batch["made"], batch["wanted"] = self._made_of(worse, hidden), wanted
            batch["shown"] = worse if self.enlarge is None else self.enlarge(worse)
            real, made = self._scores(batch["shown"], wanted), self._scores(batch["shown"], batch["made"].detach())
            with torch.no_grad():
                terms = {"real_right": (real > 0).float().mean(), "made_right": (made < 0).float().mean()}
            return _LOSS.critic(real, made), terms
        distance = self._distance(batch["made"], batch["wanted"], over_batch=True)
        scores = self._scores(batch["shown"], batch["made"])
        return distance + self.adversarial * _LOSS.generator(scores, scores), {self.loss: distance.detach()}

    def _scores(self, shown: Tensor, picture: Tensor) -> Tensor:
        height, width = picture.shape[-2:]
        scores: Tensor = self.critic(2 * torch.cat([shown[..., :height, :width], picture], 1) - 1)
        return scores.float()
