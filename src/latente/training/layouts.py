"""How the numbers of weights lie in memory, decided in one place: equal layouts give equal results, bit for bit."""

from __future__ import annotations

import torch
from torch import nn

from latente.objectives import Objective

__all__ = ["lay_out"]

_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def lay_out(objective: Objective, device: torch.device) -> torch.memory_format:
    """Move the objective to the device, lay its weights out as they are fastest, and return the layout for images.

    Channels-last where there are convolutions of images: their kernels are faster on it. A model from disk and one that
    has just been trained must both come through here, because kernels of other layouts add up in another order.
    """
    objective.to(device=device)
    if not any(isinstance(module, _CONVOLUTIONS) for module in objective.modules()):
        return torch.contiguous_format
    for tensor in (*objective.parameters(), *objective.buffers()):
        if tensor.ndim == 4:
            # not contiguous(): it takes weights of a single channel for channels-last already, and leaves their strides
            tensor.data = tensor.data.to(memory_format=torch.channels_last)
    return torch.channels_last
