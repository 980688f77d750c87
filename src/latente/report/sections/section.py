"""What a section of a report is, and the notes that several of them carry."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping

import numpy as np

from latente.estimators.abilities import Encodes
from latente.evidence import Evidence
from latente.languages import Figure, joined, say
from latente.report.verdicts import how_many, name_of_judged

__all__ = ["Section", "Strips", "conditions_in_words", "image_note", "rest_of", "shown_of", "signed"]


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own.

    anchor: its id in the page. template: the file, beside the sections or among the shared ones, that lays `content`
    out, where it is called `it`. lead: a paragraph that says what is shown; commands stand between backticks.
    """

    title: str
    anchor: str
    template: str
    content: Mapping[str, object]
    lead: str = ""


@dataclasses.dataclass(frozen=True)
class Strips:
    """Rows of pictures (name, note, data URIs) under common headings."""

    columns: list[str]
    rows: list[tuple[str, str, list[str]]]


def image_note(evidence: Evidence, place: int) -> str:
    """Say which of the measured images one is: its class, where it has one, its file or its place in the set."""
    assert evidence.measured is not None
    images, row = evidence.measured.images, int(evidence.measured.rows[place])
    where = images.name_of(row)
    label = -1 if images.labels is None else int(images.labels[row])
    if label < 0:
        return where
    name = str(images.label_names[label]) if label < len(images.label_names) else None
    return joined([name or say("class {label}", label=str(label)), where], "{first} · {second}")


def conditions_in_words(model: object, conditions: np.ndarray) -> list[str]:
    """Write each number of a condition, in the data's units, with its name."""
    names: tuple[str, ...] = getattr(model, "condition_names_", ())
    return [
        say("{name} {value}", name=name, value=Figure(f"{value:.4g}"))
        for name, value in zip(names, conditions.tolist(), strict=True)
    ]


def shown_of(evidence: Evidence, shown: int) -> str:
    """Say of how many images so many are shown, and which commands show the rest of them."""
    assert evidence.judged is not None
    if shown < len(evidence.judged):
        template = "Shown are {shown} of {images}{rest}."
        return say(template, shown=shown, images=how_many(evidence), rest=rest_of(evidence))
    template = "These are all the {count} {images}{rest}."
    rest = rest_of(evidence, are_all_shown=True)
    return say(template, count=len(evidence.judged), images=name_of_judged(evidence), rest=rest)


def rest_of(evidence: Evidence, are_all_shown: bool = False) -> str:
    """Say, after a semicolon, which commands show all judged images, and all of a set that a part was held out of."""
    judged, data = evidence.judged, evidence.options.get("data", {})
    if judged is None or evidence.path is None or not isinstance(evidence.model, Encodes):
        return ""
    explore = f"latente explore {shlex.quote(str(evidence.path))}"
    source = (data.get("source") or {}).get("source")
    if source is None or evidence.is_unseen is None:  # arrays in memory, or others than those of the training
        return "" if are_all_shown else say("; `{explore} IMAGES` shows all", explore=explore)
    parts = [] if are_all_shown else [say("`{explore}` shows all {count}", explore=explore, count=len(judged))]
    if evidence.learned is not None and evidence.learned.images is judged.images and len(judged) < len(judged.images):
        whole = f"{explore} {shlex.quote(str(source))}"
        parts.append(say("`{explore}` shows all {count} of the set", explore=whole, count=len(judged.images)))
    return say("; {commands}", commands=joined(parts)) if parts else ""


def signed(value: float) -> str:
    """Write a number with its sign, zero without."""
    return Figure(f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0")
