"""What a network does to one batch, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

__all__ = ["Row", "describe"]


class Row(NamedTuple):
    """One layer: name within the module, type, output shape (None if never called), parameters of its own."""

    name: str
    type: str
    output: tuple[int, ...] | None
    parameters: int


def describe(module: nn.Module, example: Shaped[Tensor, "b *image"]) -> list[Row]:
    """Return a row for each layer in the order of the calls when `example` passes through any module.

    Layers are the modules without children and those that own parameters; one that is never called comes
    last, and one called again counts no parameters again, so that the parameters add up to the module's.
    Weights, statistics, modes and torch's random state are afterwards as before.
    """
    names = {part: name or "(whole)" for name, part in module.named_modules()}
    modes = {part: part.training for part in names}
    counted: set[nn.Parameter] = set()
    rows: list[Row] = []

    def row(part: nn.Module, output: object = None) -> None:
        own = [p for p in part.parameters(recurse=False) if p not in counted]
        counted.update(own)
        rows.append(Row(names[part], type(part).__name__, _shape(output), sum(p.numel() for p in own)))

    layers = [p for p in names if not list(p.children()) or list(p.parameters(recurse=False))]
    hooks = [part.register_forward_hook(lambda part, _inputs, output: row(part, output)) for part in layers]
    try:
        with torch.no_grad(), torch.random.fork_rng():
            module.eval()(example)
    finally:
        for hook in hooks:
            hook.remove()
        for part, mode in modes.items():
            part.training = mode
    called = {r.name for r in rows}
    for part in layers:
        if names[part] not in called and list(part.parameters(recurse=False)):
            row(part)
    return rows


def _shape(output: object) -> tuple[int, ...] | None:
    """The shape of the first tensor in what a module returned."""
    if isinstance(output, Tensor):
        return tuple(output.shape)
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, Sequence) and not isinstance(output, str):
        return next((shape for shape in map(_shape, output) if shape is not None), None)
    return None
