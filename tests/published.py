"""Files of random numbers in the layouts in which others publish their weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from latente.networks.published import LAYOUTS

__all__ = ["written"]


def written(name: str, path: Path, gain: float = 0.2) -> Path:
    """Write random numbers as the file of a network holds its weights, as an .npz or as what torch saves."""
    build, names = LAYOUTS[name]
    generator, tensors = torch.Generator().manual_seed(2), {}
    for key, value in build().state_dict().items():
        layer, _, what = key.rpartition(".")
        if layer in names:
            tensors[f"{names[layer]}.{what}"] = gain * torch.randn(value.shape, generator=generator)
    if path.suffix == ".npz":
        np.savez(path, **{key: value.numpy() for key, value in tensors.items()})
    else:
        torch.save({"epoch": 1, "model": tensors} if name == "vgg19-distilled" else tensors, path)
    return path
