"""What the door found before any training: counts, sizes, kinds, and every odd or damaged file by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from latente.errors import InputError
from latente.languages import Figure, joined, recognised, say
from latente.words import brief, printable

__all__ = ["Scan", "count_classes", "counted", "listed", "listed_reasons"]

_MOST = 8  # entries of a list in the text; to_json() has them all


@dataclasses.dataclass
class Scan:
    """The finding about one source; `str()` is a text for people, `to_json()` holds every entry.

    total: pictures or rows in the chosen part; count: those that came out. sizes, modes, classes, parts: how
    many of each; of arrays the sizes where they were changed. colour: how many are not grey. damaged: file -> why
    it was left out. odd: file -> what is unusual about it, though it was used. aside: pictures that are no part of
    the set -> why. partners: what goes with the images, targets or masks -> how many have one. duplicates: groups of
    files with the same bytes. frames: what was left out of files with several frames, in words. choice: what was made
    of the images, in words.
    """

    source: str
    kind: str
    total: int = 0
    count: int = 0
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)
    modes: dict[str, int] = dataclasses.field(default_factory=dict)
    classes: dict[str, int] = dataclasses.field(default_factory=dict)
    parts: dict[str, int] = dataclasses.field(default_factory=dict)
    damaged: dict[str, str] = dataclasses.field(default_factory=dict)
    odd: dict[str, str] = dataclasses.field(default_factory=dict)
    aside: dict[str, str] = dataclasses.field(default_factory=dict)
    partners: dict[str, int] = dataclasses.field(default_factory=dict)
    duplicates: list[list[str]] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    frames: str = ""
    choice: str = ""
    colour: int = 0

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scan:
        return cls(**data)

    def left_out(self) -> str:
        """Say how many of the pictures cannot be used, and the first of them by name."""
        return say("{source}: {many} cannot be used: {first}", **self._damaged())

    def _damaged(self) -> dict[str, str]:
        """Return what sentences about damaged files name: the source, how many of its pictures, and the first."""
        share = Figure(f"{len(self.damaged) / self.total:.1%}")
        many = say("{some} of {all} pictures ({share})", some=len(self.damaged), all=self.total, share=share)
        return {"source": self.source, "many": many, "first": listed_reasons(self.damaged)}

    def check(self, budget: float) -> None:
        """Raise InputError where more of the files are damaged than the budget allows."""
        if self.damaged and len(self.damaged) / self.total > budget:
            enough = f"{-(-100 * len(self.damaged) // self.total) / 100:g}"  # in whole percent, rounded up
            template = (
                "{source}: {many} cannot be used, more than the budget of {budget}: {first}; repair or remove them, "
                "or leave them out: budget={enough} (--budget {enough})"
            )
            raise InputError(say(template, **self._damaged(), budget=Figure(f"{budget:.1%}"), enough=enough))

    def lost(self, shape: Sequence[int]) -> str:
        """Say how many of the originals are larger, or in colour where images of `shape` (C, H, W) are not; else ""."""
        channels, height, width = shape
        sides = {size: tuple(map(int, size.split("x"))) for size in self.sizes}
        larger = {size: self.sizes[size] for size, (h, w) in sides.items() if h > height or w > width}
        said = [f"{sum(larger.values()):,} are larger ({counted(larger)})"] if larger else []
        said += [f"{self.colour:,} are in colour"] if self.colour and channels < 3 else []
        return " and ".join(said)

    def __str__(self) -> str:
        return self.text()

    def text(self, most: int | None = _MOST) -> str:
        """Return the finding for people.

        most: how many of the files that are left out or odd it names; None for all, each on a line of its own.
        """
        rows = [("source", f"{self.source} ({self.kind})")]
        missing = self.total - self.count
        rows.append(("images", f"{self.count:,}" + (f" of {self.total:,}" if missing else "")))
        if self.parts:
            rows.append(("parts", counted(self.parts)))
        if self.classes:
            rows.append(("classes", f"{len(self.classes)}: {counted(self.classes)}"))
        if self.partners:
            rows.append(("with", counted(self.partners)))
        for title, counts in [("sizes", self.sizes), ("modes", self.modes)]:
            if counts:
                rows.append((title, counted(dict(sorted(counts.items(), key=lambda item: -item[1])))))
        if self.duplicates:
            spare = sum(len(group) - 1 for group in self.duplicates)
            groups = listed((" = ".join(map(brief, group)) for group in self.duplicates), most=3)
            rows.append(("duplicates", f"{spare} with the bytes of another: {groups}"))
        for why in dict.fromkeys(self.aside.values()):
            names = [name for name, reason in self.aside.items() if reason == why]
            rows.append(("set aside", f"{len(names):,} {why}: {listed(names)}"))
        for title, files in [("left out", self.damaged), ("odd", self.odd)]:
            named = [f"{brief(name)} ({why})" for name, why in files.items()]
            if not files:
                continue
            if most is None:
                rows += [(title, str(len(files))), *(("", name) for name in named)]
            else:
                rows.append((title, f"{len(files)}: {listed(named, most)}"))
        rows += [("frames", self.frames)] if self.frames else []
        rows += [("note", note) for note in self.notes]
        if self.choice:
            rows.append(("made into", self.choice))
        return "\n".join(f"{title:<11}{printable(text)}" for title, text in rows)


def listed(items: Iterable[str], most: int = _MOST) -> str:
    """Join the first items by commas, and say how many more there are."""
    items = list(items)
    first = joined(items[:most])
    return say("{first} and {count} more", first=first, count=len(items) - most) if len(items) > most else first


def count_classes(label: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    """Return how many images each class has, in the classes' order; -1 is unknown."""
    numbers, counts = np.unique(label, return_counts=True)
    spelled = {number: names[number] if 0 <= number < len(names) else str(number) for number in numbers.tolist()}
    spelled[-1] = "unknown"
    return {spelled[number]: count for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)}


def counted(counts: Mapping[str, int]) -> str:
    """Join names and how many there are of each, and say how many more names there are."""
    return listed(f"{name} x {number:,}" for name, number in counts.items())


def listed_reasons(damaged: Mapping[str, str]) -> str:
    """Name the first of the files that cannot be used, each with the reason."""
    return listed(
        (say("{name} ({why})", name=brief(name), why=recognised(why)) for name, why in damaged.items()), most=3
    )
