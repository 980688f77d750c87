"""What a section of a report is, and the notes that several of them carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from latente.evidence import Evidence

__all__ = ["Section", "Strips", "image_note", "signed"]


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own.

    anchor: its id in the page. template: the file, beside the sections or among the shared ones, that lays `content`
    out, where it is called `it`. lead: a paragraph that says what is shown.
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
    name = str(images.label_names[label]) if label < len(images.label_names) else f"class {label}"
    return f"{name} · {where}"


def signed(value: float) -> str:
    """Write a number with its sign, zero without."""
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"
