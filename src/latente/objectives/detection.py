"""How odd images are: what several judges say of each, on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente.objectives.objective import Batch, Objective

__all__ = ["DetectionObjective"]

_LEAST_DISTANCE = 1e-9  # what lies below, such as that of the very image that was learned, is rounding
_LEAST_SPREAD = 1e-3  # of the logarithms: images that are all alike have none


@runtime_checkable
class _Judge(Protocol):
    numbers: int
    has_places: bool

    def __call__(self, x: Tensor) -> Tensor: ...
    def with_map(self, x: Tensor) -> tuple[Tensor, Tensor]: ...


class DetectionObjective(Objective):
    """The oddness of images; nothing of it learns by gradients.

    judges: by name, each a module that makes of images (B, C, H, W) or (B, F) one or more numbers (B, K), at least 0
    and larger where an image is further from what is normal; K is its `numbers`, and its `with_map` tells beside them
    how that spreads over pictures (B, H, W), where it `has_places`. The logarithm of a number counts, in units of its
    spread around its median over normal images that were left out (`settle`). What the numbers come to is the largest
    of them, or their sum, for which what lies above 0 is drawn together by log(1 + z), so that no number alone
    outshouts the others. counted: how many of them count, the first ones; all of them where it is None.
    """

    centres: Tensor
    spreads: Tensor

    def __init__(
        self, judges: Mapping[str, nn.Module], fuse: Literal["sum", "largest"] = "sum", counted: int | None = None
    ) -> None:
        super().__init__()
        self.judges = nn.ModuleDict(dict(judges))
        self.fuse, self.counted = fuse, counted
        count = sum(judge.numbers for judge in self._members())
        self.register_buffer("centres", torch.zeros(count))
        self.register_buffer("spreads", torch.ones(count))

    def settle(self, numbers: Float[Tensor, "n k"]) -> None:
        """Take over from which numbers on each judge finds an image odd, by those of normal images."""
        logs = numbers.clamp(min=_LEAST_DISTANCE).log()
        self.centres = logs.median(0).values
        # of a normal distribution this is the standard deviation, and a few odd ones among the images change it little
        self.spreads = 1.4826 * (logs - self.centres).abs().median(0).values.clamp(min=_LEAST_SPREAD)

    def fused(self, numbers: Float[Tensor, "n k"]) -> Float[Tensor, "n"]:
        """Return the oddness that all the judges' numbers come to."""
        z = ((numbers.clamp(min=_LEAST_DISTANCE).log() - self.centres) / self.spreads)[:, : self.counted]
        if self.fuse == "largest":
            return z.amax(1)
        return torch.where(z > 0, torch.log1p(z.clamp(min=0)), z).sum(1)

    def oddness(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b"]:
        """Return how odd scaled images are, higher is odder; 0 is a usual normal image."""
        return self.fused(torch.cat([judge(x) for judge in self._members()], 1))

    def with_maps(self, x: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b"], Float[Tensor, "b h w"]]:
        """Return the oddness of scaled pictures, and at each pixel, where 1 is a usual place of a normal picture."""
        numbers, maps, first = [], [], 0
        for judge in self._members():
            first += judge.numbers
            if not judge.has_places:
                numbers.append(judge(x))
                continue
            own, where = judge.with_map(x)
            numbers.append(own)
            maps.append(where / self.centres[first - 1].exp())  # by the number of the picture as a whole
        return self.fused(torch.cat(numbers, 1)), torch.stack(maps).mean(0)

    def _members(self) -> list[_Judge]:
        return [cast(_Judge, judge) for judge in self.judges.values()]

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return how odd each image is, as "oddness"."""
        return {"oddness": self.oddness(batch["images"])}
