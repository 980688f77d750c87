"""Ctrl-C and SIGTERM: end the step, save, then leave; a second one leaves at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["StopRequest", "stop_on_signals"]


class StopRequest:
    """Whether somebody asked the training to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextlib.contextmanager
def stop_on_signals(saves: bool = True) -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a request, and let the second one act as it did before the block.

    saves: whether a stop saves the training. Where it does not, only Ctrl-C is turned into a request, and only where
    the program has not said itself what it means. Only the main thread may take signals; elsewhere nothing changes.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if not saves:
        before = {number: handler for number, handler in before.items() if handler is signal.default_int_handler}

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        request.signal = number
        give_back()

    for number in before:
        signal.signal(number, note)
    try:
        yield request
    finally:
        give_back()
