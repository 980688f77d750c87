"""What a classifier minimises: the cross-entropy of the labels."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.nn import functional

from latente.objectives.objective import Batch, Objective

__all__ = ["ClassificationObjective"]

_TIE_BREAK = 1e-3  # of the cross-entropy in the validation objective: less than one image in a hundred


class ClassificationObjective(Objective):
    """The cross-entropy -log p(label | image) in nats, a mean over the images (Bishop 2006, eq. 4.108).

    encoder: images (B, C, H, W) or (B, F) -> codes (B, K). head: codes -> logits (B, classes); p is their softmax. Each
    batch must carry the column "label", (B,) integers from 0. corruption(x, generator, shared=False): what training
    sees of the images, a regulariser or an augmentation; what is judged is never corrupted.

    Validation goes by the error, the share of wrong classes, as in Vincent et al. 2010, because the cross-entropy of
    images held out rises again, by the confidence of a few mistakes, long before the error does; a thousandth of the
    cross-entropy on top decides between equal errors, which are frequent where few images are held out.

    Logged terms: "cross_entropy", and "accuracy", the share of the images whose label has the highest logit.
    """

    columns = ("label",)

    def __init__(self, encoder: nn.Module, head: nn.Module, *, corruption: Callable[..., Tensor] | None = None) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.corruption = corruption

    def encode(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b code"]:
        """Return the codes of scaled images, taken as they are."""
        codes: Tensor = self.encoder(x)
        return codes

    def logits(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b classes"]:
        """Return the unnormalised log-probabilities of the classes, float32 whatever the networks ran in."""
        logits: Tensor = self.head(self.encode(x))
        return logits.float()

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean cross-entropy of the batch, and the same with the accuracy as terms to log."""
        images, labels = batch["images"], batch["label"].long()
        inputs = images if self.corruption is None else self.corruption(images, generator, shared=False)
        logits = self.logits(inputs)
        loss = functional.cross_entropy(logits, labels)
        return loss, {"cross_entropy": loss.detach(), "accuracy": _hits(logits.detach(), labels).mean()}

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return each image's "cross_entropy", "accuracy" (0 or 1) and "objective" (what validation goes by)."""
        return _terms(self.logits(batch["images"]), batch["label"].long())

    @torch.no_grad()
    def outputs(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return all that becomes of each image, in one pass: "images", "codes" (B, K), "probabilities" (B, classes).

        Where the batch has labels, further these ("labels", negative where unknown) and the terms of `evaluate`, which
        are NaN where the label is unknown.
        """
        codes = self.encode(batch["images"])
        logits = self.head(codes).float()
        result = {"images": batch["images"], "codes": codes.flatten(1).float(), "probabilities": logits.softmax(1)}
        if "label" not in batch:
            return result
        labels = batch["label"].long()
        unknown = labels < 0
        terms = _terms(logits, labels.clamp(min=0))
        terms = {name: values.masked_fill(unknown, math.nan) for name, values in terms.items()}
        return {**result, "labels": labels, **terms}


def _terms(logits: Float[Tensor, "b classes"], labels: Integer[Tensor, "b"]) -> dict[str, Tensor]:
    """Return each image's "objective", "cross_entropy" and "accuracy"."""
    hits = _hits(logits, labels)
    cross_entropy = functional.cross_entropy(logits, labels, reduction="none")
    return {"objective": 1 - hits + _TIE_BREAK * cross_entropy, "cross_entropy": cross_entropy, "accuracy": hits}


def _hits(logits: Float[Tensor, "b classes"], labels: Integer[Tensor, "b"]) -> Float[Tensor, "b"]:
    """Return 1 where the highest logit is the label's, else 0."""
    return (logits.argmax(1) == labels).float()
