"""What is settled before the first step: which images, which part judges, which seed, which options."""

from __future__ import annotations

import dataclasses
import numbers
import os
import platform
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import nn

from latente import corruptions, networks
from latente.errors import InputError
from latente.images import Images, open_images

__all__ = [
    "CORRUPTIONS",
    "OWN",
    "Split",
    "as_corruption",
    "code_shape",
    "describe_data",
    "is_binary",
    "is_source",
    "leads",
    "own_networks",
    "resolved_options",
    "run_options",
    "settle_seed",
    "split",
    "usual_batch_size",
    "versions",
]

OWN = "own:"  # marks, in the options on disk, the name of a caller's callable, which is not saved itself
CORRUPTIONS = ("corruption", "input_corruption")  # the options that take a name or a caller's callable


@dataclasses.dataclass(frozen=True)
class Split:
    """Which rows train and which judge: rows of one set, or two sets."""

    images: Images
    rows: np.ndarray
    held_out: Images
    held_out_rows: np.ndarray

    @property
    def validation(self) -> tuple[Images, np.ndarray] | None:
        return (self.held_out, self.held_out_rows) if len(self.held_out_rows) else None

    @property
    def seen(self) -> np.ndarray:
        """The rows of `images` that training may look at: those that train, and those that lack a label."""
        everything = np.arange(len(self.images))
        return np.setdiff1d(everything, self.held_out_rows) if self.held_out is self.images else everything


def split(images: Images, validation: Any, seed: int, labels: np.ndarray | None = None) -> Split:
    """Hold images out for validation: a share of them drawn by `seed`, the source's own "val" part, or a given set.

    validation: a share in (0, 1) (of two images or more at least one is held out, never all), a set (whatever
    `open_images` takes), or None. labels: the class of each image, 0 ... C - 1, or -1 where it is unknown: only the
    others train and judge, and each class gives its share, a class of one image none. The official test part is never
    used. Raises InputError for anything else.
    """
    everything = np.arange(len(images)) if labels is None else np.flatnonzero(labels >= 0)
    if validation is None:
        return Split(images, everything, images, everything[:0])
    if not isinstance(validation, numbers.Real):
        held_out = open_images(validation)
        if held_out.shape != images.shape or held_out.dtype != images.dtype:
            raise InputError(f"validation: {held_out!r} does not match the training set {images!r}")
        return Split(images, everything, held_out, np.arange(len(held_out)))
    share = float(validation)
    if not 0 < share < 1:
        raise InputError(f"validation is a share between 0 and 1, a set, or None; not {validation!r}")
    if "val" in images.parts and images.source.get("split") in (None, "train"):
        held_out = open_images(**{**images.source, "split": "val"})
        return Split(images, everything, held_out, np.arange(len(held_out)))
    if len(everything) < 2:
        return Split(images, everything, images, everything[:0])
    order = np.random.default_rng([seed, 2]).permutation(everything)
    if labels is not None:
        order = _spread(order, labels[order])
    count = min(max(1, round(share * len(order))), len(order) - 1)
    return Split(images, np.sort(order[count:]), images, np.sort(order[:count]))


def _spread(order: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Reorder rows, whose classes are `labels`, so that any first part of them takes its share of each class."""
    sizes = np.bincount(labels)
    by_class = np.argsort(labels, kind="stable")
    place = np.empty(len(order), np.int64)  # of each row among its class
    place[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[np.argsort(-place / sizes[labels], kind="stable")]


def settle_seed(random_state: Any) -> int:
    """Return the seed that `random_state` (None, an integer or a RandomState) stands for.

    Raises InputError where several processes train together and each would draw its own.
    """
    if isinstance(random_state, numbers.Integral):
        if not 0 <= int(random_state) < 2**32:
            raise InputError(f"random_state must lie between 0 and 2**32 - 1, not {random_state}")
        return int(random_state)
    if random_state is None:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise InputError("give random_state (--seed): processes that train together must start alike")
        return int(np.random.SeedSequence().generate_state(1)[0])
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError as error:
        raise InputError(f"random_state: {error}") from error


def usual_batch_size(count: int) -> int:
    """Return 128, halved down to 16 until an epoch of `count` images has 20 steps: fewer teach a network little."""
    size = 128
    while size > 16 and count < 20 * size:
        size //= 2
    return size


def own_networks(network: Any) -> tuple[nn.Module, nn.Module] | None:
    """Return the caller's own encoder and decoder, or None where `network` is a name; InputError for anything else."""
    if isinstance(network, str):
        return None
    if isinstance(network, tuple | list) and len(network) == 2:
        encoder, decoder = network
        if isinstance(encoder, nn.Module) and isinstance(decoder, nn.Module):
            return encoder, decoder
    raise InputError("network is 'auto', 'dense', 'conv', or a pair of torch modules (encoder, decoder)")


def as_corruption(option: str, value: Any) -> Any:
    """Return the corruption that an option names, or the caller's callable or None as it is; InputError for others."""
    if isinstance(value, str):
        return corruptions.from_name(value)
    if value is not None and not callable(value):
        raise InputError(f"{option} is a name such as 'gaussian:0.2' or a callable, not {value!r}")
    return value


def is_source(X: Any) -> bool:
    """Whether X names images on disk or a named set, rather than holding them."""
    return isinstance(X, str | os.PathLike)


def is_binary(images: Images) -> bool:
    """Whether every value is the lowest or the highest of its range (0 and 1, or 0 and the dtype's maximum)."""
    if images.dtype == np.bool_:
        return True
    peak = np.iinfo(images.dtype).max if images.dtype.kind == "u" else 1
    slices = (images.pixels[start : start + 1024] for start in range(0, len(images), 1024))
    return all(bool(((part == 0) | (part == peak)).all()) for part in slices)


def describe_data(parts: Split) -> dict[str, Any]:
    """Return what options.json says of the data."""
    images = parts.images
    return {
        "name": images.name,
        "source": dict(images.source),
        "count": len(images),
        "train_count": len(parts.rows),
        "validation_count": len(parts.held_out_rows),
        "shape": list(images.shape),
        "dtype": images.dtype.name,
        "columns": sorted(images.columns),
        "label_names": list(images.label_names),
        "fingerprint": images.fingerprint,
    }


def _command_line(estimator: Any, options: Mapping[str, Any]) -> str:
    """Return the command that started this training, or the Python expression that stands for it."""
    program = Path(sys.argv[0] or "python").name
    if program in ("latente", "__main__.py"):
        return shlex.join(["latente", *sys.argv[1:]])
    changed = _changed_options(estimator)
    arguments = ", ".join(f"{name}={options[name]!r}" for name in changed if name in options)
    return f"{type(estimator).__name__}({arguments}).fit(...)"


def leads() -> bool:
    """Whether this process is the one that writes, of those that torchrun started."""
    return int(os.environ.get("RANK", "0")) == 0


def code_shape(encoder: nn.Module, shape: tuple[int, ...], multiplier: int) -> tuple[int, ...]:
    """Return the shape of one code, found by encoding two blank images."""
    training = encoder.training
    encoder.eval()
    try:
        device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
        with torch.no_grad():
            code = encoder(torch.zeros(2, *shape, device=device))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"network: the encoder {type(encoder).__name__} cannot take images {shape}: {reason}"
        ) from error
    encoder.train(training)
    if code.ndim < 2 or code.shape[1] % multiplier:
        raise InputError(
            f"network: the encoder {type(encoder).__name__} returns {tuple(code.shape[1:])} per image; "
            f"this model needs {multiplier} values for each latent dimension, along the first axis"
        )
    return (code.shape[1] // multiplier, *code.shape[2:])


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import sklearn

    import latente

    return {
        "latente": latente.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
    }


def run_options(estimator: Any, parts: Split) -> dict[str, Any]:
    """Return what options.json holds."""
    options = resolved_options(estimator)
    return {
        "format": 1,
        "model": estimator.model,
        "options": options,
        "data": describe_data(parts),
        "device": str(estimator.device_),
        "parameters": sum(p.numel() for p in estimator.objective_.parameters()),
        "versions": versions(),
        "command": _command_line(estimator, options),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def resolved_options(estimator: Any) -> dict[str, Any]:
    """Return every constructor option as JSON, with what was left open settled."""
    options = estimator.get_params(deep=False)
    options["hidden"] = None if options["hidden"] is None else list(options["hidden"])
    if "network" in options:
        options |= _resolved_network(estimator)
    if not (options["validation"] is None or isinstance(options["validation"], int | float)):
        options["validation"] = "a set of its own"
    for name in ("out", "init"):
        options[name] = None if options[name] is None else str(options[name])
    for name in CORRUPTIONS:
        value = options.get(name)
        if callable(value) and not isinstance(value, corruptions.Corruption):
            options[name] = OWN + getattr(value, "__name__", type(value).__name__)
        elif value is not None:
            options[name] = str(value)
    settled = {name: getattr(estimator, f"{name}_") for name in ("batch_size", "likelihood") if name in options}
    return options | settled | {"random_state": estimator.seed_, "verbose": False}


def _resolved_network(estimator: Any) -> dict[str, Any]:
    """Return network, hidden and latent_dim as they were built, or the names of a caller's own modules."""
    own = own_networks(estimator.network)
    if own is not None:
        return {"network": [type(module).__name__ for module in own]}
    wanted = estimator.network, estimator.image_shape_, estimator.latent_dim, estimator.hidden
    kind, hidden, latent_dim = networks.resolve(*wanted)
    return {"network": kind, "hidden": list(hidden), "latent_dim": latent_dim}


def _changed_options(estimator: Any) -> list[str]:
    """Return the names of the constructor's arguments that are not at their defaults."""
    defaults = type(estimator)().get_params(deep=False)
    return [name for name, value in estimator.get_params(deep=False).items() if value is not defaults[name]]
