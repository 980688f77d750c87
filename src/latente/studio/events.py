"""What the page hears while it is open: how all trainings stand, and every line of the one that it shows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import anyio
from sse_starlette import ServerSentEvent

from latente.files import finite
from latente.studio.problems import Problem
from latente.watching.news import Portion

__all__ = ["EVERY", "stream"]

EVERY = 0.5  # seconds between two looks

_SHOWN = ("part", "epoch", "step", "steps", "loss", "objective", "time")  # of a line: the curve needs no more


async def stream(
    jobs: Callable[[], list[dict[str, Any]]],
    job: Callable[[], dict[str, Any]] | None = None,
    log: Callable[[str], Portion] | None = None,
    every: float = EVERY,
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of one page, for ever: a `snapshot` first, then `jobs`, `job` and `lines` as they change.

    The snapshot is of everything, so that a page that was away, for however long, needs no more.

    jobs, job, log: read how all trainings stand, how the one does, and its log after a mark. The id of an event is the
    number of the log's last line that was told. `reset` says that the log was cut, and what follows is all of it.
    """
    told: dict[str, Any] = {"jobs": await _read(jobs), "job": await _read(job) if job else None}
    lines, mark, _ = await _lines(log, "")
    count = len(lines)
    yield _event("snapshot", {**told, "lines": lines}, count)
    while True:
        await anyio.sleep(every)
        for name, read in (("jobs", jobs), ("job", job)):
            try:
                now = await _read(read) if read else None
            except Problem:
                now = None  # it was thrown away meanwhile
            if now != told[name]:
                told[name] = now
                yield _event(name, now, count)
        lines, mark, is_cut = await _lines(log, mark)
        if is_cut:
            count = 0
            yield _event("reset", None, count)
        if lines:
            count += len(lines)
            yield _event("lines", lines, count)


async def _read(read: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(read)


async def _lines(log: Callable[[str], Portion] | None, mark: str) -> tuple[list[Mapping[str, Any]], str, bool]:
    """Return what stands in the log after a mark, the new mark, and whether the log was cut before it."""
    if log is None:
        return [], "", False
    lines: list[Mapping[str, Any]] = []
    is_cut = False
    while True:
        portion = await anyio.to_thread.run_sync(log, mark)
        if portion.is_cut:
            lines, is_cut = [], True
        lines += [{name: line[name] for name in _SHOWN if name in line} for line in portion.lines]
        mark = portion.mark
        if portion.is_all:
            return lines, mark, is_cut


def _event(name: str, value: Any, count: int) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(finite(value), ensure_ascii=False), event=name, id=str(count))
