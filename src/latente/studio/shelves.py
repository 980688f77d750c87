"""Folders of this machine whose pictures may be taken into sets: those that were named at the start, and theirs.

A request names one by its id, which is looked for among those that are there; it is never joined to a path.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from latente.errors import InputError
from latente.studio.names import is_picture
from latente.studio.problems import Problem

__all__ = ["Shelf", "Shelves"]

_MOST, _DEEPEST, _LENGTH = 5000, 8, 12  # folders that are told, levels below the named ones, letters of an id


@dataclasses.dataclass(frozen=True)
class Shelf:
    """A folder with pictures. name: of it below the named one. count: pictures in it and below. home: the named one."""

    id: str
    name: str
    count: int
    path: Path
    home: Path


class Shelves:
    """The folders below those that were named; without any there is none."""

    def __init__(self, homes: Sequence[Path] = ()) -> None:
        """Raises InputError where one is no folder."""
        for home in homes:
            if not home.is_dir():
                raise InputError(f"--pictures {home} is no folder: name one that holds pictures")
        self._homes = [home.resolve() for home in homes]

    def all(self) -> list[Shelf]:
        """Return the folders that hold pictures, each named one before those in it; links are not followed."""
        return [shelf for home in self._homes for shelf in _below(home)][:_MOST]

    def find(self, shelf_id: str) -> Shelf:
        """Return the folder that has an id; raises Problem where there is none."""
        for shelf in self.all():
            if shelf.id == shelf_id:
                return shelf
        raise Problem(404, "unknown", "there is no such folder", kind="shelves")


def _below(home: Path) -> Iterator[Shelf]:
    counts: dict[Path, int] = {}
    for place, folders, files in os.walk(home):
        folder = Path(place)
        depth = len(folder.relative_to(home).parts)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < _DEEPEST else []
        counts.setdefault(folder, 0)
        number = sum(is_picture(name) and not name.startswith(".") for name in files)
        for above in (folder, *folder.parents):
            if above in counts:
                counts[above] += number
        if len(counts) > _MOST:
            break
    for folder, count in counts.items():
        if count:
            digest = hashlib.sha256(os.fsencode(folder)).hexdigest()
            yield Shelf(digest[:_LENGTH], str(folder.relative_to(home.parent)), count, folder, home)
