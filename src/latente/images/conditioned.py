"""Images with the condition of each, as models return them that learned both."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from latente.errors import InputError
from latente.images.container import Images
from latente.languages import say

__all__ = ["Conditioned", "images_in", "require_condition"]


class Conditioned(NamedTuple):
    """Images (N, ...) in the layout and units of the training images, and their conditions (N, K) in the data's units.

    A pair: `images, conditions = model.sample(16)`.
    """

    images: np.ndarray
    conditions: np.ndarray


def images_in(made: Any) -> np.ndarray:
    """Return the images that a model made, without the conditions that may stand beside them."""
    return made.images if isinstance(made, Conditioned) else cast(np.ndarray, made)


def require_condition(images: Images, names: tuple[str, ...] | None = None) -> np.ndarray:
    """Return the conditions (N, K) of images.

    names: those that they must have, in this order; None for whatever they are. Raises InputError, saying how to choose
    them, where there are none, others, or some that are no finite numbers.
    """
    cure = say("choose columns of numbers by condition=[...] (--condition-columns a,b)")
    values = images.columns.get("condition")
    if values is None:
        template = "{name} has no condition beside its images: {cure}, or leave the option condition out"
        raise InputError(say(template, name=images.name, cure=cure))
    if names is not None and (images.condition_names or names) != names:
        own = ", ".join(images.condition_names)
        template = "the conditions of {name} are {own}, and the model learned {others}: {cure}"
        raise InputError(say(template, name=images.name, own=own, others=", ".join(names), cure=cure))
    if names is not None and values.shape[1] != len(names):
        template = "{name} has conditions of {count} numbers, and the model's have {own}"
        raise InputError(say(template, name=images.name, count=values.shape[1], own=len(names)))
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(1))[0])
        template = "the condition of {image} of {name} is NaN or infinite; fill or remove it"
        raise InputError(say(template, image=images.name_of(row), name=images.name))
    return values
