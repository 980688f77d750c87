"""A module of a caller's own that describes images, looked at once and held to what it then returned."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latente.errors import InputError

__all__ = ["OwnFeatures"]


class OwnFeatures(nn.Module):
    """Scaled images (B, C, H, W) to what a caller's module makes of them: (B, F), or (B, h, w, F) where it has places.

    module: returns (B, F), or (B, F, h, w), whose places lie evenly over the picture. It is copied, and never trained.
    shape: of an image, by two of which it is tried. Raises InputError, naming the module, for images that it cannot
    take, and where what it returns has another form, or is NaN or infinite.
    """

    def __init__(self, module: nn.Module, shape: Sequence[int]) -> None:
        super().__init__()
        self.module = copy.deepcopy(module).cpu().requires_grad_(False).eval()
        with torch.no_grad():
            features = self._features(torch.zeros(2, *shape))
        if features.ndim not in (2, 4) or len(features) != 2:
            raise InputError(
                f"features: {self._name} returns {tuple(features.shape)} for two images {tuple(shape)}; let it return "
                "(B, F), or (B, F, h, w)"
            )
        self.has_places, self.count = features.ndim == 4, features.shape[1]

    def forward(self, images: Tensor) -> Tensor:
        features = self._features(images)
        if features.ndim != (4 if self.has_places else 2) or features.shape[1] != self.count:
            raise InputError(
                f"features: {self._name} returns {tuple(features.shape[1:])} for an image {tuple(images.shape[1:])}, "
                f"and {self.count} features for others; let it return as many for any size"
            )
        if not features.isfinite().all():
            raise InputError(f"features: {self._name} returns NaN or infinity; mend it, or what it is given")
        return features.permute(0, 2, 3, 1) if self.has_places else features

    def _features(self, images: Tensor) -> Tensor:
        try:
            features: Tensor = self.module(images)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"features: {self._name} cannot take images {tuple(images.shape[1:])}: {reason}") from None
        if not isinstance(features, Tensor):
            raise InputError(f"features: {self._name} returns {type(features).__name__}; let it return a tensor")
        return features.float()

    @property
    def _name(self) -> str:
        return type(self.module).__name__
