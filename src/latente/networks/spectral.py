"""Spectral normalisation, which a model can be pickled with: torch's own parametrisation cannot."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Spectral", "with_spectral_norm"]

_FIRST_ITERATIONS = 15  # as torch has them


class Spectral(nn.Module):
    """A linear layer or a convolution whose weight is divided by its largest singular value (Miyato et al. 2018).

    The weight is seen as a matrix of a row for each output. Its singular vector is kept from pass to pass, and in
    training improved by one step of the power method each (algorithm 1 there).
    """

    left: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("left", functional.normalize(torch.randn(len(layer.weight)), dim=0))
        for _ in range(_FIRST_ITERATIONS):
            self._improve()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self._improve()
        matrix = self.layer.weight.flatten(1)
        with torch.no_grad():
            left = self.left.clone()  # which later passes change, and this one's gradient needs
            right = functional.normalize(matrix.T @ left, dim=0)
        norm = left @ matrix @ right
        made: Tensor = torch.func.functional_call(self.layer, {"weight": self.layer.weight / norm}, (x,))
        return made

    @torch.no_grad()
    def _improve(self) -> None:
        matrix = self.layer.weight.flatten(1)
        self.left.copy_(functional.normalize(matrix @ functional.normalize(matrix.T @ self.left, dim=0), dim=0))


def with_spectral_norm(network: nn.Module) -> nn.Module:
    """Return the network, each of its linear layers and convolutions with spectral normalisation."""
    for name, module in network.named_children():
        if isinstance(module, nn.Linear | nn.Conv2d):
            setattr(network, name, Spectral(module))
        else:
            with_spectral_norm(module)
    return network
