"""letters: 32 characters as 5x7 bitmaps, and the reader for such tables in C headers."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from latente.errors import InputError
from latente.images.container import Images
from latente.images.generated.drawing import resolve_count

__all__ = ["letters", "read_font_header"]

ROWS, COLUMNS = 7, 5
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
TABLE_START = re.compile(r"((?:\[\s*\w*\s*\]\s*)+)(?:\w[\w\s()]*)?=\s*\{")  # sizes, at most a qualifier, = {
NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|0|[1-9][0-9]{0,8}")
TOKEN = re.compile(r"[{}]|[^\s{},]+")  # commas are but space

# ASCII 0x60 to 0x7F, eight characters beside each other; DEL is a chessboard
TABLE = """
.##..  .....  #....  .....  ....#  .....  ..##.  .....
..#..  .....  #....  .....  ....#  .....  .#..#  .....
...#.  .###.  #.##.  .####  .##.#  .###.  .#...  .####
.....  ....#  ##..#  #....  #..##  #...#  ###..  #...#
.....  .####  #...#  #....  #...#  #####  .#...  .####
.....  #...#  #...#  #....  #...#  #....  .#...  ....#
.....  .####  ####.  .####  .####  .###.  .#...  .###.

#....  ..#..  ...#.  #....  .##..  .....  .....  .....
#....  .....  .....  #....  ..#..  .....  .....  .....
#.##.  .##..  ..##.  #..#.  ..#..  ##.#.  #.##.  .###.
##..#  ..#..  ...#.  #.#..  ..#..  #.#.#  ##..#  #...#
#...#  ..#..  ...#.  ##...  ..#..  #.#.#  #...#  #...#
#...#  ..#..  #..#.  #.#..  ..#..  #.#.#  #...#  #...#
#...#  .###.  .##..  #..#.  .###.  #...#  #...#  .###.

.....  .....  .....  .....  .#...  .....  .....  .....
.....  .....  .....  .....  .#...  .....  .....  .....
####.  .####  #.##.  .####  ###..  #...#  #...#  #...#
#...#  #...#  ##..#  #....  .#...  #...#  #...#  #...#
####.  .####  #....  .###.  .#...  #...#  #...#  #.#.#
#....  ....#  #....  ....#  .#..#  #..##  .#.#.  #.#.#
#....  ....#  #....  ####.  ..##.  .##.#  ..#..  .#.#.

.....  .....  .....  ...#.  ..#..  .#...  .....  #.#.#
.....  .....  .....  ..#..  ..#..  ..#..  .....  .#.#.
#...#  #...#  #####  ..#..  ..#..  ..#..  .#...  #.#.#
.#.#.  #...#  ...#.  .#...  ..#..  ...#.  #.#.#  .#.#.
..#..  .####  ..#..  ..#..  ..#..  ..#..  ...#.  #.#.#
.#.#.  ....#  .#...  ..#..  ..#..  ..#..  .....  .#.#.
#...#  .###.  #####  ...#.  ..#..  .#...  .....  #.#.#
"""


def letters(count: int | None = None, *, split: str = "train", seed: int = 0) -> Images:
    """Return the first `count` (32) of the characters 0x60 to 0x7F, in ASCII order, as bitmaps (1, 7, 5).

    Pixels are booleans: they scale to exactly 0 and 1, and decoded ones come back as booleans, so that wrong
    pixels can be counted. All 32 differ, by two pixels at least. label: index of the character. split: there
    is only "train". seed: as in the other sets, but nothing here is random.
    Raises InputError for a count below 1, a negative seed or another split.
    """
    count = resolve_count("letters", count, split, seed, {"train": 32}, finite=True)
    blocks = [[line.split() for line in block.split("\n")] for block in TABLE.strip().split("\n\n")]
    drawn = [[lines[row][place] for row in range(ROWS)] for lines in blocks for place in range(len(lines[0]))]
    pixels = np.array([[[dot == "#" for dot in row] for row in rows] for rows in drawn[:count]])
    return Images(
        pixels[:, None],
        {"label": np.arange(count)},
        name="letters",
        label_names=tuple(_spelling(code) for code in range(0x60, 0x60 + count)),
        source={"source": "letters", "split": split, "count": count, "seed": int(seed)},
        parts=("train",),
    )


def read_font_header(path: str | Path) -> Images:
    """Read a C table of 7 bytes per character, such as ``uint8_t font[32][7] = {{0x04, 0x02, ...}, ...};``.

    Each byte is a row, from the top; its 5 low bits are the pixels, the highest at the left. Numbers are
    hexadecimal or decimal; comments, white space and the number of characters are free, and the inner braces
    may be missing. Returns booleans (N, 1, 7, 5) as `letters` does. label: position in the table;
    label_names: the characters, where each is followed by a comment with its code (``// 0x61, a``), else the
    positions.
    Raises InputError, with the line, for a file that cannot be read, no such table or several, characters of
    another length, numbers beyond 5 bits, and fewer or more characters than declared.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("latin-1")  # which never fails: comments may be in any encoding
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; give the path of a C header") from error
    rows = _table_rows(path, text)
    bits = np.array([values for values, _ in rows])[:, :, None] >> np.arange(COLUMNS - 1, -1, -1) & 1
    lines = text.split("\n")
    codes = [re.search(r"(?://|/\*)\s*0[xX]([0-9a-fA-F]{2})\b", lines[line - 1]) for _, line in rows]
    named = {_spelling(int(code[1], 16)): None for code in codes if code}
    return Images(
        bits.astype(bool)[:, None],
        {"label": np.arange(len(rows))},
        name=path.stem,
        label_names=tuple(named) if len(named) == len(rows) else tuple(map(str, range(len(rows)))),
    )


def _table_rows(path: Path, text: str) -> list[tuple[list[int], int]]:
    """Return the bytes of each character and the line on which they end."""
    code = COMMENT.sub(lambda comment: " " + "\n" * comment[0].count("\n"), text)  # lines keep their numbers
    tables = list(TABLE_START.finditer(code))
    if len(tables) != 1:
        count = f"{len(tables)} tables" if tables else "no table"
        raise InputError(f"{path} holds {count}; give one, such as uint8_t font[32][{ROWS}] = {{...}};")

    def line(place: int) -> int:
        return code.count("\n", 0, place) + 1

    def fault(place: int, what: str) -> InputError:
        return InputError(f"{path}, line {line(place)}: {what}")

    rows: list[tuple[list[int], int]] = []
    row: list[int] = []
    depth = 0
    for token in TOKEN.finditer(code, tables[0].end() - 1):
        word, place = token[0], token.start()
        if word not in "{}":
            if not NUMBER.fullmatch(word) or int(word, 0) >> COLUMNS:
                raise fault(place, f"{word} is no row of {COLUMNS} pixels; give 0x00 to 0x1F")
            row.append(int(word, 0))
        elif len(row) != (ROWS if word == "}" and depth == 2 else 0):
            raise fault(place, f"a character of {len(row)} bytes; each needs {ROWS}")
        if len(row) == ROWS and (word == "}" or depth == 1):  # with inner braces, or in one flat list
            rows.append((row, line(place)))
            row = []
        depth += (word == "{") - (word == "}")
        if depth == 0:
            break
    else:
        raise fault(len(code), "the table has no end; close it with };")
    declared = _declared_bytes(tables[0][1])
    if not rows or declared not in (None, len(rows) * ROWS):
        raise fault(tables[0].start(), f"{len(rows)} characters are not as many as declared; make them agree")
    return rows


def _declared_bytes(sizes: str) -> int | None:
    """Return how many bytes ``[32][7]`` declares, None where a size is left out or named."""
    numbers = re.findall(r"\[\s*(\w*)\s*\]", sizes)
    return math.prod(int(number, 0) for number in numbers) if all(map(NUMBER.fullmatch, numbers)) else None


def _spelling(code: int) -> str:
    """Return the character, or for one that is not printable its name or number."""
    return "DEL" if code == 0x7F else chr(code) if chr(code).isprintable() else f"0x{code:02X}"
