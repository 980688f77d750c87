"""How odd images are: what several judges say of each, on one scale."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latente.objectives.objective import Batch, Objective

__all__ = ["DetectionObjective"]

_LEAST_DISTANCE = 1e-9  # squared: what lies below, such as the very image that was learned, is rounding
_LEAST_SPREAD = 1e-3  # of the logarithms: images that are all alike have none


class DetectionObjective(Objective):
    """The oddness of images; nothing of it learns by gradients.

    judges: by name, each a module that makes of images (B, C, H, W) or (B, F) how far each lies from what is normal
    (B,), at least 0, and how that spreads over the picture (B, h, w), or over the features (B, 1, F). The logarithm of
    a distance counts, in units of its spread around its median over normal images that were left out (`settle`); what
    lies above is drawn together by log(1 + z), so that no judge alone outshouts the others; then they are added up.
    """

    centres: Tensor
    spreads: Tensor

    def __init__(self, judges: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.judges = nn.ModuleDict(dict(judges))
        self.register_buffer("centres", torch.zeros(len(judges)))
        self.register_buffer("spreads", torch.ones(len(judges)))

    def settle(self, distances: Float[Tensor, "n judges"]) -> None:
        """Take over from which distances on each judge finds a picture odd, by those of normal images."""
        logs = distances.clamp(min=_LEAST_DISTANCE).log()
        self.centres = logs.median(0).values
        # of a normal distribution this is the standard deviation, and a few odd ones among the images change it little
        self.spreads = 1.4826 * (logs - self.centres).abs().median(0).values.clamp(min=_LEAST_SPREAD)

    def oddness(self, distances: Float[Tensor, "n judges"]) -> Float[Tensor, "n"]:
        """Return what the judges' distances come to, higher is odder."""
        z = (distances.clamp(min=_LEAST_DISTANCE).log() - self.centres) / self.spreads
        return torch.where(z > 0, torch.log1p(z.clamp(min=0)), z).sum(1)

    def distances(self, x: Float[Tensor, "b *image"]) -> Float[Tensor, "b judges"]:
        """Return how far scaled images lie from what is normal, by each judge."""
        return torch.stack([judge(x)[0] for judge in self.judges.values()], 1)

    def maps(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b h w"]:
        """Return how odd scaled pictures are at each pixel, higher is odder; the judges' maps count by their scale.

        A map is in units of the median distance of normal images, so that those of different pictures may be compared.
        """
        total = x.new_zeros(len(x), *x.shape[-2:])
        for judge, centre in zip(self.judges.values(), self.centres, strict=True):
            spread_out = nn.functional.interpolate(
                (judge(x)[1] / centre.exp())[:, None], x.shape[-2:], mode="bilinear", align_corners=False
            )
            total += spread_out[:, 0]
        return total / len(self.judges)

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return how odd each image is, as "objective"."""
        return {"objective": self.oddness(self.distances(batch["images"]))}
