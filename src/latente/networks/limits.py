"""How large networks may become while they are built."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["Limits", "TooLargeError"]

_NEW = (torch.empty, torch.zeros, torch.ones)  # by which modules ask for the memory of their weights


class TooLargeError(Exception):
    """What is built has more tensors, or more values in them, than its limits allow; nothing of it is kept."""


class Limits(TorchFunctionMode):
    """Within the block, tensors of at most so many `values` in all, and at most so many `tensors`, are made.

    Raises TooLargeError before the memory for one too many is asked for. Only this thread is watched.
    """

    def __init__(self, values: float = math.inf, tensors: float = math.inf) -> None:
        super().__init__()
        self.values, self.tensors = values, tensors

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        if function in _NEW:
            size = arguments[0] if arguments and isinstance(arguments[0], Sequence) else arguments
            self.values -= math.prod(size)
            self.tensors -= 1
            if self.values < 0 or self.tensors < 0:
                raise TooLargeError
        return function(*arguments, **options or {})
