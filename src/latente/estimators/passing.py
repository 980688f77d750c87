"""What a fitted model does with images: it opens them as those of the training, and passes them through once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from latente.errors import InputError
from latente.estimators import data
from latente.estimators.hooks import Hooks
from latente.images import Images, Openable, is_list_of_pictures, open_images
from latente.images.depth import in_units_of, warn_of_other_units
from latente.languages import say
from latente.metrics import averages, measure
from latente.networks.summary import LayerSummary, describe
from latente.objectives import Batch
from latente.training.batches import Batches
from latente.training.crops import centres
from latente.training.passes import over
from latente.training.surroundings import own_surroundings, take_turns

__all__ = ["ImageModel", "finite"]


class ImageModel(Hooks):
    """The using half of an estimator: `fit` sets what stands below, and methods turn images into arrays by it.

    X is an array (N, F), (N, H, W), (N, H, W, C) or (N, C, H, W), a path, a named set, or `Images`. Every method raises
    NotFittedError before `fit`, and InputError where X does not match the images that were trained on.
    """

    def open(self, source: Any, **door: Any) -> Images:
        """Open images behind a path or name as those of the training were: of their size, channels, crop and frames.

        What was trained on crops looks at the centres of pictures, each at its own size. Of the very folder of the
        training as many files may be damaged as then, and conditions are looked up in the same table.

        door: further options of `open_images`, such as split, count and progress.
        """
        return self.as_seen(self._open_source(source, **door))

    def _open_source(self, source: Any, **door: Any) -> Images:
        check_is_fitted(self, "objective_")
        if len(self.image_shape_) == 3:
            channels, *size = self.image_shape_
            kept = "keep" if self.window_ or self.any_size_ else tuple(size)
            door |= {"channels": channels, "size": kept, "crop": self.crop_}
        if "frames" in self.source_:
            door.setdefault("frames", self.source_["frames"])
        if "condition" in self.source_:
            door.setdefault("condition", self.source_["condition"])
        if (
            data.is_source(source)
            and "source" in self.source_
            and self.source_["source"] in (source, str(Path(source).expanduser().resolve()))
        ):
            if "budget" in self.source_:
                door.setdefault("budget", self.source_["budget"])
            if "condition" in self.source_ and "labels" in self.source_:  # the table that they stand in
                door.setdefault("labels", self.source_["labels"])
        return open_images(source, **door)

    def as_seen(self, images: Images) -> Images:
        """Return images as the model sees them: of its depth, and of what was trained on crops the centre of each."""
        images = in_units_of(images, self.scaling_)
        return images if self.window_ is None or images.is_table else centres(images, self.window_)

    def outputs(self, X: Openable) -> dict[str, np.ndarray]:
        """Return all that the model makes of each image, by name, from one pass; images are in the network's range.

        That is what the `outputs` of the family's objective says, and "scores" (`score_samples`) where there are such.
        """
        images = self._judged(self._open(X))

        def kept(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
            if not (images.is_photographs and self.any_size_):
                return outputs
            # of pictures of many sizes there is no array of all
            return {name: values for name, values in outputs.items() if values.ndim < 4}

        return self._of_outputs(images, kept)

    def evaluate(self, X: Openable) -> dict[str, Any]:
        """Return the number of images and the means over them of the figures by which such a model is judged.

        They are those of `latente.metrics.measure`: the terms of the objective, and image metrics where there are
        reconstructions, of values in the network's range, so that the data range is 1 whatever the units.
        """
        images = self._judged(self._open(X))
        return {"count": len(images)} | averages(self._figures(images), self.noises)

    def measure(self, X: Openable) -> dict[str, np.ndarray]:
        """Return the figures of each image (N,) by name, of which `evaluate` gives the means.

        Where the codes' noise makes the terms vary, "chance" is by how much each image's does. Of all of them
        `latente.metrics.averages` makes what `evaluate` returns.
        """
        return self._figures(self._judged(self._open(X)))

    def _figures(self, images: Images) -> dict[str, np.ndarray]:
        def figures(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
            arrays = {name: value.cpu().numpy() for name, value in outputs.items()}
            chance = {"chance": arrays["chance"]} if "chance" in arrays else {}
            measured = measure(arrays, self.scaling_.bounded) | chance
            return {name: torch.from_numpy(value) for name, value in measured.items()}

        return self._of_outputs(images, figures)

    @own_surroundings()
    def _of_outputs(
        self, images: Images, function: Callable[[dict[str, Tensor]], dict[str, Tensor]]
    ) -> dict[str, np.ndarray]:
        """Pass images once through the objective, and return what a function makes of its outputs, in their order."""
        batches, generator = self._batches(images, columns=True), torch.Generator(self.device_)
        rows = self._rows(images)
        noises = min(self.noises, len(rows))

        def results(batch: Batch, noise: int) -> dict[str, Tensor]:
            return function(self._with_scores(self._outputs(batch, generator, noise)))

        checked = _checked(images, results)
        chunk = self._chunk(images)
        parts = [over(batches, rows[k::noises], chunk, partial(checked, noise=k)) for k in range(noises)]
        order = np.concatenate([np.arange(noise, len(rows), noises) for noise in range(noises)]).argsort()
        return {name: np.concatenate([part[name] for part in parts])[order][: len(images)] for name in parts[0]}

    @own_surroundings()
    def layers(self) -> list[LayerSummary]:
        """Return a row for each layer, in the order in which an image passes through the networks."""
        check_is_fitted(self, "objective_")
        with take_turns():  # a network that draws in this pass must not do so between the draws of a training
            return [
                row._replace(name=f"{name}.{row.name}")
                for name, shape in self._networks().items()
                for row in describe(self.objective_.get_submodule(name), torch.zeros(1, *shape, device=self.device_))
            ]

    def parameter_count(self) -> int:
        """Return how many numbers the networks learn."""
        check_is_fitted(self, "objective_")
        return sum(p.numel() for p in self.objective_.parameters())

    def _apply(self, images: Images, function: Callable[[Tensor], Tensor]) -> np.ndarray:
        """Apply a function of scaled images to all of them, batch by batch, without gradients."""
        return self._over(images, lambda batch: {"result": finite(function(batch["images"]), "results")})["result"]

    @own_surroundings()
    def _over(
        self, images: Images, function: Callable[[Batch], dict[str, Tensor]], *, columns: bool = False
    ) -> dict[str, np.ndarray]:
        """Apply a function of batches to all images, without gradients, and return its results in one pass.

        columns: whether the batches carry those of the objective's columns that the images have.
        """
        batches, rows = self._batches(images, columns), self._rows(images)
        results = over(batches, rows, self._chunk(images), _checked(images, function))
        return {name: values[: len(images)] for name, values in results.items()}

    def _batch_of(self, values: np.ndarray) -> Tensor:
        """Return values (C, H, W) as a batch of one on the device, in a dtype that torch can count with."""
        counted = np.array(values[None], np.int32 if values.dtype == np.uint16 else None)
        return torch.from_numpy(counted).to(self.device_)

    def _batches(self, images: Images, columns: bool) -> Batches:
        names = tuple(name for name in self._columns() if name in images.column_names) if columns else ()
        # cut batch by batch: all crops of a large set need not lie in memory
        crop = None if images.is_table else self.window_
        scalings = self.column_scalings_
        return Batches(images, self.scaling_, self.device_, names, crop=crop, column_scalings=scalings)

    def _rows(self, images: Images) -> Tensor:
        """Return all rows, those of a table filled up to whole chunks by its first row.

        Products of one shape are added up in one order: so a row's code is the same whatever else is in the call.
        """
        rows = torch.arange(len(images))
        missing = -len(rows) % self._chunk(images) if images.is_table else 0
        return torch.cat([rows, rows.new_zeros(missing)])

    def _chunk(self, images: Images | None = None) -> int:
        """Hook: images per forward pass: about 8 MB of input, so that the largest layers stay in moderate memory."""
        if len(self.image_shape_) == 1:
            return 256
        return int(min(2048, max(16, 2_000_000 // math.prod(self.image_shape_))))

    def _open(self, X: Openable) -> Images:
        check_is_fitted(self, "objective_")
        if isinstance(X, Images):
            images = X
        elif data.is_source(X) or is_list_of_pictures(X):
            images = self.open(X)
        elif len(self.image_shape_) == 1:
            images = open_images(validate_data(self, X, reset=False))
        else:
            images = open_images(X, channels="first" if self.layout_ == "NCHW" else "last")
        return self._matched(images)

    def _matched(self, images: Images) -> Images:
        """Return images in the units of the training. Raises InputError where they do not match what was trained on."""
        if (self.window_ is not None or self.any_size_) and not images.is_table:
            if images.channels != self.image_shape_[0]:
                template = "{images} has {channels} channels, the model's images {own}"
                own = self.image_shape_[0]
                raise InputError(say(template, images=images.name, channels=images.channels, own=own))
        elif images.image_shape != self.image_shape_:
            sides, trained = ("x".join(map(str, shape)) for shape in (images.image_shape, self.image_shape_))
            template = "the images of {images} are {sides}, but the model was trained on {trained}"
            raise InputError(say(template, images=images.name, sides=sides, trained=trained))
        images = in_units_of(images, self.scaling_)
        if not images.is_table and images.dtype.kind != np.dtype(self.scaling_.dtype).kind:
            template = (
                "the images of {images} are {dtype}, but the model was trained on {own} from {data_range}; convert "
                "them to it"
            )
            units = {"own": self.scaling_.dtype, "data_range": self.scaling_.range_in_words}
            raise InputError(say(template, images=images.name, dtype=str(images.dtype), **units))
        warn_of_other_units(images, self.scaling_)
        return images


def _checked(images: Images, function: Callable[..., dict[str, Tensor]]) -> Callable[..., dict[str, Tensor]]:
    """Return a function of batches of the images that raises InputError before it works on values that are not finite.

    The door has looked at what it opened; but `Images` may be made by hand, or lie far outside the model's range.
    """
    if images.dtype.kind != "f":
        return function

    def checked(batch: Batch, **more: Any) -> dict[str, Tensor]:
        for name, values in batch.items():
            if values.is_floating_point() and not values.isfinite().all():
                raise InputError(
                    f"the {name} of {images.name} hold NaN, infinity, or values far outside the range of the training "
                    "images; remove or fill them"
                )
        return function(batch, **more)

    return checked


def finite(values: Tensor, what: str) -> Tensor:
    """Return the values; raises InputError where one is NaN or infinite, as of what lies too far from all training."""
    if values.is_floating_point() and not values.isfinite().all():
        raise InputError(f"{what} are NaN or infinite: what went in lies too far outside the range of the training")
    return values
