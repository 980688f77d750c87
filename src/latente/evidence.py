"""What a run learned from, and the images it is judged by, opened once and passed once through its model."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.estimators.abilities import Classifies, Detects
from latente.estimators.data import draw, split, usual_shape
from latente.estimators.kinds import RUNS
from latente.estimators.passing import ImageModel
from latente.images import Images, from_layout, images_in, open_images
from latente.languages import say
from latente.latents import Direction, learn_direction
from latente.metrics import elbo_error, lacking, latent_use, means, measure
from latente.training import Run

__all__ = [
    "MOST_LEARNED",
    "MOST_VALUES",
    "Evidence",
    "Selection",
    "as_pictures",
    "open_evidence",
    "open_parts",
]

MOST_IMAGES = 5_000  # that are measured
MOST_VALUES = 20_000_000  # in the images measured at once, so that large pictures do not fill the memory
MOST_LEARNED = 2_000  # training images whose codes are asked for
IN_MEMORY = say("the model was trained on arrays in memory; give them again to see it at work on them")
FEWEST = 10  # images on either side without which nothing is learned of an attribute


@dataclasses.dataclass(frozen=True, eq=False)
class Selection:
    """Some rows of a set. name: what to call them in a sentence ("test images")."""

    images: Images
    rows: np.ndarray
    name: str

    def __len__(self) -> int:
        return len(self.rows)

    def drawn(self, most: int, seed: int) -> Selection:
        """Return at most so many of them, in order, drawn evenly by `seed`."""
        return dataclasses.replace(self, rows=draw(self.rows, most, seed))

    def take(self) -> Images:
        """Return the images themselves, in the layout in which they are stored, so that results come back in it."""
        images = self.images.take(self.rows)
        return dataclasses.replace(images, layout="NF" if images.is_table else "NCHW")

    def column(self, name: str) -> np.ndarray | None:
        """Return the rows of a column of the set; None where it has no such column."""
        values = self.images.columns.get(name)
        return None if values is None else np.asarray(values[self.rows])

    @property
    def targets(self) -> np.ndarray:
        """What a model should make of the images: their targets, where they have some, else themselves."""
        return np.asarray(self.images.columns.get("target", self.images.pixels)[self.rows])


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """A run: its model, the images that it learned from, those that it is judged by, and what the model makes of these.

    model: None where it cannot be had. judged: None where no images can be had. is_unseen: whether training saw none
    of the judged ones; None where that is not known. learned: the training images; None where they are out of reach.
    options, lines: what options.json and metrics.jsonl of the run folder `path` hold. problem: why model or images are
    missing.

    All arrays of images are in the network's range.
    """

    model: Any
    judged: Selection | None = None
    is_unseen: bool | None = None
    learned: Selection | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    lines: Sequence[Mapping[str, Any]] = ()
    path: Path | None = None
    problem: str | None = None

    @property
    def title(self) -> str:
        """What kind of model it is, in words."""
        name = self.options.get("model", getattr(self.model, "kind", None))
        title = RUNS[name].title if name in RUNS else str(name or say("model"))
        title = title[:1].upper() + title[1:]
        return say(title) if name in RUNS else title

    @property
    def is_counted_in_epochs(self) -> bool:
        """Whether `resume --epochs` extends the training; not of one whose length is in minutes or its own."""
        options = self.options.get("options", {})
        return "epochs" in options and options.get("minutes") is None

    @property
    def is_table(self) -> bool:
        return self.judged is not None and self.judged.images.is_table

    @cached_property
    def measured(self) -> Selection | None:
        """At most 5,000 of the judged images, drawn evenly with a fixed seed: those that all figures are of."""
        if self.judged is None:
            return None
        most = max(1, MOST_VALUES // math.prod(usual_shape(self.judged.images)))
        return self.judged.drawn(min(MOST_IMAGES, most), seed=0)

    @cached_property
    def known_odd(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Places among the measured images of which a detector knows whether they are odd, and whether they are."""
        if not isinstance(self.model, Detects) or self.measured is None:
            return None
        return self.model.known_odd(self.measured.take())

    @cached_property
    def outputs(self) -> Mapping[str, np.ndarray]:
        """All that the model makes of the measured images, from one pass; empty where there are none.

        Raises InputError where the images do not fit the model.
        """
        if self.model is None or self.measured is None:
            return {}
        if not len(self.measured):
            raise InputError(say("there are no images to look at"))
        outputs: Mapping[str, np.ndarray] = self.model.outputs(self.measured.take())
        return outputs

    @cached_property
    def figures(self) -> Mapping[str, np.ndarray]:
        """Each measured image's figures (N,) by name: the objective's terms, and the metrics of its reconstruction."""
        return measure(self.outputs)

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """The means of the figures; of a model that has none for each image, what it says of all of them."""
        if self.figures or self.measured is None or self.model is None:
            errors = elbo_error(self.outputs["chance"], self.model.noises) if "chance" in self.outputs else {}
            return means(self.figures) | errors
        try:
            values = self.model.evaluate(self.measured.take()).items()
        except InputError:  # images without the labels, targets or masks that it would take
            return {}
        return {name: float(value) for name, value in values if name != "count" and isinstance(value, int | float)}

    @property
    def originals(self) -> np.ndarray:
        """What the model should have made of the measured images."""
        return self.outputs.get("targets", self.outputs["images"])

    @property
    def inputs(self) -> np.ndarray | None:
        """What the model was given, where that is something else than what it should have made."""
        return self.outputs.get("inputs", self.outputs["images"] if "targets" in self.outputs else None)

    @property
    def labels(self) -> np.ndarray | None:
        """The class of each measured image (N,), -1 where unknown; None where at most one is known."""
        labels = None if self.measured is None else self.measured.column("label")
        return None if labels is None or (labels >= 0).sum() < 2 else labels

    @cached_property
    def latent_use(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The mean KL in nats of each latent dimension, and whether it is active; None without several posteriors."""
        if "log_var" not in self.outputs or len(self.outputs["mean"]) < 2:
            return None
        return latent_use(self.outputs["mean"], self.outputs["log_var"])

    @cached_property
    def learned_few(self) -> Selection | None:
        """At most 2,000 of the training images, drawn evenly with a fixed seed."""
        return None if self.learned is None else self.learned.drawn(MOST_LEARNED, seed=4)

    @cached_property
    def learned_codes(self) -> np.ndarray | None:
        """The codes (n, K) of `learned_few`."""
        if self.learned_few is None:
            return None
        codes = self.model.encode(self.learned_few.take())
        return np.asarray(codes).reshape(len(codes), -1)

    @cached_property
    def directions(self) -> list[Direction]:
        """The directions, of attributes that learned and judged images both have, that the codes tell; best first.

        Each is learned from `learned_few`, of which at least ten must have the attribute, and ten lack it.
        """
        if self.judged is None or self.learned_few is None:
            return []
        names, values = self.judged.images.attribute_names, self.learned_few.column("attributes")
        if values is None or "attributes" not in self.judged.images.columns:
            return []
        if names != self.learned_few.images.attribute_names or self.learned_codes is None:
            return []
        directions = []
        for name, column in zip(names, values.T, strict=True):
            without = int(lacking(column).sum())
            if min(without, len(column) - without) < FEWEST:
                continue
            # where the codes show nothing of it
            with contextlib.suppress(InputError):
                directions.append(learn_direction(self.learned_codes, column, attribute=name))
        return sorted(directions, key=lambda direction: -direction.accuracy)

    def narrowed(self, rows: np.ndarray, name: str) -> Evidence:
        """Return the same, judged by these rows of the judged set alone."""
        assert self.judged is not None
        return dataclasses.replace(self, judged=Selection(self.judged.images, rows, name))


def open_evidence(
    run: Run, model: Any, images: Images | None = None, opening: Callable[..., Images] = open_images
) -> Evidence:
    """Return a run's evidence; it is judged by `images`, else the test part of the run's set, else what it held out.

    Images that are the very ones of the training (their fingerprint tells) count as the run's set, which is
    then not opened again. opening: what opens a set, `open_images` or something that remembers. Raises
    InputError, saying what to do, where the set cannot be opened again and no images are given either.
    """
    options = run.options()
    data = options.get("data", {})
    source = dict(data.get("source") or {})
    evidence = Evidence(model, options=options, lines=run.lines(), path=run.path)
    if images is not None and images.fingerprint == data.get("fingerprint"):
        known: Images | None = images
    else:
        known = _training_set(source, opening, is_needed=images is None)
    others = None if images is None or images is known else _all_of(_as_seen(model, images), "images given")
    if known is None:
        if others is None:
            raise InputError(IN_MEMORY)
        return dataclasses.replace(evidence, judged=others)
    learned, held_out = _split_again(model, known, options["options"])
    evidence = dataclasses.replace(evidence, learned=learned)
    if others is not None:
        return dataclasses.replace(evidence, judged=others)
    judged = _test_part(model, known, source, opening) or held_out
    return dataclasses.replace(evidence, judged=judged or learned, is_unseen=judged is not None)


def open_parts(run: Run, model: Any) -> list[Selection]:
    """Return all images of a run's set, in its parts: training, validation and test images, as far as there are any.

    Images without a label, which a classifier leaves alone, are the last part. Raises InputError, saying what to do,
    where the set cannot be opened again.
    """
    options = run.options()
    source = dict(options.get("data", {}).get("source") or {})
    known = _training_set(source, open_images, is_needed=True)
    if known is None:
        raise InputError(IN_MEMORY)
    learned, held_out = _split_again(model, known, options["options"])
    parts = [part for part in (learned, held_out, _test_part(model, known, source, open_images)) if part is not None]
    used = np.concatenate([part.rows for part in parts if part.images is learned.images])
    rest = np.setdiff1d(np.arange(len(learned.images)), used)
    return [*parts, Selection(learned.images, rest, "unlabelled images")] if len(rest) else parts


def as_pictures(model: Any, images: Any) -> np.ndarray:
    """Return images that `model` made, in the training's layout, as (..., C, H, W) in the network's range.

    The conditions that may stand beside them are left out.
    """
    shape = model.image_shape_
    pixels = from_layout(images_in(images), model.layout_, shape)
    return model.scaling_.to_range(pixels.reshape(-1, *shape)).reshape(*pixels.shape[: -len(shape)], *shape)


def _as_seen(model: Any, images: Images) -> Images:
    """Return images as a model of the house sees them, which may have been trained on crops."""
    return model.as_seen(images) if isinstance(model, ImageModel) else images


def _all_of(images: Images, name: str) -> Selection:
    return Selection(images, np.arange(len(images)), name)


def _training_set(source: dict[str, Any], opening: Callable[..., Images], is_needed: bool) -> Images | None:
    """The set of the training; None where it lay in memory, or cannot be had and is not needed."""
    try:
        return _open_again(source, opening) if source else None
    except InputError:
        if is_needed:
            raise
        return None


def _open_again(source: dict[str, Any], opening: Callable[..., Images]) -> Images:
    try:
        return opening(**source)
    except (OSError, TypeError) as error:  # the disk is gone, or options.json is from elsewhere
        raise InputError(say("the images cannot be opened again: {error}", error=str(error))) from error


def _split_again(model: Any, known: Images, options: Mapping[str, Any]) -> tuple[Selection, Selection | None]:
    """Split the run's set as training did, seen as the model does: what trained, and what was held out.

    Nothing was held out where other images validated that lay in memory, or cannot be opened any more.
    """
    images, labels = _as_seen(model, known), known.labels if isinstance(model, Classifies) else None
    validation, seed = options.get("validation"), options.get("random_state")
    validation, seed = validation if isinstance(validation, float | str) else None, seed if isinstance(seed, int) else 0
    try:
        parts = model.split(known) if isinstance(model, Detects) else split(known, validation, seed, labels)
    except (InputError, OSError):
        if not isinstance(validation, str):
            raise
        parts = split(known, None, seed, labels)
    learned = Selection(images, parts.rows, "training images")
    if parts.validation is None:
        return learned, None
    others, rows = parts.validation
    if others is known:
        return learned, Selection(images, rows, "validation images")
    if labels is not None and others.labels is not None:
        rows = np.flatnonzero(others.labels >= 0)
    return learned, Selection(_as_seen(model, others), rows, "validation images")


def _test_part(model: Any, known: Images, source: dict[str, Any], opening: Callable[..., Images]) -> Selection | None:
    """The test part of the run's set; None where it has none, or training had it."""
    if "test" not in known.parts or source.get("split") == "test":
        return None
    return _all_of(_as_seen(model, _open_again({**source, "split": "test"}, opening)), "test images")
