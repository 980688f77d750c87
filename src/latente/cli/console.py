"""What the verbs print: text for people, JSON for machines, one line for an error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from latente.files import finite

if TYPE_CHECKING:
    from latente.images import Images

__all__ = [
    "console",
    "duration",
    "figure",
    "leads",
    "memory",
    "pairs",
    "print_json",
    "print_note",
    "progress",
    "scan",
    "table",
]

_TITLE = 10  # letters of the longest title, "duplicates"


def console(as_json: bool = False) -> Console:
    """Return where text for people goes: stdout, or stderr where stdout is kept for JSON.

    Of several processes that train together (torchrun) only the first speaks. In a file no line is wrapped.
    """
    stream = sys.stderr if as_json else sys.stdout
    width = None if stream.isatty() else 4096
    return Console(file=stream, quiet=not leads(), width=width, highlight=False, soft_wrap=not stream.isatty())


def leads() -> bool:
    """Whether this process is the first, or the only one, of those that train together."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function (done, total, what) that moves a bar on stderr; nothing is shown but in a terminal."""
    screen = Console(file=sys.stderr, quiet=not leads())
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def step(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=escape(what))

        yield step


def print_note(label: str, message: str) -> None:
    """Print one line on stderr; label: "error", "warning" or "interrupted"."""
    line = Text(f"{label}: ", style="bold red" if label == "error" else "bold yellow")
    line.append(" ".join(message.split()), style="not bold default")
    Console(file=sys.stderr, highlight=False, soft_wrap=True).print(line)


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout; NaN and infinity, which JSON lacks, become null."""
    print(json.dumps(finite(value), indent=2, ensure_ascii=False, default=_plain))


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Return an empty table without lines; the columns named in `right` are flush right."""
    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    return made


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """Return lines of a title and a text; a long text goes on below itself."""
    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True, min_width=_TITLE)
    made.add_column(overflow="fold")
    for title, text in rows:
        made.add_row(Text(title), Text(text))
    return made


def scan(found: Images) -> Table:
    """Return what the image door says of the images that it found."""
    lines = str(found.scan).splitlines()
    return pairs((line[: _TITLE + 1].rstrip(), line[_TITLE + 1 :]) for line in lines)


def figure(value: Any) -> str:
    """Write a number with as many digits as one reads."""
    if isinstance(value, float):
        return f"{value:.5g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def duration(seconds: float) -> str:
    """Write a time as 45 s, 3 min 20 s or 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def memory(size: float) -> str:
    """Write a number of bytes as 512 B, 1.5 MiB or 2.3 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _plain(value: Any) -> str:
    return str(value)
