"""`latente` and `python -m latente` are the command line."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

__all__ = ["main"]

_INTERRUPTED = "interrupted: nothing was left half-written"


def main() -> int:
    """Run the command line of this process and return its exit code; Ctrl-C is heard while it is still loading, too."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from latente.cli import main as run

        return run()
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.stderr)
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt; or leave at once where that would meet torch being imported, whose C++ it aborts."""
    torch = sys.modules.get("torch")
    if torch is not None and getattr(torch.__spec__, "_initializing", False):
        print(_INTERRUPTED, file=sys.stderr, flush=True)
        os._exit(130)
    signal.default_int_handler(number, frame)


if __name__ == "__main__":
    sys.exit(main())
