"""Tables beside a folder of pictures: labels, attributes and CelebA's own lists."""

from __future__ import annotations

import csv
import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from latente.errors import InputError
from latente.images.formats import SUFFIXES
from latente.images.limits import check_memory
from latente.images.reading import Damaged
from latente.images.scan import printable
from latente.images.stores import Store

__all__ = [
    "Columns",
    "Table",
    "TableFile",
    "find_tables",
    "parse_table",
    "read_numbers",
    "read_tables",
    "typed_columns",
]

_SUFFIXES = (".csv", ".tsv", ".txt")
_CELEBA = "list_attr_celeba"
_CELEBA_PARTS = "list_eval_partition"
_PART_NUMBERS = {"0": "train", "1": "val", "2": "test"}
_MAX_BYTES = 256 * 2**20
_PARSING = 20  # bytes of memory a byte of text while its cells are taken apart


@dataclasses.dataclass
class Table:
    """The rows of a table, by the file that each begins with; header: the names of the other columns."""

    name: str
    header: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]

    def match(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return picture -> row; a row may name the path, the file, or the file without its suffix."""
        rows = {}
        for name in names:
            path = PurePosixPath(name)
            row = next((self.rows[key] for key in (name, path.name, path.stem) if key in self.rows), None)
            if row is not None:
                rows[name] = row
        return rows

    @property
    def is_partition(self) -> bool:
        """Whether this is CelebA's list of parts."""
        return _CELEBA_PARTS in self.name

    def parts(self, names: Sequence[str]) -> dict[str, str]:
        """Return picture -> part, of a list of parts."""
        return {name: _PART_NUMBERS[row[0]] for name, row in self.match(names).items() if row[0] in _PART_NUMBERS}


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns that a table gives to N pictures: label (N,), attributes (N, A), each with its names."""

    label: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TableFile:
    """A file that may hold a table. stamp: changes when the file does; chosen: named by the caller."""

    name: str
    read: Callable[[], bytes]
    stamp: tuple[str, int, int]
    chosen: bool = False


def find_tables(store: Store, labels: object) -> list[TableFile]:
    """Return the table that the caller named, or else those in the store's upper levels and beside it.

    CelebA's list of parts is among them in either case.

    Raises InputError where `labels` is no path of a file.
    """
    files = [] if store.kind == "file" else [*_inside(store), *_beside(store.path)]
    if labels is None:
        return files
    if not isinstance(labels, str | os.PathLike) or not Path(labels).is_file():
        raise InputError(f"labels={labels!r} is no file; give a table whose first column names the pictures")
    return [_file(Path(labels), chosen=True), *(file for file in files if _CELEBA_PARTS in file.name)]


def read_tables(files: Sequence[TableFile], names: Sequence[str]) -> tuple[Table | None, Table | None, list[str]]:
    """Return the table of labels or attributes, CelebA's list of parts, and notes on what was not used.

    A table that the caller did not name is used where it knows at least half of the pictures, and no other
    does. Raises InputError where the one that the caller named knows none.
    """
    tables: list[Table] = []
    notes: list[str] = []
    partition = None
    for file in files:
        try:
            table = parse_table(file.read(), file.name)
        except (InputError, OSError, Damaged) as error:
            if file.chosen:
                raise
            if isinstance(error, Damaged):
                notes.append(f"{printable(file.name)} was not used: {error}")
            continue
        known = len(table.match(names))
        if file.chosen and not known:
            raise InputError(f"{file.name} names none of the pictures; its first column must hold their file names")
        if table.is_partition and known:
            partition = table
        elif file.chosen or 2 * known >= len(names):
            tables.append(table)
    tables = [table for table in tables if _CELEBA in table.name] or tables
    if len(tables) > 1 and not files[0].chosen:
        names = ", ".join(table.name for table in tables)
        return None, partition, [*notes, f"several tables name the pictures ({names}); choose one by labels"]
    return (tables[0] if tables else None), partition, notes


def parse_table(content: bytes, name: str) -> Table:
    """Read a table separated by commas, semicolons, tabs or spaces; the header may be missing.

    A first line that only counts the rows (CelebA) is skipped. Raises InputError where rows differ in length.
    """
    check_memory(_PARSING * len(content), name)
    text = content.decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].strip().isdecimal():
        del lines[0]
    rows = [tuple(cell.strip() for cell in row) for row in _cells(lines)]
    if not rows:
        raise InputError(f"{name} is empty; give a table whose first column names the pictures")
    header: tuple[str, ...] = ()
    if PurePosixPath(rows[0][0]).suffix.lower() not in SUFFIXES and not _is_number(rows[0][-1]):
        header = rows.pop(0)
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise InputError(f"{name}: row {number} has {len(row)} columns, the first has {width}; make them equal")
    header = header[len(header) - (width - 1) :] if header else tuple(f"column {k}" for k in range(1, width))
    return Table(name, header, {row[0]: row[1:] for row in rows})


def read_numbers(path: Path) -> np.ndarray | None:
    """Return the table (N, F) float64 where it holds nothing but numbers (under a header or none), else None.

    Raises InputError where it cannot be read.
    """
    try:
        rows = _cells([line for line in path.read_text("utf-8-sig", "replace").splitlines() if line.strip()])
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if rows and not any(map(_is_number, rows[0])):
        del rows[0]
    if not rows or not all(len(row) == len(rows[0]) and all(map(_is_number, row)) for row in rows):
        return None
    return np.array(rows, np.float64)


def typed_columns(table: Table, rows: Sequence[tuple[str, ...] | None], files: Sequence[str]) -> Columns:
    """Turn rows into columns: words, or a single whole number, are labels; other numbers attributes.

    rows: each picture's row, None where the table has none: then the label is -1 (unknown). Raises InputError
    where a picture has no attributes, or a number is missing.
    """
    numbers: list[int] = []
    words: list[int] = []
    for index in range(len(table.header)):
        values = [row[index] for row in rows if row is not None]
        (numbers if all(map(_is_number, filter(None, values))) else words).append(index)
    label = attributes = None
    label_names: tuple[str, ...] = ()
    if len(words) == 1:
        label, label_names = _word_labels([row[words[0]] if row else "" for row in rows])
    elif not words and len(numbers) == 1 and _all_whole(rows, numbers[0]):
        label = np.array([int(float(row[numbers[0]])) if row and row[numbers[0]] else -1 for row in rows])
        numbers = []
    if numbers:
        attributes = _attributes(table, rows, files, numbers)
    return Columns(label, label_names, attributes, tuple(table.header[index] for index in numbers))


def _inside(store: Store) -> list[TableFile]:
    return [
        TableFile(name, functools.partial(store.read, name), (name, stamp[0], stamp[1]))
        for name, stamp in store.names.items()
        if name.lower().endswith(_SUFFIXES) and name.count("/") < 2 and stamp[0] <= _MAX_BYTES
    ]


def _beside(path: Path) -> list[TableFile]:
    names = [f"{path.name}.csv", f"{path.stem}.csv", "labels.csv", "attributes.csv"]
    names += [name + suffix for name in (_CELEBA, _CELEBA_PARTS) for suffix in (".txt", ".csv")]
    paths = (path.with_name(name) for name in dict.fromkeys(names))
    return [_file(beside) for beside in paths if beside.is_file()]


def _file(path: Path, chosen: bool = False) -> TableFile:
    status = path.stat()
    return TableFile(path.name, path.read_bytes, (str(path), status.st_size, status.st_mtime_ns), chosen)


def _cells(lines: list[str]) -> list[list[str]]:
    counted = {mark: sum(line.count(mark) for line in lines[:2]) for mark in ",;\t"}
    mark = max(counted, key=lambda each: counted[each])
    if not counted[mark]:
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=mark))


def _is_number(cell: str) -> bool:
    try:
        return np.isfinite(float(cell)).item()
    except ValueError:
        return False


def _all_whole(rows: Sequence[tuple[str, ...] | None], index: int) -> bool:
    return all(float(row[index]).is_integer() for row in rows if row and row[index])


def _word_labels(words: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    names = tuple(sorted(set(filter(None, words))))
    numbers: Mapping[str, int] = {name: number for number, name in enumerate(names)}
    return np.array([numbers.get(word, -1) for word in words], np.int64), names


def _attributes(
    table: Table, rows: Sequence[tuple[str, ...] | None], files: Sequence[str], indices: Sequence[int]
) -> np.ndarray:
    values = np.empty((len(rows), len(indices)), np.float64)
    for number, row in enumerate(rows):
        cells = [row[index] for index in indices] if row else [""]
        if not all(cells):
            raise InputError(f"{table.name} has no attributes for {files[number]}; complete or remove its row")
        values[number] = [float(cell) for cell in cells]
    whole = bool((values == np.rint(values)).all()) and bool((np.abs(values) < 2**15).all())
    return values.astype(np.int16 if whole else np.float32)
