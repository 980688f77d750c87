"""What a flow of codes minimises: the error of its velocities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latente.objectives.objective import Batch, Objective

__all__ = ["FlowObjective"]


class FlowObjective(Objective):
    """Flow matching along straight lines from noise to codes (Lipman et al. 2023), the mean squared error per value.

    flow: (x (B, D), time (B,)) -> velocities (B, D). Of a code z, noise e from N(0, I) and a time t between 0 and 1 it
    meets (1 - t) e + t z, whose velocity is z - e. Logged term: "mse".
    """

    def __init__(self, flow: nn.Module) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, a mean over the batch, and the same under its name."""
        codes = batch["images"]
        noise = torch.randn(codes.shape, generator=generator, device=codes.device)
        time = torch.rand(len(codes), generator=generator, device=codes.device)
        between = noise + time[:, None] * (codes - noise)
        loss = nn.functional.mse_loss(self.flow(between, time), codes - noise)
        return loss, {"mse": loss.detach()}
