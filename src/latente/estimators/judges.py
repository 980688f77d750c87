"""The judges of a detector: what each looks at in an image, and what it knows of the normal ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from latente.errors import InputError
from latente.networks.orientations import orientations
from latente.normality import Gaussian, Hyperplane, Normality, Residual

__all__ = ["Judge", "Learned", "judges_for", "settled"]

SMALL = 48  # pixels: pictures with no side above are taken for aligned ones, which may be compared as wholes
FEWEST_SIDES = 8  # pixels, below which there are no edges to speak of
_BLURS = (1.4, 0.7)  # pixels: coarse shapes, and fine ones

_NORMALITIES: dict[str, type[Normality]] = {"gaussian": Gaussian, "pca": Residual, "neighbours": Hyperplane}


@dataclasses.dataclass(frozen=True)
class Learned:
    """What a judge says of the images that it learned from, (N,) each.

    left_out: how far each lies from what the others are like. own: how far, for what it has learned of all of them.
    """

    left_out: Tensor
    own: Tensor


class Judge(nn.Module):
    """Looks at each image as a whole. describe: images -> features (B, F), or (B, F, h, w) at places."""

    normality: Normality

    def __init__(self, describe: Callable[[Tensor], Tensor], normality: Normality) -> None:
        super().__init__()
        self.describe, self.normality = describe, normality

    def learn(self, batches: Iterable[Tensor], groups: np.ndarray, seed: int) -> Learned:
        """Learn from normal images, in batches, each of the group of this number; `seed` draws what is drawn."""
        features = torch.cat([self.describe(batch).flatten(1) for batch in batches])
        self.normality.learn(features, groups)
        left_out = self.normality.left_out(features, groups, seed)
        return Learned(left_out, left_out if isinstance(self.normality, Hyperplane) else self.normality(features))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.describe(images)
        distances, residuals = self.normality.residuals(features.flatten(1))
        if features.ndim == 4:
            return distances, residuals.view(features.shape).sum(1)
        return distances, residuals.view(len(images), 1, -1)


def settled(method: str, features: str, shape: tuple[int, ...]) -> tuple[str, str]:
    """Return the method and the features for images of a shape, with what is "auto" settled; the same for everybody.

    Raises InputError where such features cannot be had of such images.
    """
    has_edges = len(shape) == 3 and min(shape[1:]) >= FEWEST_SIDES
    if method == "auto":
        method = "neighbours" if has_edges else "gaussian"
    if features == "auto":
        features = "orientations" if has_edges and method == "neighbours" else "pixels"
    if features == "orientations" and not has_edges:
        raise InputError(
            f"features='orientations' are of pictures of {FEWEST_SIDES}x{FEWEST_SIDES} pixels or more; take 'pixels'"
        )
    return method, features


def judges_for(method: str, features: str) -> dict[str, Judge]:
    """Return untaught judges, by name, for a method and features that `settled` has settled."""
    normality = _NORMALITIES[method]
    if features == "pixels":
        return {"pixels": Judge(_Pixels(), normality())}
    return {
        name: Judge(_Orientations(blur), normality()) for name, blur in zip(("coarse", "fine"), _BLURS, strict=True)
    }


class _Pixels(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images


class _Orientations(nn.Module):
    def __init__(self, blur: float) -> None:
        super().__init__()
        self.blur = blur

    def forward(self, images: Tensor) -> Tensor:
        histograms: Tensor = orientations(images, self.blur)
        return histograms
