"""Which row of a table is of which picture, by what the row calls it."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from latente.images.formats import SUFFIXES

__all__ = ["Matches", "Pictures", "has_picture_suffix"]

Likeness = Callable[[str], str]


@dataclasses.dataclass
class Matches:
    """row_of: picture -> number of its row. nowhere: rows that name no picture. again: rows that name a picture which
    another one names already, and that one. many: rows that name several pictures, and these. elsewhere: how many
    pictures are known by their names alone, since the row has them in another folder.
    """

    row_of: dict[str, int] = dataclasses.field(default_factory=dict)
    nowhere: list[int] = dataclasses.field(default_factory=list)
    again: dict[int, int] = dataclasses.field(default_factory=dict)
    many: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    elsewhere: int = 0


class Pictures:
    """The pictures of a set, to be found by what tables call them.

    That may be a path or the end of one, with any slashes, with or without a suffix, in other letters' case, or with
    other zeros before numbers. The closest likeness counts, and a loose one never takes a picture from a close one.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._paths: dict[Likeness, dict[str, list[str]]] = {}
        self._ends: dict[Likeness, dict[str, list[str]]] = {}

    def match(self, cells: Sequence[str]) -> Matches:
        """Return which of the cells, one for each row, names which of the pictures; empty ones name none."""
        matches = Matches()
        waiting = [(row, _plain(cell)) for row, cell in enumerate(cells) if cell]
        for likeness in (_whole, _stem, _lower, _unpadded):
            for find in (self._by_path, self._by_end):
                waiting = self._assign(matches, waiting, functools.partial(find, likeness))
        matches.elsewhere = len(matches.row_of)
        bare = Counter(_bare(cell) for _, cell in waiting)
        waiting = self._assign(matches, waiting, lambda cell: self._by_name(cell, bare))
        matches.elsewhere = len(matches.row_of) - matches.elsewhere
        matches.nowhere = [row for row, _ in waiting]
        return matches

    def _assign(
        self, matches: Matches, waiting: list[tuple[int, str]], find: Callable[[str], list[str]]
    ) -> list[tuple[int, str]]:
        """Note what `find` makes of the rows, and return those of which it makes nothing."""
        left = []
        for row, cell in waiting:
            named = find(cell)
            new = [picture for picture in named if picture not in matches.row_of]
            if not named:
                left.append((row, cell))
            elif not new:
                matches.again[row] = matches.row_of[named[0]]
            elif len(new) > 1:
                matches.many[row] = new
            matches.row_of |= dict.fromkeys(new, row)
        return left

    def _by_path(self, likeness: Likeness, cell: str) -> list[str]:
        if likeness not in self._paths:
            paths: dict[str, list[str]] = defaultdict(list)
            for name in self.names:
                paths[likeness(_plain(name))].append(name)
            self._paths[likeness] = dict(paths)
        return self._paths[likeness].get(likeness(cell), [])

    def _by_end(self, likeness: Likeness, cell: str) -> list[str]:
        if likeness not in self._ends:
            ends: dict[str, list[str]] = defaultdict(list)
            for path, names in self._paths[likeness].items():
                for end in _ends(path):
                    ends[end] += names
            self._ends[likeness] = dict(ends)
        path, paths = likeness(cell), self._paths[likeness]
        return self._ends[likeness].get(path) or next((paths[end] for end in _ends(path) if end in paths), [])

    def _by_name(self, cell: str, bare: Mapping[str, int]) -> list[str]:
        """The one picture with the name of a cell whose folders are others, where no other row has it."""
        named = self._ends[_unpadded].get(_bare(cell), [])
        return named if len(named) == bare[_bare(cell)] == 1 else []


def has_picture_suffix(name: str) -> bool:
    return _suffix_length(name) > 0


def _plain(name: str) -> str:
    """A path with slashes, without dots before it, its letters composed."""
    name = name if name.isascii() else unicodedata.normalize("NFC", name)
    return name.replace("\\", "/").removeprefix("./") if "\\" in name or name.startswith(".") else name


def _ends(path: str) -> Iterator[str]:
    """Yield what is left of a path without its first folders."""
    while "/" in path:
        path = path.partition("/")[2]
        yield path


def _whole(path: str) -> str:
    return path


def _stem(path: str) -> str:
    return path[: len(path) - _suffix_length(path)]


def _lower(path: str) -> str:
    return _stem(path).casefold()


def _unpadded(path: str) -> str:
    """A path without zeros before its numbers, and without what spreadsheets make of a whole one: 7.0."""
    path = re.sub(r"^(\d+)\.0+$", r"\1", _lower(path))
    return re.sub(r"(?<!\d)0+(?=\d)", "", path)


def _bare(path: str) -> str:
    return _unpadded(path).rpartition("/")[2]


def _suffix_length(name: str) -> int:
    dot = name.rfind(".")
    return len(name) - dot if dot > 0 and name[dot:].lower() in SUFFIXES else 0
