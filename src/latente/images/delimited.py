"""Text of cells and lines -> rows of cells, in whatever encoding and with whatever separator; and cells -> numbers."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from latente.errors import InputError
from latente.images.formats import SUFFIXES
from latente.images.limits import check_memory
from latente.languages import say

__all__ = ["PARSING", "Row", "Sheet", "is_missing", "is_number", "numbers_of", "read_sheet"]

Row = tuple[str, ...]

_MARKS = ("\t", ";", ",", "|")
PARSING = 20  # bytes of memory a byte of text while its cells are taken apart
_SAMPLE = 50  # lines that tell the separator
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# how programs write that there is no value; among words fewer of them count, since some are words themselves
_MISSING_WORDS = ("", "nan", "<na>", "n/a", "#n/a", "null")
_MISSING = (*_MISSING_WORDS, "na", "none", "-", "?", ".")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?$")


@dataclasses.dataclass
class Sheet:
    """Rows of cells, all of one width, but for a first one that may lack a cell; mark: the separator, "" for spaces."""

    rows: list[Row]
    mark: str
    notes: list[str] = dataclasses.field(default_factory=list)


def read_sheet(content: bytes, name: str) -> Sheet:
    """Read rows separated by commas, semicolons, tabs, bars or spaces; empty ones are left out.

    A first line that only counts the others (CelebA) is skipped. Text without a byte order mark is UTF-8, or else
    Windows-1252, which a note says. Raises InputError where there are no rows, or they differ in length.
    """
    check_memory(PARSING * len(content), name)
    text, notes = _text_of(content, name)
    head = text.splitlines()
    if len(head) > 1 and head[0].strip().isdecimal() and not head[1].strip().isdecimal():
        text = text.partition("\n")[2]
    try:
        mark = _mark_of(text)
        rows = _rows(text, mark)
    except csv.Error as error:
        raise InputError(say("{name} cannot be read as a table: {reason}", name=name, reason=str(error))) from error
    if not rows:
        raise InputError(say("{name} is empty; give a table that names the pictures", name=name))
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if len(rows) == 2 and len(rows[1]) == len(rows[0]) + 1:  # a row under a header without a name for its first cell
        width = len(rows[1])
    for number, row in enumerate(rows, start=1):
        if len(row) != width and not (number == 1 and len(row) == width - 1):
            template = "{name}: row {number} has {columns} columns, the others have {others}; make them equal"
            raise InputError(say(template, name=name, number=number, columns=len(row), others=width))
    return Sheet(rows, mark, notes)


def is_missing(cell: str, among_words: bool = False) -> bool:
    """Say whether a cell holds no value."""
    return cell.lower() in (_MISSING_WORDS if among_words else _MISSING)


def is_number(cell: str) -> bool:
    """Say whether a cell is a finite number, with a point or none."""
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def numbers_of(cells: Sequence[str], mark: str) -> tuple[list[float], str] | None:
    """Return a column as numbers, NaN where a value is missing, and what was made of commas in them, in words.

    None where a cell is no number, or none holds one.
    """
    held = [cell for cell in cells if not is_missing(cell)]
    commas = [cell for cell in held if "," in cell]
    remark = ""
    if commas:
        # 1,234 is a number of thousands where points stand in the column, or where commas separate the columns
        is_grouped = all(map(_GROUPED.match, commas)) and (mark == "," or any("." in cell for cell in held))
        if not is_grouped and not all(map(_DECIMAL_COMMA.match, commas)):
            return None
        remark = "commas are taken for " + ("marks between thousands" if is_grouped else "decimal points")
        cells = [cell.replace(",", "" if is_grouped else ".") for cell in cells]
    try:
        numbers = [math.nan if is_missing(cell) else _number(cell) for cell in cells]
    except ValueError:
        return None
    return (numbers, remark) if held else None


def _number(cell: str) -> float:
    if "_" in cell:  # Python takes 1_0 for ten
        raise ValueError(cell)
    return float(cell)


def _text_of(content: bytes, name: str) -> tuple[str, list[str]]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace"), []
    head = content[:4096]
    if head.count(0) > len(head) // 5:  # UTF-16 without a mark: every other byte of most letters is zero
        encoding = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        return content.decode(encoding, "replace"), []
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    note = f"{name} is not in UTF-8 and is read as Windows-1252; save it as UTF-8 where letters look wrong"
    try:
        return content.decode("cp1252"), [note]
    except UnicodeDecodeError:  # five bytes have no meaning there
        return content.decode("latin-1"), [note]


def _mark_of(text: str) -> str:
    """Return what separates the cells: what makes rows of one length, and most cells names of pictures or numbers."""
    sample = "\n".join(text.splitlines()[:_SAMPLE])

    def fitness(mark: str) -> tuple[bool, bool, float, int]:
        rows = _rows(sample, mark)
        widths = {len(row) for row in rows[1:]} or {len(row) for row in rows}
        width = max(widths, default=0)
        is_even = len(widths) == 1 and width > 1 and len(rows[0]) in (width, width - 1)
        cells = [cell for row in rows for cell in row]
        plain = sum(map(_is_plain, cells)) / max(1, len(cells))
        return is_even, mark != "", plain, width

    best = max((*_MARKS, ""), key=fitness)  # spaces last: words have them too
    return best if fitness(best)[0] else max(_MARKS, key=sample.count) if any(map(sample.count, _MARKS)) else ""


def _rows(text: str, mark: str) -> list[Row]:
    file = io.StringIO(text, newline="")  # no other line ends than csv's own: a control character is none
    lines = csv.reader(file, delimiter=mark) if mark else (line.split() for line in file)
    rows = (tuple(cell.strip() for cell in row) for row in lines)
    return [row for row in rows if any(row)]


def _is_plain(cell: str) -> bool:
    return is_number(cell) or bool(_DECIMAL_COMMA.match(cell)) or PurePosixPath(cell).suffix.lower() in SUFFIXES
