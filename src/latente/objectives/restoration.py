"""What restorers minimise: the distance between a picture and what is made of a worse one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from latente import formulas
from latente.errors import did_you_mean
from latente.objectives.objective import Batch, Objective

__all__ = ["RestorationObjective"]

_LOSSES = {"l1": formulas.mae, "mse": formulas.mse}

# images, a generator, and whether one draw serves all: what is made of them, and which of their pixels are hidden, if
# any
Worsen = Callable[[Tensor, Generator, bool], tuple[Tensor, Tensor | None]]


class RestorationObjective(Objective):
    """The mean distance per value ("l1" or "mse") between images and what the network makes of worse ones.

    network: worse images (B, C, h, w) -> images (B, C, factor * h, factor * w). worsen(images, generator, shared):
    worse images, and which of their pixels are hidden (1 or B, 1, H, W), or None; None stands for pairs. Of a batch
    with a "target" the images are the worse ones and the target is what they should be, also where others trained.
    Hidden pixels are 0 in what the network gets, beside which, as one more channel, stands which are known; and the
    known ones come out as they were. enlarge: worse images to the size of what they should be, which is what a restorer
    has to beat. clip: whether images lie within [0, 1] by nature; then what is made of them does, too, but for
    training.

    Logged term: the loss, by its name.
    """

    epoch_steps = 200  # of random crops: a few photographs teach much more than a pass over them shows

    def __init__(
        self,
        network: nn.Module,
        *,
        loss: str = "l1",
        worsen: Worsen | None = None,
        enlarge: Callable[[Tensor], Tensor] | None = None,
        clip: bool = True,
    ) -> None:
        super().__init__()
        if loss not in _LOSSES:
            raise did_you_mean("loss", loss, _LOSSES)
        self.network, self.loss, self.clip = network, loss, clip
        self.worsen, self.enlarge = worsen, enlarge
        self.columns = ("target",) if worsen is None else ()

    def restore(
        self, x: Float[Tensor, "b c h w"], hidden: Bool[Tensor, "n 1 h w"] | None = None
    ) -> Float[Tensor, "b c p q"]:
        """Return what becomes of scaled images; hidden: their pixels that are not known, of an inpainter."""
        restored = self._made_of(x, hidden)
        return restored.clamp(0, 1) if self.clip else restored

    def forward(self, turn: str, batch: Batch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean distance over the batch, and the same as a term to log."""
        worse, hidden, wanted = self._pair(batch, generator, shared=False)
        loss = self._distance(self._made_of(worse, hidden), wanted, over_batch=True)
        return loss, {self.loss: loss.detach()}

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Return each image's distance, by the loss's name and as "objective"; all images meet the same noise."""
        worse, hidden, wanted = self._pair(batch, generator, shared=True)
        return self._terms(_as_large(self.restore(worse, hidden), wanted), wanted)

    @torch.no_grad()
    def outputs(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Return what becomes of each image: "images" as they should be, "inputs", "reconstructions", and the terms.

        The inputs are enlarged to the size of the images.
        """
        worse, hidden, wanted = self._pair(batch, generator, shared=True)
        restored = _as_large(self.restore(worse, hidden), wanted)
        inputs = worse if self.enlarge is None else _as_large(self.enlarge(worse), wanted)
        return {"images": wanted, "inputs": inputs, "reconstructions": restored, **self._terms(restored, wanted)}

    def _made_of(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        if hidden is None:
            made: Tensor = self.network(x)
            return made.float()
        hidden = hidden.expand(x.shape[0], -1, -1, -1)  # `len` would fix the number in what is exported
        known = torch.cat([x.masked_fill(hidden, 0.0), (~hidden).to(x.dtype)], 1)
        return torch.where(hidden, self.network(known).float(), x)

    def _distance(self, made: Tensor, wanted: Tensor, *, over_batch: bool = False) -> Tensor:
        return _LOSSES[self.loss](made, wanted, over_batch=over_batch)

    def _pair(self, batch: Batch, generator: Generator, shared: bool) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return worse images, which of their pixels are hidden, and what they should be."""
        if self.worsen is None or "target" in batch:
            return batch["images"], None, batch["target"]
        return *self.worsen(batch["images"], generator, shared), batch["images"]

    def _terms(self, restored: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        distances = self._distance(restored, wanted)
        return {self.loss: distances, "objective": distances}


def _as_large(images: Tensor, wanted: Tensor) -> Tensor:
    """Return images without what is beyond the sides of those that are wanted: shrunk sides are rounded up."""
    return images[..., : wanted.shape[-2], : wanted.shape[-1]]
