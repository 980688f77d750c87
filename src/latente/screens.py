"""Where text for people goes, also when nobody reads it any more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import IO, Any

from rich.console import Console
from rich.control import Control

__all__ = ["Screen", "hush", "is_plain", "is_told", "telling"]


def is_plain() -> bool:
    """Whether NO_COLOR asks for text alone, without a single escape code."""
    return bool(os.environ.get("NO_COLOR"))


class Screen(Console):
    """A console that falls silent when its reader goes away: `latente fit ... | head -1` trains to the end.

    Where NO_COLOR is set it prints text alone: nothing is coloured, bold or dim, and no bar is redrawn in place, for
    which a terminal needs escape codes as well.
    """

    def __init__(self, **options: Any) -> None:
        self._is_plain = is_plain()
        super().__init__(**options | ({"color_system": None, "force_interactive": False} if self._is_plain else {}))

    def control(self, *control: Control) -> None:
        """Send control codes, unless the screen is plain."""
        if not self._is_plain:
            super().control(*control)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        hush(self.file)


def hush(stream: IO[str]) -> None:
    """Let what is still to come on a stream whose reader has gone away go nowhere."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


class _Tellers:
    """Those in this process that tell how far its work is."""

    count = 0


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Let nothing in the block show a bar of its own: what surrounds it tells how far it is, or keeps it quiet."""
    _Tellers.count += 1
    try:
        yield
    finally:
        _Tellers.count -= 1


def is_told() -> bool:
    """Whether something around tells already how far the work is, or keeps it quiet."""
    return _Tellers.count > 0
