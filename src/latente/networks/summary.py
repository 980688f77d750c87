"""What a network does to one batch, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

__all__ = ["LayerSummary", "describe"]


class LayerSummary(NamedTuple):
    """One layer: name within the module, type, output shape (None if never called), parameters of its own."""

    name: str
    type: str
    output: tuple[int, ...] | None
    parameters: int


def describe(module: nn.Module, example: Shaped[Tensor, "b *image"]) -> list[LayerSummary]:
    """Return each layer in the order of the calls when `example` passes through any module.

    Layers are the modules without children and those that own parameters; one that is never called comes
    last, and one called again counts no parameters again, so that the parameters add up to the module's.
    Weights, statistics, modes and torch's random state are afterwards as before.
    """
    names = {part: name or "(whole)" for name, part in module.named_modules()}
    modes = {part: part.training for part in names}
    counted: set[nn.Parameter] = set()
    layers: list[LayerSummary] = []

    def note(part: nn.Module, output: object = None) -> None:
        fresh = [p for p in part.parameters(recurse=False) if p not in counted]
        counted.update(fresh)
        layers.append(LayerSummary(names[part], type(part).__name__, _shape(output), sum(p.numel() for p in fresh)))

    parts = [p for p in names if not list(p.children()) or list(p.parameters(recurse=False))]
    hooks = [part.register_forward_hook(lambda part, _inputs, output: note(part, output)) for part in parts]
    try:
        with torch.no_grad(), torch.random.fork_rng():
            module.eval()(example)
    finally:
        for hook in hooks:
            hook.remove()
        for part, mode in modes.items():
            part.training = mode
    called = {layer.name for layer in layers}
    for part in parts:
        if names[part] not in called and list(part.parameters(recurse=False)):
            note(part)
    return layers


def _shape(output: object) -> tuple[int, ...] | None:
    """The shape of the first tensor in what a module returned."""
    if isinstance(output, Tensor):
        return tuple(output.shape)
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, Sequence) and not isinstance(output, str):
        return next((shape for shape in map(_shape, output) if shape is not None), None)
    return None
