"""The seam between what is minimised and the loop that minimises it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

__all__ = ["Batch", "Objective"]

# "images": (B, C, H, W) or (B, F), scaled, on the device; beside it the columns that the objective asked for
Batch = Mapping[str, Tensor]


class Objective(nn.Module):
    """What is minimised: it owns the networks by name, and says who steps when and on which loss.

    An autoencoder has one player, a GAN two, style transfer one whose parameters are pixels. A subclass must
    define `forward`; whatever it keeps in parameters and buffers is saved and restored with the run.
    """

    columns: tuple[str, ...] = ()  # columns of the images, beside the pixels, that a batch must carry

    def players(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of each player; every player gets an optimiser of its own."""
        return {"model": list(self.parameters())}

    def turns(self, step: int) -> Sequence[str]:
        """Return the players that step, one after the other, at this step (counted from 0)."""
        return ("model",)

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
        order. An objective that cannot judge single images (a GAN) returns an empty dict: then there is no
        best checkpoint.
        """
        return {}

    def outputs(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return all that becomes of each image of the batch, in the network's range, from one pass (B rows each).

        "images", the terms of `evaluate`, and what else a family knows: "inputs", where a corruption worsened what the
        networks saw; "targets", where others than the images were to come out; "codes" (B, K); "reconstructions";
        "probabilities" (B, classes) and "labels".
        """
        return {"images": batch["images"], **self.evaluate(batch, generator)}
