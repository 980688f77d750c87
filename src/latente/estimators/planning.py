"""What a training would cost, found by a few steps of it, and whether there is memory for it at all."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from latente import words
from latente.errors import InputError
from latente.estimators.data import Split
from latente.machine import free_memory
from latente.networks.limits import Limits, TooLargeError
from latente.networks.summary import LayerSummary
from latente.training.devices import world
from latente.training.options import TrainingOptions
from latente.training.randomness import isolated_rng

__all__ = ["STEPS", "check_draws", "check_steps", "cost", "few_rows", "steps_of_pass", "within_memory"]

STEPS = 5  # that a plan takes, to tell how long one takes
_WEIGHT = 16  # bytes of memory for each: itself, its gradient, and two moments of it
_DECODED = 12  # and for each value of an image that is decoded while training: itself, its gradient, and its target


@contextlib.contextmanager
def within_memory(device: torch.device) -> Iterator[None]:
    """Raise InputError where the block builds networks whose training needs more memory than is free."""
    free = _free(device)
    try:
        with Limits(values=math.inf if free is None else free / _WEIGHT):
            yield
    except TooLargeError as error:
        raise InputError(
            f"there is no memory for such a network: {words.memory(free or 0)} are free, and more would go into its "
            "weights, their gradients and moments; make latent_dim, hidden or kernel_size smaller, or the images (size)"
        ) from error


def check_steps(
    objective: nn.Module, networks: Mapping[str, Sequence[int]], count: int, batch_size: int | None, accumulate: int
) -> None:
    """Raise InputError where batch normalisation would meet an image alone in a step, and cannot take it.

    networks: the shape that each of them takes, by their names in the objective. count: of the training images.
    """
    if not any(isinstance(module, _BatchNorm) for module in objective.modules()):
        return
    largest = min(batch_size or count, count)
    steps = {largest, count % largest or largest} - ({1} if largest > 1 else set())  # which the loop leaves out
    if all(images // min(accumulate, images) > 1 for images in steps):
        return
    with isolated_rng(0):
        for name, shape in networks.items():
            try:
                copy.deepcopy(objective.get_submodule(name)).train()(torch.zeros(1, *shape))
            except ValueError as error:
                raise InputError(
                    "normalization='batch' cannot take one image at a time, as here: give more images, a batch_size of "
                    "at least 2 for each part that accumulate cuts it into, or normalization='layer'"
                ) from error


def check_draws(
    option: str, draws: int, training: TrainingOptions, count: int, values: int, device: torch.device
) -> None:
    """Raise InputError where so many codes of each image are decoded in a step that their images alone have no room.

    option: whose value `draws` is. count: of the training images. values: in an image.
    """
    rows = math.ceil(min(training.batch_size or count, count) / training.accumulate / world(device).size)
    needed, free = _DECODED * draws * rows * values, _free(device)
    if free is not None and needed > free:
        raise InputError(
            f"{option}={draws}: a step decodes so many codes of {rows} images, which takes {words.memory(needed)} of "
            f"memory at least, and {words.memory(free)} are free; draw fewer, or work a step out in parts (accumulate)"
        )


def few_rows(parts: Split, options: TrainingOptions) -> np.ndarray:
    """Return the rows of so few steps as are enough to tell how long one takes."""
    assert options.batch_size is not None
    return parts.rows[: STEPS * options.batch_size]


def steps_of_pass(parts: Split, options: TrainingOptions) -> int:
    """Return how many steps pass once over the images of the training."""
    assert options.batch_size is not None
    return math.ceil(len(parts.rows) / options.batch_size)


def cost(
    history: Sequence[Mapping[str, Any]],
    parts: Split,
    options: TrainingOptions,
    layers: Sequence[LayerSummary],
    parameters: int,
    steps: int,
) -> tuple[float, int]:
    """Return about how many seconds and how many bytes of memory it takes to train for so many steps.

    history: the lines of a few real steps, the fastest of which is the measure.
    """
    assert options.batch_size is not None
    per_step = min(line["seconds"] for line in history if line["part"] == "train")
    values = sum(math.prod(row.output[1:]) for row in layers if row.output)
    # weights, gradients and two moments; each layer's output and its gradient; the images at rest
    memory = _WEIGHT * parameters + 8 * values * options.batch_size + parts.images.content.nbytes
    return per_step * steps, memory


def _free(device: torch.device) -> int | None:
    """Return how many bytes of memory are free where a network is trained; None where nobody tells."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else free_memory()
