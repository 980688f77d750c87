"""Several files worked on at once, with the results in the order of the files."""

from __future__ import annotations

import concurrent.futures
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["Workers"]

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Workers:
    """Threads that work on files, each on one at a time; `count` may be lowered where memory is short."""

    def __init__(self, report: Callable[[int, int, str], None]) -> None:
        """report: called as report(done, total, what) now and then."""
        self.report = report
        self.count = min(8, os.cpu_count() or 1)
        self.is_stopped = False  # by an error or Ctrl-C, of which long work may want to know

    def over(self, work: Callable[[_In], _Out], items: Sequence[_In], what: str) -> Iterator[tuple[_In, _Out]]:
        """Yield each item with its result, in order; only a few results wait in memory."""
        waiting: deque[tuple[_In, concurrent.futures.Future[_Out]]] = deque()
        with concurrent.futures.ThreadPoolExecutor(self.count) as pool:
            try:
                for done, item in enumerate(items):
                    waiting.append((item, pool.submit(work, item)))
                    if len(waiting) > 4 * self.count:
                        first, future = waiting.popleft()
                        yield first, future.result()
                    if done % 64 == 0:
                        self.report(done, len(items), what)
                for first, future in waiting:
                    yield first, future.result()
            except BaseException:
                self.is_stopped = True
                pool.shutdown(cancel_futures=True)
                raise
        self.report(len(items), len(items), what)
