"""What a network minimises that teaches itself what normal pictures look like: telling what was done to them."""

from __future__ import annotations

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.nn import functional

from latente.objectives.objective import Batch, Objective

__all__ = ["TransformsObjective", "logits_for"]

_SHIFT = 6 / 28  # of a side, what a picture is shifted by


class TransformsObjective(Objective):
    """The cross-entropy of telling how each picture was turned, mirrored and shifted (Golan and El-Yaniv 2018).

    encoder: scaled pictures (B, C, H, W) -> codes (B, K). head: codes -> logits, of which there are `logits_for` the
    shape. A picture meets one of its `views`, the 8 turns and mirror images of a square, or the 4 of another rectangle
    that keep its shape; and along each axis a shift by 3/14 of the side to either end, or none; what becomes free is
    filled by the mirror image of what lies inside. Unlike theirs, which tells 72 transformations by one softmax, three
    softmaxes tell the view and the two shifts, and the loss is the sum of theirs in nats, a mean over the pictures.

    To tell it takes knowing what normal pictures look like: the codes of others lie elsewhere.

    Logged terms: "cross_entropy", the loss, and "accuracy", the share of pictures whose view is told.
    """

    epoch_steps = 50  # however many pictures there are: each step draws anew what it does to them

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and the terms to log."""
        images = batch["images"]
        views = torch.stack(_views(images))
        count, device = len(images), images.device
        view = torch.randint(len(views), (count,), generator=generator, device=device)
        steps = torch.randint(3, (2, count), generator=generator, device=device)
        shifted = _shifted(views[view, torch.arange(count, device=device)], steps - 1)
        parts = self._parts(self.encoder(shifted), len(views))
        losses = [functional.cross_entropy(part, told) for part, told in zip(parts, (view, *steps), strict=True)]
        loss = torch.stack(losses).sum()
        hits = (parts[0].detach().argmax(1) == view).float().mean()
        return loss, {"cross_entropy": loss.detach(), "accuracy": hits}

    def codes(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b codes"]:
        """Return the codes of all views of each picture, as it is and not shifted, side by side."""
        return torch.cat([self.encoder(view.contiguous()).float() for view in _views(x)], 1)

    def _parts(self, codes: Tensor, views: int) -> tuple[Tensor, ...]:
        """Return the logits of the view, and of the shift down and to the right, float32."""
        return self.head(codes).float().split([views, 3, 3], 1)


def logits_for(shape: tuple[int, ...]) -> int:
    """Return how many logits tell what was done to pictures of a shape (C, H, W)."""
    return (8 if shape[1] == shape[2] else 4) + 6


def _views(x: Float[Tensor, "b c h w"]) -> list[Tensor]:
    """Return each turn and mirror image that keeps the shape; the first one is the picture as it is."""
    flips = [x, x.flip(-1), x.flip(-2), x.flip(-2, -1)]
    return [*flips, *(one.transpose(-2, -1) for one in flips)] if x.shape[-2] == x.shape[-1] else flips


def _shifted(x: Float[Tensor, "b c h w"], steps: Integer[Tensor, "2 b"]) -> Float[Tensor, "b c h w"]:
    """Return pictures shifted up and to the left by so many steps each, -1, 0 or 1."""
    down, right = (round(_SHIFT * side) for side in x.shape[-2:])
    padded = functional.pad(x, (right, right, down, down), mode="reflect").permute(0, 2, 3, 1)
    rows, columns = (
        (step[:, None] + 1) * shift + torch.arange(side, device=x.device)
        for step, shift, side in zip(steps, (down, right), x.shape[-2:], strict=True)
    )
    pictures = torch.arange(len(x), device=x.device)[:, None, None]
    return padded[pictures, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
