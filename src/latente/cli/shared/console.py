"""What the verbs print: text for people, JSON for machines, one line for an error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from latente.files import finite
from latente.screens import Screen
from latente.training.launch import leads
from latente.words import printable

if TYPE_CHECKING:
    from latente.images import Images

__all__ = ["console", "pairs", "print_json", "print_note", "progress", "scan", "table"]

_TITLE = 10  # letters of the longest title, "duplicates"


def console(as_json: bool = False) -> Console:
    """Return where text for people goes: stdout, or stderr where stdout is kept for JSON.

    Of several processes that train together (torchrun) only the first speaks. In a file no line is wrapped.
    """
    stream = sys.stderr if as_json else sys.stdout
    width = None if stream.isatty() else 4096
    wraps = stream.isatty()
    return Screen(file=stream, quiet=not leads(), width=width, highlight=False, markup=False, soft_wrap=not wraps)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function (done, total, what) that moves a bar on stderr; nothing is shown but in a terminal."""
    from rich.progress import Progress

    screen = Screen(file=sys.stderr, quiet=not leads())
    with Progress(console=screen, transient=True, disable=not screen.is_interactive) as bar:
        task = bar.add_task("", total=None)

        def step(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=escape(what))

        yield step


def print_note(label: str, message: str) -> None:
    """Print one line on stderr; label: "error", "warning", "left out" or "interrupted"."""
    line = Text(f"{label}: ", style="bold red" if label == "error" else "bold yellow")
    line.append(printable(" ".join(message.split())), style="not bold default")
    Screen(file=sys.stderr, highlight=False, soft_wrap=True).print(line)


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout; NaN and infinity, which JSON lacks, become null, and paths text."""
    text = json.dumps(finite(value), indent=2, ensure_ascii=False, default=str)
    print(text.encode("utf-8", "backslashreplace").decode())  # as JSON spells the bytes of names that are no text


class _Table(Table):
    """A table whose lines end where their text does: no blanks follow in a file, or where it is copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in Segment.split_lines(cast(Iterable[Segment], super().__rich_console__(console, options))):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                line[-1] = Segment(line[-1].text.rstrip(), line[-1].style)
            yield from line
            yield Segment.line()


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Return an empty table without lines; the columns named in `right` are flush right."""
    lines = _Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        lines.add_column(column, justify="right" if column in right else "left")
    return lines


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """Return lines of a title and a text; a long text goes on below itself."""
    lines = _Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    lines.add_column(style="dim", no_wrap=True, min_width=_TITLE)
    lines.add_column(overflow="fold")
    for title, text in rows:
        lines.add_row(Text(title), Text("\n".join(map(printable, text.split("\n")))))
    return lines


def scan(images: Images, most: int | None = 8) -> Table:
    """Return what the image door says of the images behind a source.

    most: how many of the files that are left out or odd it names, None for all.
    """
    lines = images.scan.text(most).splitlines() if images.scan is not None else []
    return pairs((line[: _TITLE + 1].rstrip(), line[_TITLE + 1 :]) for line in lines)
