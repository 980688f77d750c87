"""Tables beside a folder of pictures: labels, attributes, parts, and CelebA's own lists."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from latente.errors import InputError
from latente.files import stamp_of
from latente.images.damage import Damaged
from latente.images.delimited import PARSING, Row, is_missing, is_number, numbers_of, read_sheet
from latente.images.folders import part_named
from latente.images.limits import check_memory
from latente.images.matching import Matches, Pictures, has_picture_suffix
from latente.images.scan import listed
from latente.images.stores import Store
from latente.languages import say
from latente.words import count, printable

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
_SAMPLE = 1000  # rows that tell which column names the pictures
_LARGEST_WHOLE = 2.0**53  # beyond it floats are no longer every whole number

# what columns are called, in small letters
_LABEL = ("label", "labels", "class", "class_name", "classname", "class_id", "category", "target")
_SPLIT = ("split", "part", "partition", "subset", "set")
_INDEX = ("", "index", "unnamed: 0", "#")


@dataclasses.dataclass
class Table:
    """A table and what it says of pictures.

    header: the names of its columns, made up where it has none. rows: the others, as cells; mark: what separates them.
    key: the column that names the pictures. matches: which row is of which picture. unknown: how many have none. notes:
    what is odd about it.
    """

    name: str
    header: Row
    rows: list[Row]
    mark: str
    key: int
    matches: Matches
    unknown: int
    notes: list[str]

    @property
    def known(self) -> int:
        """How many pictures it names."""
        return len(self.matches.row_of)

    @property
    def is_partition(self) -> bool:
        """Whether this is CelebA's list of parts."""
        return _CELEBA_PARTS in self.name

    @functools.cached_property
    def values(self) -> list[int]:
        """The columns that say something of the pictures: neither what they are called, nor which row it is."""
        columns = []
        for column, title in enumerate(self.header):
            cells = [row[column] for row in self.rows]
            is_counted = column < self.key and cells in (
                [str(k + first) for k in range(len(cells))] for first in (0, 1)
            )
            is_index = title.lower() in _INDEX or (title.startswith("column ") and is_counted)
            is_name = sum(map(has_picture_suffix, cells)) > len(cells) / 2
            if column != self.key and not is_index and not is_name and not all(map(is_missing, cells)):
                columns.append(column)
        return columns

    @functools.cached_property
    def split(self) -> int | None:
        """The column that says of each picture in which part it is, if any."""
        for column in self.values:
            cells = {row[column].lower() for row in self.rows} - {""}
            named = self.header[column].lower() in _SPLIT
            if self.is_partition and cells <= _PART_NUMBERS.keys():
                return column
            if cells and all(map(part_named, cells)) and (named or (len(cells) > 1 and "train" in cells)):
                return column
        return None

    def parts(self) -> dict[str, str]:
        """Return picture -> part, of those of which it is known."""
        if self.split is None:
            return {}
        cells = {picture: self.rows[row][self.split] for picture, row in self.matches.row_of.items()}
        known = _PART_NUMBERS.get if self.is_partition else part_named
        return {picture: part for picture, cell in cells.items() if (part := known(cell)) is not None}


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns that a table gives to N pictures: label (N,), attributes (N, A), each with its names.

    notes: what was left out, or read in a way that may surprise.
    """

    label: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TableFile:
    """A file that may hold a table. stamp: changes when the file does; chosen: named by the caller."""

    name: str
    read: Callable[[], bytes]
    stamp: tuple[str | int, ...]
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
        template = "labels={labels} is no file; give a table that names the pictures"
        raise InputError(say(template, labels=repr(labels)))
    return [_file(Path(labels), chosen=True), *(file for file in files if _CELEBA_PARTS in file.name)]


def read_tables(files: Sequence[TableFile], names: Sequence[str]) -> tuple[Table | None, Table | None, list[str]]:
    """Return the table of labels or attributes, the one that says which part is which, and notes on what was not used.

    A table that the caller did not name is used where it knows at least half of the pictures, and no other
    does. Raises InputError where the one that the caller named knows none.
    """
    tables: list[Table] = []
    notes: list[str] = []
    partition = None
    pictures = Pictures(names)
    for file in files:
        is_prose = file.name.lower().endswith(".txt")  # unless it turns out to be a table
        title = printable(file.name)
        try:
            table = parse_table(file.read(), file.name, pictures)
        except (InputError, OSError, Damaged) as error:
            if file.chosen:
                raise
            if isinstance(error, Damaged) or not is_prose:
                notes.append(f"{title} was not used: {str(error).removeprefix(f'{title}: ')}")
            continue
        if file.chosen and not table.known:
            template = "{title} names none of the pictures; one of its columns must hold their file names"
            raise InputError(say(template, title=title))
        if table.is_partition and table.known:
            partition = table
        elif file.chosen or (2 * table.known >= len(names) and table.values):
            tables.append(table)
        elif table.known and table.values:
            notes.append(
                f"{title} was not used: it names {table.known:,} of {len(names):,} pictures; choose it by labels"
            )
        elif not is_prose and table.values:
            notes.append(f"{title} was not used: it names none of the pictures")
    tables = [table for table in tables if _CELEBA in table.name] or tables
    if len(tables) > 1 and not files[0].chosen:
        titles = ", ".join(printable(table.name) for table in tables)
        return None, partition, [*notes, f"several tables name the pictures ({titles}); choose one by labels"]
    if not tables:
        return None, partition, notes
    notes += tables[0].notes
    return tables[0], partition or (tables[0] if tables[0].split is not None else None), notes


def parse_table(content: bytes, name: str, pictures: Pictures) -> Table:
    """Read a table, see `read_sheet`, whose header may be missing, and find its rows among the pictures.

    Raises InputError where rows differ in length.
    """
    sheet = read_sheet(content, printable(name))
    width = len(sheet.rows[-1])
    body = sheet.rows if len(sheet.rows[0]) == width else sheet.rows[1:]
    key = _key_column(body, sheet.rows[0] if len(sheet.rows[0]) == width else ("", *sheet.rows[0]), pictures)
    header = tuple(f"column {column + (column < key)}" for column in range(width))
    rows = sheet.rows
    if len(rows[0]) < width or _is_header(rows, key, pictures):
        header, rows = ("",) * (width - len(rows[0])) + rows[0], rows[1:]
    matches = pictures.match([row[key] for row in rows])
    table = Table(name, header, rows, sheet.mark, key, matches, len(pictures.names) - len(matches.row_of), sheet.notes)
    if table.known:
        table.notes += _oddities(table)
    return table


def _key_column(rows: Sequence[Row], first: Row, pictures: Pictures) -> int:
    """Return the column that names the pictures: most of them with their suffixes, else most of them at all."""
    best, column = (-1, -1, False), 0
    for number in range(len(first)):
        cells = [row[number] for row in rows[:_SAMPLE]]
        row_of = pictures.match(cells).row_of
        whole = sum(has_picture_suffix(cells[row]) for row in row_of.values())
        if 2 * whole > len(cells):
            return number
        rating = (whole, len(row_of), first[number].lower() not in _INDEX)
        if rating > best:
            best, column = rating, number
    return column


def _is_header(rows: Sequence[Row], key: int, pictures: Pictures) -> bool:
    """Say whether the first row names the columns: it is of no picture, and holds no number unless others do differ."""
    first, others = rows[0], rows[1 : 1 + _SAMPLE]
    if has_picture_suffix(first[key]) or pictures.match([first[key]]).row_of:
        return False
    if others and sum(has_picture_suffix(row[key]) for row in others) > len(others) / 2:
        return True
    return not any(map(is_number, first))


def _oddities(table: Table) -> list[str]:
    """Say which rows name nothing, too much, or the same picture as another one."""
    name, matches, notes = printable(table.name), table.matches, []

    def called(rows: Sequence[int]) -> str:
        return listed((printable(table.rows[row][table.key]) for row in rows), most=3)

    if matches.nowhere:
        files = count(len(matches.nowhere), "file")
        notes.append(f"{name} names {files} not among the pictures: {called(matches.nowhere)}")
    if nameless := sum(not row[table.key] for row in table.rows):
        notes.append(f"{name} has {count(nameless, 'row')} without the name of a file")

    def says(row: int) -> list[str]:
        return [table.rows[row][column] for column in table.values]

    if other := [row for row, first in matches.again.items() if says(row) != says(first)]:
        notes.append(f"{name} names some pictures again with other values; the first ones count: {called(other)}")
    if matches.many:
        notes.append(
            f"{name} names what several pictures are called, each of which gets its row: {called([*matches.many])}"
        )
    if matches.elsewhere:
        notes.append(f"{name} has {count(matches.elsewhere, 'picture')} in other folders; their names alone tell them")
    return notes


def read_numbers(path: Path) -> np.ndarray | None:
    """Return the table (N, F) float64 where it holds nothing but numbers (under a header or none), else None.

    Raises InputError where it cannot be read, or lacks some of the numbers.
    """
    check_memory(PARSING * path.stat().st_size, path.name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(say("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror))) from error
    sheet = read_sheet(content, path.name)
    rows = sheet.rows
    is_headed = all(numbers_of([cell], sheet.mark) is None for cell in rows[0])
    rows = rows[1:] if is_headed else rows
    if not rows or len(rows[0]) != len(sheet.rows[0]):
        return None
    columns = [numbers_of(cells, sheet.mark) for cells in zip(*rows, strict=True)]
    if not all(columns):
        return None
    numbers = np.array([column[0] for column in columns if column], np.float64).T
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = bad[0].tolist()
        title = sheet.rows[0][column] if is_headed else say("column {number}", number=column + 1)
        template = (
            "{name} holds no finite number in {cells}, first in row {row}, {column} ({value}); fill them or remove "
            "their rows"
        )
        where = {"row": row + 1, "column": title, "value": repr(rows[row][column])}
        raise InputError(say(template, name=path.name, cells=count(len(bad), "cell"), **where))
    return np.ascontiguousarray(numbers)


def typed_columns(table: Table, names: Sequence[str], *, lenient: bool = False) -> Columns:
    """Turn a table into columns for these pictures: words, or a single whole number, are labels; numbers attributes.

    Where a column is called label (or class ...) it is the label. A picture that the table does not know, or whose
    label is missing, has the label -1. What is a label and what a number is told by the rows of all pictures of the
    set, so that its parts agree. Raises InputError where a picture lacks an attribute; lenient: then the attribute is
    left out, and a note says so.
    """
    rows = sorted(set(table.matches.row_of.values()))
    place = {row: k for k, row in enumerate(rows)}
    at = np.array([place.get(table.matches.row_of.get(name, -1), -1) for name in names], np.int64)
    texts: dict[int, list[str]] = {}
    numbers: dict[int, np.ndarray] = {}
    notes = []
    for column in table.values:
        cells = [table.rows[row][column] for row in rows]
        if column == table.split or all(map(is_missing, cells)):
            continue
        if (found := numbers_of(cells, table.mark)) is None:
            texts[column] = cells
            continue
        numbers[column] = np.array(found[0])
        if found[1]:
            notes.append(f"{printable(table.name)}: in {printable(table.header[column])}, {found[1]}")
    label, label_names = None, tuple[str, ...]()
    chosen = _label_column(table, texts, numbers)
    if chosen in texts:
        label_names = tuple(sorted({cell for cell in texts[chosen] if not is_missing(cell, among_words=True)}))
        number_of = {word: number for number, word in enumerate(label_names)}
        label = np.array([number_of.get(cell, -1) for cell in texts[chosen]], np.int64)
    elif chosen is not None:
        label = np.nan_to_num(numbers[chosen], nan=-1).astype(np.int64)
    if label is not None:
        label = np.where(at < 0, -1, label[at])
    if unused := [printable(table.header[column]) for column in texts if column != chosen]:
        cure = "" if chosen in texts else "; call one of them label"
        notes.append(f"columns of words in {printable(table.name)} were not used: {listed(unused)}{cure}")
    kept = [
        column
        for column in numbers
        if column != chosen and not (chosen is not None and _is_called(table, column, _LABEL))
    ]
    kept = _complete(table, numbers, kept, names, at, notes, lenient)
    attributes = _compact(np.stack([numbers[column] for column in kept], axis=1))[at] if kept else None
    titles = tuple(printable(table.header[column]) for column in kept)
    return Columns(label, tuple(map(printable, label_names)), attributes, titles, tuple(notes))


def _label_column(table: Table, texts: Mapping[int, list[str]], numbers: Mapping[int, np.ndarray]) -> int | None:
    """The column of labels: one that is called so, else the only one of words, else the only one, of whole numbers."""
    whole = [column for column, values in numbers.items() if _are_whole(values)]
    if called := [column for column in (*texts, *whole) if _is_called(table, column, _LABEL)]:
        return called[0]
    if len(texts) == 1:
        return next(iter(texts))
    return whole[0] if whole and not texts and len(numbers) == 1 else None


def _is_called(table: Table, column: int, titles: Sequence[str]) -> bool:
    return table.header[column].lower().replace(" ", "_") in titles


def _are_whole(values: np.ndarray) -> bool:
    held = values[~np.isnan(values)]
    return bool((np.abs(held) < _LARGEST_WHOLE).all() and (held == np.rint(held)).all())


def _complete(
    table: Table,
    numbers: Mapping[int, np.ndarray],
    columns: list[int],
    names: Sequence[str],
    at: np.ndarray,
    notes: list[str],
    lenient: bool,
) -> list[int]:
    """Return the columns that have a finite number for every picture; what lacks one is an error, or left out."""
    title, kept = printable(table.name), []
    for column in columns:
        finite = np.isfinite(numbers[column])
        lacking = [printable(name) for name, row in zip(names, at.tolist(), strict=True) if row < 0 or not finite[row]]
        what = printable(table.header[column])
        if not lacking and (finite.all() and not table.unknown):
            kept.append(column)
        elif lenient:
            files = f" (such as {lacking[0]})" if lacking else ""
            number = count(int((~finite).sum()) + table.unknown, "picture")
            notes.append(f"{what} of {title} was left out: it is no finite number for {number}{files}")
        elif lacking:
            template = "{title} has no finite number in {column} for {names}; complete the rows or remove the column"
            raise InputError(say(template, title=title, column=what, names=listed(lacking, most=3)))
        else:
            kept.append(column)
    return kept


def _compact(values: np.ndarray) -> np.ndarray:
    """Return numbers in the smallest dtype that holds them: int16 where they are whole and small, else floats."""
    is_whole = (values == np.rint(values)).all(axis=0)
    if is_whole.all() and (np.abs(values) < 2**15).all():
        return values.astype(np.int16)
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
    # where single precision makes infinity or nothing of a number, or another one of a whole one, it takes the double
    holds = np.isfinite(single) & ((single == 0) == (values == 0)) & (~is_whole | (single == values))
    return single if holds.all() else values


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
    return TableFile(path.name, path.read_bytes, (str(path), *stamp_of(path.stat())), chosen)
