"""What a family of models says of itself: every hook in one place, with what holds where a family says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from latente import augmentations
from latente.errors import InputError
from latente.estimators import data
from latente.estimators.options.common import EstimatorOptions
from latente.images import Images, Scaling
from latente.objectives import Batch, Objective
from latente.training.loop import Judge
from latente.training.runs import Run

__all__ = ["Hooks"]


class Hooks(EstimatorOptions, BaseEstimator):
    """What differs between families, asked for by methods that each of them may override.

    A family defines `_build`. Of the other hooks it overrides what differs; they stand below by what they are about,
    each group about in the order in which its hooks are asked. Three more stand where their default is: `check`, what
    is wrong whatever the images are, in `latente.estimators.base`; `_learn`, how a model is made of the first weights,
    and `_cost`, what that takes, in `latente.estimators.learning`. What a family can do beyond `evaluate` it says by
    its methods, see `latente.estimators.abilities`.
    """

    kind: ClassVar[str]  # its name in `latente.estimators.kinds`
    takes_tables: ClassVar[bool] = True
    usual_size: ClassVar[Any] = None  # at which pictures are opened where none is asked for; None: as they suggest
    usual_count: ClassVar[int | None] = None  # of images that are encoded where nobody says how many; None: all
    noises: ClassVar[int] = 1  # draws of noise in an evaluation; each of them meets as many images

    # what hooks may ask of the fitted state, beside the options; `fit` sets it, or a model.json

    seed_: int
    name_: str  # of the images
    label_names_: tuple[str, ...]
    scaling_: Scaling
    column_scalings_: dict[str, Scaling]  # of columns beside the pixels
    image_shape_: tuple[int, ...]  # of an image as the model sees it
    window_: tuple[int, int] | None = None  # what training cuts out of each image, where it does
    any_size_: bool  # whether pictures are taken whole, each at its own size
    layout_: str
    crop_: Any
    source_: Mapping[str, Any]  # what opens the images of the training again, empty where nothing does
    device_: torch.device
    batch_size_: int | None
    epochs_: int | None
    precision_: str | None
    objective_: Objective  # from `_build` on
    history_: list[dict[str, Any]]  # the lines of the log
    best_epoch_: int

    # -- what it learns from

    def _accepts(self, images: Images) -> None:
        """Hook: raise InputError, saying what to do, where the family cannot learn from such images."""
        if not len(images):
            raise InputError("there are no images to fit on")
        crops = augmentations.window_of(self._augmentation()) is not None
        if images.is_photographs and not crops and not self._takes_any_size(images):
            raise InputError(
                f"the pictures of {images.name} have many sizes: give augmentation='crop:64', which trains on crops of "
                "them, or size=64 when opening them, so that all are alike"
            )
        if images.is_table and not self.takes_tables:
            raise InputError(
                f"{images.name} is a table of {images.image_shape[0]} columns; {type(self).__name__} needs pictures"
            )

    def _takes_any_size(self, images: Images) -> bool:
        """Hook: whether each picture is taken whole, at its own size, so that others may have any."""
        return False

    def _split(self, images: Images) -> data.Split:
        """Hook: which rows train and which judge."""
        return data.split(images, self.validation, self.seed_)

    def _examine(self, parts: data.Split) -> None:
        """Hook: set the facts about the images that `_build` needs; they go into model.json by `_facts`."""

    def _augmentation(self) -> Callable[..., dict[str, Tensor]] | None:
        """Return the augmentation that the option stands for, if the family has one; no hook, but hooks may ask it."""
        return augmentations.from_option(getattr(self, "augmentation", None))

    # -- what learns

    def _build(self) -> None:
        """Hook, which every family defines: set `objective_`, its weights drawn from torch's global generator.

        Options and fitted facts say how. Of the images only what goes into model.json is known, so that a model from
        disk is built alike.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _build()")

    def _convolutions(self) -> tuple[int, ...] | None:
        """Hook: the channels of the convolutional networks built here, by which precision="auto" is settled, or None.

        None leaves it at float32: for other networks nobody has measured that bf16 is faster.
        """
        return None

    def _start(self, parts: data.Split) -> None:
        """Hook: bring the weights as they were drawn to where training shall start from."""

    def _settled(self) -> dict[str, Any]:
        """Hook: the options that were left open, as they were settled, for options.json."""
        settled = {"batch_size": self.batch_size_, "epochs": self.epochs_, "precision": self.precision_}
        return {name: value for name, value in settled.items() if value is not None}

    def _before_training(self, parts: data.Split, run: Run | None) -> None:
        """Hook: what happens between the first weights and the loop; `run` may hold a part of it already."""

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]] | None:
        """Hook: a function that draws the lines of an epoch's sample picture, or None where there is none."""
        return None

    def _judge(self, parts: data.Split) -> tuple[Judge, int] | None:
        """Hook: what judges an epoch as a whole, and each how many epochs; None leaves it to the images held out."""
        return None

    def _after_training(self, parts: data.Split) -> None:
        """Hook: what a family derives from the trained model and its training images."""

    # -- what it makes of images

    def _networks(self) -> dict[str, tuple[int, ...]]:
        """Hook: the networks that images pass through, by name in the objective, and the shape that each one takes."""
        return {}

    def _judged(self, images: Images) -> Images:
        """Hook: images with their columns as the objective reads them, to be judged by."""
        return images

    def _columns(self) -> tuple[str, ...]:
        """Hook: the columns that an evaluation looks at, where the images have them."""
        return self.objective_.columns

    def _outputs(self, batch: Batch, generator: torch.Generator, noise: int) -> dict[str, Tensor]:
        """Hook: what the objective makes of a batch that meets the noise of this number."""
        return self.objective_.outputs(batch, generator.manual_seed(self._noise_seed(noise)))

    def _noise_seed(self, noise: int) -> int:
        """Return the seed of a noise: of models whose seeds are neighbours no two share one, or all would err alike."""
        return int(np.random.SeedSequence([self.seed_, 4, noise]).generate_state(1)[0]) if noise else self.seed_

    def _with_scores(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Hook: the outputs, with "scores" added where the family scores images."""
        return outputs

    # -- what of it lies on disk, and is shown

    def _facts(self) -> dict[str, Any]:
        """Hook: what else of the fitted state goes into model.json, by attribute name."""
        return {}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        """Hook: take over from model.json what `_facts` put there; sequences are tuples."""

    def _arrays(self) -> dict[str, np.ndarray | None]:
        """Hook: all fitted arrays that a family keeps beside the weights, by attribute name; None where there is none.

        No other attribute is taken from a file. Asked also after `_build`, before those of a file are set.
        """
        return {}

    def _check_arrays(self) -> None:
        """Hook: raise ValueError where the arrays that came from a file do not go together."""

    def _facts_to_show(self) -> dict[str, str]:
        """Hook: what else a notebook shows of the model in a word."""
        return {}
