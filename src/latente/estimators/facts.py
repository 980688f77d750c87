"""What model.json says of a fitted model beside its options, believed only where it can be true."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latente.errors import ModelError
from latente.images import Scaling
from latente.machine import free_memory

__all__ = ["FACTS", "checked_facts", "checked_scaling"]

_LAYOUTS = ("NF", "NHW", "NHWC", "NCHW")


def _is_whole(value: object, least: int = 1, most: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _are(kind: type, values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _is_shape(value: object, *lengths: int) -> bool:
    return isinstance(value, list) and len(value) in lengths and all(map(_is_whole, value))


# what every fitted model knows of its training, and what each of these facts may be
FACTS: dict[str, Callable[[Any], bool]] = {
    "image_shape_": lambda value: _is_shape(value, 1, 3),
    "window_": lambda value: value is None or _is_shape(value, 2),
    "any_size_": lambda value: isinstance(value, bool),
    "layout_": lambda value: value in _LAYOUTS,
    "seed_": lambda value: _is_whole(value, 0, 2**32 - 1),
    "name_": lambda value: isinstance(value, str),
    "label_names_": lambda value: _are(str, value),
    "best_epoch_": lambda value: _is_whole(value, 0),
    "batch_size_": lambda value: value is None or _is_whole(value),
    "epochs_": lambda value: value is None or _is_whole(value),
    "precision_": lambda value: value in (None, "float32", "bf16"),
    "crop_": lambda value: value is None or _is_whole(value) or _is_shape(value, 2),
}


def checked_facts(fitted: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return the facts with their sequences as tuples; raises ModelError, naming the first one that cannot be true."""
    for name, can_be in FACTS.items():
        if name not in fitted or not can_be(fitted[name]):
            raise ModelError(f"{file} says of the fitted model that {name} is {_shown(fitted.get(name))}: {_CURE}")
    shape = fitted["image_shape_"]
    if (len(shape) == 1) != (fitted["layout_"] == "NF"):
        raise ModelError(f"{file} says of the fitted model that images {shape} lie as {fitted['layout_']}: {_CURE}")
    free = free_memory()
    if free is not None and 8 * math.prod(shape) > free:
        raise ModelError(f"{file} says of the fitted model that its images are {shape}, too large for the free memory")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fitted.items()}


def checked_scaling(data: Any, channels: int | None, file: Path) -> Scaling:
    """Return the scaling that `data` describes; channels: of the images, where they are known.

    Raises ModelError where such a scaling could not bring images to the network's range and back.
    """
    try:
        scaling = Scaling.from_json(data)
        levels = np.array([scaling.offset, scaling.scale], dtype=np.float64)
        is_usable = (
            bool(np.isfinite(levels).all() and levels[1].all())
            and levels.ndim == 2
            and (levels.shape[1] == 1 or levels.shape[1] == (channels or levels.shape[1]))
            and np.dtype(scaling.dtype).kind in "biuf"
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"{file} does not describe a scaling of images ({error!r}): {_CURE}") from error
    if not is_usable:
        raise ModelError(f"{file} does not describe a scaling of images ({_shown(data)}): {_CURE}")
    return scaling


_CURE = "it was changed or damaged; save the model again"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
