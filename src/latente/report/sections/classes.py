"""What a classifier takes for what, and how good it is at each class."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente import figures
from latente.estimators.abilities import Classifies, classes_of
from latente.evidence import Evidence
from latente.languages import say
from latente.pages import embedding
from latente.report.charts import Chart
from latente.report.sections.section import Section
from latente.report.verdicts import how_many, name_of_class
from latente.words import figure, percent

__all__ = ["ClassFigures", "find", "find_classes"]

MOST_CLASSES = 20  # of a confusion matrix that can be read


@dataclasses.dataclass(frozen=True)
class ClassFigures:
    """One class: how many images are of it, the share of these that is found, and that of its answers that is right.

    right, precise: None where there are no images of the class, or no answers of it.
    """

    name: str
    count: int
    right: float | None
    precise: float | None

    @property
    def texts(self) -> tuple[str, str, str]:
        """The figures as they are read."""
        right, precise = ("" if share is None else percent(share) for share in (self.right, self.precise))
        return figure(self.count), right, precise

    @property
    def width(self) -> float:
        """The share that is found, in per cent."""
        return 100 * (self.right or 0.0)


def find(model: object, evidence: Evidence) -> Section | None:
    """The accuracy of each class and the confusion matrix; None without classes, or where no label is known."""
    if not isinstance(model, Classifies) or "labels" not in evidence.outputs:
        return None
    table = _confusion(model, evidence)
    if not table.any():
        return None
    classes = find_classes(model, evidence, table)
    charts = []
    if len(table) <= MOST_CLASSES:
        matrix = figures.confusion(table, [one.name for one in classes])
        template = "{images}; mistakes are shaded, the darker the more of a kind there are."
        note = say(template, images=how_many(evidence))
        charts = [Chart("confusion", embedding.svg(matrix, "confusion"), note)]
    lead = say(
        "The hardest class first. Found: the share of a class's images that the model names right. Right when named: "
        "the share of the answers of that name that are right."
    )
    hardest = sorted(classes, key=lambda one: 2.0 if one.right is None else one.right)
    return Section(say("Class by class"), "classes", "classes.html.j2", {"classes": hardest, "charts": charts}, lead)


def find_classes(model: Classifies, evidence: Evidence, table: np.ndarray) -> list[ClassFigures]:
    """Return the figures of each class, in the model's order, from the confusion matrix (rows: classes)."""
    assert evidence.judged is not None
    names = evidence.judged.images.label_names
    hits, counts, answers = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
    return [
        ClassFigures(
            name=name_of_class(names, classes_of(model), k),
            count=int(counts[k]),
            right=float(hits[k] / counts[k]) if counts[k] else None,
            precise=float(hits[k] / answers[k]) if answers[k] else None,
        )
        for k in range(len(table))
    ]


def _confusion(model: Classifies, evidence: Evidence) -> np.ndarray:
    """How many images of each class (row) were taken for each (column)."""
    labels, answers = evidence.outputs["labels"], evidence.outputs["probabilities"].argmax(axis=1)
    table = np.zeros((len(classes_of(model)), len(classes_of(model))), np.int64)
    np.add.at(table, (labels[labels >= 0], answers[labels >= 0]), 1)
    return table
