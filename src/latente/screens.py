"""Where text for people goes, also when nobody reads it any more."""

from __future__ import annotations

import contextlib
import os
from typing import IO

from rich.console import Console

__all__ = ["Screen", "hush"]


class Screen(Console):
    """A console that falls silent when its reader goes away: `latente fit ... | head -1` trains to the end."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        hush(self.file)


def hush(stream: IO[str]) -> None:
    """Let what is still to come on a stream whose reader has gone away go nowhere."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
