"""What is saved of a training, and how: one file of plain tensors and JSON, checked by hash, replaced atomically."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from latente.errors import ModelError
from latente.files import replacing
from latente.training.randomness import global_rng, restore_global_rng

__all__ = ["Stepper", "TrainingState", "load_tensors", "save_tensors"]

_FORMAT = 1


class Stepper(Protocol):
    """What the loop asks of an optimiser; torch's own have it."""

    param_groups: list[dict[str, Any]]

    def step(self, closure: Callable[[], Tensor], /) -> Any: ...
    def zero_grad(self, set_to_none: bool = True) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


@dataclasses.dataclass
class TrainingState:
    """Everything that the next step depends on.

    epoch and position (steps done within it) say where training stands, `step` counts all steps; `pending` holds the
    logged terms of the steps since the last line of the log; `ema` the averaged weights, by name as in state_dict;
    `best_weights` those of the best epoch so far; `history` the lines of the log.
    """

    objective: nn.Module
    optimizers: dict[str, Stepper]
    generator: torch.Generator
    epoch: int = 0
    position: int = 0
    step: int = 0
    pending: list[Mapping[str, Tensor | float]] = dataclasses.field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    stale: int = 0
    stopped_early: bool = False
    ema: dict[str, Tensor] | None = None
    best_weights: dict[str, Tensor] | None = None
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights to use: the averaged ones where there is an average, else the current ones."""
        return dict(self.objective.state_dict()) | (self.ema or {})

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights into the objective for the time of the block."""
        if self.ema is None:
            yield
            return
        own = dict(self.objective.state_dict())
        kept = {name: own[name].clone() for name in self.ema}
        with torch.no_grad():
            for name, value in self.ema.items():
                own[name].copy_(value)
            try:
                yield
            finally:
                for name, value in kept.items():
                    own[name].copy_(value)

    def pack_shared(self) -> dict[str, Any]:
        """Return what all processes have in common, as a tree of tensors, numbers, strings, lists and dicts."""
        return {
            "objective": dict(self.objective.state_dict()),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "ema": self.ema,
            "counters": {name: getattr(self, name) for name in _COUNTERS},
        }

    def pack_own(self) -> dict[str, Any]:
        """Return what each process has of its own: random states, and its share of the terms not yet logged."""
        return {"generator": self.generator.get_state(), "global_rng": global_rng(), "pending": self.pending}

    def restore(self, tree: Mapping[str, Any], rank: int, size: int) -> None:
        """Take over what was packed; raises ModelError where it does not fit this objective."""
        try:
            self.objective.load_state_dict(tree["objective"])
            if set(tree["optimizers"]) != set(self.optimizers):
                raise ValueError(f"players {sorted(tree['optimizers'])} instead of {sorted(self.optimizers)}")
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(tree["optimizers"][name])
                _match_memory_format(optimizer)
            for name, value in (self.ema or {}).items():
                value.copy_(tree["ema"][name])
            # with another number of processes the draws cannot be the same: each starts from those of the first
            own = tree["ranks"][rank if size == len(tree["ranks"]) else 0]
            self.generator.set_state(own["generator"])
            counters = {name: tree["counters"][name] for name in _COUNTERS}
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"the checkpoint does not fit this objective: {reason}") from error
        restore_global_rng(own["global_rng"])
        self.pending = own["pending"]
        for name, value in counters.items():
            setattr(self, name, value)

    @staticmethod
    def weights_in(tree: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return the weights to use from a checkpoint's tree: the averaged ones where there are such."""
        return {**tree["objective"], **(tree["ema"] or {})}

    @staticmethod
    def warn_of_differences(tree: Mapping[str, Any], size: int, threads: int) -> None:
        """Warn where the surroundings differ from the checkpoint's, so that resuming cannot be exact."""
        for what, now, then in (("processes", size, len(tree["ranks"])), ("threads", threads, tree["threads"])):
            if now != then:
                warnings.warn(
                    f"resumed with {now} {what} instead of {then}: results will not be bit-identical", stacklevel=2
                )


_COUNTERS = ("epoch", "position", "step", "best", "best_epoch", "stale", "stopped_early")


def _match_memory_format(optimizer: object) -> None:
    """Lay the tensors of one of torch's optimisers out as their parameters: fused kernels walk both in one order."""
    if not isinstance(optimizer, Optimizer):
        return
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.ndim == 4:
                values[key] = torch.empty_like(parameter).copy_(value)


def save_tensors(path: Path, tree: Mapping[str, Any], *links: Path, keep: Path | None = None) -> None:
    """Write a tree of tensors and JSON values to `path` atomically, with a hash over all of it (names: `replacing`)."""
    tensors: dict[str, Tensor] = {}
    structure = json.dumps(_flatten(tree, "", tensors))
    metadata = {"format": str(_FORMAT), "structure": structure, "sha256": _digest(tensors, structure)}
    content = safetensors.torch.save(tensors, metadata)
    with replacing(path, *links, keep=keep) as temporary:
        temporary.write_bytes(content)


def load_tensors(path: Path) -> dict[str, Any]:
    """Return the tree that `save_tensors` wrote; raises ModelError where the file is damaged or of another kind."""
    try:
        content = path.read_bytes()  # whole: tensors mapped from the file would change, or crash, with it
        tensors = safetensors.torch.load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist") from None
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged or no safetensors file: {error}") from error
    metadata = header.get("__metadata__", {})
    if metadata.get("format") != str(_FORMAT) or "structure" not in metadata:
        raise ModelError(f"{path} was not written by this version of latente")
    if metadata.get("sha256") != _digest(tensors, metadata["structure"]):
        raise ModelError(f"{path} is damaged: its content does not have the hash that was stored with it")
    tree = _unflatten(json.loads(metadata["structure"]), tensors)
    assert isinstance(tree, dict)
    return tree


def _digest(tensors: Mapping[str, Tensor], structure: str) -> str:
    digest = hashlib.sha256(structure.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _flatten(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of a tree into `tensors` and return the rest as JSON; dict keys may be strings or integers."""
    if isinstance(value, Tensor):
        # a copy of its own: safetensors refuses views and tensors that share memory
        tensors[path] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {"dict": [[key, _flatten(item, f"{path}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_flatten(item, f"{path}/{i}", tensors) for i, item in enumerate(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{path} is a {type(value).__name__}: only tensors, numbers, strings, lists and dicts are saved")


def _unflatten(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _unflatten(item, tensors) for key, item in content}
    return [_unflatten(item, tensors) for item in content]
