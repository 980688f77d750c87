"""What is known of each image, to colour the points by, and the directions in which codes gain an attribute."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np

from latente.estimators.data import draw
from latente.explorer.survey import Survey
from latente.figures import PALETTE
from latente.languages import say
from latente.latents import Direction, learn_direction

__all__ = [
    "CLASS",
    "PART",
    "Column",
    "attributes_of",
    "class_colours",
    "columns_of",
    "directions_of",
    "in_short",
    "score_of",
]

CLASS = say("class")
PART = say("part")  # of the set: training, validation or test
ERROR = say("squared error")
ANSWER, CONFIDENCE, VERDICT = say("taken for"), say("confidence"), say("answer")  # of a classifier
WITH = (say("without"), say("with"))  # the classes of an attribute
FEWEST = 10  # images on either side without which nothing is learned of an attribute
MOST_LEARNED_FROM = 20_000
RAMP = 32  # colours between which the page mixes
ENDS = (0.01, 0.99)  # quantiles of a number that get the first and the last colour


@dataclasses.dataclass(frozen=True)
class Column:
    """One thing known of each image.

    values: float32 numbers; or, where it has `names`, the numbers of classes from 1, 0 being unknown.
    """

    name: str
    values: np.ndarray
    names: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return all but the values, for the page: the classes with their colours, or the ends of the colours' ramp."""
        if self.names is not None:
            colours = class_colours(len(self.names))
            names, attribute = list(self.names), self.names == WITH
            return {"name": self.name, "kind": "class", "names": names, "attribute": attribute, "colours": colours}
        finite = self.values[np.isfinite(self.values)]
        low, high = np.quantile(finite, ENDS) if len(finite) else (0.0, 0.0)
        colours = [mpl.colors.to_hex(colour) for colour in mpl.colormaps["viridis"](np.linspace(0, 1, RAMP))]
        return {"name": self.name, "kind": "number", "low": float(low), "high": float(high), "colours": colours}


def class_colours(count: int) -> list[str]:
    """Return a colour for each of `count` classes.

    Ten are those of the figures, ten more their lighter ones. Of more than twenty no eye keeps the colours apart; hues
    a golden angle apart still show where one class ends and another begins.
    """
    if count <= 2 * len(PALETTE):
        strong = np.array([mpl.colors.to_rgb(colour) for colour in PALETTE])
        colours = np.concatenate([strong, 0.5 + 0.5 * strong])[:count]
    else:
        hues = np.arange(count) * (np.sqrt(5) - 1) / 2 % 1
        saturations, values = np.resize([0.75, 0.55, 0.9], count), np.resize([0.85, 0.95, 0.65], count)
        colours = mpl.colors.hsv_to_rgb(np.stack([hues, saturations, values], axis=1))
    return [mpl.colors.to_hex((red, green, blue)) for red, green, blue in colours]


def columns_of(survey: Survey) -> list[Column]:
    """Return error, class, a classifier's answers, part, attributes and conditions of the images, as far as known."""
    columns = [] if survey.errors is None else [Column(ERROR, survey.errors)]
    labels = survey.column("label")
    if labels is not None and (labels >= 0).any():
        columns.append(_classes(labels, survey.images.label_names))
    columns += _answers(survey, labels)
    parts = survey.judged.parts
    if len(parts) > 1:
        titles = tuple(in_short(part.name) for part in parts)
        columns.append(Column(PART, survey.judged.part_of.astype(np.uint16) + np.uint16(1), titles))
    columns += attributes_of(survey)
    names = {column.name for column in columns}
    for column in _conditions(survey):
        # a set may name an attribute and its continuous value alike
        name = say("{name} (continuous)", name=column.name) if column.name in names else column.name
        columns.append(dataclasses.replace(column, name=name))
    return columns


def in_short(part: str) -> str:
    """What a part is called where it is clear that images are meant: training of training images."""
    return say(part.removesuffix(" images"))


def score_of(survey: Survey) -> dict[str, str] | None:
    """Return the column of the number that is told of every image, a word for it, here and in files, and its worst end.

    None where there is no such number.
    """
    if survey.errors is not None:
        return {"column": ERROR, "word": say("error"), "head": "error", "worst": "highest"}
    if survey.answers is None:
        return None
    return {"column": CONFIDENCE, "word": CONFIDENCE, "head": str(CONFIDENCE), "worst": "lowest"}


def _answers(survey: Survey, labels: np.ndarray | None) -> list[Column]:
    """What a classifier takes each image for, whether that is right, and how sure it is."""
    if survey.answers is None:
        return []
    answers, confidence = survey.answers
    classes, names = survey.model.classes_, survey.images.label_names
    is_named = classes.dtype.kind in "iu" and classes.min() >= 0 and classes.max() < len(names)
    titles = tuple(str(names[int(label)] if is_named else label) for label in classes)
    columns = [Column(ANSWER, answers.astype(np.uint16) + np.uint16(1), titles)]
    if labels is not None and classes.dtype.kind in "iu":
        right = np.where(labels < 0, 0, 1 + (classes[answers] == labels))
        columns.append(Column(VERDICT, right.astype(np.uint16), (say("wrong"), say("right"))))
    return [*columns, Column(CONFIDENCE, confidence)]


def attributes_of(survey: Survey) -> list[Column]:
    """Return the attributes of the images."""
    values = survey.column("attributes")
    if values is None:
        return []
    names = survey.images.attribute_names
    return [
        _attribute(_name(names, k, say("attribute {number}", number=k + 1)), values[:, k])
        for k in range(values.shape[1])
    ]


def directions_of(survey: Survey, saved: Sequence[Direction] = ()) -> list[Direction]:
    """Return the direction of each attribute that at least ten images have, and ten have not.

    Images without attributes have those of their conditions. saved: directions that the run's folder holds; they take
    the place of those of their name, and the others follow.
    """
    by_name = {direction.attribute: direction for direction in saved}
    for direction in saved:
        direction.strength_of(survey.codes[:1])  # refuses those of other codes
    rows = draw(np.arange(len(survey)), MOST_LEARNED_FROM, seed=0)
    directions = []
    for column in attributes_of(survey) or _conditions(survey):
        if column.name in by_name:
            directions.append(by_name.pop(column.name))
            continue
        values = column.values[rows].astype(np.float64)
        known = values > 0 if column.names is not None else np.isfinite(values)
        values, codes = values[known], survey.codes[rows[known]]
        if len(values) and _splits(values):
            directions.append(learn_direction(codes, values, attribute=column.name))
    return [*directions, *by_name.values()]


def _conditions(survey: Survey) -> list[Column]:
    values, names = survey.column("condition"), survey.images.condition_names
    if values is None:
        return []
    return [
        Column(_name(names, k, say("condition {number}", number=k + 1)), values[:, k].astype(np.float32))
        for k in range(values.shape[1])
    ]


def _splits(values: np.ndarray) -> bool:
    """Whether there are enough on either side of where a direction is learned: between two kinds, or at the median."""
    kinds = np.unique(values)
    above = values > (kinds[0] if len(kinds) <= 2 else np.median(values))
    return min(int(above.sum()), int((~above).sum())) >= FEWEST


def _classes(labels: np.ndarray, names: tuple[str, ...]) -> Column:
    kinds, where = np.unique(labels[labels >= 0], return_inverse=True)
    values = np.zeros(len(labels), np.uint16)
    if names and int(kinds[-1]) < len(names):
        values[labels >= 0] = labels[labels >= 0] + 1
        return Column(CLASS, values, tuple(names))
    values[labels >= 0] = where + 1
    return Column(CLASS, values, tuple(str(kind) for kind in kinds))


def _attribute(name: str, values: np.ndarray) -> Column:
    """A column of -1 and 1, or of 0 and 1, says without and with; any other is a number."""
    if np.isin(values, (-1, 1)).all() or np.isin(values, (0, 1)).all():
        return Column(name, (values > 0).astype(np.uint16) + np.uint16(1), WITH)
    return Column(name, values.astype(np.float32))


def _name(names: tuple[str, ...], k: int, otherwise: str) -> str:
    return names[k] if k < len(names) else otherwise
