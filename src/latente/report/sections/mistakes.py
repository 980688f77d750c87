"""The mistakes that a classifier is most sure of."""

from __future__ import annotations

import dataclasses

import numpy as np

from latente.estimators.abilities import Classifies, classes_of
from latente.evidence import Evidence
from latente.languages import say
from latente.pages import embedding
from latente.report.sections.section import Section, rest_of
from latente.report.verdicts import name_of_class
from latente.words import percent

__all__ = ["Mistake", "find"]

MOST_MISTAKES = 24


@dataclasses.dataclass(frozen=True)
class Mistake:
    """An image with the class it has and the one it was taken for. image: its file, or its place in the set.

    picture: a data URI; None for a row of a table. confidence: the probability of the answer.
    """

    picture: str | None
    true: str
    answer: str
    confidence: str
    image: str


def find(model: object, evidence: Evidence) -> Section | None:
    """The most confident mistakes; None without classes or mistakes."""
    if not isinstance(model, Classifies) or "labels" not in evidence.outputs or evidence.measured is None:
        return None
    labels, probabilities = evidence.outputs["labels"], evidence.outputs["probabilities"]
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero((labels >= 0) & (answers != labels))
    if not len(wrong):
        return None
    places = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_MISTAKES]
    images, rows = evidence.measured.images, evidence.measured.rows
    every = evidence.outputs["images"]
    pictures: list[str | None] = [None] * len(places)
    if not evidence.is_table:
        pictures = [*embedding.pictures(every[places], embedding.window(every))]
    mistakes = [
        Mistake(
            picture=picture,
            true=name_of_class(images.label_names, classes_of(model), int(labels[place])),
            answer=name_of_class(images.label_names, classes_of(model), int(answers[place])),
            confidence=percent(float(confidence[place])),
            image=images.name_of(int(rows[place])),
        )
        for place, picture in zip(places, pictures, strict=True)
    ]
    which = say("All of them.")
    if len(wrong) > MOST_MISTAKES:
        template = "Of {mistakes} mistakes those that the model is surest of{rest}."
        which = say(template, mistakes=len(wrong), rest=rest_of(evidence))
    lead = say("The image's class, what it was taken for, and how probable the model found that. {which}", which=which)
    return Section(say("The most confident mistakes"), "mistakes", "mistakes.html.j2", {"mistakes": mistakes}, lead)
